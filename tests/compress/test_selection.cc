// Exact counts, and which weights they are, against a full sort.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "compress/prune/criterion.h"
#include "compress/prune/selection.h"
#include "engine/base/rng.h"
#include "tests/support/kernel_cases.h"

using namespace ingot;
using compress::kPruned;

namespace {

std::int64_t count_pruned(std::span<const float> scores) { return std::count(scores.begin(), scores.end(), kPruned); }

// The definition: a stable sort of all scores, whose first round(sparsity n) are pruned.
void prune_by_sorting(std::vector<std::vector<float>>& tensors, double sparsity) {
  std::vector<float*> all;
  for (std::vector<float>& tensor : tensors) {
    for (float& score : tensor) all.push_back(&score);
  }
  std::stable_sort(all.begin(), all.end(), [](const float* a, const float* b) { return *a < *b; });
  const auto count = static_cast<std::size_t>(std::floor(sparsity * static_cast<double>(all.size()) + 0.5));
  for (std::size_t i = 0; i < count; ++i) *all[i] = kPruned;
}

// Noise of both signs, with many equal values, and zeros of both signs.
std::vector<float> tied_scores(std::int64_t n, std::uint64_t stream) {
  std::vector<float> scores = test::noise(n, stream);
  for (float& score : scores) score = std::round(score * 2) / 2;
  return scores;
}

std::vector<std::span<float>> spans(std::vector<std::vector<float>>& tensors) {
  return {tensors.begin(), tensors.end()};
}

}  // namespace

TEST_CASE("as many weights fall as the sparsity says, for odd sizes and sparsities") {
  for (const std::int64_t n : test::kTailSizes) {
    for (const double sparsity : {0.0, 1e-9, 0.1, 0.3, 1.0 / 3, 0.5, 0.7, 0.9, 0.999, 1.0}) {
      std::vector<float> scores = tied_scores(n, 3);
      const std::span<float> span = scores;
      compress::prune_lowest({&span, 1}, sparsity);
      CHECK(count_pruned(scores) == static_cast<std::int64_t>(std::floor(sparsity * static_cast<double>(n) + 0.5)));
    }
  }
}

TEST_CASE("the weights that fall are the first of a stable sort, in one tensor and in several") {
  for (const double sparsity : {0.0, 0.1, 0.33, 0.5, 0.77, 0.9, 1.0}) {
    std::vector<std::vector<float>> tensors{tied_scores(65, 1), tied_scores(1, 2), test::noise(130, 3),
                                            tied_scores(257, 4)};
    std::vector<std::vector<float>> expected = tensors;
    prune_by_sorting(expected, sparsity);
    compress::prune_lowest(spans(tensors), sparsity);
    CHECK(tensors == expected);
  }
}

TEST_CASE("what is pruned stays so and counts") {
  std::vector<float> scores{5, kPruned, 3, 9, kPruned, 1, 7, 8, 2, 6};
  const std::span<float> span = scores;
  compress::prune_lowest({&span, 1}, 0.1);  // two of ten are pruned already
  CHECK(scores == std::vector<float>{5, kPruned, 3, 9, kPruned, 1, 7, 8, 2, 6});
  compress::prune_lowest({&span, 1}, 0.4);
  CHECK(scores == std::vector<float>{5, kPruned, 3, 9, kPruned, kPruned, 7, 8, kPruned, 6});
}

TEST_CASE("of each group by itself the lowest fall") {
  for (const std::int64_t group : {2, 4, 8, 12}) {
    for (std::int64_t kept = 1; kept < group; ++kept) {
      std::vector<float> scores = tied_scores(group * 19, 7);
      std::vector<float> expected;
      for (std::size_t begin = 0; begin < scores.size(); begin += static_cast<std::size_t>(group)) {
        const auto first = scores.begin() + static_cast<std::ptrdiff_t>(begin);
        std::vector<std::vector<float>> one{{first, first + group}};
        prune_by_sorting(one, 1 - static_cast<double>(kept) / static_cast<double>(group));
        CHECK(count_pruned(one[0]) == group - kept);
        expected.insert(expected.end(), one[0].begin(), one[0].end());
      }
      compress::prune_lowest_in_groups(scores, group, 1 - static_cast<double>(kept) / static_cast<double>(group));
      CHECK(scores == expected);
    }
  }
}

TEST_CASE("2:4 leaves the two largest of each four") {
  std::vector<float> scores{1, 2, 3, 4, 4, 3, 2, 1, 5, 5, 5, 5, 0, 9, 0, 8};
  compress::prune_lowest_in_groups(scores, 4, 0.5);
  const float p = kPruned;
  CHECK(scores == std::vector<float>{p, p, 3, 4, 4, 3, p, p, p, p, 5, 5, p, 9, p, 8});
}
