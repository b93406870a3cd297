// PyTorch as a peer: bench/peers/run --paced, one process that makes steps on demand, so that they take turns with
// ours.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "bench/child.h"
#include "bench/timing.h"

namespace ingot::bench {

class TorchPeer {
 public:
  // Options of torch_bert.py. Where it cannot run, ready() is false and note() says why.
  explicit TorchPeer(const std::vector<std::string>& options);

  bool ready() const { return ready_; }
  const std::string& note() const { return note_; }  // the build that answers, or why none does
  double sample(int calls);                          // seconds of a step

 private:
  std::unique_ptr<Child> child_;
  bool ready_ = false;
  std::string note_;
};

}  // namespace ingot::bench
