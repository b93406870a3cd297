// Number formats. A Format is a name and its parameters, written the same way everywhere: fixed(8,4),
// minifloat(8,e4,b7), block_fp(8,e8,[1,16]). Quantising gives, as float32, the numbers that the format can hold ("fake
// quantisation").
//
// Two modes. Standard: the representable number nearest to x, of two equally near ones that with the even code,
// saturating at both ends. mase: what MASE (DeepWok Lab, on PyTorch) computes, its quirks included, bit for bit.
//
// Infinities saturate. NaN stays NaN, so that a training run that diverges shows it. In
// standard mode 0 is always +0.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/tensor/shape.h"

namespace ingot::compress {

struct FormatKind;  // formats/kind.h

// How a tensor is cut into blocks that share an exponent or a bias: sizes aligned to the last dimensions. A missing
// leading size, -1, and a size above the dimension mean the whole dimension; the ragged end is a smaller block.
struct BlockSize {
  std::array<std::int64_t, engine::Shape::kMaxRank> sizes{};
  int rank = 0;

  friend bool operator==(const BlockSize&, const BlockSize&) = default;
};

// Immutable; made by parse(). Parameters are numbers, or for words their place in the list of legal ones.
class Format {
 public:
  static constexpr int kMaxParameters = 4;

  const FormatKind& kind() const { return *kind_; }
  std::string_view name() const;
  double operator[](int parameter) const { return values_[static_cast<std::size_t>(parameter)]; }
  int integer(int parameter) const { return static_cast<int>((*this)[parameter]); }
  // The parameter of that name, as in "width". Throws Error if the format has none.
  double parameter(std::string_view name) const;
  const BlockSize& block() const { return block_; }

  friend bool operator==(const Format&, const Format&) = default;

 private:
  friend class FormatReader;
  const FormatKind* kind_ = nullptr;
  std::array<double, kMaxParameters> values_{};
  BlockSize block_;
};

// Omitted parameters take their defaults; spaces are ignored. Throws Error naming the parameter, its legal range and
// the value for anything that is not a format.
Format parse_format(std::string_view text);
std::string to_string(const Format& format);  // parse_format(to_string(f)) == f

std::vector<std::string> format_names();

enum class Mode { standard, mase };
Mode parse_mode(std::string_view text);

// Throws Error unless the format has that mode.
void check_mode(const Format& format, Mode mode);

struct QuantizeOptions {
  Mode mode = Mode::standard;
  // The outermost dimension counts examples: no block and no scale reaches over more than one of them.
  bool is_batch = false;
  // Stochastic formats: element i takes draw i of Rng(seed, stream).
  std::uint64_t seed = 0, stream = 0;
};

// y = the representable numbers for x, row-major; y may be x. Uses all threads; the same bits with any number of them.
// Throws Error if the format has no mase mode and that is asked for.
void quantize(const Format& format, const engine::Shape& shape, std::span<const float> x, std::span<float> y,
              const QuantizeOptions& options = {});

// The smallest and the largest number that the format can hold; infinite where a scale taken from the data decides.
struct ValueRange {
  double lowest, highest;
};
ValueRange value_range(const Format& format);

// Whether the number for an element depends on that element alone.
bool is_elementwise(const Format& format);

// Whether rounding draws random numbers.
bool is_stochastic(const Format& format);

// All numbers of an elementwise format with at most 16 bits, ascending; Error for other formats.
std::vector<float> representable_values(const Format& format, Mode mode = Mode::standard);

// The codes of the quantised x, for formats that have integer codes (has_codes): two's complement for fixed, unsigned
// numbers made of sign, exponent and mantissa fields for the others. Standard mode; Error for NaN.
bool has_codes(const Format& format);
std::vector<std::int64_t> codes(const Format& format, std::span<const float> x);

// Average bits of storage of one element of a tensor, with its share of exponents, biases and scales.
double bits_per_value(const Format& format, const engine::Shape& shape);

}  // namespace ingot::compress
