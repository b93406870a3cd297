#include "engine/base/rng.h"
#include "engine/kernels/dropout/table.h"

namespace ingot::engine::kernels {
namespace {

// use(column, multiplier) for the columns of one row, each once.
template <class Use>
void for_multipliers(const DropoutMask& mask, std::int64_t row, std::int64_t n_columns, const Use& use) {
  for (std::int64_t first = 0; first < n_columns; first += 128) {
    for (std::int64_t lane = 0; lane < 16 && first + lane < n_columns; ++lane) {
      const PhiloxBlock words =
          philox({static_cast<std::uint32_t>(first / 8 + lane), static_cast<std::uint32_t>(row),
                  static_cast<std::uint32_t>(mask.stream), static_cast<std::uint32_t>(mask.stream >> 32)},
                 mask.seed);
      for (std::int64_t s = 0; s < 8 && first + 16 * s + lane < n_columns; ++s) {
        const std::uint32_t bits = words[static_cast<std::size_t>(s / 2)] >> (16 * (s % 2)) & 0xffffu;
        use(first + 16 * s + lane, bits >= mask.threshold ? mask.scale : 0);
      }
    }
  }
}

void multiply(const DropoutMask& mask, std::int64_t first_row, std::int64_t n_rows, std::int64_t n_columns,
              const float* x, float* y) {
  for (std::int64_t r = 0; r < n_rows; ++r, x += n_columns, y += n_columns) {
    for_multipliers(mask, first_row + r, n_columns,
                    [&](std::int64_t column, float multiplier) { y[column] = x[column] * multiplier; });
  }
}

void multipliers(const DropoutMask& mask, std::int64_t row, std::int64_t n_columns, float* y) {
  for_multipliers(mask, row, n_columns, [&](std::int64_t column, float multiplier) { y[column] = multiplier; });
}

}  // namespace

extern const DropoutRow kDropoutReference{.isa = Isa::reference, .multiply = multiply, .multipliers = multipliers};

}  // namespace ingot::engine::kernels
