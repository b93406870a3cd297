// A model, texts and a way to train, all drawn from a seed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bert/train/classification.h"
#include "bert/train/trainer.h"
#include "compress/compression.h"

namespace ingot::oracle {

inline constexpr std::int32_t kCls = 2, kSep = 3, kMask = 4, kFirstWord = 5;

// Token ids with their answers; `part` views what stands beside it.
struct Texts {
  std::vector<std::uint64_t> offsets{0};
  std::vector<std::int32_t> ids{}, labels{}, tags{};
  std::vector<std::uint32_t> second_sizes{};
  std::vector<float> numbers{};

  bert::TokenPart part() const {
    return {.offsets = offsets,
            .ids = ids,
            .labels = labels,
            .second_sizes = second_sizes,
            .numbers = numbers,
            .tags = tags};
  }
  std::size_t size() const { return labels.size(); }
};

struct Problem {
  std::uint64_t seed = 0;
  bert::Model model;
  Texts texts, unlabelled;
  data::Framing framing;
  std::int64_t batch = 1, shards = 1;
  double masked_share = 0.15;  // of masked language modelling
  bert::TrainerOptions trainer;
  double layer_decay = 1;
  std::vector<float> class_weights;
  double smoothing = 0;
  bool is_taught = false;  // by these outputs, of all texts, and by `teacher`'s inside
  std::vector<float> taught;
  double taught_weight = 0, temperature = 1;
  std::optional<bert::Model> teacher;
  double hidden_weight = 0, attention_weight = 0;
  compress::Compression compression;
  bert::Input input;  // texts with hidden keys, to be computed by themselves
  std::vector<std::int32_t> input_labels;
  std::vector<float> input_numbers;

  // In a line; the seed is enough to draw it again.
  std::string line() const;
};

Problem draw(std::uint64_t seed);

// The same for small models that compute in number formats, all of whose kinds come in turn.
Problem draw_compressed(std::uint64_t seed);

}  // namespace ingot::oracle
