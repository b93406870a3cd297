#include "engine/kernels/integer_rows/integer_rows.h"

#include <utility>

#include "engine/kernels/dispatch.h"
#include "engine/kernels/integer_rows/table.h"

namespace ingot::engine::kernels {
namespace {

constexpr const IntegerRowsRow* kRows[] = {
#if defined(__x86_64__)
    &kIntegerRowsAvx512,
    &kIntegerRowsAvx2,
#endif
    &kIntegerRowsReference,
};

}  // namespace

std::span<const IntegerRowsRow* const> integer_rows_rows() { return kRows; }

void add_codes(std::int64_t n, const Addend& a, const Addend& b, CodeType type, void* y) {
  active_row(integer_rows_rows()).add(n, a, b, type, y);
}

CodeTable::CodeTable(CodeType from, int width, CodeType to, std::vector<std::int32_t> values)
    : from_(from), to_(to), mask_((1u << width) - 1), values_(std::move(values)) {
  if (code_bytes(from) != 1 || code_bytes(to) != 1) return;
  for (std::uint32_t byte = 0; byte < 256; ++byte) words_.push_back(static_cast<std::int16_t>(values_[byte & mask_]));
}

void CodeTable::look_up(std::int64_t n, const void* x, void* y) const {
  if (!words_.empty())
    return active_row(integer_rows_rows())
        .look_up_bytes(n, static_cast<const std::uint8_t*>(x), words_.data(), static_cast<std::uint8_t*>(y));
  for (std::int64_t i = 0; i < n; ++i)
    store_code(to_, y, i, values_[static_cast<std::uint32_t>(load_code(from_, x, i)) & mask_]);
}

}  // namespace ingot::engine::kernels
