// Integer layer norm and attention: every instruction set gives the bits of the reference.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "engine/base/rng.h"
#include "engine/kernels/fixed_gemm/table.h"
#include "engine/kernels/integer_attention/table.h"
#include "engine/kernels/integer_norm/table.h"
#include "engine/kernels/integer_rows/table.h"

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

TEST_CASE("a root in doubles is the root digit by digit, its inverse too") {
  Rng rng(3);
  for (int bits = 0; bits < 62; ++bits) {
    for (int i = 0; i < 3000; ++i) {
      const std::int64_t low = std::int64_t{1} << bits;
      const auto v = low + static_cast<std::int64_t>(rng.uniform() * static_cast<double>(low));
      const InverseRoot exact = inverse_root(v, nullptr), fast = fast_inverse_root(v, nullptr);
      REQUIRE(exact.c == fast.c);
      REQUIRE(exact.exponent == fast.exponent);
    }
  }
  for (std::int64_t root = 1 << 15; root < 1 << 17; ++root) {  // squares, and what is just below
    for (const std::int64_t v : {root * root, root * root - 1, root * root + 1})
      REQUIRE(inverse_root(v, nullptr).c == fast_inverse_root(v, nullptr).c);
  }
}

TEST_CASE("layer norms are computed in doubles only where these hold all numbers") {
  const std::vector<std::int32_t> gamma(128, 1), beta(128, 1);
  const auto fits = [&](std::int64_t largest, std::int32_t factor, int beta_left, Rounding rounding) {
    std::vector<std::int32_t> gammas = gamma;
    gammas[100] = factor;
    const IntegerNorm norm{.n = 128,
                           .gamma = gammas.data(),
                           .beta = beta.data(),
                           .beta_left = beta_left,
                           .epsilon = 0,
                           .root_table = nullptr,
                           .z_frac_bits = 16,
                           .shift = 24,
                           .rounding = rounding,
                           .range = {-128, 127},
                           .largest = largest};
    return fits_doubles(norm);
  };
  // Sums of squares are at most 128 x^2, which is 2^53 for x = 2^23; |z| is at most 2^16 sqrt(128), below 2^20.
  CHECK(fits((1 << 23) - 1, 1, 0, Rounding::nearest_even));
  CHECK_FALSE(fits(1 << 23, 1, 0, Rounding::nearest_even));
  CHECK_FALSE(fits((1 << 23) - 1, 1, 0, Rounding::floor));
  CHECK(fits(100, -(1 << 30), 0, Rounding::nearest_even));
  CHECK(fits(100, 1, 52, Rounding::nearest_even));
  CHECK_FALSE(fits(100, 1, 53, Rounding::nearest_even));
  IntegerNorm few{.n = 4,
                  .gamma = gamma.data(),
                  .beta = beta.data(),
                  .beta_left = 0,
                  .z_frac_bits = 51,
                  .rounding = Rounding::nearest_even,
                  .largest = 1};
  CHECK(fits_doubles(few));  // |z| is at most 2^51 sqrt(4)
  few.z_frac_bits = 52;
  CHECK_FALSE(fits_doubles(few));
}

TEST_CASE("layer norms of narrow codes are those of wide ones") {
  Rng rng(4);
  const std::int64_t n = 100, m = 19;
  const std::vector<std::int32_t> gamma = codes(rng, 100, -9000, 9000), beta = codes(rng, 100, -30000, 30000),
                                  x = codes(rng, 1900, -128, 127);
  IntegerNorm norm{.n = n,
                   .gamma = gamma.data(),
                   .beta = beta.data(),
                   .beta_left = 12,
                   .epsilon = 7,
                   .root_table = nullptr,
                   .z_frac_bits = 16,
                   .shift = 24,
                   .rounding = Rounding::nearest_even,
                   .range = {-128, 127},
                   .largest = 128};
  std::vector<std::int32_t> expected(x.size());
  integer_norm_reference(norm, m, x.data(), expected.data());
  for (const IntegerNormRow* row : integer_norm_rows()) {
    if (!uses(row->isa)) continue;
    for (const CodeType from : {CodeType::s8, CodeType::s16, CodeType::s32}) {
      for (const CodeType to : {CodeType::s8, CodeType::s16, CodeType::s32}) {
        norm.from = from;
        norm.to = to;
        std::vector<std::byte> in(4 * x.size()), out(4 * x.size());
        for (std::size_t i = 0; i < x.size(); ++i) store_code(from, in.data(), static_cast<std::int64_t>(i), x[i]);
        row->normalise(norm, m, in.data(), out.data());
        std::vector<std::int32_t> y;
        for (std::size_t i = 0; i < x.size(); ++i) y.push_back(load_code(to, out.data(), static_cast<std::int64_t>(i)));
        CHECK(y == expected);
      }
    }
  }
}

namespace {

struct Problem {
  std::int64_t n, part;
  bool extreme;   // sums as large as they can become
  CodeType type;  // of queries and keys
};

// Attention of one head by these rows of the tables, some rows at a time.
std::vector<std::int32_t> attend(const IntegerAttention& a, const Problem& p, const IntegerAttentionRow& row,
                                 const FixedGemmRow& products, const std::vector<std::int32_t>& q,
                                 const std::vector<std::int32_t>& k, const std::vector<std::int32_t>& v) {
  const auto narrow = [&](const std::vector<std::int32_t>& x, CodeType type) {
    std::vector<std::byte> bytes(x.size() * 4);
    for (std::size_t i = 0; i < x.size(); ++i) store_code(type, bytes.data(), static_cast<std::int64_t>(i), x[i]);
    return bytes;
  };
  const std::vector<std::byte> queries = narrow(q, p.type), keys = narrow(k, p.type), values = narrow(v, CodeType::s8);
  std::vector<std::int16_t> y(q.size(), 777);
  const FastAttention fast(a, {p.type, p.type, CodeType::s16}, row, products);
  const IntegerAttentionHead head{p.n, p.part, queries.data(), keys.data(), values.data(), y.data()};
  std::vector<std::byte> memory(static_cast<std::size_t>(fast.packed_bytes(p.n)) + 64);
  std::byte* packed = memory.data() + (64 - reinterpret_cast<std::uintptr_t>(memory.data()) % 64) % 64;
  fast.pack(head, packed);
  for (std::int64_t first = 0; first < p.n; first += 50) fast.attend(head, packed, first, std::min(p.n, first + 50));
  return {y.begin(), y.end()};
}

void check_attention(const IntegerAttention& a, const Problem& p, Rng& rng) {
  const auto size = static_cast<std::size_t>(p.n * p.part);
  const std::int64_t most = p.type == CodeType::s8 ? 127 : 4000, least = p.extreme ? most - 1 : -most - 1;
  const std::vector<std::int32_t> q = codes(rng, size, least, most), k = codes(rng, size, least, most),
                                  v = codes(rng, size, p.extreme ? -128 : -100, p.extreme ? -128 : 100);
  std::vector<std::int32_t> expected(size);
  const std::vector<std::int32_t> text{0, static_cast<std::int32_t>(p.n)};
  integer_attention_reference(a, 1, text.data(), q.data(), k.data(), v.data(), expected.data());
  for (const IntegerAttentionRow* row : integer_attention_rows()) {
    for (const FixedGemmRow* products : fixed_gemm_rows()) {
      if (!uses(row->isa) || !uses(products->isa)) continue;
      CAPTURE(static_cast<int>(row->isa));
      CAPTURE(static_cast<int>(products->isa));
      CHECK(attend(a, p, *row, *products, q, k, v) == expected);
    }
  }
}

}  // namespace

TEST_CASE("integer attention gives the reference's codes on every instruction set") {
  Rng rng(2);
  std::vector<std::int32_t> exponentials;
  for (int t = 0; t < 256; ++t)
    exponentials.push_back(static_cast<std::int32_t>(std::lround(65535 * std::exp(-t / 16.0))));
  for (const std::int64_t n : {1, 2, 7, 16, 33, 128, 300, 512}) {
    for (const std::int64_t part : {1, 4, 10, 16, 64, 100}) {
      for (const CodeType type : {CodeType::s8, CodeType::s16}) {
        const std::int64_t largest = type == CodeType::s8 ? 128 : 4001;
        const IntegerAttention a{.n_heads = 1,
                                 .part = part,
                                 .multiplier = part == 10 ? 20724 : 1,
                                 .shift = (part == 10 ? 22 : 7) + (type == CodeType::s8 ? 0 : 10),
                                 .scores = {-2048, 2047},
                                 .exponentials = exponentials.data(),
                                 .output_left = part == 4 ? -1 : 2,
                                 .rounding = Rounding::nearest_even,
                                 .range = {-512, 511},
                                 .largest_query = largest,
                                 .largest_key = largest,
                                 .largest_value = 128,
                                 .longest = 512};
        REQUIRE(FastAttention::serves(a, {type, type, CodeType::s16}));
        for (const bool extreme : {false, true}) check_attention(a, {n, part, extreme, type}, rng);
      }
    }
  }
}

TEST_CASE("sums and tables of codes are the reference's on every instruction set") {
  Rng rng(5);
  for (const IntegerRowsRow* row : integer_rows_rows()) {
    if (!uses(row->isa)) continue;
    for (const std::int64_t n : {1, 15, 32, 64, 100, 513}) {
      const auto size = static_cast<std::size_t>(n);
      for (const CodeType a_type : {CodeType::s8, CodeType::s16, CodeType::s32}) {
        for (const CodeType b_type : {CodeType::s8, CodeType::s16, CodeType::s32}) {
          for (const CodeType type : {CodeType::s16, CodeType::s32}) {
            std::vector<std::byte> a(4 * size), b(4 * size), y(4 * size), expected(4 * size);
            for (std::int64_t i = 0; i < n; ++i) {
              store_code(a_type, a.data(), i, static_cast<std::int32_t>(rng.uniform() * 255) - 128);
              store_code(b_type, b.data(), i, static_cast<std::int32_t>(rng.uniform() * 255) - 128);
            }
            row->add(n, {a_type, a.data(), 3}, {b_type, b.data(), 7}, type, y.data());
            kIntegerRowsReference.add(n, {a_type, a.data(), 3}, {b_type, b.data(), 7}, type, expected.data());
            CHECK(y == expected);
          }
        }
      }
      std::vector<std::uint8_t> x(size), y(size), expected(size);
      for (std::uint8_t& code : x) code = static_cast<std::uint8_t>(rng.uniform() * 256);
      std::vector<std::int16_t> words(256);
      for (std::int16_t& word : words) word = static_cast<std::int16_t>(rng.uniform() * 256 - 128);
      row->look_up_bytes(n, x.data(), words.data(), y.data());
      kIntegerRowsReference.look_up_bytes(n, x.data(), words.data(), expected.data());
      CHECK(y == expected);
    }
  }
}
