// Ranks and hypervolumes against brute force.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "engine/base/rng.h"
#include "search/history/pareto.h"

using namespace ingot::search;

namespace {

// Coordinates of a small grid, so that points are often equal and often share a coordinate.
std::vector<Losses> grid_points(std::size_t count, std::size_t n_objectives, ingot::engine::Rng& rng) {
  std::vector<Losses> points(count, Losses(n_objectives));
  for (Losses& p : points) {
    for (double& x : p) x = static_cast<double>(rng.below(6));
  }
  return points;
}

bool better(const Losses& a, const Losses& b) {
  bool is_less = false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i] > b[i]) return false;
    is_less |= a[i] < b[i];
  }
  return is_less;
}

// Cells of the unit grid below the reference (6, 6, ...) that some point dominates.
double counted_volume(const std::vector<Losses>& points, std::size_t n_objectives) {
  double volume = 0;
  const auto n_cells = static_cast<int>(std::pow(6, n_objectives));
  for (int cell = 0; cell < n_cells; ++cell) {
    volume += std::any_of(points.begin(), points.end(), [&](const Losses& p) {
      int rest = cell;
      for (std::size_t i = 0; i < n_objectives; ++i, rest /= 6) {
        if (p[i] > rest % 6) return false;
      }
      return true;
    });
  }
  return volume;
}

}  // namespace

TEST_CASE("a rank holds what only better ranks dominate") {
  ingot::engine::Rng rng(1);
  for (int round = 0; round < 60; ++round) {
    const auto points = grid_points(1 + rng.below(40), 2 + rng.below(3), rng);
    const std::vector<int> ranks = nondomination_ranks(points, points.size());
    for (std::size_t i = 0; i < points.size(); ++i) {
      int expected = 0;
      for (std::size_t j = 0; j < points.size(); ++j) {
        if (better(points[j], points[i])) expected = std::max(expected, ranks[j] + 1);
      }
      CHECK(ranks[i] == expected);
    }
    const std::vector<int> few = nondomination_ranks(points, 1);
    for (std::size_t i = 0; i < points.size(); ++i) CHECK(few[i] == std::min(ranks[i], 1));
  }
}

TEST_CASE("the hypervolume is the number of cells that are dominated") {
  ingot::engine::Rng rng(2);
  for (int round = 0; round < 60; ++round) {
    const std::size_t n_objectives = 1 + rng.below(4);
    const auto points = grid_points(rng.below(12), n_objectives, rng);
    CHECK(hypervolume(points, Losses(n_objectives, 6.0)) == counted_volume(points, n_objectives));
  }
}

TEST_CASE("each point chosen adds the most to those chosen before") {
  ingot::engine::Rng rng(3);
  for (int round = 0; round < 30; ++round) {
    const std::size_t n_objectives = 2 + rng.below(2);
    const auto points = grid_points(3 + rng.below(9), n_objectives, rng);
    const std::size_t count = 1 + rng.below(points.size());
    std::vector<Losses> set;
    double volume = 0;
    for (std::size_t k = 0; k < count; ++k) {  // greedy, by brute force
      double best = -1;
      for (const Losses& p : points) {
        auto with = set;
        with.push_back(p);
        best = std::max(best, counted_volume(with, n_objectives));
      }
      for (const Losses& p : points) {
        auto with = set;
        with.push_back(p);
        if (counted_volume(with, n_objectives) == best) {
          set = with;
          break;
        }
      }
      volume = best;
    }
    std::vector<Losses> chosen;
    const auto indices = select_by_hypervolume(points, count, Losses(n_objectives, 6.0));
    CHECK(indices.size() == count);
    CHECK(std::adjacent_find(indices.begin(), indices.end()) == indices.end());
    for (const std::size_t i : indices) chosen.push_back(points[i]);
    // Where several add the same, the ways part: never below the bound of greedy choice.
    CHECK(counted_volume(chosen, n_objectives) >= (1 - std::exp(-1.0)) * volume);
    if (count == 1) CHECK(counted_volume(chosen, n_objectives) == volume);
  }
}
