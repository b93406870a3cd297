// Normative: products one by one, codes by the definition in base/fixed_point.h.
#include "engine/kernels/fixed_gemm/table.h"

namespace ingot::engine::kernels {
namespace {

constexpr std::int64_t kPanel = 16;

template <int kGroup, class Activation, class Weight>
void multiply(const FixedBlock<Activation, Weight>& block) {
  for (std::int64_t i = 0; i < block.m; ++i) {
    std::uint32_t sums[kPanel];  // unsigned: they wrap
    for (std::int64_t j = 0; j < kPanel; ++j)
      sums[j] = block.start == nullptr ? 0 : static_cast<std::uint32_t>(block.start[j]);
    for (std::int64_t p = 0; p < block.groups * kGroup; ++p) {
      const Weight* b = block.b + p / kGroup * kGroup * kPanel + p % kGroup;
      const std::int64_t at = block.at == nullptr ? p : block.at[p / kGroup] + p % kGroup;
      const std::int32_t a = block.a[i * block.lda + at];
      for (std::int64_t j = 0; j < kPanel; ++j) sums[j] += static_cast<std::uint32_t>(a * b[j * kGroup]);
    }
    for (std::int64_t j = 0; j < kPanel; ++j) block.c[i * block.ldc + j] = static_cast<std::int32_t>(sums[j]);
  }
}

void store(void* y, std::int64_t at, int code_bytes, std::int64_t code) {
  if (code_bytes == 2) {
    static_cast<std::int16_t*>(y)[at] = static_cast<std::int16_t>(code);
  } else {
    static_cast<std::uint8_t*>(y)[at] = static_cast<std::uint8_t>(code);
  }
}

void requantize_block(const RequantizeBlock& block) {
  const std::int32_t* shift = block.column(RequantizeColumn::shift);
  const std::int32_t* half = block.column(RequantizeColumn::half);
  for (std::int64_t i = 0; i < block.m; ++i) {
    for (std::int64_t j = 0; j < block.n; ++j) {
      const std::int64_t sum = std::int64_t{block.c[i * block.ldc + j]} - (block.plain ? half[j] : 0);
      const std::int64_t code = requantize(sum, shift[j], block.rounding, {block.lowest, block.highest});
      store(block.y, i * block.ldy + j, block.code_bytes, code);
    }
  }
}

void dequantize_block(const DequantizeBlock& block) {
  for (std::int64_t i = 0; i < block.m; ++i) {
    for (std::int64_t j = 0; j < block.n; ++j) {
      const double factor = block.plain ? static_cast<double>(block.factors[j]) : block.wide_factors[j];
      const double exact = static_cast<double>(block.c[i * block.ldc + j]) * factor;
      block.y[i * block.ldy + j] = static_cast<float>(exact + static_cast<double>(block.biases[j]));
    }
  }
}

void pack_bytes(const PackBlock& block, std::uint8_t offset, std::uint8_t* to, std::int64_t ld_to) {
  for (std::int64_t i = 0; i < block.m; ++i) {
    for (std::int64_t p = 0; p < (block.k + 3) / 4 * 4; ++p) {
      to[i * ld_to + p] = p < block.k ? static_cast<std::uint8_t>(block.from[i * block.ld_from + p] + offset) : 0;
    }
  }
}

void widen_bytes(const PackBlock& block, bool is_signed, std::int16_t* to, std::int64_t ld_to) {
  for (std::int64_t i = 0; i < block.m; ++i) {
    for (std::int64_t p = 0; p < (block.k + 1) / 2 * 2; ++p) {
      const std::uint8_t code = p < block.k ? block.from[i * block.ld_from + p] : 0;
      to[i * ld_to + p] = is_signed ? static_cast<std::int8_t>(code) : std::int16_t{code};
    }
  }
}

void unpack_nibbles(std::int64_t groups, const std::uint8_t* from, std::int8_t* to) {
  for (std::int64_t g = 0; g < groups; ++g, from += 2 * kPanel, to += 4 * kPanel) {
    for (std::int64_t i = 0; i < 2 * kPanel; ++i) {
      to[i] = static_cast<std::int8_t>((from[i] & 15) - 8);
      to[2 * kPanel + i] = static_cast<std::int8_t>((from[i] >> 4) - 8);
    }
  }
}

}  // namespace

extern const FixedGemmRow kFixedGemmReference{.isa = Isa::reference,
                                              .panel = kPanel,
                                              .rows = 12,
                                              .wide_bytes = true,
                                              .multiply_bytes = multiply<4, std::uint8_t, std::int8_t>,
                                              .multiply_words = multiply<2, std::int16_t, std::int16_t>,
                                              .requantize = requantize_block,
                                              .dequantize = dequantize_block,
                                              .pack_bytes = pack_bytes,
                                              .widen_bytes = widen_bytes,
                                              .unpack_nibbles = unpack_nibbles};

}  // namespace ingot::engine::kernels
