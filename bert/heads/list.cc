// The list of heads: a new one is its file and a line here. Where two share a Hugging Face class, the one that claims
// some of its checkpoints stands before the one that takes the rest.
#include <algorithm>

#include "bert/head.h"
#include "engine/base/error.h"

namespace ingot::bert {

extern constinit const Head kMaskedLm, kMultiLabel, kRegression, kTokenClassification, kSentenceEmbedding;

std::span<const Head* const> heads() {
  static constexpr const Head* kHeads[] = {
      &kMultiLabel,        &kRegression, &kSequenceClassification, &kTokenClassification, &kMaskedLm,
      &kSentenceEmbedding, &kEncoder};
  return kHeads;
}

}  // namespace ingot::bert
