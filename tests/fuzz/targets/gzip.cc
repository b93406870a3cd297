// A table under gzip.
#include "tests/fuzz/tables.h"
#include "tests/fuzz/target.h"

namespace ingot::fuzz {
namespace {

constexpr std::string_view kPieces[] = {"\x1f\x8b\x08", {"\0\0\0\0", 4}, "\x08name", "\xff\xff"};

}  // namespace

Target gzip() {
  return {.name = "gzip", .read = [](std::string_view bytes) { read_table("a.csv.gz", bytes); }, .pieces = kPieces};
}

}  // namespace ingot::fuzz
