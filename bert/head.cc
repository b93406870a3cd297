#include "bert/head.h"

#include <algorithm>

#include "engine/base/error.h"
#include "engine/base/named.h"

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

const Head& head_for_task(std::string_view task) {
  std::vector<std::string_view> tasks;
  for (const Head* head : heads()) {
    if (head->task.empty()) continue;
    if (head->task == task) return *head;
    tasks.push_back(head->task);
  }
  engine::fail("--task: must be one of {}, got '{}'", fmt::join(tasks, ", "), task);
}

const Head& head_for(data::Answers answers) {
  return **std::find_if(heads().begin(), heads().end(),
                        [&](const Head* head) { return !head->task.empty() && head->answers == answers; });
}

const Metric& metric_from_name(const Head& head, std::string_view name) {
  return engine::row_named(head.metrics, name, "--best-by: must be one of {}, got '{}'");
}

}  // namespace ingot::bert
