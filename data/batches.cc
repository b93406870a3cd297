#include "data/batches.h"

#include <algorithm>
#include <map>
#include <numeric>

#include "engine/base/error.h"
#include "engine/base/rng.h"

namespace ingot::data {
namespace {

using Indices = std::vector<std::size_t>;

constexpr std::size_t kPoolBatches = 50;

std::vector<Indices> cut(std::span<const std::size_t> order, std::size_t batch_size) {
  std::vector<Indices> batches;
  for (std::size_t begin = 0; begin < order.size(); begin += batch_size) {
    const auto batch = order.subspan(begin, std::min(batch_size, order.size() - begin));
    batches.emplace_back(batch.begin(), batch.end());
  }
  return batches;
}

void sort_by_length(std::span<std::size_t> order, std::span<const std::uint32_t> lengths) {
  std::stable_sort(order.begin(), order.end(),
                   [lengths](std::size_t a, std::size_t b) { return lengths[a] < lengths[b]; });
}

void require_room(const Framing& framing, std::int64_t n_special) {
  engine::require(framing.length > n_special, "length: must be at least {} tokens, [CLS] and [SEP] included, got {}",
                  n_special + 1, framing.length);
}

void append(std::vector<std::int32_t>& all, std::span<const std::int32_t> tokens, const Kept& kept) {
  const auto head = tokens.first(kept.head), tail = tokens.last(kept.tail);
  all.insert(all.end(), head.begin(), head.end());
  all.insert(all.end(), tail.begin(), tail.end());
}

// Positions and the border of the sequence whose ids are there.
void end_sequence(Batch& batch) {
  if (batch.offsets.empty()) batch.offsets.push_back(0);
  const auto length = static_cast<std::int32_t>(batch.ids.size()) - batch.offsets.back();
  for (std::int32_t i = 0; i < length; ++i) batch.positions.push_back(i);
  batch.offsets.push_back(static_cast<std::int32_t>(batch.ids.size()));
}

std::size_t checked(std::int64_t batch_size) {
  engine::require(batch_size >= 1, "batch size: must be at least 1, got {}", batch_size);
  return static_cast<std::size_t>(batch_size);
}

// Whole numbers that sum to `total`, in proportion to `counts`: the largest remainder method (Hamilton). Each is its
// exact share rounded down or up; ties go to the earlier one.
std::vector<std::size_t> apportion(std::span<const std::size_t> counts, std::size_t total) {
  const std::size_t population = std::accumulate(counts.begin(), counts.end(), std::size_t{0});
  std::vector<std::size_t> shares;
  std::vector<std::size_t> remainders;
  for (const std::size_t count : counts) {
    shares.push_back(total * count / population);
    remainders.push_back(total * count % population);
  }
  Indices order(counts.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return remainders[a] > remainders[b]; });
  const std::size_t left = total - std::accumulate(shares.begin(), shares.end(), std::size_t{0});
  for (std::size_t i = 0; i < left; ++i) ++shares[order[i]];
  return shares;
}

}  // namespace

Kept kept_of(std::size_t n, std::size_t room, Truncation truncation) {
  if (n <= room) return {n, 0};
  const std::size_t tail = truncation == Truncation::head_tail ? room / 2 : 0;
  return {room - tail, tail};
}

std::pair<std::size_t, std::size_t> sizes_of_pair(std::size_t first, std::size_t second, std::size_t room) {
  if (first + second <= room) return {first, second};
  const std::size_t half = room / 2, rest = room - half;
  if (first <= second) return first <= half ? std::pair(first, room - first) : std::pair(half, rest);
  return second <= half ? std::pair(room - second, second) : std::pair(rest, half);
}

void append_sequence(Batch& batch, const Framing& framing, std::span<const std::int32_t> tokens,
                     std::span<const std::int32_t> tags, std::int32_t special_tag) {
  require_room(framing, kSpecialTokens);
  const Kept kept =
      kept_of(tokens.size(), static_cast<std::size_t>(framing.length - kSpecialTokens), framing.truncation);
  batch.ids.push_back(framing.cls);
  append(batch.ids, tokens, kept);
  batch.ids.push_back(framing.sep);
  if (!tags.empty()) {
    batch.tags.push_back(special_tag);
    append(batch.tags, tags, kept);
    batch.tags.push_back(special_tag);
  }
  batch.token_types.resize(batch.ids.size(), 0);
  end_sequence(batch);
}

void append_pair(Batch& batch, const Framing& framing, std::span<const std::int32_t> first,
                 std::span<const std::int32_t> second) {
  require_room(framing, kPairTokens);
  const auto [n_first, n_second] =
      sizes_of_pair(first.size(), second.size(), static_cast<std::size_t>(framing.length - kPairTokens));
  batch.ids.push_back(framing.cls);
  append(batch.ids, first, kept_of(first.size(), n_first, framing.truncation));
  batch.ids.push_back(framing.sep);
  batch.token_types.resize(batch.ids.size(), 0);
  append(batch.ids, second, kept_of(second.size(), n_second, framing.truncation));
  batch.ids.push_back(framing.sep);
  batch.token_types.resize(batch.ids.size(), 1);
  end_sequence(batch);
}

std::vector<Indices> training_order(std::span<const std::uint32_t> lengths, std::int64_t batch_size, std::uint64_t seed,
                                    std::uint64_t epoch) {
  const std::size_t size = checked(batch_size);
  engine::require(epoch >> 32 == 0, "epoch: must be below 2^32, got {}", epoch);
  engine::Rng rng(seed, static_cast<std::uint64_t>(engine::Stream::shuffle) | epoch << 32);
  Indices order(lengths.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  engine::shuffle(order, rng);

  // The short batch is taken before sorting, so that no length is likelier to end in it than another.
  const std::size_t n_full = lengths.size() - lengths.size() % size;
  const auto full = std::span(order).first(n_full);
  for (std::size_t begin = 0; begin < n_full;) {
    const std::size_t pool = (n_full - begin) / size <= kPoolBatches ? n_full - begin : kPoolBatches * size;
    sort_by_length(full.subspan(begin, pool), lengths);
    begin += pool;
  }
  std::vector<Indices> batches = cut(full, size);
  engine::shuffle(batches, rng);
  if (n_full < order.size()) batches.push_back(cut(std::span(order).subspan(n_full), size).front());
  return batches;
}

std::vector<Indices> evaluation_order(std::span<const std::uint32_t> lengths, std::int64_t batch_size,
                                      std::uint64_t most_tokens) {
  const std::size_t size = checked(batch_size);
  Indices order(lengths.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  sort_by_length(order, lengths);
  std::vector<Indices> batches;
  std::uint64_t n_tokens = 0;  // of the last batch
  for (const std::size_t i : order) {
    if (batches.empty() || batches.back().size() == size || n_tokens + lengths[i] > most_tokens) {
      batches.emplace_back();
      n_tokens = 0;
    }
    batches.back().push_back(i);
    n_tokens += lengths[i];
  }
  return batches;
}

Split hold_out(std::span<const std::int32_t> labels, std::size_t n_validation, std::uint64_t seed) {
  engine::require(n_validation == 0 || n_validation < labels.size(),
                  "validation: must leave examples to train on, got {} of {} held out", n_validation, labels.size());
  Split split;
  if (labels.empty()) return split;
  std::map<std::int32_t, Indices> by_label;
  for (std::size_t i = 0; i < labels.size(); ++i) by_label[labels[i]].push_back(i);
  std::vector<std::size_t> counts;
  for (const auto& [label, members] : by_label) counts.push_back(members.size());
  const std::vector<std::size_t> shares = apportion(counts, n_validation);

  engine::Rng rng(seed, static_cast<std::uint64_t>(engine::Stream::split));
  std::size_t row = 0;
  for (auto& [label, members] : by_label) {
    engine::shuffle(members, rng);
    const auto border = members.begin() + static_cast<std::ptrdiff_t>(shares[row++]);
    split.validation.insert(split.validation.end(), members.begin(), border);
    split.train.insert(split.train.end(), border, members.end());
  }
  std::sort(split.validation.begin(), split.validation.end());
  std::sort(split.train.begin(), split.train.end());
  return split;
}

}  // namespace ingot::data
