// From token ids to batches: special tokens, truncation, length buckets, packing without padding.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

namespace ingot::data {

enum class Truncation { head, head_tail };  // keep the first tokens | the first and the last half of the room

// Sequences of one batch packed one after another, without padding.
struct Batch {
  std::vector<std::int32_t> ids;          // [n_tokens]
  std::vector<std::int32_t> positions;    // [n_tokens], 0 .. length - 1 in each sequence
  std::vector<std::int32_t> token_types;  // [n_tokens]: 1 behind the first [SEP] of a pair, else 0
  std::vector<std::int32_t> offsets;      // [n_sequences + 1]
  std::vector<std::int32_t> tags;         // [n_tokens] of sequences that have them; else empty

  std::int64_t n_sequences() const { return static_cast<std::int64_t>(offsets.size()) - (offsets.empty() ? 0 : 1); }
  std::int64_t n_tokens() const { return static_cast<std::int64_t>(ids.size()); }
};

struct Framing {
  std::int32_t cls = 0;
  std::int32_t sep = 0;
  std::int64_t length = 512;  // room of a sequence, [CLS] and [SEP] included; at least 3
  Truncation truncation = Truncation::head;
  bool pairs = false;        // what the model was trained on: pairs of texts
  bool pairs_apart = false;  // the texts of a pair are two sequences, one after the other, instead of one
};

// How long a text of so many tokens is with its special tokens, [CLS] and [SEP], before it is truncated. A pair of
// texts has one [SEP] more.
inline constexpr std::int64_t kSpecialTokens = 2, kPairTokens = 3;
inline std::int64_t framed_length(std::size_t n_tokens) { return static_cast<std::int64_t>(n_tokens) + kSpecialTokens; }
inline std::int64_t framed_length_of_pair(std::size_t n_tokens) {
  return static_cast<std::int64_t>(n_tokens) + kPairTokens;
}

// What is kept of a text that is too long: its first and its last tokens.
struct Kept {
  std::size_t head = 0, tail = 0;

  std::size_t size() const { return head + tail; }
};

// Of n tokens at most `room`. With head_tail those that do not fit are ceil(room / 2) first and floor(room / 2) last.
Kept kept_of(std::size_t n, std::size_t room, Truncation truncation);

// How many tokens of each text of a pair fit into `room`. The longer text gives way, as truncation "longest_first" of
// Hugging Face's tokenizers: if both are longer than half of the room each keeps half of it, and of an odd room the
// longer text one more.
std::pair<std::size_t, std::size_t> sizes_of_pair(std::size_t first, std::size_t second, std::size_t room);

// Appends [CLS] tokens [SEP] to the batch, truncated to framing.length. `tags`, if there are some, are those of the
// tokens; [CLS] and [SEP] have the tag `special_tag`. Throws Error for a length without room.
void append_sequence(Batch& batch, const Framing& framing, std::span<const std::int32_t> tokens,
                     std::span<const std::int32_t> tags = {}, std::int32_t special_tag = 0);

// Appends [CLS] first [SEP] second [SEP], truncated to framing.length.
void append_pair(Batch& batch, const Framing& framing, std::span<const std::int32_t> first,
                 std::span<const std::int32_t> second);

// Order of training for one epoch: every index once, cut into batches of `batch_size` (the last may be smaller), a pure
// function of seed and epoch < 2^32. Sequences of similar length share a batch (lengths are sorted inside pools of 50
// batches, then the batches are shuffled), which evens out the cost and memory of the steps.
std::vector<std::vector<std::size_t>> training_order(std::span<const std::uint32_t> lengths, std::int64_t batch_size,
                                                     std::uint64_t seed, std::uint64_t epoch);

// Order of evaluation: sorted by length, so that batches are even. A batch of several sequences has at most so many
// tokens.
std::vector<std::vector<std::size_t>> evaluation_order(
    std::span<const std::uint32_t> lengths, std::int64_t batch_size,
    std::uint64_t most_tokens = std::numeric_limits<std::uint64_t>::max());

struct Split {
  std::vector<std::size_t> train;
  std::vector<std::size_t> validation;
};

// Holds out n_validation examples, the same share of each label (as near as whole numbers allow), chosen by seed; both
// parts in order of index. Throws Error if it would leave none to train on.
Split hold_out(std::span<const std::int32_t> labels, std::size_t n_validation, std::uint64_t seed);

}  // namespace ingot::data
