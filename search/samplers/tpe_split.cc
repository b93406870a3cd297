// TPE fits one density to the good trials and one to the others, so it has to be said which trials are good. The best
// tenth is an obvious choice while every trial is complete and has one value. Three kinds of trials have no obvious
// place: pruned trials have intermediate values only, infeasible trials violate a constraint, and with several
// objectives the best trials are compromises between them.
//
// The tenth is filled in Optuna's order. Complete trials come first, by their value; with several objectives whole
// ranks of non-domination come first, and of the last rank those points that add most hypervolume. Pruned trials
// follow, those that came farthest first. Infeasible trials come last, by how much they violate. Among equals the older
// trial wins, since another order would draw other trials than Optuna draws.
//
// Ranking a trial costs little, so each is ranked once, when it is first seen as finished, and the split is kept until
// the history changes. Hypervolumes depend on all points and are computed anew for every split.
#include "search/samplers/tpe_split.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "search/history/pareto.h"

namespace ingot::search {
namespace {

double sign(Direction direction) { return direction == Direction::minimize ? 1 : -1; }

Losses losses(const TrialRecord& trial, const History& history) {
  Losses values = trial.values;
  for (std::size_t i = 0; i < values.size(); ++i) values[i] *= sign(history.directions[i]);
  return values;
}

// How much hypervolume the good trials would lose without each of them, the most counting 1 (Optuna 4). Weights of
// trials that are dominated or infeasible are next to nothing.
std::vector<double> hypervolume_weights(const std::vector<int>& good, const History& history) {
  constexpr double kNothing = 1e-12;
  std::vector<double> weights(good.size(), kNothing);
  std::vector<Losses> points;
  std::vector<std::size_t> owners;
  for (std::size_t i = 0; i < good.size(); ++i) {
    const TrialRecord& trial = history.trials[static_cast<std::size_t>(good[i])];
    if (trial.violation > 0 || trial.state != State::complete) continue;
    points.push_back(losses(trial, history));
    owners.push_back(i);
  }
  if (points.size() <= 1) {
    for (const std::size_t i : owners) weights[i] = 1;
    return weights;
  }
  const Losses reference = reference_point(points);
  const double whole = hypervolume(points, reference);
  double most = kNothing;
  for (std::size_t i = 0; i < points.size(); ++i) {
    std::vector<Losses> others = points;
    others.erase(others.begin() + static_cast<std::ptrdiff_t>(i));
    weights[owners[i]] = std::isinf(whole) ? 1 : whole - hypervolume(std::move(others), reference);
    most = std::max(most, weights[owners[i]]);
  }
  for (const std::size_t i : owners) weights[i] = std::max(weights[i] / most, kNothing);
  return weights;
}

// Moves the numbers of the count best, equals by age, to `chosen`.
template <class Ranked>
void take_best(Ranked ranked, std::size_t count, std::vector<int>& chosen) {
  count = std::min(count, ranked.size());
  std::partial_sort(ranked.begin(), ranked.begin() + static_cast<std::ptrdiff_t>(count), ranked.end());
  for (std::size_t i = 0; i < count; ++i) chosen.push_back(ranked[i].second);
}

}  // namespace

void TpeSplit::add(const TrialRecord& trial, const History& history) {
  all_.push_back(trial.number);
  if (trial.violation > 0) {
    infeasible_.push_back({{trial.violation, 0}, trial.number});
  } else if (trial.state == State::complete) {
    complete_.push_back({{trial.values[0] * sign(history.directions[0]), 0}, trial.number});
  } else if (trial.reports.empty()) {
    pruned_.push_back({{1, 0}, trial.number});
  } else {  // the further it came the better, and then by its last value
    const auto& [step, value] = *trial.reports.rbegin();
    const double loss = value * sign(history.directions[0]);
    pruned_.push_back({{-static_cast<double>(step), std::isnan(loss) ? std::numeric_limits<double>::infinity() : loss},
                       trial.number});
  }
}

// With several objectives: whole ranks of non-domination while they fit, then the largest hypervolume.
std::vector<int> TpeSplit::best_complete(const View& view, std::size_t count) {
  std::vector<int> chosen;
  count = std::min(count, complete_.size());
  if (view.history.directions.size() == 1) {
    take_best(complete_, count, chosen);
    return chosen;
  }
  std::vector<Losses> points;
  for (const auto& item : complete_) {
    points.push_back(losses(view.history.trials[static_cast<std::size_t>(item.second)], view.history));
  }
  const std::vector<int> ranks = nondomination_ranks(points, count);
  for (int rank = 0; chosen.size() < count; ++rank) {
    std::vector<std::size_t> members;
    std::vector<Losses> of_rank;
    for (std::size_t i = 0; i < ranks.size(); ++i) {
      if (ranks[i] == rank) members.push_back(i), of_rank.push_back(points[i]);
    }
    if (members.empty()) break;
    const std::size_t n_fit = std::min(members.size(), count - chosen.size());
    for (const std::size_t i : select_by_hypervolume(of_rank, n_fit, reference_point(of_rank))) {
      chosen.push_back(complete_[members[i]].second);
    }
  }
  return chosen;
}

const Split& TpeSplit::of(const View& view) {
  if (revision_ == view.history.revision && number_ == view.number && bound_ == view.bound) return split_;
  walk_.run(
      view,
      [this] {
        for (auto* list : {&complete_, &pruned_, &infeasible_}) list->clear();
        all_.clear();
      },
      [&](const TrialRecord& trial) { add(trial, view.history); });
  const bool is_single = view.history.directions.size() == 1;
  auto n_good = static_cast<std::size_t>(std::ceil(0.1 * static_cast<double>(all_.size())));
  if (is_single || rules_ == TpeRules::optuna4) n_good = std::min<std::size_t>(n_good, 25);
  split_ = {.good = best_complete(view, n_good), .n_finished = static_cast<int>(all_.size())};
  take_best(pruned_, n_good - split_.good.size(), split_.good);
  take_best(infeasible_, n_good - split_.good.size(), split_.good);
  std::sort(split_.good.begin(), split_.good.end());
  split_.bad = all_;
  if (rules_ == TpeRules::optuna5) {  // trials that run are taken for bad, so that others look elsewhere
    const auto add_running = [&](int i) {
      if (view.is_running(view.history.trials[static_cast<std::size_t>(i)])) split_.bad.push_back(i);
    };
    for (const int i : walk_.open()) add_running(i);
    for (int i = view.bound; i < view.number; ++i) add_running(i);
    std::sort(split_.bad.begin(), split_.bad.end());
  }
  std::vector<int> bad;
  std::set_difference(split_.bad.begin(), split_.bad.end(), split_.good.begin(), split_.good.end(),
                      std::back_inserter(bad));
  split_.bad = std::move(bad);
  if (!is_single && rules_ == TpeRules::optuna4) split_.weights = hypervolume_weights(split_.good, view.history);
  if (!is_single && rules_ == TpeRules::optuna5) split_.weights.assign(split_.good.size(), 1.0);
  revision_ = view.history.revision;
  number_ = view.number;
  bound_ = view.bound;
  return split_;
}

}  // namespace ingot::search
