// What the file of a format provides: one FormatKind, which list.cc names. Parser, printer, help, tests and benches
// read these rows and know no format by name.
#pragma once

#include <span>
#include <vector>

#include "compress/formats/float_grid.h"
#include "compress/formats/format.h"

namespace ingot::compress {

struct ParameterRule {
  enum class Type { integer, number, word, block };

  const char* name;
  const char* prefix = "";  // letter in front of the number: e4
  Type type = Type::integer;
  double lowest = 0, highest = 0;                    // of numbers
  std::span<const char* const> words = {};           // of a word; the first is the default
  double (*default_value)(const Format&) = nullptr;  // of a number, given the parameters before it; none: required
  const char* default_block = "";                    // "": required
  bool always_printed = false;                       // else left out where it is the default
};

// What one call of quantize() is given.
struct QuantizeCall {
  const Format& format;
  const engine::Shape& shape;
  std::int64_t n;
  const float* x;
  float* y;
  const QuantizeOptions& options;
};

// Formats in which every block has a grid of its own, which its largest |x| > 0 decides.
struct BlockGrids {
  BlockSize (*size)(const Format& format);
  int (*element_bits)(const Format& format);  // of the place in the grid and a sign
  FloatGrid (*grid)(const Format& format, double largest);
};

struct FixedPoint;  // fixed.h

struct FormatKind {
  const char* name;
  const char* summary;
  const char* example;  // for help, tests and benches
  std::span<const ParameterRule> rules;
  void (*quantize)(const QuantizeCall& call);
  ValueRange (*range)(const Format& format);
  double (*bits)(const Format& format, const engine::Shape& shape);
  // What the rules cannot say about legal parameters; throws Error.
  void (*check)(const Format& format) = nullptr;
  // Why a format has no mase mode, as the end of a sentence; "" if it has one.
  const char* (*mase_gap)(const Format& format) = nullptr;
  // Formats in which the number for an element depends on that element alone: all numbers, ascending.
  std::vector<float> (*values)(const Format& format, Mode mode) = nullptr;
  // Whether it holds for these parameters, if it does not hold for all.
  bool (*is_elementwise)(const Format& format) = nullptr;
  // The code of a representable number.
  std::int64_t (*code)(const Format& format, float value) = nullptr;
  // Formats whose numbers are codes times a power of two (fixed.h).
  FixedPoint (*fixed)(const Format& format) = nullptr;
  // The straight-through gradient is always 0 outside of the range.
  bool always_clips = false;
  // What its tensors are made of where `values` does not list it: numbers of blocks' grids, or the scale of the group
  // (the parameter "scale") times one of these.
  const BlockGrids* blocks = nullptr;
  std::span<const float> signs = {};
};

// All formats. Add one here.
std::span<const FormatKind* const> format_kinds();
std::string notation(const FormatKind& kind);  // "minifloat(WIDTH,eEXPONENT_WIDTH[,bEXPONENT_BIAS])"

// Throws "FORMAT: width must be between 1 and 32, got 0" unless the value is in the range.
void require_within(const Format& format, const char* parameter, double lowest, double highest, double value);

// For mase_gap.
inline const char* no_gap(const Format&) { return ""; }

}  // namespace ingot::compress
