#include "bert/checkpoints/stored_zip.h"
#include "tests/fuzz/target.h"

namespace ingot::fuzz {
namespace {

constexpr std::string_view kPieces[] = {"PK\x03\x04", "PK\x01\x02",    "PK\x05\x06",      "PK\x06\x06",
                                        "PK\x06\x07", {"\0\0\0\0", 4}, "\xff\xff\xff\xff"};

}  // namespace

Target zip() {
  return {.name = "zip",
          .read =
              [](std::string_view bytes) {
                const bert::StoredZip zip(engine::MappedFile(file_of("m.zip", bytes)), "m.zip");
                for (const bert::StoredZip::Member& member : zip.members()) zip.find(member.name);
              },
          .pieces = kPieces};
}

}  // namespace ingot::fuzz
