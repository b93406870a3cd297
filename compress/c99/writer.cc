#include "compress/c99/writer.h"

#include <fmt/format.h>

#include <algorithm>

#include "compress/c99/functions.h"
#include "engine/base/error.h"

namespace ingot::compress {
namespace {

using engine::Rounding;

constexpr C99Type kBits8{"uint8_t", "u8", 1};

// Numbers in lines of about 120 columns.
std::string lines_of(std::span<const std::int64_t> values) {
  std::string text = " ";
  std::size_t begin = 0;
  for (const std::int64_t value : values) {
    const std::string word = fmt::format(" {},", value);
    if (text.size() - begin + word.size() > 120) {
      text += "\n ";
      begin = text.size() - 1;
    }
    text += word;
  }
  return text + "\n";
}

// How many bits each code takes: 1 for -1 and 1, else those of two's complement.
int bits_of(const std::vector<std::int32_t>& codes) {
  if (std::all_of(codes.begin(), codes.end(), [](std::int32_t code) { return code == 1 || code == -1; })) return 1;
  const auto [lowest, highest] = std::minmax_element(codes.begin(), codes.end());
  for (const int bits : {2, 4, 8}) {
    if (*lowest >= -(1 << (bits - 1)) && *highest < 1 << (bits - 1)) return bits;
  }
  return 16;
}

struct RoundingWords {
  const char *name, *meaning, *tiny, *tie;
};

RoundingWords words_of(Rounding rounding) {
  switch (rounding) {
    case Rounding::nearest_even:
      return {"even", "to the nearest, ties to even", "0", "(below & 1) != 0"};
    case Rounding::half_away:
      return {"away", "to the nearest, ties away from 0", "0", "x >= 0"};
    case Rounding::floor:
      return {"down", "down", "x < 0 ? -1 : 0", nullptr};
  }
  engine::fail("rounding: has no form in C");
}

std::string replaced(std::string text, const std::string& word, const std::string& by) {
  for (std::size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + by.size()))
    text.replace(at, word.size(), by);
  return text;
}

}  // namespace

C99Type c99_type(std::int64_t lowest, std::int64_t highest) {
  const auto within = [&](std::int64_t least, std::int64_t most) { return lowest >= least && highest <= most; };
  if (within(INT8_MIN, INT8_MAX)) return {"int8_t", "s8", 1};
  if (within(0, UINT8_MAX)) return kBits8;
  if (within(INT16_MIN, INT16_MAX)) return {"int16_t", "s16", 2};
  if (within(0, UINT16_MAX)) return {"uint16_t", "u16", 2};
  if (within(INT32_MIN, INT32_MAX)) return {"int32_t", "s32", 4};
  return {"int64_t", "s64", 8};
}

C99Type c99_type(const FixedPoint& format) { return c99_type(format.codes().lowest, format.codes().highest); }

C99Array C99Writer::constant(const std::string& name, const C99Type& type, std::span<const std::int64_t> values) {
  std::string content = lines_of(values);
  const auto known = by_content_.find(type.name + content);
  if (known != by_content_.end()) return known->second;
  constants_ += fmt::format("static const {} {}[{}] = {{\n{}}};\n", type.name, name, values.size(), content);
  constant_bytes_ += type.bytes * static_cast<std::int64_t>(values.size());
  return by_content_.emplace(type.name + content, C99Array{name, type}).first->second;
}

C99Array C99Writer::array(const std::string& name, std::span<const std::int64_t> values) {
  const auto [lowest, highest] = std::minmax_element(values.begin(), values.end());
  return constant(name, c99_type(*lowest, *highest), values);
}

C99Codes C99Writer::codes(const std::string& name, const std::vector<std::int32_t>& codes, std::int64_t columns) {
  const int bits = bits_of(codes);
  if (bits >= 8) {
    const C99Array made = array(name, codes);
    const std::string kind = made.type.short_name;
    return {made, function("code_" + kind, c99::kCodes, {{"$W", made.type.name}}), kind, columns};
  }
  const int in_byte = 8 / bits;
  const std::int64_t stride = (columns + in_byte - 1) / in_byte;
  std::vector<std::int64_t> bytes;
  for (std::size_t row = 0; row < codes.size(); row += static_cast<std::size_t>(columns)) {
    const std::size_t begin = bytes.size();
    bytes.resize(begin + static_cast<std::size_t>(stride));
    for (std::size_t i = 0; i < static_cast<std::size_t>(columns); ++i) {
      const std::int32_t code = codes[row + i];
      const std::int32_t stored = bits == 1 ? (code > 0 ? 1 : 0) : code & ((1 << bits) - 1);
      const auto per = static_cast<std::size_t>(in_byte);
      bytes[begin + i / per] |= std::int64_t{stored} << bits * static_cast<int>(i % per);
    }
  }
  const char* text = bits == 1 ? c99::kCodes1 : bits == 2 ? c99::kCodes2 : c99::kCodes4;
  const std::string kind = std::to_string(bits);
  return {constant(name, kBits8, bytes), function("code_" + kind, text), kind, stride};
}

std::string C99Writer::function(const std::string& name, const char* text, Words words) {
  if (!names_.insert(name).second) return name;
  words.emplace_back("$NAME", name);
  // Longer words first: $READ_A before $READ.
  std::sort(words.begin(), words.end(), [](const auto& a, const auto& b) { return a.first.size() > b.first.size(); });
  std::string made = text;
  for (const auto& [word, by] : words) made = replaced(std::move(made), word, by);
  functions_ += made;
  return name;
}

std::string C99Writer::rounding_function(C99Rounding what, Rounding rounding) {
  const RoundingWords words = words_of(rounding);
  const auto made = [&](const char* name, const char* text, const char* up, const std::string& shift = "") {
    return function(fmt::format("{}_{}", name, words.name), text,
                    {{"$SHIFT", shift},
                     {"$UP", words.tie == nullptr ? "" : replaced(up, "$TIE", words.tie)},
                     {"$ROUNDING", words.meaning},
                     {"$TINY", words.tiny}});
  };
  switch (what) {
    case C99Rounding::shift:
      function("shift_down", c99::kShiftDown);
      return made("round_shift", c99::kRoundShift, c99::kShiftUp);
    case C99Rounding::requantize:
      function("saturate", c99::kSaturate);
      return made("round_64", c99::kRequantize, "", rounding_function(C99Rounding::shift, rounding));
    case C99Rounding::requantize_short:
      return made("round_32", c99::kRequantizeShort, c99::kShortUp);
    case C99Rounding::divide:
      break;
  }
  function("saturate", c99::kSaturate);
  return made("divide", c99::kDivide, c99::kDivideUp);
}

}  // namespace ingot::compress
