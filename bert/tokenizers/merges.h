// SentencePiece's BPE joins the neighbours whose union is the piece of the highest score; other tokenizers keep a list
// of the pairs to join instead, the first first.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "bert/tokenizers/sentencepiece_model.h"

namespace ingot::bert {

using Merge = std::pair<std::string, std::string>;

// All pairs of pieces whose union is a piece, those of the highest score first, pairs of one piece in the order of
// their ids.
std::vector<Merge> merges_of(const SentencePieceModel& model);

}  // namespace ingot::bert
