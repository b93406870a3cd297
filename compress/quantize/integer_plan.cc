#include "compress/quantize/integer_plan.h"

#include <fmt/format.h>

namespace ingot::compress {

IntegerWidths integer_widths(int width) {
  const std::string format = fmt::format("fixed({},calibrated)", width);
  return {.activations = width, .weights = format, .embeddings = format};
}

Plan integer_plan(const IntegerWidths& w) {
  const auto calibrated = [](int width) { return parse_request(fmt::format("fixed({},calibrated)", width)); };
  const auto by_row = [](const std::string& format) {
    QuantizerRequest request = parse_request(format);
    request.per_channel = true;
    return request;
  };
  Plan plan;
  const auto add = [&](PlanPart part, const char* pattern,
                       std::initializer_list<std::pair<Role, QuantizerRequest>> requests) {
    PlanEntry& entry = plan.emplace_back(PlanEntry{.pattern = pattern, .part = part});
    for (const auto& [role, request] : requests) entry.requests[role] = request;
    if (part == PlanPart::norms || part == PlanPart::softmaxes) entry.requests.is_cheap = w.is_cheap;
  };
  add(PlanPart::layers, "*",
      {{Role::input, calibrated(w.activations)},
       {Role::weight, by_row(w.weights)},
       {Role::bias, parse_request("fixed(24,sums)")},
       {Role::output, {}}});  // of what answers: exact sums
  add(PlanPart::layers, "bert.*", {{Role::output, calibrated(w.activations)}});
  add(PlanPart::layers, "*.output.dense", {{Role::output, calibrated(w.residual)}});
  add(PlanPart::embeddings, "*", {{Role::weight, by_row(w.embeddings)}});
  add(PlanPart::norms, "bert.*",
      {{Role::weight, calibrated(w.norm_parameters)},
       {Role::bias, calibrated(w.norm_parameters)},
       {Role::output, calibrated(w.activations)}});
  add(PlanPart::softmaxes, "*",
      {{Role::input, parse_request(fmt::format("fixed({},{})", w.scores, w.score_frac_bits))},
       {Role::output, parse_request(fmt::format("ufixed({0},{0})", w.exponentials))}});
  return plan;
}

}  // namespace ingot::compress
