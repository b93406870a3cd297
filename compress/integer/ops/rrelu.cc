// RReLU: x for x >= 0, else slope x. rrelu has the slope of inference; rrelu_lab and rrelu_uniform draw slopes as
// training does, from generators that step once a beat of `lanes` codes (random_slopes.h).
#include "compress/integer/kernel.h"
#include "compress/integer/ops/random_slopes.h"
#include "compress/integer/ops/slope.h"
#include "engine/base/error.h"

namespace ingot::compress {

extern const OperationKind kRrelu, kRreluLab, kRreluUniform;

namespace {

using engine::Json;
using engine::require;

void check_rrelu(const std::string& where, const Layer& layer) {
  check_keeps_format(where, layer);
  const Slope& slope = *layer.as<Slope>();
  require(slope.slope == kEvalSlope && slope.frac_bits == kEvalSlopeFracBits,
          "{}: the slope of rrelu is {} / 2^{}, got {} / 2^{}", where, kEvalSlope, kEvalSlopeFracBits, slope.slope,
          slope.frac_bits);
}

void check_lab(const std::string& where, const Layer& layer) {
  check_keeps_format(where, layer);
  const std::uint32_t seed = layer.as<RandomSlope>()->seed;
  require(seed >= 1 && seed <= 255, "{}: its seed must be between 1 and 255, got {}", where, seed);
}

void write_seed(const Layer& layer, Json& object) { object["seed"] = layer.as<RandomSlope>()->seed; }

std::any read_seed(Fields& fields, const Layer& layer) {
  return RandomSlope{.is_lab = &layer.kind() == &kRreluLab,
                     .seed = static_cast<std::uint32_t>(fields.integer("seed", 1, UINT32_MAX))};
}

std::any describe_seed(const OperationKind& kind, Fields& fields, const Description&) {
  return RandomSlope{.is_lab = &kind == &kRreluLab,
                     .seed = static_cast<std::uint32_t>(fields.integer_or("seed", 1, UINT32_MAX, LabSlopes::kSeed))};
}

template <class Slopes>
class Drawn : public RowEvaluator {
 public:
  Drawn(const Layer& layer, const Slopes& start)
      : output_(layer.output()),
        lanes_(static_cast<std::size_t>(layer.parallelism().in)),
        start_(start),
        slopes_(start) {}

  Codes row(const Codes& x) override {
    const engine::Rounding rounding = slopes_.rounding(*output_.rounding);
    Codes y;
    for (std::size_t beat = 0; beat < x.size(); beat += lanes_) {
      for (std::size_t lane = 0; lane < lanes_; ++lane)
        y.push_back(sloped(x[beat + lane], slopes_.slope(lane), Slopes::kFracBits, output_, rounding));
      slopes_.step();
    }
    return y;
  }

  void reset() override { slopes_ = start_; }

 private:
  FixedPoint output_;
  std::size_t lanes_;
  Slopes start_, slopes_;
};

std::unique_ptr<Evaluator> random_evaluator(const Layer& layer) {
  const auto [is_lab, seed] = *layer.as<RandomSlope>();
  require(layer.parallelism().in > 0, "{}: draws slopes beat by beat; its parallelism must be chosen first",
          layer.name());
  if (is_lab) return std::make_unique<Drawn<LabSlopes>>(layer, LabSlopes(seed));
  const auto lanes = static_cast<std::size_t>(layer.parallelism().in);
  return std::make_unique<Drawn<UniformSlopes>>(layer, UniformSlopes(seed, lanes));
}

}  // namespace

const OperationKind kRrelu{.name = "rrelu",
                           .check = check_rrelu,
                           .write = write_slope,
                           .read = read_slope,
                           .describe =
                               [](const OperationKind&, Fields&, const Description&) {
                                 return std::any(Slope{kEvalSlope, kEvalSlopeFracBits});
                               },
                           .evaluator = slope_evaluator,
                           .kernel = table_kernel};

const OperationKind kRreluLab{.name = "rrelu_lab",
                              .check = check_lab,
                              .write = write_seed,
                              .read = read_seed,
                              .describe = describe_seed,
                              .evaluator = random_evaluator,
                              .draws = true};

const OperationKind kRreluUniform{.name = "rrelu_uniform",
                                  .check = check_keeps_format,
                                  .write = write_seed,
                                  .read = read_seed,
                                  .describe = describe_seed,
                                  .evaluator = random_evaluator,
                                  .draws = true};

}  // namespace ingot::compress
