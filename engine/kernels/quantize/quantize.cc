#include "engine/kernels/quantize/quantize.h"

#include <algorithm>
#include <vector>

#include "engine/base/threads.h"
#include "engine/kernels/dispatch.h"
#include "engine/kernels/quantize/table.h"

namespace ingot::engine::kernels {
namespace {

constexpr const QuantizeRow* kRows[] = {
#if defined(__x86_64__)
    &kQuantizeAvx512,
    &kQuantizeAvx2,
#endif
    &kQuantizeReference,
};

constexpr std::int64_t kGrain = 1 << 15;  // numbers worth waking a thread for

// Calls span(kernel's span, index of its first number in x, and in the codes) for pieces that make up the matrix;
// factors are 2^(sign fraction_bits).
template <class Call>
void for_each_span(std::int64_t rows, std::int64_t columns, std::int64_t ldx, FractionBits bits, int sign, Codes codes,
                   const Call& call) {
  using Per = FractionBits::Per;
  const std::int64_t n_factors = bits.per == Per::tensor ? 1 : bits.per == Per::row ? rows : columns;
  std::vector<double> factors(static_cast<std::size_t>(n_factors));
  std::transform(bits.values, bits.values + n_factors, factors.begin(),
                 [&](int value) { return power_of_two(sign * std::clamp(value, -512, 512)); });
  if (bits.per == Per::tensor && ldx == columns && codes.stride == columns) {  // one long row
    parallel_for(rows * columns, kGrain, [&](std::int64_t begin, std::int64_t end) {
      call(QuantizeSpan{end - begin, factors.data(), false, codes.type}, begin, begin);
    });
    return;
  }
  parallel_for(rows, std::max<std::int64_t>(1, kGrain / std::max<std::int64_t>(columns, 1)),
               [&](std::int64_t begin, std::int64_t end) {
                 for (std::int64_t i = begin; i < end; ++i) {
                   const double* factor = factors.data() + (bits.per == Per::row ? i : 0);
                   call(QuantizeSpan{columns, factor, bits.per == Per::column, codes.type}, i * ldx, i * codes.stride);
                 }
               });
}

}  // namespace

std::span<const QuantizeRow* const> quantize_rows() { return kRows; }

void quantize(std::int64_t rows, std::int64_t columns, const float* x, std::int64_t ldx, FractionBits fraction_bits,
              Rounding rounding, CodeRange range, Codes codes) {
  const QuantizeRow& row = active_row(quantize_rows());
  const auto lowest = static_cast<double>(range.lowest), highest = static_cast<double>(range.highest);
  for_each_span(rows, columns, ldx, fraction_bits, 1, codes, [&](const QuantizeSpan& span, auto from, auto to) {
    row.quantize(span, x + from, rounding, lowest, highest,
                 static_cast<std::byte*>(codes.data) + to * code_bytes(codes.type));
  });
}

void fake_quantize(std::int64_t n, const float* x, int fraction_bits, Rounding rounding, CodeRange range, float* y) {
  const QuantizeRow& row = active_row(quantize_rows());
  const double factor = power_of_two(fraction_bits);
  parallel_for(n, kGrain, [&](std::int64_t begin, std::int64_t end) {
    row.fake_quantize(end - begin, x + begin, factor, rounding, static_cast<double>(range.lowest),
                      static_cast<double>(range.highest), y + begin);
  });
}

void fake_quantize_rows(std::int64_t rows, std::int64_t columns, const float* x, const int* fraction_bits,
                        Rounding rounding, CodeRange range, float* y) {
  const QuantizeRow& row = active_row(quantize_rows());
  parallel_for(rows, std::max<std::int64_t>(1, kGrain / std::max<std::int64_t>(columns, 1)),
               [&](std::int64_t begin, std::int64_t end) {
                 for (std::int64_t i = begin; i < end; ++i) {
                   row.fake_quantize(columns, x + i * columns, power_of_two(fraction_bits[i]), rounding,
                                     static_cast<double>(range.lowest), static_cast<double>(range.highest),
                                     y + i * columns);
                 }
               });
}

void dequantize(std::int64_t rows, std::int64_t columns, Codes codes, FractionBits fraction_bits, float* x,
                std::int64_t ldx) {
  const QuantizeRow& row = active_row(quantize_rows());
  for_each_span(rows, columns, ldx, fraction_bits, -1, codes, [&](const QuantizeSpan& span, auto to, auto from) {
    row.dequantize(span, static_cast<const std::byte*>(codes.data) + from * code_bytes(codes.type), x + to);
  });
}

}  // namespace ingot::engine::kernels
