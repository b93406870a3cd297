#include "engine/kernels/integer_rows/table.h"

namespace ingot::engine::kernels {
namespace {

void add(std::int64_t n, const Addend& a, const Addend& b, CodeType type, void* y) {
  for (std::int64_t i = 0; i < n; ++i)
    store_code(type, y, i,
               load_code(a.type, a.codes, i) * (1 << a.left) + load_code(b.type, b.codes, i) * (1 << b.left));
}

void look_up_bytes(std::int64_t n, const std::uint8_t* x, const std::int16_t* words, std::uint8_t* y) {
  for (std::int64_t i = 0; i < n; ++i) y[i] = static_cast<std::uint8_t>(words[x[i]]);
}

}  // namespace

extern const IntegerRowsRow kIntegerRowsReference{.isa = Isa::reference, .add = add, .look_up_bytes = look_up_bytes};

}  // namespace ingot::engine::kernels
