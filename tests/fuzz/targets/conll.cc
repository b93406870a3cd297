#include "tests/fuzz/mutations.h"
#include "tests/fuzz/tables.h"
#include "tests/fuzz/target.h"

namespace ingot::fuzz {
namespace {

constexpr std::string_view kPieces[] = {"\n", "\r\n", "\t",  " ", "#",        "-DOCSTART-",
                                        "O",  "B-X",  "I-X", "w", "\xc3\xa9", "\n\n"};

}  // namespace

Target conll() {
  return {.name = "conll",
          .read = [](std::string_view bytes) { read_table("a.conll", bytes); },
          .mutated = [](std::string bytes, Rng& rng) { return mutated_lines(std::move(bytes), rng, kPieces); },
          .pieces = kPieces};
}

}  // namespace ingot::fuzz
