// Archives of reviews: tar under any compression that libarchive knows.
#include "data/imdb.h"
#include "tests/fuzz/target.h"

namespace ingot::fuzz {
namespace {

constexpr std::uint64_t kMostBytes = 1 << 20;
constexpr std::string_view kPieces[] = {"\x1f\x8b\x08",
                                        "BZh9",
                                        "\xfd"
                                        "7zXZ",
                                        "\x28\xb5\x2f\xfd",
                                        "\x04\x22\x4d\x18",
                                        "\x1f\x9d",
                                        "ustar",
                                        "0_1.txt",
                                        "train/neg/",
                                        "test/pos/",
                                        "77777777777",
                                        {"\0\0\0\0\0\0\0\0", 8},
                                        "\x80",
                                        "x",
                                        "L",
                                        "S",
                                        "K",
                                        "g",
                                        "2",
                                        "5",
                                        "GNU.sparse.map=0,1",
                                        "11 path=a\n"};

}  // namespace

Target archive() {
  return {.name = "archive",
          .read =
              [](std::string_view bytes) {
                data::read_imdb_archive(bytes, "a.tar", kMostBytes);
                data::read_imdb_archive(bytes, "a.tar", kMostBytes, data::Answers::numbers);
              },
          .pieces = kPieces,
          .most_memory = std::size_t{64} << 20};  // what decompressors hold: windows of xz and zstd
}

}  // namespace ingot::fuzz
