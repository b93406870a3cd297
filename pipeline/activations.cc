#include "pipeline/activations.h"

#include "engine/base/error.h"
#include "pipeline/training.h"

namespace ingot::pipeline {

using engine::require;

namespace {

bert::TokenCorpus corpus_of(const EmitOptions& o, const Classifier& c, std::string& name) {
  require(has_data(o), "--activations: needs the texts; give --data");
  const auto source = open_data(o);
  name = source->name();
  return tokenized(*source, *c.tokenizer);
}

}  // namespace

Activations::Activations(const EmitOptions& o, const Classifier& c) : corpus_(corpus_of(o, c, name_)) {
  const bert::TokenPart& part = corpus_.test.size() > 0 ? corpus_.test : corpus_.train;
  subset_.part = &part;
  const auto size = static_cast<std::int64_t>(part.size());
  require(o.activations <= size, "--activations: {} has {} texts, got {}", name_, size, o.activations);
  for (std::int64_t i = 0; i < o.activations; ++i)
    subset_.examples.push_back(static_cast<std::size_t>(i * size / o.activations));
}

}  // namespace ingot::pipeline
