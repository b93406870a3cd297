// Fixed-point products over Ints, written once for every instruction set. The including file has brought Ints; kVectors
// (of a panel, even); sum_bytes(sum, u8, s8) and sum_words(sum, a, b), which add the products of each lane's bytes or
// words to its 32-bit sum; kWideBytes (sum_bytes is exact for all operands); and the rows of c that are held in
// registers: kByteRows, kWordRows and, where sums of 16 bits come first, kDeepRows. Floats are made with Vec, Doubles
// and for_lanes.
#pragma once

#include "engine/kernels/simd/loops.h"

namespace ingot::engine::kernels {
namespace {

constexpr std::int64_t kPanel = kVectors * Ints::width;

// A group of a row, in every lane.
inline Ints group_at(const void* p) {
  std::int32_t group;
  __builtin_memcpy(&group, p, sizeof group);
  return set1_ints(group);
}

// A row further down. Opaque to the compiler, which would otherwise keep the address of every row ready, in memory.
template <class T>
inline void advance(T*& row, std::int64_t stride) {
  row += stride;
  asm("" : "+r"(row));
}

// Where sums begin, loaded for every row: copies of registers would take the place of products.
template <int kRows>
inline void load_start(const std::int32_t* start, Ints (&sum)[kRows][kVectors]) {
  if (start == nullptr) {
#pragma GCC unroll 16
    for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 4
      for (int j = 0; j < kVectors; ++j) sum[i][j] = set1_ints(0);
    }
    return;
  }
#pragma GCC unroll 16
  for (int i = 0; i < kRows; ++i, advance(start, 0)) {
#pragma GCC unroll 4
    for (int j = 0; j < kVectors; ++j) sum[i][j] = load_ints(start + j * Ints::width);
  }
}

template <int kRows>
inline void store_sums(const Ints (&sum)[kRows][kVectors], std::int32_t* c, std::int64_t ldc) {
#pragma GCC unroll 16
  for (int i = 0; i < kRows; ++i, advance(c, ldc)) {
#pragma GCC unroll 4
    for (int j = 0; j < kVectors; ++j) store_ints(c + j * Ints::width, sum[i][j]);
  }
}

// Sums of kRows rows, group by group, each added at once.
struct WideTile {
  template <int kRows, class Block>
  [[gnu::always_inline]] static void run(const Block& t) {
    constexpr bool kBytes = sizeof(*t.a) == 1;
    constexpr std::int64_t kGroup = kBytes ? 4 : 2;
    Ints sum[kRows][kVectors];
    load_start(t.start, sum);
    constexpr bool kScattered = kBytes && !kWideBytes;
    const auto* b = t.b;
    for (std::int64_t group = 0; group < t.groups; ++group, b += kGroup * kPanel) {
      const auto* a = t.a + (kScattered ? t.at[group] : group * kGroup);
      Ints bs[kVectors];
#pragma GCC unroll 4
      for (int j = 0; j < kVectors; ++j) bs[j] = load_ints(b + j * kGroup * Ints::width);
#pragma GCC unroll 16
      for (int i = 0; i < kRows; ++i) {
        const Ints ai = group_at(a + i * t.lda);
#pragma GCC unroll 4
        for (int j = 0; j < kVectors; ++j)
          sum[i][j] = kBytes ? sum_bytes(sum[i][j], ai, bs[j]) : sum_words(sum[i][j], ai, bs[j]);
      }
    }
    store_sums(sum, t.c, t.ldc);
  }
};

// The same for bytes, kDepth groups added in 16 bits first.
template <int kDepth>
struct DeepTile {
  template <int kRows, class Block>
  [[gnu::always_inline]] static void run(const Block& t) {
    const Ints ones = set1_words(1);
    Ints sum[kRows][kVectors];
    load_start(t.start, sum);
    const std::int8_t* b = t.b;
    std::int64_t group = 0;
    for (; group < t.n_deep; group += kDepth) {
      const std::uint8_t* a = t.a + t.at[group];  // the groups of a unit lie side by side
      Ints part[kRows][kVectors];
#pragma GCC unroll 8
      for (int d = 0; d < kDepth; ++d, a += 4, b += 4 * kPanel) {
        Ints bs[kVectors];
#pragma GCC unroll 4
        for (int j = 0; j < kVectors; ++j) bs[j] = load_ints(b + j * Ints::bytes);
#pragma GCC unroll 16
        for (int i = 0; i < kRows; ++i) {
          const Ints ai = group_at(a + i * t.lda);
#pragma GCC unroll 4
          for (int j = 0; j < kVectors; ++j) {
            const Ints products = multiply_bytes(ai, bs[j]);
            part[i][j] = d == 0 ? products : add_words(part[i][j], products);
            keep_order(part[i][j]);
          }
        }
      }
#pragma GCC unroll 16
      for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 4
        for (int j = 0; j < kVectors; ++j) sum[i][j] = add_ints(sum[i][j], multiply_words(part[i][j], ones));
      }
    }
    for (; group < t.groups; ++group, b += 4 * kPanel) {
      const std::uint8_t* a = t.a + t.at[group];
#pragma GCC unroll 16
      for (int i = 0; i < kRows; ++i) {
        const Ints ai = group_at(a + i * t.lda);
#pragma GCC unroll 4
        for (int j = 0; j < kVectors; ++j) sum[i][j] = sum_bytes(sum[i][j], ai, load_ints(b + j * Ints::bytes));
      }
    }
    store_sums(sum, t.c, t.ldc);
  }
};

// `count` tiles of kRows rows, one below the other.
template <class Tile, int kRows, class Block>
[[gnu::noinline]] void tiles_of(const Block& block, std::int64_t count) {
  Block t = block;
  for (std::int64_t i = 0; i < count; ++i, t.a += kRows * t.lda, t.c += kRows * t.ldc) Tile::template run<kRows>(t);
}

template <class Tile, int kRows, class Block>
inline void last_tile(std::int64_t rows, const Block& block) {
  if (rows == kRows) {
    tiles_of<Tile, kRows>(block, 1);
  } else if constexpr (kRows > 1) {
    last_tile<Tile, kRows - 1>(rows, block);
  }
}

// Tiles of kRows rows; what is left over is shared by the last two, since the sums of a low tile wait for each other.
template <class Tile, int kRows, class Block>
inline void tiles(const Block& block) {
  const std::int64_t over = block.m % kRows, count = block.m / kRows - (over != 0 && block.m > kRows ? 1 : 0);
  if (count > 0) tiles_of<Tile, kRows>(block, count);
  Block rest = block;
  for (std::int64_t done = count * kRows, height; done < block.m; done += height) {
    height = block.m - done > kRows ? (block.m - done + 1) / 2 : block.m - done;
    rest.a = block.a + done * block.lda;
    rest.c = block.c + done * block.ldc;
    last_tile<Tile, kRows>(height, rest);
  }
}

template <bool kWide>
inline void multiply_bytes_form(const ByteBlock& block) {
  if constexpr (!kWide) {
    if (block.depth == 8) return tiles<DeepTile<8>, kDeepRows>(block);
    if (block.depth == 4) return tiles<DeepTile<4>, kDeepRows>(block);
    if (block.depth == 2) return tiles<DeepTile<2>, kDeepRows>(block);
  }
  tiles<WideTile, kByteRows>(block);
}

[[maybe_unused]] void multiply_bytes_block(const ByteBlock& block) { multiply_bytes_form<kWideBytes>(block); }

void multiply_words_block(const WordBlock& block) { tiles<WideTile, kWordRows>(block); }

// The columns of half a panel, as table.h defines them.
struct Columns {
  Columns(const RequantizeBlock& block, std::int64_t at)
      : right(load_ints(block.column(RequantizeColumn::right) + at)),
        half(load_ints(block.column(RequantizeColumn::half) + at)),
        test(load_ints(block.column(RequantizeColumn::test) + at)),
        sticky(load_ints(block.column(RequantizeColumn::sticky) + at)),
        below(load_ints(block.column(RequantizeColumn::below) + at)),
        above(load_ints(block.column(RequantizeColumn::above) + at)),
        left(load_ints(block.column(RequantizeColumn::left) + at)),
        lowest(set1_ints(block.lowest)),
        highest(set1_ints(block.highest)) {}

  template <Rounding kRounding, bool kPlain>
  Ints codes(Ints sum) const {
    if constexpr (!kPlain) {
      sum = bit_or(shift_right(sum, sticky), bit_and(sum, sticky));
      sum = add_ints(shift_left(min_ints(above, max_ints(below, sum)), left), half);
    }
    Ints code = sum;
    if constexpr (kRounding == Rounding::half_away) code = less_one_below(sum, test);
    code = shift_right(code, right);
    if constexpr (kRounding == Rounding::nearest_even) code = even_where_clear(code, sum, test);
    return min_ints(highest, max_ints(lowest, code));
  }

  Ints right, half, test, sticky, below, above, left, lowest, highest;
};

template <Rounding kRounding, bool kPlain>
void requantize_rows(const RequantizeBlock& block) {
  for (std::int64_t j = 0; j < block.n; j += 2 * Ints::width) {
    const Columns first(block, j), second(block, j + Ints::width);
    const std::int32_t* c = block.c + j;
    char* y = static_cast<char*>(block.y) + j * block.code_bytes;
    for (std::int64_t i = 0; i < block.m; ++i, c += block.ldc, y += block.ldy * block.code_bytes) {
      store_low(y, block.code_bytes, first.codes<kRounding, kPlain>(load_ints(c)),
                second.codes<kRounding, kPlain>(load_ints(c + Ints::width)), block.n - j);
    }
  }
}

template <Rounding kRounding>
inline void requantize_form(const RequantizeBlock& block) {
  if (block.plain) {
    requantize_rows<kRounding, true>(block);
  } else {
    requantize_rows<kRounding, false>(block);
  }
}

void requantize_block(const RequantizeBlock& block) {
  switch (block.rounding) {
    case Rounding::nearest_even:
      return requantize_form<Rounding::nearest_even>(block);
    case Rounding::floor:
      return requantize_form<Rounding::floor>(block);
    case Rounding::half_away:
      return requantize_form<Rounding::half_away>(block);
  }
}

void dequantize_plain(const DequantizeBlock& block) {
  for_lanes(block.n, [&](std::int64_t j, auto lanes) {
    const Vec factors = load(block.factors + j), biases = load(block.biases + j);
    for (std::int64_t i = 0; i < block.m; ++i) {
      const Vec sums = to_floats(load_ints(block.c + i * block.ldc + j));
      store(block.y + i * block.ldy + j, fma(sums, factors, biases), lanes);
    }
  });
}

void dequantize_block(const DequantizeBlock& block) {
  if (block.plain) return dequantize_plain(block);
  for (std::int64_t j = 0; j < block.n; j += Doubles::width) {
    const Doubles factors = load_doubles(block.wide_factors + j), biases = load_floats(block.biases + j);
    const auto count = static_cast<std::size_t>(block.n - j < Doubles::width ? block.n - j : Doubles::width);
    for (std::int64_t i = 0; i < block.m; ++i) {
      float values[Doubles::width];
      store_floats(values, load_codes(block.c + i * block.ldc + j) * factors + biases);
      __builtin_memcpy(block.y + i * block.ldy + j, values, count * sizeof(float));
    }
  }
}

void pack_bytes(const PackBlock& block, std::uint8_t offset, std::uint8_t* to, std::int64_t ld_to) {
  const Ints offsets = set1_bytes(offset);
  const std::uint8_t* from = block.from;
  for (std::int64_t i = 0; i < block.m; ++i, from += block.ld_from, to += ld_to) {
    std::int64_t p = 0;
    for (; p + Ints::bytes <= block.k; p += Ints::bytes) store_ints(to + p, add_bytes(load_ints(from + p), offsets));
    for (; p < block.k; ++p) to[p] = static_cast<std::uint8_t>(from[p] + offset);
    for (; p % 4 != 0; ++p) to[p] = 0;
  }
}

void widen_bytes(const PackBlock& block, bool is_signed, std::int16_t* to, std::int64_t ld_to) {
  constexpr std::int64_t kStep = Ints::bytes / 2;
  const std::uint8_t* from = block.from;
  for (std::int64_t i = 0; i < block.m; ++i, from += block.ld_from, to += ld_to) {
    std::int64_t p = 0;
    for (; p + kStep <= block.k; p += kStep)
      store_ints(to + p, is_signed ? load_signed_bytes(from + p) : load_unsigned_bytes(from + p));
    for (; p < block.k; ++p) to[p] = is_signed ? static_cast<std::int8_t>(from[p]) : std::int16_t{from[p]};
    if (p % 2 != 0) to[p] = 0;
  }
}

void unpack_nibbles(std::int64_t groups, const std::uint8_t* from, std::int8_t* to) {
  const Ints low = set1_bytes(15), minus_eight = set1_bytes(0xf8);
  for (std::int64_t g = 0; g < groups; ++g, to += 4 * kPanel) {
    for (std::int64_t i = 0; i < 2 * kPanel; i += Ints::bytes, from += Ints::bytes) {
      const Ints pairs = load_ints(from);
      store_ints(to + i, add_bytes(bit_and(pairs, low), minus_eight));
      store_ints(to + 2 * kPanel + i, add_bytes(bit_and(shift_words_right(pairs, 4), low), minus_eight));
    }
  }
}

}  // namespace
}  // namespace ingot::engine::kernels
