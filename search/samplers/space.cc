#include "search/samplers/space.h"

#include <algorithm>

namespace ingot::search {

bool Walk::is_broken(const View& view) {
  if (view.bound < next_) return true;
  const auto& trials = view.history.trials;
  bool is_late = false;
  std::erase_if(open_, [&](int number) {
    const State state = trials[static_cast<std::size_t>(number)].state;
    is_late |= state == State::complete || state == State::pruned;
    return state == State::failed;
  });
  return is_late;
}

void JointSpaces::add(const TrialRecord& trial) {
  decltype(parts_)::value_type rest;
  for (const auto& [name, parameter] : trial.parameters) rest[name] = parameter.distribution;
  if (!groups_) {
    if (is_first_) parts_ = {rest};
    is_changed_ |= is_first_ || std::erase_if(parts_[0], [&](const auto& item) {
                                  const auto found = rest.find(item.first);
                                  return found == rest.end() ||
                                         (found->second != item.second && !(*found->second == *item.second));
                                }) > 0;
    is_first_ = false;
    return;
  }
  decltype(parts_) parts;
  for (auto& part : parts_) {
    decltype(rest) common, other;
    for (const auto& [name, distribution] : part) (rest.erase(name) > 0 ? common : other)[name] = distribution;
    is_changed_ |= !common.empty() && !other.empty();
    if (!common.empty()) parts.push_back(std::move(common));
    if (!other.empty()) parts.push_back(std::move(other));
  }
  is_changed_ |= !rest.empty();
  if (!rest.empty()) parts.push_back(std::move(rest));
  parts_ = std::move(parts);
}

const std::vector<Space>& JointSpaces::of(const View& view) {
  walk_.run(
      view,
      [this] {
        parts_.clear();
        is_first_ = is_changed_ = true;
      },
      [this](const TrialRecord& trial) { add(trial); });
  if (!is_changed_) return spaces_;
  is_changed_ = false;
  spaces_.clear();
  for (const auto& part : parts_) {
    Space space;
    for (const auto& [name, distribution] : part) {
      if (!distribution->is_single()) space.push_back({name, distribution});
    }
    if (!space.empty()) spaces_.push_back(std::move(space));
  }
  return spaces_;
}

}  // namespace ingot::search
