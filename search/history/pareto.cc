#include "search/history/pareto.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

namespace ingot::search {
namespace {

bool at_least_as_good(const Losses& a, const Losses& b) {
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (a[i] > b[i]) return false;
  }
  return true;
}

double box(const Losses& point, const Losses& reference) {
  double volume = 1;
  for (std::size_t i = 0; i < point.size(); ++i) volume *= std::max(0.0, reference[i] - point[i]);
  return volume;
}

// The points that no other dominates, once each, by ascending first objective.
std::vector<Losses> front(std::vector<Losses> points) {
  std::sort(points.begin(), points.end());  // a point can dominate only those behind it
  std::vector<Losses> best;
  for (Losses& point : points) {
    if (std::none_of(best.begin(), best.end(), [&](const Losses& b) { return at_least_as_good(b, point); })) {
      best.push_back(std::move(point));
    }
  }
  return best;
}

// What `point` dominates and none of the others does.
double exclusive(const Losses& point, std::span<const Losses> others, const Losses& reference) {
  std::vector<Losses> limited(others.begin(), others.end());
  for (Losses& other : limited) {
    for (std::size_t i = 0; i < other.size(); ++i) other[i] = std::max(other[i], point[i]);
  }
  return box(point, reference) - hypervolume(std::move(limited), reference);
}

}  // namespace

std::vector<int> nondomination_ranks(std::span<const Losses> points, std::size_t n_needed) {
  std::vector<std::size_t> open(points.size());
  std::iota(open.begin(), open.end(), std::size_t{0});
  std::sort(open.begin(), open.end(), [&](std::size_t a, std::size_t b) { return points[a] < points[b]; });
  std::vector<int> ranks(points.size(), 0);
  for (int rank = 0; !open.empty(); ++rank) {
    std::vector<std::size_t> best, rest;
    const bool is_last = points.size() - open.size() >= n_needed;
    for (const std::size_t i : open) {
      ranks[i] = rank;
      const bool is_dominated = std::any_of(best.begin(), best.end(), [&](std::size_t b) {
        return at_least_as_good(points[b], points[i]) && points[b] != points[i];
      });
      (is_dominated && !is_last ? rest : best).push_back(i);
    }
    open = std::move(rest);
  }
  return ranks;
}

double hypervolume(std::vector<Losses> points, const Losses& reference) {
  std::erase_if(points, [&](const Losses& p) { return box(p, reference) == 0; });
  points = front(std::move(points));
  if (reference.size() == 1) return points.empty() ? 0 : box(points[0], reference);
  double volume = 0;
  if (reference.size() == 2) {  // a staircase: the second objective falls as the first rises
    double height = reference[1];
    for (const Losses& p : points) volume += (reference[0] - p[0]) * (height - p[1]), height = p[1];
    return volume;
  }
  for (std::size_t i = 0; i < points.size(); ++i) {
    volume += exclusive(points[i], std::span(points).subspan(i + 1), reference);
  }
  return volume;
}

Losses reference_point(std::span<const Losses> points) {
  Losses reference = points[0];
  for (const Losses& p : points) {
    for (std::size_t i = 0; i < p.size(); ++i) reference[i] = std::max(reference[i], p[i]);
  }
  for (double& x : reference) {
    x = std::max(1.1 * x, 0.9 * x);
    if (x == 0) x = 1e-12;
  }
  return reference;
}

std::vector<std::size_t> select_by_hypervolume(std::span<const Losses> points, std::size_t count,
                                               const Losses& reference) {
  std::map<Losses, std::size_t> first;  // of equal points only one can add something
  for (std::size_t i = 0; i < points.size(); ++i) first.emplace(points[i], i);
  std::vector<std::size_t> open, chosen;
  for (const auto& [point, i] : first) open.push_back(i);
  const bool is_finite = std::all_of(reference.begin(), reference.end(), [](double x) { return std::isfinite(x); });
  std::vector<Losses> set;
  // What a point adds only falls as the set grows: what it added before is a bound, found out anew for the highest.
  struct Gain {
    double bound;
    std::size_t set_size;
  };
  std::vector<Gain> gains;
  for (const std::size_t i : open) gains.push_back({box(points[i], reference), 0});
  while (is_finite && chosen.size() < count && !open.empty()) {
    const auto best = static_cast<std::size_t>(
        std::max_element(gains.begin(), gains.end(), [](Gain a, Gain b) { return a.bound < b.bound; }) - gains.begin());
    const auto at = static_cast<std::ptrdiff_t>(best);
    if (gains[best].set_size < set.size()) {
      gains[best] = {exclusive(points[open[best]], set, reference), set.size()};
      continue;
    }
    chosen.push_back(open[best]);
    set.push_back(points[open[best]]);
    open.erase(open.begin() + at);
    gains.erase(gains.begin() + at);
  }
  for (std::size_t i = 0; chosen.size() < count && i < points.size(); ++i) {
    if (std::find(chosen.begin(), chosen.end(), i) == chosen.end()) chosen.push_back(i);
  }
  std::sort(chosen.begin(), chosen.end());
  return chosen;
}

}  // namespace ingot::search
