#include "compress/integer/ops/layer_norm.h"

#include <algorithm>
#include <cmath>

#include "compress/integer/kernel.h"
#include "engine/base/error.h"
#include "engine/kernels/integer_norm/integer_norm.h"

namespace ingot::compress {

extern const OperationKind kLayerNorm;

namespace {

using engine::require;

constexpr int kMaxParameterWidth = 24;                     // bits of gamma and beta
constexpr std::int64_t kMaxExact = std::int64_t{1} << 53;  // what a double holds, too
constexpr std::int64_t kMaxVariance = std::int64_t{1} << 62;

std::int64_t largest(const FixedPoint& format) { return std::max(-format.codes().lowest, format.codes().highest); }

int product_frac_bits(const LayerNorm& norm) { return kNormFracBits + norm.gamma_frac_bits; }

void check_parameters(const std::string& where, const char* name, const std::vector<std::int32_t>& codes,
                      std::int64_t n) {
  require(static_cast<std::int64_t>(codes.size()) == n, "{}: {} must have {} codes, got {}", where, name, n,
          codes.size());
  const engine::CodeRange range = engine::code_range(kMaxParameterWidth, true);
  for (const std::int32_t code : codes)
    require(code >= range.lowest && code <= range.highest, "{}: {} must be codes of {} bits, got {}", where, name,
            kMaxParameterWidth, code);
}

// V <= n^2 max|x|^2 + epsilon < 2^62, so |d| < 2 n max|x| < 2^32 and |d c| < 2^49. |z| <= 2^16 sqrt(n - 1) and a
// rounding.
void check_norm(const std::string& where, const Layer& layer) {
  check_elementwise(where, layer);
  const LayerNorm& norm = *layer.as<LayerNorm>();
  const std::int64_t n = layer.n_in(), x = largest(layer.input());
  check_parameters(where, "gamma", norm.gamma, n);
  check_parameters(where, "beta", norm.beta, n);
  require(layer.output().rounding.has_value(), "{}: {} must not be rounded at random", where,
          to_string(layer.output()));
  require(norm.root_table.empty() || norm.root_table.size() == kRootTableSize,
          "{}: a table of roots must have {} entries, got {}", where, kRootTableSize, norm.root_table.size());
  for (const std::int32_t c : norm.root_table)
    require(c >= 0 && c <= 1 << 17, "{}: entries of the table of roots must be between 0 and 2^17, got {}", where, c);
  require(norm.epsilon >= 0 && norm.epsilon < kMaxVariance, "{}: epsilon must be between 0 and 2^62, got {}", where,
          norm.epsilon);
  const double variance =
      static_cast<double>(n) * static_cast<double>(x) * static_cast<double>(n) * static_cast<double>(x) +
      static_cast<double>(norm.epsilon);
  require(variance < static_cast<double>(kMaxVariance),
          "{}: the variance of {} codes of {} could need more than 62 bits", where, n, to_string(layer.input()));
  const int left = product_frac_bits(norm) - norm.beta_frac_bits;
  require(left >= 0 && left < 40, "{}: beta must have at most {} fraction bits, got {}", where, product_frac_bits(norm),
          norm.beta_frac_bits);
  double bound = 0;
  for (std::size_t i = 0; i < static_cast<std::size_t>(n); ++i) {
    const double z = std::ldexp(std::sqrt(static_cast<double>(n)), kNormFracBits) * (1 + 0x1p-7) + 1;
    bound = std::max(bound, z * std::abs(norm.gamma[i]) + std::ldexp(std::abs(norm.beta[i]), left));
  }
  require(bound < static_cast<double>(kMaxExact), "{}: gamma and beta make sums of more than 53 bits", where);
  const int shift = product_frac_bits(norm) - layer.output().frac_bits;
  require(shift >= 0 && shift <= 52, "{}: the output must have {} fraction bits fewer, at most 52, got {}", where,
          product_frac_bits(norm), to_string(layer.output()));
}

void write(const Layer& layer, engine::Json& object) {
  const LayerNorm& norm = *layer.as<LayerNorm>();
  object.update({{"gamma", norm.gamma},
                 {"gamma_frac_bits", norm.gamma_frac_bits},
                 {"beta", norm.beta},
                 {"beta_frac_bits", norm.beta_frac_bits},
                 {"epsilon", norm.epsilon}});
  if (!norm.root_table.empty()) object["root_table"] = norm.root_table;
}

std::any read(Fields& fields, const Layer& layer) {
  LayerNorm norm{.gamma = fields.integers<std::int32_t>("gamma", layer.n_in(), INT32_MIN, INT32_MAX),
                 .beta = fields.integers<std::int32_t>("beta", layer.n_in(), INT32_MIN, INT32_MAX),
                 .gamma_frac_bits = static_cast<int>(fields.integer("gamma_frac_bits", -95, 126)),
                 .beta_frac_bits = static_cast<int>(fields.integer("beta_frac_bits", -95, 126)),
                 .epsilon = fields.integer("epsilon", 0, kMaxVariance)};
  if (fields.has("root_table"))
    norm.root_table = fields.integers<std::int32_t>("root_table", kRootTableSize, 0, 1 << 17);
  return norm;
}

engine::kernels::IntegerNorm kernel_of(const Layer& layer) {
  const LayerNorm& norm = *layer.as<LayerNorm>();
  return {.n = layer.n_in(),
          .gamma = norm.gamma.data(),
          .beta = norm.beta.data(),
          .beta_left = product_frac_bits(norm) - norm.beta_frac_bits,
          .epsilon = norm.epsilon,
          .root_table = norm.root_table.empty() ? nullptr : norm.root_table.data(),
          .z_frac_bits = kNormFracBits,
          .shift = product_frac_bits(norm) - layer.output().frac_bits,
          .rounding = *layer.output().rounding,
          .range = layer.output().codes(),
          .largest = largest(layer.input())};
}

class Evaluate : public RowEvaluator {
 public:
  explicit Evaluate(const Layer& layer) : layer_(layer) {}
  Codes row(const Codes& x) override {
    Codes y(x.size());
    engine::kernels::integer_norm_reference(kernel_of(layer_), static_cast<std::int64_t>(x.size()) / layer_.n_in(),
                                            x.data(), y.data());
    return y;
  }

 private:
  Layer layer_;
};

class Fast : public Kernel {
 public:
  explicit Fast(const Layer& layer) : norm_(kernel_of(layer)) {
    norm_.from = code_type(layer.input());
    norm_.to = code_type(layer.output());
  }
  void run(std::int64_t first, std::int64_t last, const KernelCall& call) const override {
    engine::kernels::integer_norm(norm_, last - first, call.in[0].row(first), call.out.row(first));
  }

 private:
  engine::kernels::IntegerNorm norm_;
};

}  // namespace

const OperationKind kLayerNorm{
    .name = "layer_norm",
    .check = check_norm,
    .write = write,
    .read = read,
    .evaluator = [](const Layer& layer) -> std::unique_ptr<Evaluator> { return std::make_unique<Evaluate>(layer); },
    .kernel = [](const Layer& layer) -> std::unique_ptr<Kernel> { return std::make_unique<Fast>(layer); }};

std::vector<std::int32_t> make_root_table() {
  std::vector<std::int32_t> table;
  for (int i = 0; i < kRootTableSize; ++i)
    table.push_back(static_cast<std::int32_t>(std::lround(0x1p32 / std::sqrt((64.5 + i) * 0x1p24))));
  return table;
}

std::int64_t norm_epsilon(double epsilon, std::int64_t n, int frac_bits) {
  const double scaled = epsilon * static_cast<double>(n) * static_cast<double>(n) * std::ldexp(1.0, 2 * frac_bits);
  return static_cast<std::int64_t>(std::nearbyint(std::min(scaled, 0x1p61)));
}

}  // namespace ingot::compress
