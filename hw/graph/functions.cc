#include "hw/graph/functions.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "engine/base/error.h"

namespace ingot::hw {
namespace {

constexpr std::array kFunctions{
    Function{"relu", FunctionKind::relu},
    Function{"leaky_relu", FunctionKind::slope},
    Function{"rrelu", FunctionKind::slope},
    Function{"rrelu_lab", FunctionKind::random_lab},
    Function{"rrelu_uniform", FunctionKind::random_uniform},
    Function{"gelu", FunctionKind::table, engine::Activation::gelu},
    Function{"gelu_new", FunctionKind::table, engine::Activation::gelu_tanh},
    Function{"tanh", FunctionKind::table, engine::Activation::tanh},
};

}  // namespace

std::span<const Function> functions() { return kFunctions; }

const Function* find_function(std::string_view name) {
  const auto* const found =
      std::find_if(kFunctions.begin(), kFunctions.end(), [&](const Function& f) { return f.name == name; });
  return found == kFunctions.end() ? nullptr : found;
}

std::string function_names() {
  std::vector<std::string_view> names;
  for (const Function& f : kFunctions) names.push_back(f.name);
  return fmt::format("{}", fmt::join(names, ", "));
}

const Function& function(std::string_view name) {
  const Function* found = find_function(name);
  engine::require(found != nullptr, "there is no activation '{}' in hardware; there are {}", name, function_names());
  return *found;
}

std::vector<std::int32_t> make_table(engine::Activation f, const FixedPoint& input, const FixedPoint& output) {
  const std::int64_t n = std::int64_t{1} << input.width;
  std::vector<float> values;
  for (std::int64_t bits = 0; bits < n; ++bits) {
    const std::int64_t code = input.is_signed && bits >= n / 2 ? bits - n : bits;
    values.push_back(engine::fixed_value(code, input.frac_bits));
  }
  engine::kernels::activation_forward(f, n, values.data(), values.data());
  std::vector<std::int32_t> table;
  for (const float y : values)
    table.push_back(
        static_cast<std::int32_t>(engine::fixed_code(y, output.frac_bits, *output.rounding, output.codes())));
  return table;
}

}  // namespace ingot::hw
