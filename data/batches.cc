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

void append_sequence(Batch& batch, const Framing& framing, std::span<const std::int32_t> tokens, std::int32_t label,
                     std::size_t example) {
  engine::require(framing.length >= 3, "length: must be at least 3 tokens, [CLS] and [SEP] included, got {}",
                  framing.length);
  const auto room = static_cast<std::size_t>(framing.length - kSpecialTokens);
  const std::size_t kept = std::min(tokens.size(), room);
  // What fits whole is all head; otherwise the tail has the smaller half of the room.
  const std::size_t n_tail = framing.truncation == Truncation::head_tail && tokens.size() > room ? room / 2 : 0;
  const auto head = tokens.first(kept - n_tail);
  const auto tail = tokens.last(n_tail);
  batch.ids.push_back(framing.cls);
  batch.ids.insert(batch.ids.end(), head.begin(), head.end());
  batch.ids.insert(batch.ids.end(), tail.begin(), tail.end());
  batch.ids.push_back(framing.sep);
  for (std::int64_t i = 0; i < framed_length(kept); ++i) batch.positions.push_back(static_cast<std::int32_t>(i));
  batch.token_types.resize(batch.ids.size(), 0);
  if (batch.offsets.empty()) batch.offsets.push_back(0);
  batch.offsets.push_back(static_cast<std::int32_t>(batch.ids.size()));
  batch.labels.push_back(label);
  batch.examples.push_back(example);
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

std::vector<Indices> evaluation_order(std::span<const std::uint32_t> lengths, std::int64_t batch_size) {
  Indices order(lengths.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  sort_by_length(order, lengths);
  return cut(order, checked(batch_size));
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
