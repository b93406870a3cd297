#include "labs/row_result.h"

#include <utility>

namespace ingot::labs {
namespace {

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
    : json(std::move(result)), figures(figures_of({json, subject})) {}

}  // namespace ingot::labs
