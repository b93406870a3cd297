// From token ids to batches: special tokens, truncation, length buckets, packing without padding.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace ingot::data {

enum class Truncation { head, head_tail };  // keep the first tokens | the first and the last half of the room

// Sequences of one batch packed one after another, without padding.
struct Batch {
  std::vector<std::int32_t> ids;          // [n_tokens]
  std::vector<std::int32_t> positions;    // [n_tokens], 0 .. length - 1 in each sequence
  std::vector<std::int32_t> token_types;  // [n_tokens], all 0
  std::vector<std::int32_t> offsets;      // [n_sequences + 1]
  std::vector<std::int32_t> labels;       // [n_sequences]
  std::vector<std::size_t> examples;      // [n_sequences]: the indices they were made from

  std::int64_t n_sequences() const { return static_cast<std::int64_t>(labels.size()); }
  std::int64_t n_tokens() const { return static_cast<std::int64_t>(ids.size()); }
};

struct Framing {
  std::int32_t cls = 0;
  std::int32_t sep = 0;
  std::int64_t length = 512;  // room of a sequence, [CLS] and [SEP] included; at least 3
  Truncation truncation = Truncation::head;
};

// How long a text of so many tokens is with its special tokens, [CLS] and [SEP], before it is truncated.
inline constexpr std::int64_t kSpecialTokens = 2;
inline std::int64_t framed_length(std::size_t n_tokens) { return static_cast<std::int64_t>(n_tokens) + kSpecialTokens; }

// Appends [CLS] tokens [SEP] to the batch, truncated to framing.length. With head_tail, a sequence that does not fit
// keeps its first ceil(room / 2) and last floor(room / 2) tokens, room = length - 2.
void append_sequence(Batch& batch, const Framing& framing, std::span<const std::int32_t> tokens, std::int32_t label,
                     std::size_t example);

// Order of training for one epoch: every index once, cut into batches of `batch_size` (the last may be smaller), a pure
// function of seed and epoch < 2^32. Sequences of similar length share a batch (lengths are sorted inside pools of 50
// batches, then the batches are shuffled), which evens out the cost and memory of the steps.
std::vector<std::vector<std::size_t>> training_order(std::span<const std::uint32_t> lengths, std::int64_t batch_size,
                                                     std::uint64_t seed, std::uint64_t epoch);

// Order of evaluation: sorted by length, so that batches are even.
std::vector<std::vector<std::size_t>> evaluation_order(std::span<const std::uint32_t> lengths, std::int64_t batch_size);

struct Split {
  std::vector<std::size_t> train;
  std::vector<std::size_t> validation;
};

// Holds out n_validation examples, the same share of each label (as near as whole numbers allow), chosen by seed; both
// parts in order of index. Throws Error if it would leave none to train on.
Split hold_out(std::span<const std::int32_t> labels, std::size_t n_validation, std::uint64_t seed);

}  // namespace ingot::data
