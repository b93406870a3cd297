#include "pipeline/trace.h"

#include <fmt/format.h>

#include "bert/head.h"
#include "bert/model.h"
#include "engine/base/error.h"
#include "engine/io/json.h"
#include "engine/io/safetensors.h"
#include "engine/kernels/cross_entropy/cross_entropy.h"
#include "pipeline/model_folder.h"
#include "pipeline/output_lock.h"

namespace ingot::pipeline {
namespace {

using engine::require;
using engine::Tensor;
using Rows = bert::Head::Rows;

// A padded batch [n_sequences, length] as other frameworks have it: padding is computed too, but hidden as a key.
struct PaddedBatch {
  bert::Input input;
  std::int64_t n_sequences = 0, length = 0;
  std::vector<std::int32_t> labels;  // may be empty
  std::vector<float> numbers;        // of heads that learn numbers; may be empty
};

// The numbers of a tensor, each from 0 up to `bound`, or in labels kIgnoredLabel; none if the file has no such tensor.
std::vector<std::int32_t> ids_of(const engine::Safetensors& file, const std::string& name,
                                 const std::vector<std::int64_t>& shape, std::int64_t bound) {
  const engine::SafetensorsEntry* entry = file.find(name);
  if (entry == nullptr) return {};
  require(entry->shape == shape, "batch: {}: expected shape [{}], got [{}]", name, fmt::join(shape, ","),
          fmt::join(entry->shape, ","));
  std::vector<std::int32_t> ids;
  for (const std::int64_t id : file.integers(*entry)) {
    const bool ignored = name == "labels" && id == engine::kernels::kIgnoredLabel;
    require((0 <= id && id < bound) || ignored, "batch: {}: {} is outside of [0, {})", name, id, bound);
    ids.push_back(static_cast<std::int32_t>(id));
  }
  return ids;
}

// The shape of one number for each row of the head's outputs.
std::vector<std::int64_t> rows_of(const bert::Head& head, std::int64_t n_sequences, std::int64_t length) {
  return head.rows == Rows::tokens ? std::vector{n_sequences, length} : std::vector{n_sequences};
}

void read_labels(const engine::Safetensors& file, const bert::Head& head, const bert::Config& config,
                 PaddedBatch& batch) {
  if (head.rows == Rows::none) return;
  if (head.answers != data::Answers::labels && head.answers != data::Answers::numbers) {
    batch.labels = ids_of(file, "labels", rows_of(head, batch.n_sequences, batch.length), head.n_outputs(config));
  } else if (const engine::SafetensorsEntry* entry = file.find("labels")) {
    const std::vector<std::int64_t> shape{batch.n_sequences, head.n_outputs(config)};
    const bool is_flat = shape[1] == 1 && entry->shape == std::vector{batch.n_sequences};
    batch.numbers = file.floats(file.get("labels", "F32", is_flat ? entry->shape : shape));
  }
}

PaddedBatch read_batch(const std::string& path, const bert::Config& config) {
  const engine::Safetensors file(path);
  const engine::SafetensorsEntry* ids = file.find("input_ids");
  require(ids != nullptr && ids->shape.size() == 2, "{}: input_ids: expected a tensor [sequences, length], got {}",
          path, ids == nullptr ? "none" : fmt::format("shape [{}]", fmt::join(ids->shape, ",")));
  PaddedBatch batch{.n_sequences = ids->shape[0], .length = ids->shape[1]};
  const std::vector<std::int64_t> shape = ids->shape;
  require(batch.n_sequences > 0 && batch.length > 0, "{}: input_ids: is empty", path);
  require(batch.length <= config.max_position_embeddings, "{}: length {} is above the {} positions of the model", path,
          batch.length, config.max_position_embeddings);
  batch.input.ids = ids_of(file, "input_ids", shape, config.vocab_size);
  batch.input.token_types = ids_of(file, "token_type_ids", shape, config.type_vocab_size);
  batch.input.token_types.resize(batch.input.ids.size());
  auto sequences = std::make_shared<engine::Sequences>();
  for (std::int64_t i = 0; i <= batch.n_sequences; ++i)
    sequences->offsets.push_back(static_cast<std::int32_t>(i * batch.length));
  for (const std::int32_t m : ids_of(file, "attention_mask", shape, 2))
    sequences->key_visible.push_back(static_cast<std::uint8_t>(m));
  for (std::int64_t row = 0; row < batch.n_sequences * batch.length; ++row) {
    batch.input.positions.push_back(static_cast<std::int32_t>(row % batch.length));
  }
  for (std::int64_t i = 0; i < batch.n_sequences && !sequences->key_visible.empty(); ++i) {
    const auto begin = sequences->key_visible.begin() + i * batch.length;
    require(std::find(begin, begin + batch.length, 1) != begin + batch.length,
            "{}: attention_mask: sequence {} has no token to attend to", path, i);
  }
  batch.input.sequences = std::move(sequences);
  const bert::Head& head = *config.head;
  if (head.rows != Rows::none) read_labels(file, head, config, batch);
  return batch;
}

// Tensors kept until they are written.
class Output {
 public:
  void add(const std::string& name, const std::vector<std::int64_t>& shape, Tensor tensor) {
    entries_.push_back({name, "F32", shape, std::as_bytes(tensor.span())});
    kept_.push_back(std::move(tensor));
  }
  void write(const std::string& path) const { engine::write_safetensors(path, entries_, {{"format", "pt"}}); }
  std::size_t size() const { return entries_.size(); }

 private:
  std::vector<engine::SafetensorsEntry> entries_;
  std::vector<Tensor> kept_;
};

}  // namespace

void trace_batch(const TraceOptions& o, const Run& run, const Finish& finish) {
  const OutputLock lock = OutputLock::beside(o.out, run.command);
  const bert::Model model = load_compressed_model(resolve_model_folder(o.model)).model;
  const bert::Config& config = model.config;
  const PaddedBatch batch = read_batch(o.batch, config);
  engine::DropoutStreams off;
  bert::EncoderStates states;
  const engine::Variable hidden = model.encode(batch.input, off, &states);
  Output out;
  for (std::size_t i = 0; i < states.hidden.size(); ++i) {
    out.add(fmt::format("hidden_states.{}", i), {batch.n_sequences, batch.length, config.hidden_size},
            states.hidden[i].value());
  }
  engine::Variable logits;
  if (config.head->rows != Rows::none) {
    logits = model.outputs(hidden, batch.input, off);
    std::vector<std::int64_t> shape = rows_of(*config.head, batch.n_sequences, batch.length);
    shape.push_back(config.head->n_outputs(config));
    out.add("logits", shape, logits.value());
  }
  engine::Json result{{"out", o.out}};
  const bool has_labels = !batch.labels.empty() || !batch.numbers.empty();
  require(!o.gradients || has_labels, "{}: gradients need labels, the batch has none", o.batch);
  if (has_labels) {
    const engine::Variable loss = config.head->loss(logits, {.labels = batch.labels, .numbers = batch.numbers});
    out.add("loss", {1}, loss.value());
    result["loss"] = loss.value().data()[0];
    if (o.gradients) engine::backward(loss);
  }
  if (o.gradients) {
    for (const engine::Parameter& p : model.parameters()) {
      const auto dims = p.variable.shape().dims();
      out.add("grad." + p.name, {dims.begin(), dims.end()}, p.variable.gradient());
    }
  }
  out.write(o.out);
  result["tensors"] = out.size();
  finish(result, fmt::format("{}: {} tensors\n", o.out, out.size()));
}

}  // namespace ingot::pipeline
