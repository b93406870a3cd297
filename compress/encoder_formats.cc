#include "compress/encoder_formats.h"

#include <fmt/format.h>

#include <algorithm>

#include "bert/head.h"
#include "bert/structure.h"

namespace ingot::compress {
namespace {

constexpr const char* kEmbeddingNorm = "bert.embeddings.LayerNorm";
constexpr const char* kTables[] = {"word", "position", "token_type"};

// Why this tensor has no integers; "" if it has.
std::string gap_of(const std::string& tensor, const std::optional<Quantizer>& quantizer) {
  if (!quantizer) return fmt::format("its {} is not quantised", tensor);
  const std::optional<FixedPoint> fixed = as_fixed(quantizer->format);
  const std::string format = to_string(quantizer->format);
  if (!fixed) return fmt::format("its {} is {}, which is not fixed point", tensor, format);
  if (!fixed->rounding) return fmt::format("its {} is rounded at random ({})", tensor, format);
  if (quantizer->mode == Mode::mase) return fmt::format("its {} is rounded in mode mase ({})", tensor, format);
  return "";
}

// Looks tensors up and keeps what is missing.
class Reader {
 public:
  Reader(const Compression& compression, std::vector<Gap>& gaps) : compression_(compression), gaps_(gaps) {}

  const Quantizer* quantizer(const std::string& layer, Role role) {
    const auto found = compression_.find(layer);
    const std::optional<Quantizer>* how = found == compression_.end() ? nullptr : &found->second[role];
    const std::string reason = gap_of(std::string(name(role)), how == nullptr ? std::nullopt : *how);
    if (reason.empty()) return &**how;
    complete_ = false;
    const auto is_same = [&](const Gap& gap) { return gap.name == layer && gap.reason == reason; };
    if (std::none_of(gaps_.begin(), gaps_.end(), is_same)) gaps_.push_back({layer, reason});
    return nullptr;
  }
  FixedPoint fixed(const std::string& layer, Role role) {
    const Quantizer* found = quantizer(layer, role);
    return found != nullptr ? *as_fixed(found->format) : FixedPoint{8, 0, true, engine::Rounding::nearest_even};
  }
  bool is_cheap(const std::string& layer) const {
    const auto found = compression_.find(layer);
    return found != compression_.end() && found->second.is_cheap;
  }
  // Whether everything was found since the last call.
  bool is_complete() { return std::exchange(complete_, true); }

 private:
  const Compression& compression_;
  std::vector<Gap>& gaps_;
  bool complete_ = true;
};

void add_norm(EncoderFormats& formats, Reader& reader, const std::string& norm, std::vector<FixedPoint> addends,
              int sum_frac_bits) {
  for (const FixedPoint& addend : addends) sum_frac_bits = std::max(sum_frac_bits, addend.frac_bits);
  NormFormats found{.addends = std::move(addends),
                    .sum_frac_bits = sum_frac_bits,
                    .gamma = reader.fixed(norm, Role::weight),
                    .beta = reader.fixed(norm, Role::bias),
                    .output = reader.fixed(norm, Role::output),
                    .is_cheap = reader.is_cheap(norm)};
  if (reader.is_complete()) formats.norms.emplace(norm, std::move(found));
}

void add_embeddings(EncoderFormats& formats, Reader& reader) {
  int finest = -1000;
  for (const char* table : kTables) {
    const Quantizer* rows = reader.quantizer(fmt::format("bert.embeddings.{}_embeddings", table), Role::weight);
    if (rows == nullptr) continue;
    const std::vector<int>& bits = rows->channel_frac_bits;
    finest = std::max(finest,
                      bits.empty() ? as_fixed(rows->format)->frac_bits : *std::max_element(bits.begin(), bits.end()));
  }
  add_norm(formats, reader, kEmbeddingNorm, {}, finest);
}

void add_layer(EncoderFormats& formats, Reader& reader, std::int64_t i, const std::string& before) {
  const std::string prefix = fmt::format("bert.encoder.layer.{}.", i), self = prefix + "attention.self.",
                    dense = prefix + "attention.output.dense", first = prefix + "attention.output.LayerNorm",
                    second = prefix + "output.LayerNorm";
  const AttentionFormats attention{.query = reader.fixed(self + "query", Role::output),
                                   .key = reader.fixed(self + "key", Role::output),
                                   .value = reader.fixed(self + "value", Role::output),
                                   .scores = reader.fixed(softmax_name(i), Role::input),
                                   .exponentials = reader.fixed(softmax_name(i), Role::output),
                                   .output = reader.fixed(dense, Role::input),
                                   .is_cheap = reader.is_cheap(softmax_name(i))};
  if (reader.is_complete()) formats.attention.emplace(softmax_name(i), attention);
  add_norm(formats, reader, first, {reader.fixed(dense, Role::output), reader.fixed(before, Role::output)}, -1000);
  add_norm(formats, reader, second,
           {reader.fixed(prefix + "output.dense", Role::output), reader.fixed(first, Role::output)}, -1000);
}

// A mean has more numbers than what it is of: fraction bits of its own, as far as float32 holds their codes.
FixedPoint answer_of(const bert::Config& config, FixedPoint rows) {
  if (config.pooling == bert::Pooling::cls) return rows;
  const int more = std::clamp(24 - rows.width, 0, 8);
  return {rows.width + more, rows.frac_bits + more, rows.is_signed, engine::Rounding::nearest_even};
}

}  // namespace

std::string softmax_name(std::int64_t layer) {
  return fmt::format("bert.encoder.layer.{}.attention.self.softmax", layer);
}

std::vector<std::string> softmax_names(const bert::Config& config) {
  std::vector<std::string> names;
  for (std::int64_t i = 0; i < config.num_hidden_layers; ++i) names.push_back(softmax_name(i));
  return names;
}

bool is_encoder_format(const std::string& name) { return name.ends_with("LayerNorm") || name.ends_with(".softmax"); }

bool answers_with_summary(const bert::Config& config) {
  return config.head->rows == bert::Head::Rows::texts && config.head->parts == nullptr;
}

const CheapForm& cheap_form(const std::string& name) { return name.ends_with(".softmax") ? kCheapSoftmax : kCheapNorm; }

EncoderFormats encoder_formats(const bert::Config& config, const Compression& compression) {
  EncoderFormats formats;
  Reader reader(compression, formats.gaps);
  add_embeddings(formats, reader);
  std::string last = kEmbeddingNorm;
  for (std::int64_t i = 0; i < config.num_hidden_layers; ++i) {
    add_layer(formats, reader, i, last);
    last = fmt::format("bert.encoder.layer.{}.output.LayerNorm", i);
  }
  const FixedPoint rows = reader.fixed(last, Role::output);
  if (!answers_with_summary(config) && !config.has_pooler()) return formats;
  const SummaryFormats summary{
      rows, answers_with_summary(config) ? answer_of(config, rows) : reader.fixed(bert::kPooler, Role::input)};
  if (reader.is_complete()) formats.summary = summary;
  return formats;
}

}  // namespace ingot::compress
