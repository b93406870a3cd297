#include "pipeline/rank_folder.h"

#include "engine/base/error.h"
#include "engine/base/progress.h"
#include "engine/base/ranks.h"

namespace ingot::pipeline {

void RankFolder::follow(TrainingOptions& options) {
  engine::require_no_strangers();
  if (engine::ranks().is_first()) return;
  engine::set_quiet(true);
  folder_.emplace();
  options.out = (*folder_ / "out").string();
  options.resume = false;  // it gets weights and state from the first rank
  options.tensorboard = false;
}

void go_on_as_first() {
  if (!engine::ranks().is_first()) throw engine::Ended();
}

void require_alone(const std::string& what) {
  engine::require(engine::ranks().size() == 1, "{} is done by one process, and {} started {}", what, engine::launcher(),
                  engine::ranks().size());
}

}  // namespace ingot::pipeline
