// What real texts make of a block in the fake-quantised model: the hardware's inputs, and what it must give.
#pragma once

#include <string>

#include "bert/model.h"
#include "hw/graph/graph.h"

namespace ingot::hw {

class BlockRecorder {
 public:
  // A classifier with its compression attached, and the graph that lower_block made of its block.
  BlockRecorder(const bert::Model& model, const std::string& block, const Graph& graph);
  BlockRecorder(const BlockRecorder&) = delete;  // listened to by reference

  void run(const bert::Input& input);  // a batch

  // All codes so far. Throws std::runtime_error unless the graph gives the same: our own fault.
  Vectors vectors() const;

 private:
  void listen(engine::Linear& linear, bool to_input, const FixedPoint& format, std::vector<std::int32_t>& codes);

  bert::Model model_;
  const Graph& graph_;
  std::vector<std::int32_t> input_, output_;
};

}  // namespace ingot::hw
