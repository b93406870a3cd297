// What a training goes on from.
#include "bert/train/training_state.h"

#include "tests/fuzz/mutations.h"
#include "tests/fuzz/target.h"

namespace ingot::fuzz {
namespace {

void read(std::string_view bytes) {
  const std::vector<engine::Parameter> weights{{"a", engine::Variable(engine::Tensor::zeros({2}), true)}};
  engine::AdamW optimizer({{.parameters = weights}});
  const std::vector<bert::NamedTensor> own{{"own", engine::Tensor::zeros({1})}};
  const bert::TrainingProgress progress =
      bert::load_training_state(file_of("training.safetensors", bytes), "{\"seed\":1}", weights, optimizer, own);
  bert::save_training_state(folder() / "again.safetensors", "{\"seed\":1}", weights, optimizer, own, progress);
}

}  // namespace

Target training_state() { return {.name = "training_state", .read = read, .mutated = mutated_safetensors}; }

}  // namespace ingot::fuzz
