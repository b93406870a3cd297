// Asynchronous successive halving.
#include <algorithm>
#include <cmath>

#include "engine/base/error.h"
#include "search/history/json.h"
#include "search/pruners/pruner.h"

namespace ingot::search {
namespace {

using engine::require;

class Halving final : public Pruner {
 public:
  explicit Halving(const HalvingOptions& options) : options_(options) {
    require(options.min_resource >= 0, "pruner halving: the least resource must be at least 1 step, got {}",
            options.min_resource);
    require(options.reduction >= 2, "pruner halving: the reduction must be at least 2, got {}", options.reduction);
    require(options.early_stopping >= 0 && options.bootstrap >= 0,
            "pruner halving: early stopping and bootstrap must be at least 0, got {} and {}", options.early_stopping,
            options.bootstrap);
  }

  bool should_prune(Report& report) const override {
    return prune_by_halving(report, options_, [](int) { return true; });
  }

 private:
  HalvingOptions options_;
};

}  // namespace

std::int64_t first_last_step(const View& view) {
  for (const TrialRecord& t : view.history.trials) {
    if (view.is_visible(t) && t.state == State::complete && !t.reports.empty()) return t.reports.rbegin()->first;
  }
  return -1;
}

bool prune_by_halving(Report& report, const HalvingOptions& options, const std::function<bool(int)>& competes) {
  const auto& [step, value] = *report.trial.reports.rbegin();
  std::int64_t resource = options.min_resource;
  if (resource == 0) {
    const std::int64_t last = first_last_step(report.view);
    if (last < 0) return false;
    resource = std::max<std::int64_t>(last / 100, 1);
  }
  const double sign = report.is_minimized() ? 1 : -1;
  const auto key = [](int rung) { return "completed_rung_" + std::to_string(rung); };
  int rung = 0;
  while (report.trial.system_attributes.contains(key(rung))) ++rung;
  for (;; ++rung) {
    // A double: powers beyond any step must not overflow.
    const double height = static_cast<double>(options.early_stopping + rung);
    if (static_cast<double>(step) <
        static_cast<double>(resource) * std::pow(static_cast<double>(options.reduction), height)) {
      return false;
    }
    if (std::isnan(value)) return true;
    report.attributes.emplace_back(key(rung), value);
    std::vector<double> values{sign * value};
    for (const TrialRecord& t : report.view.history.trials) {
      const auto reached = t.system_attributes.find(key(rung));
      if (!report.view.is_visible(t) || !competes(t.number) || reached == t.system_attributes.end()) continue;
      values.push_back(sign * to_number(*reached, "completed_rung"));
    }
    const auto n = static_cast<std::int64_t>(values.size());
    if (n <= options.bootstrap) return true;
    const auto n_promoted = static_cast<std::ptrdiff_t>(std::max<std::int64_t>(n / options.reduction, 1));
    std::nth_element(values.begin(), values.begin() + n_promoted - 1, values.end());
    if (sign * value > values[static_cast<std::size_t>(n_promoted - 1)]) return true;
  }
}

std::unique_ptr<Pruner> make_halving(const HalvingOptions& options) { return std::make_unique<Halving>(options); }

}  // namespace ingot::search
