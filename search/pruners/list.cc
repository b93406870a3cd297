#include "engine/base/named.h"
#include "search/pruners/pruner.h"

namespace ingot::search {
namespace {

// One file, one line: add a pruner here.
constexpr PrunerKind kKinds[] = {
    {"none", "no trial ends early", [] { return std::unique_ptr<Pruner>(); }},
    {"median", "worse than the median of complete trials at the same step", [] { return make_median(); }},
    {"halving", "not among the best quarter at a rung of successive halving", [] { return make_halving(); }},
    {"hyperband", "successive halving in brackets of early and late first rungs", [] { return make_hyperband(); }},
};

}  // namespace

std::span<const PrunerKind> pruner_kinds() { return kKinds; }

std::unique_ptr<Pruner> make_pruner(const std::string& name) {
  return engine::row_named(kKinds, name, "pruner: must be one of {}, got '{}'").make();
}

}  // namespace ingot::search
