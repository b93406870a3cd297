// Sums beyond 32 bits against plain loops in 64 bits.
#include <doctest/doctest.h>

#include <tuple>
#include <vector>

#include "engine/kernels/fixed_gemm/wide.h"
#include "tests/support/error_text.h"
#include "tests/support/kernel_cases.h"

using namespace ingot::engine;
using namespace ingot::engine::kernels;

namespace {

std::vector<std::int32_t> draw(std::int64_t count, CodeRange range, bool ends, std::uint64_t seed) {
  Rng rng(seed, static_cast<std::uint64_t>(Stream::test));
  std::vector<std::int32_t> codes;
  for (std::int64_t i = 0; i < count; ++i) {
    const auto random = range.lowest + static_cast<std::int64_t>(
                                           rng.below(static_cast<std::uint64_t>(range.highest - range.lowest + 1)));
    codes.push_back(static_cast<std::int32_t>(!ends ? random : rng.below(3) == 0 ? range.highest : range.lowest));
  }
  return codes;
}

}  // namespace

TEST_CASE("sums of codes of 16 bits are exact at every depth, with and without signs") {
  const CodeRange with_sign = code_range(16, true), without = code_range(16, false);
  for (const CodeRange range_x : {with_sign, without, code_range(12, true)}) {
    for (const CodeRange range_w : {with_sign, without}) {
      for (const auto& [m, n, k] : {std::tuple{1, 1, 1}, {3, 5, 7}, {300, 17, 40}, {2, 3, 1000}, {5, 70, 511}}) {
        for (const bool ends : {false, true}) {
          INFO(range_x.lowest, " .. ", range_x.highest, " times ", range_w.lowest, " .. ", range_w.highest, " ", k);
          const std::int64_t ldx = k + 2, ldy = n + 1;
          const std::vector<std::int32_t> x = draw(m * ldx, range_x, ends, 41), w = draw(n * k, range_w, ends, 42);
          const WideWeights weights("test", n, k, range_x, w);
          std::vector<std::int64_t> y(static_cast<std::size_t>(m * ldy), 7);
          weights.multiply(m, x.data(), ldx, y.data(), ldy);
          std::int64_t n_wrong = 0;
          for (std::int64_t i = 0; i < m; ++i) {
            for (std::int64_t j = 0; j < n; ++j) {
              std::int64_t sum = 0;
              for (std::int64_t p = 0; p < k; ++p)
                sum += std::int64_t{x[static_cast<std::size_t>(i * ldx + p)]} * w[static_cast<std::size_t>(j * k + p)];
              n_wrong += y[static_cast<std::size_t>(i * ldy + j)] != sum;
            }
            n_wrong += y[static_cast<std::size_t>(i * ldy + n)] != 7;
          }
          CHECK(n_wrong == 0);
        }
      }
    }
  }
}

TEST_CASE("wide sums are the same on one and two threads") {
  const CodeRange range = code_range(16, true);
  const std::vector<std::int32_t> x = draw(600 * 80, range, false, 43), w = draw(50 * 80, range, false, 44);
  const WideWeights weights("test", 50, 80, range, w);
  const auto [one, two] = ingot::test::on_one_and_on(2, [&] {
    std::vector<std::int64_t> y(600 * 50);
    weights.multiply(600, x.data(), 80, y.data(), 50);
    return y;
  });
  CHECK(one == two);
}

TEST_CASE("codes beyond 16 bits are refused") {
  const std::vector<std::int32_t> fits{1, 65535}, beyond{1, 65536};
  const auto refused = [](CodeRange range, const std::vector<std::int32_t>& w) {
    return ingot::test::error_text([&] { WideWeights("q", 1, 2, range, w); });
  };
  CHECK(refused({0, 65535}, fits).empty());
  CHECK(refused({0, 65535}, beyond) == "layer 'q': weights are in -32768 .. 65535, got 65536");
  CHECK(refused({-1, 65535}, fits) == "layer 'q': activations must keep a range around 0 of 16 bits, got -1 .. 65535");
  CHECK(refused({0, 1}, {1}) == "layer 'q': 1 x 2 weights expected, got 1");
}
