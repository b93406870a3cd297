// The list of criteria: a new one is its file and a line here.
#include <algorithm>
#include <string>

#include "compress/prune/criterion.h"
#include "engine/base/error.h"

namespace ingot::compress {

extern const Criterion kL1, kMovement, kRandom;

std::span<const Criterion* const> criteria() {
  static constexpr const Criterion* kCriteria[] = {&kL1, &kRandom, &kMovement};
  return kCriteria;
}

const Criterion& criterion_from_name(std::string_view name) {
  std::string names;
  for (const Criterion* criterion : criteria()) {
    if (name == criterion->name) return *criterion;
    names += std::string(criterion->name) + ", ";
  }
  engine::fail("pruning method: must be {}or N:M as in 2:4, got '{}'", names, name);
}

}  // namespace ingot::compress
