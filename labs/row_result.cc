#include "labs/row_result.h"

#include <utility>

namespace ingot::labs {
namespace {

// Of a search whose trials all say how long they took. Those that an earlier one answered, or that broke a limit of the
// search, were not run.
std::optional<double> trial_seconds(const engine::Json& result) {
  const auto trials = result.find("trials");
  if (trials == result.end() || !trials->is_array() || trials->empty()) return std::nullopt;
  double sum = 0;
  for (const engine::Json& trial : *trials) {
    if (!trial.is_object()) return std::nullopt;
    if (trial.contains("duplicate_of") || trial.value("state", engine::Json()) == "infeasible") continue;
    const auto seconds = trial.find("seconds");
    if (seconds == trial.end() || !seconds->is_number()) return std::nullopt;
    sum += seconds->get<double>();
  }
  return sum;
}

RowFigures figures_of(const engine::Saved& result) {
  return {.accuracy = result.find<double>("accuracy"),
          .validation_accuracy = result.find<double>("validation_accuracy"),
          .accuracy_error = result.find<double>("accuracy_error"),
          .validation_accuracy_error = result.find<double>("validation_accuracy_error"),
          .sparsity = result.find<double>("sparsity"),
          .average_bits = result.find<double>("average_bits"),
          .packed_bytes = result.find<std::int64_t>("packed_bytes"),
          .examples = result.find<std::int64_t>("examples"),
          .flips = result.find<double>("flips"),
          .output_noise = result.find<double>("output_noise"),
          .inference_tokens_per_second = result.find<double>("inference_tokens_per_second"),
          .distinct = result.find<std::int64_t>("distinct"),
          .unfinished = result.find<std::int64_t>("unfinished"),
          .best_so_far = result.find<std::vector<std::optional<double>>>("best_so_far")};
}

}  // namespace

RowResult::RowResult(engine::Json result, const std::string& subject)
    : json(std::move(result)), figures(figures_of({json, subject})) {
  figures.trial_seconds = trial_seconds(json);
}

}  // namespace ingot::labs
