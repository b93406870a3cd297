// The list of criteria: a new one is its file and a line here.
#include "compress/prune/criterion.h"
#include "engine/base/named.h"

namespace ingot::compress {

extern const Criterion kL1, kMovement, kRandom;

std::span<const Criterion* const> criteria() {
  static constexpr const Criterion* kCriteria[] = {&kL1, &kRandom, &kMovement};
  return kCriteria;
}

const Criterion& criterion_from_name(std::string_view name) {
  const std::span<const Criterion* const> rows = criteria();
  return *engine::row_named(rows, name, "pruning method: must be {}, or N:M as in 2:4, got '{}'");
}

}  // namespace ingot::compress
