// What Verilator counted.
#include "hw/simulation/coverage.h"

#include "tests/fuzz/mutations.h"
#include "tests/fuzz/target.h"

namespace ingot::fuzz {
namespace {

constexpr std::string_view kPieces[] = {"C '",   "' ",  "\1f\2", "\1l\2",       "\1S\2",
                                        "\1o\2", "1-4", ",",     "99999999999", "-"};

}  // namespace

Target coverage() {
  return {.name = "coverage",
          .read = [](std::string_view bytes) { hw::read_coverage(std::string(bytes)); },
          .mutated = [](std::string bytes, Rng& rng) { return mutated_lines(std::move(bytes), rng, kPieces); },
          .pieces = kPieces,
          .most_memory = std::size_t{512} << 20};
}

}  // namespace ingot::fuzz
