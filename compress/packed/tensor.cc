#include "compress/packed/tensor.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>

#include "compress/formats/blocks.h"
#include "compress/formats/fixed.h"
#include "compress/formats/kind.h"
#include "compress/formats/minifloat.h"
#include "compress/formats/scales.h"
#include "compress/packed/codes.h"
#include "engine/base/error.h"

namespace ingot::compress {
namespace {

using engine::require;
using engine::Shape;
using Values = std::span<const float>;

constexpr std::size_t kMaxListed = 256;  // different numbers that are stored
constexpr int kMaxListedBits = 16;       // of a format whose numbers are listed

// Codes 0 .. count - 1 of the elements of one tensor.
struct Coder {
  std::uint64_t count;
  std::function<std::uint32_t(std::size_t, float)> code;  // of element i; count if it has none
  std::function<float(std::size_t, std::uint32_t)> value;
};

std::size_t size_of(const Shape& shape) { return static_cast<std::size_t>(shape.size()); }

// ---- fixed point

// Codes of the numbers -u, (0,) u.
Coder sign_code_coder(CodeSet set, const std::vector<int>& frac_bits, std::size_t run) {
  const std::vector<std::int32_t> codes = set == CodeSet::binary ? std::vector{-1, 1} : std::vector{-1, 0, 1};
  return {codes.size(),
          [=](std::size_t i, float v) {
            const auto code = engine::fixed_code(v, frac_bits[i / run], engine::Rounding::nearest_even, {-1, 1});
            return static_cast<std::uint32_t>(std::find(codes.begin(), codes.end(), code) - codes.begin());
          },
          [=](std::size_t i, std::uint32_t code) { return engine::fixed_value(codes[code], frac_bits[i / run]); }};
}

Coder fixed_coder(const Quantizer& quantizer, const Shape& shape) {
  const FixedPoint fixed = *as_fixed(quantizer.format);
  std::vector<int> frac_bits = quantizer.channel_frac_bits;
  if (frac_bits.empty()) frac_bits = {fixed.frac_bits};
  const std::size_t run = std::max<std::size_t>(1, size_of(shape) / frac_bits.size());
  if (fixed.set != CodeSet::all) return sign_code_coder(fixed.set, frac_bits, run);
  const std::uint64_t count = std::uint64_t{1} << fixed.width;
  return {count,
          [=](std::size_t i, float v) {
            const auto code = engine::fixed_code(v, frac_bits[i / run], engine::Rounding::nearest_even, fixed.codes());
            return static_cast<std::uint32_t>(static_cast<std::uint64_t>(code) & (count - 1));
          },
          [=](std::size_t i, std::uint32_t code) {
            const bool negative = code > fixed.codes().highest;
            return engine::fixed_value(std::int64_t{code} - (negative ? static_cast<std::int64_t>(count) : 0),
                                       frac_bits[i / run]);
          }};
}

// ---- numbers in a list

Coder listed_coder(std::vector<float> list) {
  const std::uint64_t count = list.size();
  return {count,
          [list, count](std::size_t, float v) {
            const auto at = std::lower_bound(list.begin(), list.end(), v);
            return static_cast<std::uint32_t>(at != list.end() && *at == v ? at - list.begin() : count);
          },
          [list](std::size_t, std::uint32_t code) { return list[code]; }};
}

std::vector<float> different(Values values) {
  std::vector<float> list(values.begin(), values.end());
  std::sort(list.begin(), list.end());
  list.erase(std::unique(list.begin(), list.end()), list.end());
  return list;
}

// ---- signs with scales

Groups groups_of(const Format& format, const Shape& shape) {
  return compress::groups_of(shape, static_cast<Scale>(static_cast<int>(format.parameter("scale"))), false);
}

std::vector<float> scales_of(Groups groups, Values values) {
  std::vector<float> scales(static_cast<std::size_t>(groups.count), 0.0f);
  for (std::size_t i = 0; i < values.size(); ++i) {
    float& scale = scales[i / static_cast<std::size_t>(groups.size)];
    scale = std::max(scale, std::fabs(values[i]));
  }
  return scales;
}

Coder sign_coder(const FormatKind& kind, Groups groups, const std::vector<float>& scales, bool sparse) {
  std::vector<float> signs(kind.signs.begin(), kind.signs.end());
  if (sparse) std::erase(signs, 0.0f);
  const auto size = static_cast<std::size_t>(std::max<std::int64_t>(1, groups.size));
  const auto value = [signs, scales, size](std::size_t i, std::uint32_t code) {
    return signs[code] * scales[i / size];
  };
  const std::uint64_t count = signs.size();
  return {count,
          [value, count](std::size_t i, float v) {
            std::uint32_t code = 0;
            while (code < count && value(i, code) != v) ++code;
            return code;
          },
          value};
}

// ---- blocks

// Of each element, the index of its block.
std::vector<std::uint32_t> block_indices(const Format& format, const Shape& shape) {
  std::vector<std::uint32_t> indices(size_of(shape));
  const Blocks blocks(shape, format.kind().blocks->size(format), false);
  for_each_block(blocks, [&](std::int64_t index, const Block& block) {
    block.for_each_run([&](std::int64_t begin) {
      std::fill_n(indices.begin() + begin, block.length, static_cast<std::uint32_t>(index));
    });
  });
  return indices;
}

std::size_t n_blocks(const Format& format, const Shape& shape) {
  return static_cast<std::size_t>(Blocks(shape, format.kind().blocks->size(format), false).count());
}

FloatGrid lowest_grid(const Format& format) {
  return format.kind().blocks->grid(format, static_cast<double>(std::numeric_limits<float>::denorm_min()));
}

// The largest number of a quantised block names a grid that holds them all.
std::vector<std::uint8_t> exponents_of(const Format& format, const Shape& shape, Values values) {
  std::vector<std::uint8_t> exponents(n_blocks(format, shape), 0);
  const Blocks blocks(shape, format.kind().blocks->size(format), false);
  const int lowest = lowest_grid(format).lowest_exponent;
  for_each_block(blocks, [&](std::int64_t index, const Block& block) {
    const auto largest = static_cast<double>(maximum(block, values.data()));
    if (!(largest > 0)) return;
    exponents[static_cast<std::size_t>(index)] =
        static_cast<std::uint8_t>(format.kind().blocks->grid(format, largest).lowest_exponent - lowest);
  });
  return exponents;
}

Coder block_coder(const Format& format, const Shape& shape, const std::vector<std::uint8_t>& exponents) {
  const int bits = format.kind().blocks->element_bits(format);
  const FloatGrid lowest = lowest_grid(format);
  const auto grid_at = [indices = block_indices(format, shape), exponents, lowest](std::size_t i) {
    return FloatGrid{lowest.mantissa_bits, lowest.lowest_exponent + exponents[indices[i]], HUGE_VAL};
  };
  const std::uint64_t count = std::uint64_t{1} << bits;
  return {count,
          [=](std::size_t i, float v) {
            const std::int64_t code = place(grid_at(i), std::fabs(static_cast<double>(v)));
            return static_cast<std::uint32_t>(code >= static_cast<std::int64_t>(count / 2)
                                                  ? static_cast<std::int64_t>(count)
                                                  : signed_code(code, v, bits));
          },
          [=](std::size_t i, std::uint32_t code) {
            const auto magnitude = magnitude_at(grid_at(i), code & (count / 2 - 1));
            return static_cast<float>(code >= count / 2 ? -magnitude : magnitude);
          }};
}

// ---- which of them

enum class Form { floats, fixed, listed, signs, blocks, palette };

bool is_listed(const Format& format) {
  return is_elementwise(format) && bits_per_value(format, Shape{1}) <= kMaxListedBits;
}

Form form_of(const std::optional<Quantizer>& quantizer) {
  if (!quantizer) return Form::floats;
  if (as_fixed(quantizer->format)) return Form::fixed;
  if (is_listed(quantizer->format)) return Form::listed;
  if (!quantizer->format.kind().signs.empty()) return Form::signs;
  return quantizer->format.kind().blocks != nullptr ? Form::blocks : Form::palette;
}

// What goes beside the codes.
PackedTensor beside_codes(const std::string& subject, Form form, const std::optional<Quantizer>& quantizer,
                          const Shape& shape, Values values) {
  PackedTensor packed;
  if (form == Form::signs) packed.floats = scales_of(groups_of(quantizer->format, shape), values);
  if (form == Form::blocks) packed.exponents = exponents_of(quantizer->format, shape, values);
  if (form != Form::palette) return packed;
  packed.floats = different(values);
  require(
      packed.floats.size() <= kMaxListed,
      "{}: {} cannot be packed: a tensor may have at most {} different numbers, this one has {}; formats of at most "
      "{} bits, fixed and block formats can",
      subject, to_string(quantizer->format), kMaxListed, packed.floats.size(), kMaxListedBits);
  return packed;
}

Coder coder_of(Form form, const Quantizer& quantizer, const Shape& shape, const PackedTensor& beside, bool sparse) {
  const Format& format = quantizer.format;
  switch (form) {
    case Form::fixed:
      return fixed_coder(quantizer, shape);
    case Form::listed:
      return listed_coder(representable_values(format, quantizer.mode));
    case Form::signs:
      return sign_coder(format.kind(), groups_of(format, shape), beside.floats, sparse);
    case Form::blocks:
      return block_coder(format, shape, beside.exponents);
    default:
      return listed_coder(beside.floats);
  }
}

std::vector<std::uint8_t> mask_of(Values values) {
  std::vector<std::uint8_t> mask((values.size() + 7) / 8, 0);
  for (std::size_t i = 0; i < values.size(); ++i)
    if (values[i] != 0) mask[i / 8] = static_cast<std::uint8_t>(mask[i / 8] | 1 << i % 8);
  return mask;
}

// The indices of the elements that are stored.
std::vector<std::size_t> stored(std::size_t n, const std::vector<std::uint8_t>& mask) {
  std::vector<std::size_t> indices;
  for (std::size_t i = 0; i < n; ++i)
    if (mask.empty() || (mask[i / 8] >> i % 8 & 1) != 0) indices.push_back(i);
  return indices;
}

// Fails, with the element that has no code, where zeros have none: they must be left out then.
std::optional<PackedTensor> packed_in(const std::string& subject, Form form, const std::optional<Quantizer>& quantizer,
                                      const Shape& shape, Values values, bool sparse, std::size_t& failed) {
  PackedTensor packed = beside_codes(subject, form, quantizer, shape, values);
  if (sparse) packed.mask = mask_of(values);
  const std::vector<std::size_t> indices = stored(values.size(), packed.mask);
  if (form == Form::floats) {
    for (const std::size_t i : indices) packed.floats.push_back(values[i]);
    return packed;
  }
  const Coder coder = coder_of(form, *quantizer, shape, packed, sparse);
  std::vector<std::uint32_t> codes;
  for (const std::size_t i : indices) {
    codes.push_back(coder.code(i, values[i]));
    failed = i;
    if (codes.back() >= coder.count || coder.value(i, codes.back()) != values[i]) return {};
  }
  packed.codes = pack_codes(codes, coder.count);
  return packed;
}

void require_size(const std::string& subject, const char* part, std::size_t size, std::size_t expected) {
  require(size == expected, "{}: {} {} expected, got {}", subject, expected, part, size);
}

// That what is beside the codes can be what beside_codes makes.
void check_beside(const std::string& subject, Form form, const std::optional<Quantizer>& quantizer, const Shape& shape,
                  const PackedTensor& packed, std::size_t n_stored) {
  const std::size_t n_floats = form == Form::floats ? n_stored
                               : form == Form::signs
                                   ? static_cast<std::size_t>(groups_of(quantizer->format, shape).count)
                               : form == Form::palette ? std::min(packed.floats.size(), kMaxListed)
                                                       : 0;
  require_size(subject, "floats", packed.floats.size(), n_floats);
  require_size(subject, "exponents", packed.exponents.size(),
               form == Form::blocks ? n_blocks(quantizer->format, shape) : 0);
  if (form == Form::floats) require_size(subject, "bytes of codes", packed.codes.size(), 0);
  require(std::all_of(packed.floats.begin(), packed.floats.end(), [](float v) { return std::isfinite(v); }),
          "{}: floats must be finite", subject);
  require(form != Form::palette ||
              (!packed.floats.empty() && std::adjacent_find(packed.floats.begin(), packed.floats.end(),
                                                            std::greater_equal<>()) == packed.floats.end()),
          "{}: the numbers must ascend", subject);
}

}  // namespace

PackedTensor pack_tensor(const std::string& subject, const std::optional<Quantizer>& quantizer, const Shape& shape,
                         Values values) {
  const Form form = form_of(quantizer);
  std::size_t failed = 0;
  std::optional<PackedTensor> dense = packed_in(subject, form, quantizer, shape, values, false, failed), sparse;
  if (std::find(values.begin(), values.end(), 0.0f) != values.end())
    sparse = packed_in(subject, form, quantizer, shape, values, true, failed);
  require(dense || sparse, "{}: element {} is {}, which is not a number of {} and cannot be packed", subject, failed,
          values[failed], quantizer ? to_string(quantizer->format) : "float32");
  return !dense || (sparse && sparse->bytes() < dense->bytes()) ? *std::move(sparse) : *std::move(dense);
}

void unpack_tensor(const std::string& subject, const std::optional<Quantizer>& quantizer, const Shape& shape,
                   const PackedTensor& packed, std::span<float> values) {
  const Form form = form_of(quantizer);
  const std::size_t n = size_of(shape);
  const bool sparse = !packed.mask.empty();
  if (sparse) {
    require_size(subject, "bytes of mask", packed.mask.size(), (n + 7) / 8);
    require(n % 8 == 0 || packed.mask.back() >> n % 8 == 0, "{}: the bits after the last element's must be 0", subject);
  }
  const auto is_stored = [&](std::size_t i) { return !sparse || (packed.mask[i / 8] >> i % 8 & 1) != 0; };
  const std::size_t n_stored =
      !sparse ? n
              : std::accumulate(packed.mask.begin(), packed.mask.end(), std::size_t{0}, [](std::size_t sum, auto byte) {
                  return sum + static_cast<std::size_t>(std::popcount(byte));
                });
  check_beside(subject, form, quantizer, shape, packed, n_stored);
  std::fill(values.begin(), values.end(), 0.0f);
  if (form == Form::floats) {
    std::size_t at = 0;
    for (std::size_t i = 0; i < n; ++i)
      if (is_stored(i)) values[i] = packed.floats[at++];
    return;
  }
  const Coder coder = coder_of(form, *quantizer, shape, packed, sparse);
  CodeReader codes(subject, packed.codes, n_stored, coder.count);
  for (std::size_t i = 0; i < n; ++i) {
    if (!is_stored(i)) continue;
    values[i] = coder.value(i, codes.next());
    require(std::isfinite(values[i]), "{}: values must be finite", subject);
  }
  codes.end();
}

}  // namespace ingot::compress
