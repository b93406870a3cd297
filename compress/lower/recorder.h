// Records what a block of the fake-quantised model reads and gives on real texts: test vectors for the hardware.
#pragma once

#include <string>

#include "bert/model.h"
#include "compress/integer/graph.h"

namespace ingot::compress {

class BlockRecorder {
 public:
  // `model` is a classifier with its compression attached, `graph` what lower_block made of its block. The graph must
  // outlive the recorder.
  BlockRecorder(const bert::Model& model, const std::string& block, const Graph& graph);
  BlockRecorder(const BlockRecorder&) = delete;  // the model's layers hold references to its members

  void run(const bert::Input& input);  // runs the model on a batch and records

  // All codes recorded so far. Throws std::runtime_error if the graph computes other outputs: a fault of ours, not of
  // the user's.
  Vectors vectors() const;

 private:
  void listen(engine::Linear& linear, bool to_input, const FixedPoint& format, std::vector<std::int32_t>& codes);

  bert::Model model_;
  const Graph& graph_;
  std::vector<std::int32_t> input_, output_;
};

}  // namespace ingot::compress
