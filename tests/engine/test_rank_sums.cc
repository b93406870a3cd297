// Sums of gradients over ranks, beside sums of whole arrays that are added pair by pair.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>
#include <optional>

#include "engine/autograd/rank_sums.h"
#include "engine/base/error.h"
#include "engine/base/rng.h"
#include "tests/support/forked_ranks.h"

using namespace ingot;
using engine::GradientState;
using engine::Shape;
using engine::Tensor;
using engine::Variable;
using Array = std::optional<std::vector<float>>;  // none: no gradient

namespace {

constexpr std::int64_t kColumns = 3;
const std::vector<Shape> kShapes{{5, kColumns}, {17, kColumns}, {9, kColumns}, {4, kColumns},
                                 {7},           {6, kColumns},  {2, kColumns}};

// What rank r of n has of variable v: of some all ranks have a dense gradient, of others rows, of others a mixture.
GradientState state(std::size_t v, int rank) {
  switch (v) {
    case 1:
      return GradientState::rows;
    case 2:
      return rank == 1 ? GradientState::dense : GradientState::rows;
    case 3:
      return GradientState::absent;
    case 5:
      return rank % 2 == 0 ? GradientState::dense : GradientState::absent;
    default:
      return GradientState::dense;
  }
}

std::vector<std::int32_t> touched(std::size_t v, int rank) {
  std::vector<std::int32_t> rows;
  engine::Rng rng(100 * v + static_cast<std::uint64_t>(rank));
  for (std::int32_t row = 0; row < kShapes[v].rows(); ++row)
    if (rank != 2 && rng.below(3) == 0) rows.push_back(row);  // rank 2 has touched none
  return rows;
}

float number(std::size_t v, int rank, std::int64_t i) {
  engine::Rng rng(10000 * v + 100 * static_cast<std::uint64_t>(rank) + static_cast<std::uint64_t>(i));
  return rng.below(4) == 0 ? -0.0f : static_cast<float>(rng.below(1 << 24)) / 3e4f - 200;
}

void put_gradient(const Variable& v, std::size_t index, int rank) {
  const GradientState wanted = state(index, rank);
  const std::int64_t n = v.value().columns();
  if (wanted == GradientState::dense) {
    float* const to = v.gradient_slot().data;
    for (std::int64_t i = 0; i < v.value().size(); ++i) to[i] = number(index, rank, i);
  } else if (wanted == GradientState::rows) {
    const std::vector<std::int32_t> rows = touched(index, rank);
    float* const to = v.gradient_rows(rows);
    for (const std::int32_t row : rows)
      for (std::int64_t i = row * n; i < (row + 1) * n; ++i) to[i] = number(index, rank, i);
  }
}

Array whole(std::size_t v, int rank) {
  if (state(v, rank) == GradientState::absent) return {};
  std::vector<float> all(static_cast<std::size_t>(kShapes[v].size()));
  const std::vector<std::int32_t> rows = touched(v, rank);
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto row = static_cast<std::int32_t>(static_cast<std::int64_t>(i) / kShapes[v][-1]);
    if (state(v, rank) == GradientState::dense || std::find(rows.begin(), rows.end(), row) != rows.end())
      all[i] = number(v, rank, static_cast<std::int64_t>(i));
  }
  return all;
}

Array sum(std::vector<Array> parts) {
  while (parts.size() > 1) {
    std::vector<Array> pairs;
    for (std::size_t i = 0; i < parts.size(); i += 2) {
      Array pair = parts[i];
      if (i + 1 < parts.size() && parts[i + 1]) {
        if (!pair) {
          pair = parts[i + 1];
        } else {
          for (std::size_t j = 0; j < pair->size(); ++j) (*pair)[j] += (*parts[i + 1])[j];
        }
      }
      pairs.push_back(pair);
    }
    parts = pairs;
  }
  return parts[0];
}

// The states, rows and bits of gradients.
std::string description(const std::vector<Variable>& variables) {
  std::string text;
  for (const Variable& v : variables) {
    text += v.has_gradient() ? (v.touched_rows() != nullptr ? "rows" : "dense") : "absent";
    if (v.touched_rows() != nullptr)
      for (const std::int32_t row : *v.touched_rows()) text += fmt::format(" {}", row);
    const Tensor gradient = v.gradient();
    for (const float value : gradient.span()) {
      std::uint32_t bits = 0;
      std::memcpy(&bits, &value, sizeof bits);
      text += fmt::format(" {:x}", v.has_gradient() ? bits : 0);
    }
    text += '\n';
  }
  return text;
}

std::string expected(int n_ranks, float factor) {
  std::vector<Variable> variables;
  for (std::size_t v = 0; v < kShapes.size(); ++v) {
    std::vector<Array> parts;
    std::vector<std::int32_t> rows;
    bool is_sparse = true;
    for (int rank = 0; rank < n_ranks; ++rank) {
      parts.push_back(v + 1 == kShapes.size() && rank == n_ranks - 1 ? Array() : whole(v, rank));
      is_sparse = is_sparse && state(v, rank) == GradientState::rows;
      const std::vector<std::int32_t> more = touched(v, rank);
      rows.insert(rows.end(), more.begin(), more.end());
    }
    variables.emplace_back(Tensor::zeros(kShapes[v]), true);
    const Array all = sum(parts);
    if (!all) continue;
    std::sort(rows.begin(), rows.end());
    rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
    float* const to = is_sparse ? variables.back().gradient_rows(rows) : variables.back().gradient_slot().data;
    for (std::size_t i = 0; i < all->size(); ++i) to[i] = factor * (*all)[i];
    if (is_sparse)  // others than the rows stay as they were made
      for (std::size_t i = 0; i < all->size(); ++i)
        if (!std::binary_search(rows.begin(), rows.end(),
                                static_cast<std::int32_t>(i) / static_cast<std::int32_t>(kColumns)))
          to[i] = 0;
  }
  return description(variables);
}

// Counts what a rank sends.
class Counted final : public engine::Ranks {
 public:
  int rank() const override { return ranks_.rank(); }
  int size() const override { return ranks_.size(); }
  void send(int to, std::span<const std::byte> message) override { ranks_.send(to, message); }
  void receive(int from, std::span<std::byte> message) override { ranks_.receive(from, message); }
  void exchange(std::span<const std::span<const std::byte>> to, std::vector<engine::Bytes>& from) override {
    for (std::size_t other = 0; other < to.size(); ++other)
      if (static_cast<int>(other) != rank()) n_sent += to[other].size();
    ranks_.exchange(to, from);
  }
  std::size_t n_sent = 0;

 private:
  engine::Ranks& ranks_ = engine::ranks();
};

}  // namespace

TEST_CASE("sums of gradients over 2 to 6 ranks are those of a binary tree, on all ranks, to the bit") {
  for (int n = 2; n <= 6; ++n) {
    CAPTURE(n);
    test::run_ranks(n, [&](int rank) {
      std::vector<Variable> variables;
      for (std::size_t v = 0; v < kShapes.size(); ++v) {
        if (v + 1 == kShapes.size() && rank == n - 1) continue;  // a rank that lacks the last one
        variables.emplace_back(Tensor::zeros(kShapes[v]), true);
        put_gradient(variables.back(), v, rank);
      }
      engine::RankSums sums(engine::ranks());
      sums.add_up(variables, 0.75f);
      CHECK(sums.lacked() == (rank == n - 1));
      const std::vector<std::string> all = engine::to_first(engine::ranks(), description(variables));
      const std::string wanted = rank == 0 ? expected(n, 0.75f) : "";
      for (std::size_t other = 0; other < all.size(); ++other) {
        const bool lacks_last = static_cast<int>(other) == n - 1;
        CHECK(all[other] == (lacks_last ? wanted.substr(0, wanted.rfind('\n', wanted.size() - 2) + 1) : wanted));
      }
      sums.give_to_those_that_lacked({variables.data(), 3});
      for (Variable& v : variables) v.clear_gradient();
      if (rank != n - 1) put_gradient(variables[1], 1, rank);
      if (rank != n - 1) put_gradient(variables[0], 0, rank);
      sums.add_up(variables, 1);
    });
  }
}

TEST_CASE("a rank that lacked a variable gets the gradients of those that had it") {
  test::run_ranks(3, [](int rank) {
    std::vector<Variable> parameters{Variable(Tensor::zeros({4, 2}), true), Variable(Tensor::zeros({3}), true)};
    std::vector<Variable> all = parameters;
    if (rank > 0) all.emplace_back(Tensor::zeros({2, 2}), true);  // the first rank lacks it
    engine::RankSums sums(engine::ranks());
    sums.add_up(all, 1);
    if (rank > 0) parameters[0].add_gradient(Tensor::full({4, 2}, 7));
    sums.give_to_those_that_lacked(parameters);
    const std::vector<std::string> made = engine::to_first(engine::ranks(), description(parameters));
    for (const std::string& of_rank : made) CHECK(of_rank == made[1]);
    if (rank == 0) CHECK(parameters[0].gradient().data()[5] == 7);
  });
}

TEST_CASE("row-sparse gradients are sparse in messages too") {
  constexpr std::int64_t kRows = 5000, kWidth = 64, kTouched = 30;
  test::run_ranks(2, [](int rank) {
    const Variable table(Tensor::zeros({kRows, kWidth}), true);
    std::vector<std::int32_t> rows;
    for (std::int32_t i = 0; i < kTouched; ++i) rows.push_back(i * 101 + rank);
    table.gradient_rows(rows);
    Counted counted;
    engine::RankSums(counted).add_up({&table, 1}, 1);
    // Half of its rows to the other, and the sums of half of both ranks' rows: 1.5 x 30 rows with their numbers.
    CHECK(counted.n_sent <= 3 * kTouched / 2 * (kWidth + 1) * 4 + 64);
    CHECK(table.touched_rows()->size() == 2 * kTouched);
  });
}

TEST_CASE("gradients of unlike shapes are refused") {
  CHECK_THROWS_WITH_AS(test::run_ranks(2,
                                       [](int rank) {
                                         const Variable v(Tensor::zeros({rank == 0 ? 3 : 4, 2}), true);
                                         engine::RankSums(engine::ranks()).add_up({&v, 1}, 1);
                                       }),
                       "ranks: a gradient is [3,2] on this rank and [4,2] on rank 1", engine::Error);
  CHECK_THROWS_WITH_AS(test::run_ranks(2,
                                       [](int rank) {
                                         std::vector<Variable> all{Variable(Tensor::zeros({2}), true)};
                                         if (rank > 0) all.emplace_back(Tensor::zeros({1}), true);  // rank 0 lacks it
                                         engine::RankSums sums(engine::ranks());
                                         sums.add_up(all, 1);
                                         Variable v(Tensor::zeros({rank == 0 ? 3 : 4, 2}), true);
                                         if (rank > 0) v.add_gradient(Tensor::full({4, 2}, 7));
                                         sums.give_to_those_that_lacked({&v, 1});
                                       }),
                       "ranks: a gradient is [3,2] on this rank and [4,2] on rank 1", engine::Error);
}
