// Prunes what is worse than the median, or another percentile, of the complete trials at the same step.
#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/base/error.h"
#include "search/pruners/pruner.h"

namespace ingot::search {
namespace {

using engine::require;

// With linear interpolation between the nearest ranks; values not empty.
double percentile_of(std::vector<double> values, double percentile) {
  std::sort(values.begin(), values.end());
  const double rank = percentile / 100 * static_cast<double>(values.size() - 1);
  const auto below = static_cast<std::size_t>(rank);
  const std::size_t above = std::min(below + 1, values.size() - 1);
  if (values[below] == values[above]) return values[below];  // infinities too
  return values[below] + (rank - static_cast<double>(below)) * (values[above] - values[below]);
}

class Median final : public Pruner {
 public:
  explicit Median(const MedianOptions& options) : options_(options) {
    require(options.percentile >= 0 && options.percentile <= 100,
            "pruner median: percentile must lie within 0 and 100, got {}", options.percentile);
    require(options.warmup_steps >= 0, "pruner median: warm-up must be at least 0 steps, got {}", options.warmup_steps);
    require(options.interval >= 1, "pruner median: interval must be at least 1 step, got {}", options.interval);
  }

  bool should_prune(Report& report) const override {
    const auto& reports = report.trial.reports;
    const std::int64_t step = reports.rbegin()->first;
    if (step < options_.warmup_steps || !is_first_in_interval(reports, step)) return false;
    const double sign = report.is_minimized() ? 1 : -1;
    int n_complete = 0;
    std::vector<double> others;
    for (const TrialRecord& t : report.view.history.trials) {
      if (!report.view.is_visible(t) || t.state != State::complete) continue;
      ++n_complete;
      const auto at_step = t.reports.find(step);
      if (at_step != t.reports.end() && !std::isnan(at_step->second)) others.push_back(sign * at_step->second);
    }
    if (n_complete == 0 || n_complete < options_.startup_trials) return false;
    double best = std::numeric_limits<double>::quiet_NaN();
    for (const auto& [_, value] : reports) best = std::fmin(best, sign * value);  // NaN only if all are
    if (std::isnan(best)) return true;
    if (others.empty() || static_cast<int>(others.size()) < options_.min_trials) return false;
    return best > percentile_of(std::move(others), options_.percentile);
  }

 private:
  // Intervals begin at the warm-up; a trial is checked at its first report in each.
  bool is_first_in_interval(const std::map<std::int64_t, double>& reports, std::int64_t step) const {
    const std::int64_t begin =
        (step - options_.warmup_steps) / options_.interval * options_.interval + options_.warmup_steps;
    return reports.size() < 2 || std::prev(reports.end(), 2)->first < begin;
  }

  MedianOptions options_;
};

}  // namespace

std::unique_ptr<Pruner> make_median(const MedianOptions& options) { return std::make_unique<Median>(options); }

}  // namespace ingot::search
