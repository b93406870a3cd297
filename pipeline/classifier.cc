#include "pipeline/classifier.h"

#include <fmt/format.h>

#include "bert/head.h"
#include "compress/encoder_functions.h"
#include "engine/base/error.h"
#include "engine/base/progress.h"
#include "pipeline/precision.h"

namespace ingot::pipeline {

using engine::require;

namespace {

Classifier with_tokenizer(const std::filesystem::path& folder, CompressedModel compressed, std::int64_t length) {
  const bert::Config& config = compressed.model.config;
  auto tokenizer = bert::load_tokenizer(folder);
  check_vocabulary(config, *tokenizer, folder.string());
  const data::Framing framing = framing_for(folder, config, *tokenizer, length);
  return {folder, std::move(compressed), std::move(tokenizer), framing};
}

}  // namespace

Classifier load_classifier(const std::string& where, std::int64_t length) {
  const std::filesystem::path folder = resolve_model_folder(where);
  CompressedModel compressed = load_compressed_or_packed_model(folder);
  require(!compressed.model.config.head->task.empty(),
          "{}: has not learned a task; `ingot train --from {}` teaches it one", folder.string(), where);
  return with_tokenizer(folder, std::move(compressed), length);
}

Classifier load_embedder(const std::string& where, std::int64_t length) {
  const std::filesystem::path folder = resolve_model_folder(where);
  CompressedModel compressed = load_compressed_or_packed_model(folder);
  bert::Config& config = compressed.model.config;
  const bert::Head& embedding = bert::head_for_task("embedding");
  if (config.head != &embedding) {
    engine::say(
        fmt::format("note: {}: has not learned to embed texts: their vectors are the means of its last hidden states, "
                    "of length 1; `ingot train --task embedding --from {}` teaches it",
                    folder.string(), where));
    config.head = &embedding;
    config.pooling = bert::Pooling::mean;
    compress::attach_encoder(compressed.model, compressed.compression);
  }
  return with_tokenizer(folder, std::move(compressed), length);
}

Arithmetic arithmetic_of(const ArithmeticOptions& o) {
  check_precision(o.precision);
  require(!o.integer || !o.integer_only, "--integer: runs the Linears in integers; --integer-only everything");
  const Arithmetic arithmetic = o.integer_only ? Arithmetic::integers
                                : o.integer    ? Arithmetic::linears
                                               : Arithmetic::floats;
  require(arithmetic == Arithmetic::floats || o.precision == kFloat32,
          "--precision: is about products of floats; --integer and --integer-only have none, got {}", o.precision);
  return arithmetic;
}

void set_precision(Classifier& classifier, const ArithmeticOptions& o) {
  set_precision(classifier.compressed.model, o.precision, classifier.compressed.compression,
                classifier.folder.string());
}

std::optional<IntegerClassifier> in_integers(Classifier& classifier, Arithmetic arithmetic) {
  if (arithmetic == Arithmetic::floats) return std::nullopt;
  CompressedModel& compressed = classifier.compressed;
  IntegerClassifier integers{compress::lower(compressed.model, compressed.compression), std::nullopt, std::nullopt};
  const compress::IntegerProgram& program = integers.program;
  if (arithmetic == Arithmetic::integers) {
    engine::with_subject(classifier.folder.string(),
                         [&] { integers.whole.emplace(compressed.model, compressed.compression); });
    return integers;
  }
  if (program.layers.empty())
    engine::fail("{}: no layer of it runs in integers ({}: {}); make some with `ingot quantize --format fixed`",
                 classifier.folder.string(), program.left.front().name, program.left.front().reason);
  require(!compress::has_integer_encoder(compressed.model),
          "--integer: {} has integers between its Linears too; --integer-only runs them", classifier.folder.string());
  for (const compress::FloatLinear& left : program.left)
    engine::say(fmt::format("note: {} stays float32: {}", left.name, left.reason));
  integers.linears.emplace(compressed.model, program);
  return integers;
}

bert::Outputs outputs_of(const bert::Config& config, compress::WholeModel& whole) {
  return {&config, [&whole](const bert::Input& input) { return engine::Variable(whole.outputs(input)); }};
}

bert::Outputs classify(std::optional<IntegerClassifier>& integers, const Classifier& classifier) {
  if (!integers) return bert::outputs_of(classifier.model());
  if (integers->whole) return outputs_of(classifier.model().config, *integers->whole);
  return {.config = &classifier.model().config,
          .of = [&integers](const bert::Input& input) { return integers->linears->outputs(input); },
          .side_by_side = true};
}

}  // namespace ingot::pipeline
