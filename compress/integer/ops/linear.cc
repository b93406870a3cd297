#include "compress/integer/ops/linear.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdlib>

#include "compress/integer/model_weights.h"
#include "engine/base/error.h"
#include "engine/base/threads.h"

namespace ingot::compress {

extern const OperationKind kLinear;

namespace {

using engine::Json;
using engine::require;

constexpr int kMaxWeightWidth = 16;
constexpr std::string_view kProducts[] = {"multipliers", "shared_multipliers", "adders"};  // as the enumeration
constexpr std::int64_t kMaxSum = std::int64_t{1} << 62;

void check_linear(const std::string& where, const Layer& layer) {
  const Linear& linear = *layer.as<Linear>();
  require(linear.n == layer.n_out() && linear.k == layer.n_in(),
          "{}: is a Linear of {} inputs and {} outputs, not {} and {}", where, linear.k, linear.n, layer.n_in(),
          layer.n_out());
  const auto n = static_cast<std::size_t>(linear.n), k = static_cast<std::size_t>(linear.k);
  require(linear.weight_frac_bits.size() == n && linear.bias.size() == n && linear.weights.size() == n * k,
          "{}: {} outputs and {} inputs need as many fraction bits and biases and {} weights, got {}, {} and {}", where,
          n, k, n * k, linear.weight_frac_bits.size(), linear.bias.size(), linear.weights.size());
  require(linear.weight_width >= 1 && linear.weight_width <= kMaxWeightWidth,
          "{}: weights must have 1 to {} bits, got {}", where, kMaxWeightWidth, linear.weight_width);
  const engine::CodeRange range = engine::code_range(linear.weight_width, true);
  for (std::size_t i = 0; i < linear.weights.size(); ++i) {
    const std::int64_t w = linear.weights[i];
    require(w >= range.lowest && w <= range.highest, "{}: weight [{},{}] must be a code of {} bits, got {}", where,
            i / k, i % k, linear.weight_width, w);
  }
  for (const std::int64_t b : linear.bias)
    require(b > -kMaxSum && b < kMaxSum, "{}: a bias must be between -2^62 and 2^62, got {}", where, b);
  // Sums of products alone: at most 2^16 2^16 2^16.
  require(sum_bound(layer) < kMaxSum, "{}: its sums must stay below 2^62", where);
}

void write(const Layer& layer, Json& object) {
  const Linear& linear = *layer.as<Linear>();
  object.update({{"weight_width", linear.weight_width},
                 {"weight_frac_bits", linear.weight_frac_bits},
                 {"weights", linear.weights},
                 {"bias", linear.bias}});
  if (linear.products != Products::multipliers) object["products"] = kProducts[static_cast<int>(linear.products)];
}

std::any read(Fields& fields, const Layer& layer) {
  const std::int64_t n = layer.n_out(), k = layer.n_in();
  require(n * k <= kMaxWeights, "{} and inputs: {} x {} are too many weights", fields.place("outputs"), n, k);
  Linear linear{.n = n, .k = k, .weight_width = static_cast<int>(fields.integer("weight_width", 1, 32))};
  linear.weight_frac_bits = fields.integers<int>("weight_frac_bits", n, -95, 126);
  linear.weights = fields.integers<std::int32_t>("weights", n * k, INT32_MIN, INT32_MAX);
  linear.bias = fields.integers<std::int64_t>("bias", n, -kMaxSum, kMaxSum);
  const std::string products = fields.text_or("products", std::string(kProducts[0]));
  const auto found = std::find(std::begin(kProducts), std::end(kProducts), products);
  require(found != std::end(kProducts), "{} must be one of {}, got '{}'", fields.place("products"),
          fmt::join(kProducts, ", "), products);
  linear.products = static_cast<Products>(found - std::begin(kProducts));
  return linear;
}

std::any describe(const OperationKind&, Fields& fields, const Description& d) {
  require(fields.has("output"), "{} is missing", fields.place("output"));
  const std::int64_t k = d.input.size;
  Linear linear{.n = fields.integer("outputs", 1, kMaxRow), .k = k, .weight_width = 0};
  d.output.size = linear.n;
  d.weights.count(fields.place("outputs"), linear.n * k);
  const FixedPoint weight = fixed_in(fields, "weight"), bias = fixed_in(fields, "bias");
  require(weight.is_signed, "{}: must be signed, got {}", fields.place("weight"), to_string(weight));
  const int frac_bits = d.input.format.frac_bits + weight.frac_bits, left = frac_bits - bias.frac_bits;
  require(left >= 0 && left < 30, "{}: must have at most the {} fraction bits of the products, got {}",
          fields.place("bias"), frac_bits, to_string(bias));
  linear.weight_width = weight.width;
  linear.weight_frac_bits.assign(static_cast<std::size_t>(linear.n), weight.frac_bits);
  const double bound = 1 / std::sqrt(static_cast<double>(k));
  for (const std::int64_t code : d.weights.codes(d.name + ".weight", {linear.n, k}, bound, weight))
    linear.weights.push_back(static_cast<std::int32_t>(code));
  for (const std::int64_t code : d.weights.codes(d.name + ".bias", {linear.n}, bound, bias))
    linear.bias.push_back(code << left);
  return linear;
}

class Reference : public RowEvaluator {
 public:
  explicit Reference(const Layer& layer) : layer_(layer), linear_(*layer.as<Linear>()) {}

  Codes row(const Codes& x) override {
    const auto k = static_cast<std::size_t>(linear_.k), n = static_cast<std::size_t>(linear_.n), m = x.size() / k;
    Codes y(m * n);
    engine::parallel_for(static_cast<std::int64_t>(m), 16, [&](std::int64_t begin, std::int64_t end) {
      for (auto i = static_cast<std::size_t>(begin); i < static_cast<std::size_t>(end); ++i) {
        for (std::size_t j = 0; j < n; ++j) y[i * n + j] = output(&x[i * k], j);
      }
    });
    return y;
  }

 private:
  std::int32_t output(const std::int32_t* x, std::size_t j) const {
    const auto k = static_cast<std::size_t>(linear_.k);
    std::int64_t sum = linear_.bias[j];
    for (std::size_t p = 0; p < k; ++p) sum += std::int64_t{x[p]} * linear_.weights[j * k + p];
    return static_cast<std::int32_t>(engine::requantize(sum, shift(layer_, static_cast<std::int64_t>(j)),
                                                        *layer_.output().rounding, layer_.output().codes()));
  }

  Layer layer_;
  const Linear& linear_;
};

std::vector<Parameter> parameters_of(const Layer& layer) {
  const Linear& linear = *layer.as<Linear>();
  const auto [lowest, highest] = std::minmax_element(linear.weight_frac_bits.begin(), linear.weight_frac_bits.end());
  return {{.name = "weight",
           .shape = {linear.n, linear.k},
           .width = linear.weight_width,
           .lowest_frac_bits = *lowest,
           .highest_frac_bits = *highest,
           .n_zeros = std::count(linear.weights.begin(), linear.weights.end(), 0)},
          {.name = "bias", .shape = {linear.n}}};
}

}  // namespace

const OperationKind kLinear{
    .name = "linear",
    .check = check_linear,
    .write = write,
    .read = read,
    .describe = describe,
    .evaluator = [](const Layer& layer) -> std::unique_ptr<Evaluator> { return std::make_unique<Reference>(layer); },
    .kernel = fast_linear,
    .parameters = parameters_of};

std::int64_t sum_bound(const Linear& linear, const FixedPoint& input) {
  const engine::CodeRange range = input.codes();
  const std::int64_t largest = std::max(-range.lowest, range.highest);
  std::int64_t bound = 0;
  for (std::size_t j = 0; j < static_cast<std::size_t>(linear.n); ++j) {
    std::int64_t sum = 0;
    const auto k = static_cast<std::size_t>(linear.k);
    for (std::size_t p = 0; p < k; ++p) sum += std::abs(std::int64_t{linear.weights[j * k + p]});
    const std::int64_t bias = linear.bias.empty() ? 0 : std::abs(linear.bias[j]);
    bound = std::max(bound, bias + largest * sum);
  }
  return bound;
}

std::int64_t sum_bound(const Layer& linear) { return sum_bound(*linear.as<Linear>(), linear.input()); }

int signed_bits(std::int64_t bound) { return std::bit_width(static_cast<std::uint64_t>(bound)) + 1; }

int shift(const Layer& linear, std::int64_t channel) {
  const Linear& data = *linear.as<Linear>();
  return linear.input().frac_bits + data.weight_frac_bits[static_cast<std::size_t>(channel)] -
         linear.output().frac_bits;
}

}  // namespace ingot::compress
