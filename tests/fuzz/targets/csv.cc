#include "tests/fuzz/mutations.h"
#include "tests/fuzz/tables.h"
#include "tests/fuzz/target.h"

namespace ingot::fuzz {
namespace {

constexpr std::string_view kPieces[] = {"\"", "\"\"", ",",     ";",         "\t",       "\n",          "\r\n",
                                        "\r", "text", "label", "a,b,c,d\n", "\xc3\xa9", "\xef\xbb\xbf"};

}  // namespace

Target csv() {
  return {.name = "csv",
          .read = [](std::string_view bytes) { read_table("a.csv", bytes); },
          .mutated = [](std::string bytes, Rng& rng) { return mutated_lines(std::move(bytes), rng, kPieces); },
          .pieces = kPieces};
}

}  // namespace ingot::fuzz
