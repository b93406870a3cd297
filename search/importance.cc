#include "search/importance.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <unordered_map>

#include "search/history/pareto.h"
#include "search/samplers/truncated_normal.h"

namespace ingot::search {
namespace {

using Trials = std::vector<const TrialRecord*>;

constexpr std::size_t kMostCells = 50;

// Ordinals too: to Optuna, which reads journals, they are categorical.
bool is_list(const Distribution& d) { return !d.choices.empty(); }

std::size_t n_cells(const Distribution& d) {
  if (is_list(d)) return d.choices.size();
  if (d.kind == Distribution::Kind::integer && d.log) {  // log(2^29) / log(2) is above 29 there, and so here
    const double n_bits = std::ceil(std::log(d.high - d.low + 1) / std::log(2.0));
    return std::min(kMostCells, static_cast<std::size_t>(n_bits) + 1);
  }
  return d.step > 0 ? static_cast<std::size_t>(std::min(d.n_values(), double{kMostCells})) : kMostCells;
}

// How many trials have the parameter in each cell.
std::vector<double> histogram(const Trials& trials, const std::string& name, const Distribution& d) {
  std::vector<double> counts(n_cells(d), 0.0);
  const double last = static_cast<double>(counts.size() - 1);
  const double low = d.log ? std::log(d.low) : d.low, high = d.log ? std::log(d.high) : d.high;
  const double width = is_list(d) ? 1 : (high - low) / last;
  for (const TrialRecord* t : trials) {
    const double value = t->parameters.at(name).value;
    const double cell = std::ceil(((d.log ? std::log(value) : value) - low) / width - 0.5);  // ties to the lower cell
    ++counts[cell > 0 ? static_cast<std::size_t>(std::min(cell, last)) : 0];  // a value may lie outside, or have no log
  }
  return counts;
}

// Scott's rule (Multivariate Density Estimation, 1992) on counts, in cells; at least such that a cell holds 90 %.
double bandwidth(const std::vector<double>& counts) {
  std::vector<double> cells, sums;
  double n = 0, mean = 0, squares = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] == 0) continue;
    n += counts[i];
    mean += counts[i] * static_cast<double>(i);
    cells.push_back(static_cast<double>(i));
    sums.push_back(n);
  }
  mean /= n;
  for (std::size_t i = 0; i < counts.size(); ++i) squares += counts[i] * std::pow(static_cast<double>(i) - mean, 2);
  const double deviation = std::sqrt(squares / std::max(1.0, n - 1));
  const auto first = std::lower_bound(sums.begin(), sums.end(), std::floor(n / 4)) - sums.begin();
  const auto third = std::upper_bound(sums.begin(), sums.end(), std::floor(n * 3 / 4)) - sums.begin();
  const auto at = [&](std::ptrdiff_t i) { return cells[std::min(static_cast<std::size_t>(i), cells.size() - 1)]; };
  const double spread = std::min((at(third) - at(first)) / 1.34, deviation);
  return std::max(1.059 * spread * std::pow(n, -0.2), 0.5 / 1.64);
}

// The mass of a truncated normal in each cell.
void add_kernel(double weight, double mean, double deviation, std::vector<double>& density) {
  const double end = static_cast<double>(density.size()) - 0.5;
  const double whole = log_mass((-0.5 - mean) / deviation, (end - mean) / deviation);
  for (std::size_t i = 0; i < density.size(); ++i) {
    const double x = static_cast<double>(i) - mean;
    density[i] += weight * std::exp(log_mass((x - 0.5) / deviation, (x + 0.5) / deviation) - whole);
  }
}

// A kernel for each cell that holds trials, weighing as many, and one of weight 1 over all cells.
std::vector<double> density(const std::vector<double>& counts, const Distribution& d) {
  const auto size = static_cast<double>(counts.size());
  const double total = std::accumulate(counts.begin(), counts.end(), 1.0);
  std::vector<double> result(counts.size(), 0.0);
  if (is_list(d)) {
    const auto n_kernels =
        static_cast<double>(std::count_if(counts.begin(), counts.end(), [](double c) { return c > 0; }) + 1);
    const double row = 1 + size / n_kernels;
    for (std::size_t i = 0; i < counts.size(); ++i) {
      result[i] = (counts[i] + (total - 1) / n_kernels) / row / total + 1 / size / total;
    }
    return result;
  }
  const double width = bandwidth(counts);
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] > 0) add_kernel(counts[i] / total, static_cast<double>(i), width, result);
  }
  add_kernel(1 / total, (size - 1) / 2, size, result);
  return result;
}

// Pearson's divergence: sum over the cells of p_all (p_best / p_all - 1)^2.
double divergence(const Trials& best, const Trials& all, const std::string& name, const Distribution& d) {
  constexpr double kFloor = 1e-12;
  const std::vector<double> p = density(histogram(best, name, d), d), q = density(histogram(all, name, d), d);
  double sum = 0;
  for (std::size_t i = 0; i < p.size(); ++i)
    sum += (q[i] + kFloor) * std::pow((p[i] + kFloor) / (q[i] + kFloor) - 1, 2);
  return sum;
}

Losses losses(const TrialRecord& trial, std::span<const Direction> directions) {
  Losses values = trial.values;
  for (std::size_t i = 0; i < values.size(); ++i) values[i] *= directions[i] == Direction::minimize ? 1 : -1;
  return values;
}

// The best tenth, rounded up; of one objective all that equal the last of them.
std::vector<char> is_best(const Trials& trials, std::span<const Direction> directions) {
  std::vector<Losses> points;
  for (const TrialRecord* t : trials) points.push_back(losses(*t, directions));
  const auto tenth = static_cast<std::size_t>(std::ceil(0.1 * static_cast<double>(points.size())));
  std::vector<char> best(points.size(), 0);
  if (directions.size() == 1) {
    std::vector<Losses> sorted = points;
    std::sort(sorted.begin(), sorted.end());
    const Losses& last = sorted[tenth - 1];
    for (std::size_t i = 0; i < points.size(); ++i) best[i] = points[i] <= last;
    return best;
  }
  const std::vector<int> ranks = nondomination_ranks(points, tenth);
  std::size_t n_best = 0;
  for (int rank = 0; n_best < tenth; ++rank) {
    std::vector<std::size_t> members;
    std::vector<Losses> of_rank;
    for (std::size_t i = 0; i < points.size(); ++i) {
      if (ranks[i] == rank) members.push_back(i), of_rank.push_back(points[i]);
    }
    const std::size_t n_fit = std::min(members.size(), tenth - n_best);
    for (const std::size_t i : select_by_hypervolume(of_rank, n_fit, reference_point(of_rank))) best[members[i]] = 1;
    n_best += n_fit;
  }
  return best;
}

// Trials that have a parameter with one range.
struct Regime {
  const Distribution* distribution = nullptr;
  Trials all, best;
};

std::vector<Regime> regimes_of(const std::string& name, const Trials& all, const std::vector<char>& best) {
  struct Hash {  // equal ordinals may have other labels, which a hash knows
    std::size_t operator()(const Distribution* d) const {
      return std::hash<double>()(d->low) ^ std::hash<double>()(d->high);
    }
  };
  struct Same {
    bool operator()(const Distribution* a, const Distribution* b) const { return a == b || *a == *b; }
  };
  std::vector<Regime> regimes;
  std::unordered_map<const Distribution*, std::size_t, Hash, Same> index;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto p = all[i]->parameters.find(name);
    if (p == all[i]->parameters.end()) continue;
    const auto [place, is_new] = index.try_emplace(p->second.distribution.get(), regimes.size());
    if (is_new) regimes.push_back({.distribution = place->first});
    Regime& regime = regimes[place->second];
    regime.all.push_back(all[i]);
    if (best[i] != 0) regime.best.push_back(all[i]);
  }
  return regimes;
}

}  // namespace

std::vector<std::pair<std::string, double>> parameter_importances(std::span<const TrialRecord> trials,
                                                                  std::span<const Direction> directions) {
  Trials all;
  std::map<std::string, double> importances;
  for (const TrialRecord& t : trials) {
    if (t.state != State::complete) continue;
    for (const auto& [name, _] : t.parameters) importances[name] = 0;
    if (std::all_of(t.values.begin(), t.values.end(), [](double v) { return std::isfinite(v); })) all.push_back(&t);
  }
  if (all.size() > 1) {
    const std::vector<char> best = is_best(all, directions);
    const auto n_best = static_cast<double>(std::count(best.begin(), best.end(), 1));
    for (auto& [name, importance] : importances) {
      for (const Regime& r : regimes_of(name, all, best)) {
        if (r.all.size() < 2 || r.best.empty() || r.distribution->is_single()) continue;
        const double alpha = static_cast<double>(r.best.size()) / n_best;
        const double beta = static_cast<double>(r.all.size()) / static_cast<double>(all.size());
        importance += alpha * alpha / beta * divergence(r.best, r.all, name, *r.distribution);
      }
    }
  }
  double sum = 0;
  for (const auto& [_, importance] : importances) sum += importance;
  std::vector<std::pair<std::string, double>> sorted(importances.begin(), importances.end());
  for (auto& item : sorted) item.second = sum > 0 ? item.second / sum : 1 / static_cast<double>(sorted.size());
  std::stable_sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return a.second > b.second; });
  return sorted;
}

}  // namespace ingot::search
