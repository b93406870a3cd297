// leaky_relu: x for x >= 0, else slope x; the slope is below 1 and a multiple of 2^-16.
#include <cmath>

#include "compress/integer/kernel.h"
#include "compress/integer/ops/slope.h"
#include "engine/base/error.h"

namespace ingot::compress {

extern const OperationKind kLeakyRelu;

namespace {

using engine::Json;
using engine::require;

std::any describe(const OperationKind&, Fields& fields, const Description&) {
  const Json& value = fields.value("slope");
  const double slope = value.is_number() ? value.get<double>() : -1.0;
  const double scaled = std::ldexp(slope, 16);
  require(slope >= 0 && slope < 1 && scaled == std::floor(scaled),
          "{}: must be a multiple of 2^-16 from 0 to below 1, got {}", fields.place("slope"), engine::shown(value));
  Slope found{static_cast<int>(scaled), 16};
  for (; found.frac_bits > 0 && found.slope % 2 == 0; --found.frac_bits) found.slope /= 2;
  return found;
}

class Sloped : public RowEvaluator {
 public:
  explicit Sloped(const Layer& layer) : slope_(*layer.as<Slope>()), output_(layer.output()) {}
  Codes row(const Codes& x) override {
    Codes y;
    for (const std::int32_t code : x)
      y.push_back(sloped(code, slope_.slope, slope_.frac_bits, output_, *output_.rounding));
    return y;
  }

 private:
  Slope slope_;
  FixedPoint output_;
};

}  // namespace

const OperationKind kLeakyRelu{.name = "leaky_relu",
                               .check = check_keeps_format,
                               .write = write_slope,
                               .read = read_slope,
                               .describe = describe,
                               .evaluator = slope_evaluator,
                               .kernel = table_kernel};

std::int32_t sloped(std::int32_t x, std::int64_t slope, int frac_bits, const FixedPoint& output,
                    engine::Rounding rounding) {
  if (x >= 0) return x;
  return static_cast<std::int32_t>(engine::requantize(slope * x, frac_bits, rounding, output.codes()));
}

std::unique_ptr<Evaluator> slope_evaluator(const Layer& layer) { return std::make_unique<Sloped>(layer); }

void write_slope(const Layer& layer, Json& object) {
  const Slope& slope = *layer.as<Slope>();
  object.update({{"slope", slope.slope}, {"slope_frac_bits", slope.frac_bits}});
}

std::any read_slope(Fields& fields, const Layer&) {
  return Slope{static_cast<int>(fields.integer("slope", 0, 65535)),
               static_cast<int>(fields.integer("slope_frac_bits", 0, 16))};
}

}  // namespace ingot::compress
