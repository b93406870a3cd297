// Which texts a model has learned from, so that an evaluation can tell new texts from old ones.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "bert/train/classification.h"

namespace ingot::pipeline {

// Hashes of texts (bert::text_hash), which recognise a text in another file too. Sorted, each once.
struct SeenTexts {
  std::vector<std::uint64_t> trained;    // on
  std::vector<std::uint64_t> validated;  // on, to choose the best epoch

  bool empty() const { return trained.empty() && validated.empty(); }
};

SeenTexts seen_texts(const bert::Subset& training, const bert::Subset& validation);

// The texts that a model has seen that was trained on from another one.
SeenTexts merged(const SeenTexts& before, const SeenTexts& now);

// In the folder of a model: seen_texts.safetensors, 8 bytes a text. A folder without one has seen nothing that is
// known.
void save_seen_texts(const std::filesystem::path& folder, const SeenTexts& seen);
SeenTexts load_seen_texts(const std::filesystem::path& folder);

struct Overlap {
  std::int64_t trained = 0, validated = 0;  // texts; what was trained on is not counted as validated
};

Overlap overlap(const bert::TokenPart& part, const SeenTexts& seen);

}  // namespace ingot::pipeline
