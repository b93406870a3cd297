// Integer layer norm and attention: every instruction set gives the bits of the reference.
#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "engine/base/rng.h"
#include "engine/kernels/integer_attention/table.h"
#include "engine/kernels/integer_norm/table.h"

using namespace ingot::engine;
using namespace ingot::engine::kernels;

namespace {

std::vector<std::int32_t> codes(Rng& rng, std::size_t n, std::int64_t lowest, std::int64_t highest) {
  std::vector<std::int32_t> all(n);
  for (std::int32_t& code : all)
    code = static_cast<std::int32_t>(
        lowest + static_cast<std::int64_t>(rng.uniform() * static_cast<double>(highest - lowest + 1)));
  return all;
}

}  // namespace

TEST_CASE("integer layer norms give the reference's codes on every instruction set") {
  Rng rng(1);
  for (const std::int64_t n : {1, 3, 7, 8, 16, 64, 100, 128, 512}) {
    for (const std::int64_t largest :
         {std::int64_t{3}, std::int64_t{127}, std::int64_t{40000}, std::int64_t{1} << 20}) {
      const auto size = static_cast<std::size_t>(n);
      const std::vector<std::int32_t> gamma = codes(rng, size, -9000, 9000), beta = codes(rng, size, -30000, 30000),
                                      x = codes(rng, 6 * size, -largest, largest);
      const IntegerNorm norm{.n = n,
                             .gamma = gamma.data(),
                             .beta = beta.data(),
                             .beta_left = 12,
                             .epsilon = largest > 1000 ? 12345 : 0,
                             .root_table = nullptr,
                             .z_frac_bits = 16,
                             .shift = 24,
                             .rounding = Rounding::nearest_even,
                             .range = {-128, 127},
                             .largest = largest};
      REQUIRE(fits_doubles(norm));
      std::vector<std::int32_t> expected(x.size());
      kIntegerNormReference.normalise(norm, 6, x.data(), expected.data());
      for (const IntegerNormRow* row : integer_norm_rows()) {
        if (!uses(row->isa)) continue;
        CAPTURE(static_cast<int>(row->isa));
        std::vector<std::int32_t> y(x.size(), 77);
        row->normalise(norm, 6, x.data(), y.data());
        CHECK(y == expected);
      }
    }
  }
}

TEST_CASE("integer attention gives the reference's codes on every instruction set") {
  Rng rng(2);
  std::vector<std::int32_t> exponentials;
  for (int t = 0; t < 256; ++t)
    exponentials.push_back(static_cast<std::int32_t>(std::lround(65535 * std::exp(-t / 16.0))));
  for (const std::int64_t n : {1, 2, 7, 16, 33, 128, 300, 512}) {
    for (const std::int64_t part : {1, 4, 10, 16, 64}) {
      for (const bool extreme : {false, true}) {
        const auto size = static_cast<std::size_t>(n * part);
        // Of extreme codes the sums are as large as they can become.
        const std::int64_t least = extreme ? 126 : -128;
        const std::vector<std::int32_t> q = codes(rng, size, least, 127), k = codes(rng, size, least, 127),
                                        v = codes(rng, size, extreme ? -128 : -100, extreme ? -128 : 100);
        const IntegerAttention a{.n_heads = 1,
                                 .part = part,
                                 .multiplier = part == 10 ? 20724 : 1,
                                 .shift = part == 10 ? 22 : 7,
                                 .scores = {-2048, 2047},
                                 .exponentials = exponentials.data(),
                                 .output_left = part == 4 ? -1 : 2,
                                 .rounding = Rounding::nearest_even,
                                 .range = {-512, 511},
                                 .largest_query = 128,
                                 .largest_key = 128,
                                 .largest_value = 128,
                                 .longest = 512};
        REQUIRE(fits_words(a));
        std::vector<std::int32_t> expected(size);
        kIntegerAttentionReference.attend(a, {n, part, q.data(), k.data(), v.data(), expected.data()}, {});
        for (const IntegerAttentionRow* row : integer_attention_rows()) {
          if (!uses(row->isa)) continue;
          CAPTURE(static_cast<int>(row->isa));
          std::vector<std::int32_t> y(size, 777);
          row->attend(a, {n, part, q.data(), k.data(), v.data(), y.data()}, integer_attention_scratch(n, part));
          CHECK(y == expected);
        }
      }
    }
  }
}
