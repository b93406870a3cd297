#include "pipeline/searches/format_space.h"

#include <fmt/format.h>

#include <algorithm>

#include "compress/quantize/plan.h"
#include "engine/base/error.h"
#include "engine/base/named.h"
#include "pipeline/searches/options.h"

namespace ingot::pipeline {

using engine::require;
using search::Choice;
using search::Distribution;

namespace {

std::vector<Choice> numbers(std::initializer_list<std::int64_t> values) { return {values.begin(), values.end()}; }

FormatAxis words(const std::string& name, std::initializer_list<const char*> values, bool has_order) {
  FormatAxis axis{.name = name, .items = {}, .has_order = has_order};
  for (const char* value : values) axis.items.emplace_back(std::string(value));
  return axis;
}

// Width and exponent width together: not all exponents fit all widths.
FormatAxis elements(std::initializer_list<const char*> narrow_to_wide) {
  return words("element", narrow_to_wide, true);
}

// One line a format: what of it is worth trying on weights and activations of a BERT, from the fewest bits on that it
// has, so that a search within a bound of bits finds all formats there.
std::vector<FormatSpace> known_spaces() {
  return {
      {"minifloat",
       "minifloat({element},calibrated)",
       {elements({"3,e2", "4,e2", "4,e3", "6,e2", "6,e3", "8,e3", "8,e4"})}},
      {"minifloat_denorm",
       "minifloat_denorm({element},calibrated)",
       {elements({"3,e1", "4,e2", "6,e2", "6,e3", "8,e3", "8,e4"})}},
      {"block_fp",
       "block_fp({width},e8,[1,{block}])",
       {{"width", numbers({2, 3, 4, 6, 8})}, {"block", numbers({16, 32, 64})}}},
      {"block_minifloat",
       "block_minifloat({element},e8,[1,{block}])",
       {elements({"3,e2", "4,e2", "6,e2", "6,e3", "8,e2", "8,e3"}), {"block", numbers({16, 32})}}},
      {"block_log",
       "block_log({width},e8,[1,{block}])",
       {{"width", numbers({3, 4, 6, 8})}, {"block", numbers({16, 32})}}},
      {"log", "log({width},calibrated)", {{"width", numbers({3, 4, 5, 6, 8})}}},
      {"binary", "binary({scale})", {words("scale", {"tensor", "channel"}, false)}},
      {"binary_residual", "binary_residual({levels})", {{"levels", numbers({1, 2, 3, 4})}}},
      {"ternary",
       "ternary({scale},t{threshold})",
       {words("scale", {"tensor", "channel"}, false), {"threshold", {0.5, 0.75, 1.0}}}},
      {"mx", "mx({element})", {words("element", {"int8", "fp8_e4m3", "fp6_e2m3", "fp6_e3m2", "fp4_e2m1"}, false)}},
  };
}

FormatSpace fixed_space(const std::string& widths, const std::string& fracs) {
  FormatSpace space{"fixed", "fixed({width},{frac})", {{"width", {}}, {"frac", {}}}};
  for (const std::int64_t width : integers_of("--widths", widths, 1, 32)) space.axes[0].items.emplace_back(width);
  for (const std::string& frac : items_of("--fracs", fracs)) {
    if (frac == "calibrated" || frac == "half") {
      space.axes[1].items.emplace_back(frac);
      space.axes[1].has_order = false;
    } else {
      space.axes[1].items.emplace_back(integers_of("--fracs", frac, -95, 126)[0]);
    }
  }
  return space;
}

std::string text_of(const Choice& choice) {
  const auto* word = std::get_if<std::string>(&choice);
  return word != nullptr ? *word : search::to_string(choice);
}

std::string filled(std::string notation, const std::string& axis, const Choice& choice) {
  const std::string place = "{" + axis + "}";
  return notation.replace(notation.find(place), place.size(), text_of(choice));
}

// Every combination is a format.
void check(const FormatSpace& space) {
  std::vector<std::string> texts{space.notation};
  for (const FormatAxis& axis : space.axes) {
    std::vector<std::string> longer;
    for (const std::string& text : texts) {
      for (const Choice& item : axis.items) longer.push_back(filled(text, axis.name, item));
    }
    texts = std::move(longer);
  }
  for (const std::string& text : texts) compress::parse_request(text);
}

Distribution distribution_of(const FormatAxis& axis) {
  return axis.has_order ? Distribution::ordinal(axis.items) : Distribution::categorical(axis.items);
}

}  // namespace

std::vector<FormatSpace> format_spaces(const std::string& formats, const std::string& widths,
                                       const std::string& fracs) {
  std::vector<FormatSpace> known = known_spaces();
  known.insert(known.begin(), fixed_space(widths, fracs));
  std::vector<FormatSpace> spaces;
  for (const std::string& name : items_of("--formats", formats)) {
    const FormatSpace& found = engine::row_named(known, name, "--formats: must be of {}, got '{}'");
    check(found);
    spaces.push_back(found);
  }
  return spaces;
}

std::vector<SearchedTensor> searched_tensors(bert::Model& model, bool embeddings) {
  std::vector<SearchedTensor> tensors;
  const auto add = [&](const std::string& layer, bool is_table) {
    std::string name = layer;
    for (const std::string_view part : {"bert.", "encoder."}) {
      if (name.starts_with(part)) name = name.substr(part.size());
    }
    tensors.push_back({layer, name, is_table});
  };
  for (const auto& [name, linear] : model.linears()) add(name, false);
  if (!embeddings) return tensors;
  for (const auto& [name, table] : model.tables()) add(name, true);
  return tensors;
}

std::string pick_format(const SearchedTensor& tensor, const std::vector<FormatSpace>& spaces, const Pick& pick) {
  const FormatSpace* space = &spaces[0];
  std::string prefix = tensor.name + ".";
  if (spaces.size() > 1) {
    std::vector<Choice> names;
    for (const FormatSpace& s : spaces) names.emplace_back(s.name);
    space = &spaces[static_cast<std::size_t>(pick(prefix + "format", Distribution::categorical(names)))];
    prefix += space->name + ".";
  }
  std::string text = space->notation;
  for (const FormatAxis& axis : space->axes) {
    const std::size_t i =
        axis.items.size() == 1 ? 0 : static_cast<std::size_t>(pick(prefix + axis.name, distribution_of(axis)));
    text = filled(text, axis.name, axis.items[i]);
  }
  return text;
}

std::vector<std::pair<std::string, std::vector<Choice>>> grid_of(const std::vector<SearchedTensor>& tensors,
                                                                 const std::vector<FormatSpace>& spaces) {
  require(spaces.size() == 1, "--sampler grid: lists every combination, which several --formats have too many of");
  std::vector<std::pair<std::string, std::vector<Choice>>> grid;
  for (const SearchedTensor& tensor : tensors) {
    for (const FormatAxis& axis : spaces[0].axes) {
      if (axis.items.size() > 1) grid.emplace_back(tensor.name + "." + axis.name, axis.items);
    }
  }
  return grid;
}

}  // namespace ingot::pipeline
