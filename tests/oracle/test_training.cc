// The whole training step against a model in doubles that shares no code with the engine (model.h).
//
// INGOT_ORACLE_SEEDS=1:500 build/tests/oracle/test_oracle compares 500 problems of each kind instead of a few, and
// INGOT_ORACLE_SEEDS=17 that one alone.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cstdlib>
#include <functional>

#include "tests/oracle/training.h"

using namespace ingot;

namespace {

struct Seeds {
  std::uint64_t first = 1, count = 0;
};

Seeds seeds(std::uint64_t count) {
  const char* const asked = std::getenv("INGOT_ORACLE_SEEDS");
  if (asked == nullptr) return {1, count};
  char* end = nullptr;
  Seeds found{std::strtoull(asked, &end, 10), 1};
  if (*end == ':') found.count = std::strtoull(end + 1, nullptr, 10);
  return found;
}

void compare(const Seeds& range, const std::function<oracle::Problem(std::uint64_t)>& draw) {
  std::uint64_t n_doubtful = 0;
  double worst = 0;
  for (std::uint64_t seed = range.first; seed < range.first + range.count; ++seed) {
    const oracle::Problem problem = draw(seed);
    INFO(problem.line());
    const oracle::Comparison comparison = oracle::compared(problem);
    if (comparison.is_doubtful) {
      ++n_doubtful;
      continue;
    }
    const oracle::Difference& difference = comparison.worst();
    INFO(difference.what);
    CHECK(difference.size <= 1);
    worst = std::max(worst, difference.size);
  }
  if (std::getenv("INGOT_ORACLE_SEEDS") != nullptr)
    fmt::print("{} problems, {} left out, the largest difference {:.2f} of what is allowed\n", range.count, n_doubtful,
               worst);
  CHECK(2 * n_doubtful <= range.count);
}

}  // namespace

TEST_CASE("two steps of training have the losses, gradients and weights of a model in doubles") {
  compare(seeds(90), oracle::draw);
}

TEST_CASE("two steps of training in number formats do, with straight-through gradients") {
  compare(seeds(96), oracle::draw_compressed);
}
