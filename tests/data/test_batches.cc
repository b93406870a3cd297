#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include "data/batches.h"
#include "engine/base/error.h"
#include "engine/base/rng.h"

using namespace ingot::data;
using ingot::engine::Error;
using ingot::engine::Rng;

namespace {

using Indices = std::vector<std::size_t>;
using Ids = std::vector<std::int32_t>;

std::vector<std::uint32_t> random_lengths(std::size_t count, std::uint64_t seed) {
  Rng rng(seed, static_cast<std::uint64_t>(ingot::engine::Stream::test));
  std::vector<std::uint32_t> lengths(count);
  for (std::uint32_t& length : lengths) length = 3 + static_cast<std::uint32_t>(rng.below(500));
  return lengths;
}

Indices joined(const std::vector<Indices>& batches) {
  Indices all;
  for (const Indices& batch : batches) all.insert(all.end(), batch.begin(), batch.end());
  return all;
}

bool every_index_once(Indices indices, std::size_t count) {
  std::sort(indices.begin(), indices.end());
  Indices expected(count);
  std::iota(expected.begin(), expected.end(), std::size_t{0});
  return indices == expected;
}

Ids framed(std::size_t n_tokens, std::int64_t length, Truncation truncation) {
  Ids tokens(n_tokens);
  std::iota(tokens.begin(), tokens.end(), 1);
  Batch batch;
  append_sequence(batch, {.cls = -1, .sep = -2, .length = length, .truncation = truncation}, tokens);
  return batch.ids;
}

}  // namespace

TEST_CASE("a sequence is framed and, when too long, cut to the head or to head and tail") {
  const auto head = Truncation::head;
  const auto both = Truncation::head_tail;
  CHECK(framed(0, 3, head) == Ids{-1, -2});
  CHECK(framed(1, 3, both) == Ids{-1, 1, -2});
  CHECK(framed(9, 3, both) == Ids{-1, 1, -2});
  CHECK(framed(9, 4, both) == Ids{-1, 1, 9, -2});
  CHECK(framed(9, 7, head) == Ids{-1, 1, 2, 3, 4, 5, -2});
  CHECK(framed(9, 7, both) == Ids{-1, 1, 2, 3, 8, 9, -2});
  for (const auto truncation : {head, both}) {
    CHECK(framed(4, 6, truncation) == Ids{-1, 1, 2, 3, 4, -2});
    CHECK(framed(3, 6, truncation) == Ids{-1, 1, 2, 3, -2});
  }
}

TEST_CASE("truncation keeps as many tokens as there is room for, in order and from the right ends") {
  for (std::int64_t length = 3; length < 20; ++length) {
    for (std::size_t n = 0; n < 40; ++n) {
      const Ids ids = framed(n, length, Truncation::head_tail);
      const auto room = static_cast<std::size_t>(length - 2);
      const std::size_t n_head = n <= room ? n : (room + 1) / 2;
      REQUIRE(ids.size() == std::min(n, room) + 2);
      for (std::size_t i = 0; i + 2 < ids.size(); ++i) {
        const std::size_t expected = i < n_head ? i + 1 : n - (ids.size() - 2 - i) + 1;
        REQUIRE(ids[i + 1] == static_cast<std::int32_t>(expected));
      }
    }
  }
}

TEST_CASE("a batch packs its sequences without padding") {
  Batch batch;
  const Framing framing{.cls = 100, .sep = 101, .length = 5};
  append_sequence(batch, framing, Ids{7, 8});
  append_sequence(batch, framing, Ids{});
  append_sequence(batch, framing, Ids{1, 2, 3, 4, 5});
  CHECK(batch.ids == Ids{100, 7, 8, 101, 100, 101, 100, 1, 2, 3, 101});
  CHECK(batch.positions == Ids{0, 1, 2, 3, 0, 1, 0, 1, 2, 3, 4});
  CHECK(batch.token_types == Ids(11, 0));
  CHECK(batch.offsets == Ids{0, 4, 6, 11});
  CHECK(batch.n_sequences() == 3);
  CHECK(batch.n_tokens() == 11);
  CHECK_THROWS_AS(append_sequence(batch, {.length = 2}, Ids{}), Error);
}

TEST_CASE("a pair is one sequence of two types, and its longer text gives way as in Hugging Face's tokenizers") {
  Batch batch;
  const Framing framing{.cls = 100, .sep = 101, .length = 8};
  append_pair(batch, framing, Ids{7, 8}, Ids{9});
  append_pair(batch, framing, Ids{1, 2, 3, 4}, Ids{5, 6, 7, 8});
  CHECK(batch.ids == Ids{100, 7, 8, 101, 9, 101, 100, 1, 2, 101, 5, 6, 7, 101});
  CHECK(batch.token_types == Ids{0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 1, 1, 1, 1});
  CHECK(batch.positions == Ids{0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5, 6, 7});
  CHECK(batch.offsets == Ids{0, 6, 14});
  Batch tail;
  append_pair(tail, {.cls = 100, .sep = 101, .length = 8, .truncation = Truncation::head_tail}, Ids{1, 2, 3, 4},
              Ids{5, 6, 7, 8});
  CHECK(tail.ids == Ids{100, 1, 4, 101, 5, 6, 8, 101});
  CHECK_THROWS_AS(append_pair(batch, {.length = 3}, Ids{1}, Ids{2}), Error);
  // By tokenizers 0.2x, LongestFirst: what is left of texts of these sizes in each room.
  using Sizes = std::vector<std::pair<std::size_t, std::size_t>>;
  const Sizes texts{{3, 3}, {1, 6}, {6, 1}, {5, 4}, {4, 5}, {2, 9}};
  const std::vector<Sizes> kept{
      {{0, 1}, {0, 1}, {1, 0}, {1, 0}, {0, 1}, {0, 1}}, {{1, 1}, {1, 1}, {1, 1}, {1, 1}, {1, 1}, {1, 1}},
      {{1, 2}, {1, 2}, {2, 1}, {2, 1}, {1, 2}, {1, 2}}, {{2, 2}, {1, 3}, {3, 1}, {2, 2}, {2, 2}, {2, 2}},
      {{2, 3}, {1, 4}, {4, 1}, {3, 2}, {2, 3}, {2, 3}}, {{3, 3}, {1, 5}, {5, 1}, {3, 3}, {3, 3}, {2, 4}},
      {{3, 3}, {1, 6}, {6, 1}, {4, 3}, {3, 4}, {2, 5}}, {{3, 3}, {1, 6}, {6, 1}, {4, 4}, {4, 4}, {2, 6}}};
  for (std::size_t room = 1; room <= kept.size(); ++room) {
    for (std::size_t i = 0; i < texts.size(); ++i) {
      CAPTURE(room);
      CAPTURE(i);
      CHECK(sizes_of_pair(texts[i].first, texts[i].second, room) == kept[room - 1][i]);
    }
  }
}

TEST_CASE("tags stay with the tokens that are kept, and special tokens have their own") {
  Batch batch;
  append_sequence(batch, {.cls = 100, .sep = 101, .length = 5, .truncation = Truncation::head_tail}, Ids{1, 2, 3, 4, 5},
                  Ids{10, -2, 30, 40, 50}, -7);
  CHECK(batch.ids == Ids{100, 1, 2, 5, 101});
  CHECK(batch.tags == Ids{-7, 10, -2, 50, -7});
}

TEST_CASE("an epoch takes every index once, in full batches and one rest at the end") {
  for (const std::size_t count : {0, 1, 2, 31, 32, 33, 1599, 1600, 1601, 5000}) {
    for (const std::int64_t batch_size : {1, 2, 7, 32, 6000}) {
      const auto lengths = random_lengths(count, count);
      for (const auto& batches : {training_order(lengths, batch_size, 5, 1), evaluation_order(lengths, batch_size)}) {
        CHECK(every_index_once(joined(batches), count));
        const std::size_t size = static_cast<std::size_t>(batch_size);
        REQUIRE(batches.size() == (count + size - 1) / size);
        for (std::size_t i = 0; i + 1 < batches.size(); ++i) REQUIRE(batches[i].size() == size);
      }
    }
  }
  CHECK_THROWS_AS(training_order({}, 0, 1, 0), Error);
  CHECK_THROWS_AS(evaluation_order({}, -1), Error);
}

TEST_CASE("the training order is a function of seed and epoch alone") {
  const auto lengths = random_lengths(3000, 1);
  const auto order = training_order(lengths, 16, 7, 2);
  CHECK(training_order(lengths, 16, 7, 2) == order);
  CHECK(training_order(lengths, 16, 7, 3) != order);
  CHECK(training_order(lengths, 16, 8, 2) != order);
}

TEST_CASE("batches of training hold similar lengths and come in random order") {
  const auto lengths = random_lengths(32 * 200, 2);
  const auto batches = training_order(lengths, 32, 1, 0);
  double spread = 0;
  std::vector<double> means;
  for (const Indices& batch : batches) {
    std::uint32_t low = ~0u, high = 0;
    double sum = 0;
    for (const std::size_t i : batch) {
      low = std::min(low, lengths[i]);
      high = std::max(high, lengths[i]);
      sum += lengths[i];
    }
    spread += high - low;
    means.push_back(sum / 32);
  }
  CHECK(spread / 200 < 12);  // 500 lengths over 50 batches: about 10; 470 without sorting
  double rises = 0;
  for (std::size_t i = 1; i < means.size(); ++i) rises += means[i] > means[i - 1] ? 1 : 0;
  CHECK(rises > 0.35 * 199);  // sorted batches would rise almost always
  CHECK(rises < 0.65 * 199);
}

TEST_CASE("every example is as likely as another to be in the short last batch") {
  std::vector<std::uint32_t> lengths(10);
  std::iota(lengths.begin(), lengths.end(), 1);
  std::vector<int> counts(10);
  for (std::uint64_t epoch = 0; epoch < 3000; ++epoch) ++counts[training_order(lengths, 3, 1, epoch).back().front()];
  for (const int count : counts) CHECK(std::abs(count - 300) < 5 * std::sqrt(300 * 0.9));
}

TEST_CASE("the order of evaluation is by length, then by index") {
  const std::vector<std::uint32_t> lengths{5, 3, 5, 1, 3};
  CHECK(evaluation_order(lengths, 2) == std::vector<Indices>{{3, 1}, {4, 0}, {2}});
  // At most so many tokens, but for a sequence that has more by itself.
  const std::uint64_t shortest_two = lengths[3] + lengths[1];
  CHECK(evaluation_order(lengths, 5, shortest_two).front() == Indices{3, 1});
  CHECK(evaluation_order(lengths, 5, shortest_two - 1).front() == Indices{3});
  CHECK(evaluation_order(lengths, 5, 1).size() == 5);
}

TEST_CASE("a part held out has the same share of each label, as near as whole numbers allow") {
  Rng rng(3, static_cast<std::uint64_t>(ingot::engine::Stream::test));
  for (int repeat = 0; repeat < 200; ++repeat) {
    const std::size_t count = 1 + rng.below(300);
    const std::int32_t n_labels = 1 + static_cast<std::int32_t>(rng.below(6));
    std::vector<std::int32_t> labels(count);
    for (std::int32_t& label : labels)
      label = static_cast<std::int32_t>(rng.below(static_cast<std::uint64_t>(n_labels))) - 1;
    const std::size_t n_validation = rng.below(count);
    const Split split = hold_out(labels, n_validation, static_cast<std::uint64_t>(repeat));
    REQUIRE(split.validation.size() == n_validation);
    CHECK(every_index_once(joined({split.train, split.validation}), count));
    CHECK(std::is_sorted(split.train.begin(), split.train.end()));
    CHECK(std::is_sorted(split.validation.begin(), split.validation.end()));
    std::map<std::int32_t, int> held, all;
    for (const std::size_t i : split.validation) ++held[labels[i]];
    for (const std::int32_t label : labels) ++all[label];
    for (const auto& [label, total] : all) {
      const double share = static_cast<double>(total) * static_cast<double>(n_validation) / static_cast<double>(count);
      CHECK(std::abs(held[label] - share) < 1);
    }
  }
}

TEST_CASE("balanced labels are held out in exactly equal numbers") {
  std::vector<std::int32_t> labels(25000);
  for (std::size_t i = 0; i < labels.size(); ++i) labels[i] = i < 12500 ? 0 : 1;
  const Split split = hold_out(labels, 2500, 1);
  CHECK(std::count_if(split.validation.begin(), split.validation.end(), [](std::size_t i) { return i < 12500; }) ==
        1250);
  CHECK(hold_out(labels, 2500, 1).validation == split.validation);
  CHECK(hold_out(labels, 2500, 2).validation != split.validation);
}

TEST_CASE("holding out must leave something to train on") {
  CHECK(hold_out(std::vector<std::int32_t>{0, 1}, 0, 1).train == Indices{0, 1});
  CHECK(hold_out({}, 0, 1).train.empty());
  CHECK_THROWS_AS(hold_out(std::vector<std::int32_t>{0, 1}, 2, 1), Error);
  CHECK_THROWS_AS(hold_out({}, 1, 1), Error);
}
