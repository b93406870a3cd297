#include "bert/head.h"

#include <fmt/ranges.h>

#include <algorithm>

#include "engine/base/error.h"

namespace ingot::bert {

std::string_view architecture(const Head& head) { return head.architectures.front(); }

std::vector<std::string_view> architectures() {
  std::vector<std::string_view> all;
  for (const Head* head : heads()) {
    for (const std::string_view name : head->architectures) {
      if (std::find(all.begin(), all.end(), name) == all.end()) all.push_back(name);
    }
  }
  return all;
}

const Head* find_head(std::string_view architecture, const engine::Json& config_json) {
  for (const Head* head : heads()) {
    const auto& names = head->architectures;
    if (std::find(names.begin(), names.end(), architecture) == names.end()) continue;
    if (head->claims == nullptr || head->claims(config_json)) return head;
  }
  return nullptr;
}

const Metric& metric_from_name(const Head& head, std::string_view name) {
  std::vector<const char*> names;
  for (const Metric& metric : head.metrics) {
    if (name == metric.name) return metric;
    names.push_back(metric.name);
  }
  engine::fail("--best-by: must be one of {}, got '{}'", fmt::join(names, ", "), name);
}

}  // namespace ingot::bert
