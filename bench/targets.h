// The speed claims of this project, each measured with what it is compared with in the same run.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bench/timing.h"
#include "engine/io/json.h"

namespace ingot::bench {

struct Target {
  std::string name;
  std::string unit;
  double floor;                  // that must be reached
  std::optional<double> goal{};  // that is aimed at
  bool less_is_better = false;   // then floor is the most that is allowed
  std::optional<double> measured{};
  std::optional<double> share{};                          // of the arithmetic limit: the median of the rounds
  std::optional<double> best_share{};                     // the fastest round against the highest limit
  std::map<std::string, std::optional<double>> ratios{};  // a peer's time over ours; none: it did not run
  std::optional<double> spread{};                         // interquartile range over the median of what was measured
  std::string note{};                                     // the peer's build, or why something was not measured

  bool reached() const { return measured && (less_is_better ? *measured <= floor : *measured >= floor); }
};

engine::Json to_json(const Target& target);

// Sets what was measured to the median of the values, and their spread.
void set_measured(Target& target, const std::vector<double>& values);

// Sets the shares of the arithmetic limit that calls of so many operations have.
void set_share(Target& target, double flops, const Series& series);

struct TargetGroup {
  std::string_view name;
  // Measures the targets of the group in that many rounds, handing on each as soon as it is there.
  void (*measure)(int rounds, const std::function<void(const Target&)>& emit);
};

std::span<const TargetGroup> target_groups();

void scale_targets(int rounds, const std::function<void(const Target&)>& emit);   // scale_targets.cc
void torch_targets(int rounds, const std::function<void(const Target&)>& emit);   // scale_targets.cc
void search_targets(int rounds, const std::function<void(const Target&)>& emit);  // search_targets.cc

}  // namespace ingot::bench
