// Converts the pieces of a SentencePiece BPE model to a list of merges. SentencePiece joins the neighbours whose union
// is the piece of the highest score. Other tokenizers keep a list of the pairs to join, the most urgent pair first.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "bert/tokenizers/sentencepiece_model.h"

namespace ingot::bert {

using Merge = std::pair<std::string, std::string>;

// All pairs of pieces whose union is a piece. They are ordered by the score of the union, highest first, and pairs with
// the same union by their ids.
std::vector<Merge> merges_of(const SentencePieceModel& model);

}  // namespace ingot::bert
