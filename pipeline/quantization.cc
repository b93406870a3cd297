#include "pipeline/quantization.h"

#include <fmt/format.h>

#include <algorithm>

#include "compress/formats/fixed.h"
#include "engine/base/error.h"
#include "engine/base/progress.h"
#include "engine/base/rng.h"

namespace ingot::pipeline {

using compress::QuantizerRequest;
using compress::Role;

compress::QuantizerRequest format_of_option(const char* option, const std::string& text) {
  const QuantizerRequest request = engine::with_subject(option, [&] { return compress::parse_request(text); });
  engine::require(!request.is_of_sums, "{}: only a bias has the fraction bits of sums, got {}", option, text);
  const auto fixed = request.quantizer ? compress::as_fixed(request.quantizer->format) : std::nullopt;
  engine::require(!fixed || fixed->set == compress::CodeSet::all, "{}: inputs cannot have numbers such as {}", option,
                  text);
  return request;
}

compress::Plan uniform_plan(const QuantizerRequest& input, const QuantizerRequest& weight, bool per_channel,
                            bool embeddings) {
  QuantizerRequest by_channel = weight;
  by_channel.per_channel = weight.is_calibrated && per_channel && compress::as_fixed(weight.quantizer->format);
  compress::PlanEntry layers{.pattern = "*"};
  const auto set = [](compress::PlanEntry& entry, Role role, const QuantizerRequest& r) { entry.requests[role] = r; };
  set(layers, Role::input, input);
  set(layers, Role::weight, by_channel);
  set(layers, Role::bias, weight.is_calibrated ? QuantizerRequest{} : weight);
  if (!embeddings) return {layers};
  compress::PlanEntry tables{.pattern = "*", .part = compress::PlanPart::embeddings};
  set(tables, Role::weight, by_channel);
  return {layers, tables};
}

std::vector<bert::Input> calibration_batches(const TrainingTexts& texts, const data::Framing& framing,
                                             std::int64_t n_texts, std::int64_t batch, std::uint64_t seed) {
  bert::Subset chosen = texts.training;
  engine::Rng rng(seed, static_cast<std::uint64_t>(engine::Stream::sampling) << 56);
  engine::shuffle(chosen.examples, rng);
  const auto wanted = static_cast<std::size_t>(n_texts);
  if (wanted > chosen.examples.size()) {
    engine::say(fmt::format("calibration: there are {} training texts, fewer than {}: all of them are taken",
                            chosen.examples.size(), wanted));
  }
  chosen.examples.resize(std::min(wanted, chosen.examples.size()));
  std::vector<bert::Input> batches;
  for (const auto& members : data::evaluation_order(chosen.lengths(framing), batch)) {
    batches.push_back(bert::make_input(bert::make_batch(chosen, members, framing)));
  }
  return batches;
}

}  // namespace ingot::pipeline
