// Normative: each code by itself.
#include "engine/kernels/quantize/table.h"

namespace ingot::engine::kernels {
namespace {

template <class Visit>
void with_codes(CodeType type, void* codes, const Visit& visit) {
  switch (type) {
    case CodeType::s8:
      return visit(static_cast<std::int8_t*>(codes));
    case CodeType::u8:
      return visit(static_cast<std::uint8_t*>(codes));
    case CodeType::s16:
      return visit(static_cast<std::int16_t*>(codes));
    case CodeType::s32:
      return visit(static_cast<std::int32_t*>(codes));
  }
}

void quantize(const QuantizeSpan& span, const float* x, Rounding rounding, double lowest, double highest, void* codes) {
  const CodeRange range{static_cast<std::int64_t>(lowest), static_cast<std::int64_t>(highest)};
  with_codes(span.type, codes, [&]<class Code>(Code* to) {
    for (std::int64_t i = 0; i < span.n; ++i) {
      const int fraction_bits = std::ilogb(span.factors[span.factor_each ? i : 0]);
      to[i] = static_cast<Code>(fixed_code(x[i], fraction_bits, rounding, range));
    }
  });
}

void fake_quantize(std::int64_t n, const float* x, double factor, Rounding rounding, double lowest, double highest,
                   float* y) {
  const CodeRange range{static_cast<std::int64_t>(lowest), static_cast<std::int64_t>(highest)};
  const int fraction_bits = std::ilogb(factor);
  for (std::int64_t i = 0; i < n; ++i) {
    y[i] = std::isnan(x[i]) ? x[i] : fixed_value(fixed_code(x[i], fraction_bits, rounding, range), fraction_bits);
  }
}

void dequantize(const QuantizeSpan& span, const void* codes, float* x) {
  with_codes(span.type, const_cast<void*>(codes), [&](const auto* from) {
    for (std::int64_t i = 0; i < span.n; ++i)
      x[i] = fixed_value(from[i], -std::ilogb(span.factors[span.factor_each ? i : 0]));
  });
}

}  // namespace

extern const QuantizeRow kQuantizeReference{
    .isa = Isa::reference, .quantize = quantize, .fake_quantize = fake_quantize, .dequantize = dequantize};

}  // namespace ingot::engine::kernels
