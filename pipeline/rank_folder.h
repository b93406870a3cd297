// One rank of a run writes its folder, the first one. The others work in a folder of their own that is gone when they
// end, and say nothing.
#pragma once

#include <optional>

#include "engine/base/temporary_folder.h"
#include "pipeline/training.h"

namespace ingot::pipeline {

class RankFolder {
 public:
  // The options as this rank follows them.
  template <class Options>
  Options of_rank(Options options) {
    follow(options);
    return options;
  }

 private:
  void follow(TrainingOptions& options);
  std::optional<engine::TemporaryFolder> folder_;
};

// What a rank does when training is done: the first one goes on, with what its folder holds, the others end here by
// throwing Ended.
void go_on_as_first();

// Throws Error unless this process is alone. `what`: the subject of the sentence, what one process does by itself.
void require_alone(const std::string& what);

}  // namespace ingot::pipeline
