#include "compress/integer/ops/layer_norm.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "engine/base/error.h"
#include "engine/base/threads.h"

namespace ingot::compress {

extern const OperationKind kLayerNorm;

namespace {

using engine::require;
using engine::Rounding;

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

// |d| < n 2 max|x|, V <= n^2 max|x|^2 + epsilon, |z| <= 2^16 sqrt(n - 1) and a rounding.
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
  require(2.0 * static_cast<double>(n * x) * 131072 < static_cast<double>(kMaxExact),
          "{}: the deviations of {} codes of {} could need more than 53 bits", where, n, to_string(layer.input()));
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

// Of V, which is at least 1.
struct InverseRoot {
  std::int64_t mantissa;  // c
  int exponent;           // 1 / sqrt V is about c 2^exponent
};

InverseRoot inverse_root(const LayerNorm& norm, std::int64_t variance) {
  const int width = std::bit_width(static_cast<std::uint64_t>(variance));
  const int h = (32 - width) / 2 - (width > 32 && width % 2 != 0 ? 1 : 0);  // floor((32 - width) / 2)
  const auto v = static_cast<std::uint64_t>(variance);
  const std::uint64_t m = h >= 0 ? v << 2 * h : v >> -2 * h;
  const std::int64_t c = norm.root_table.empty()
                             ? engine::divide(std::int64_t{1} << 32, engine::square_root(m), Rounding::nearest_even)
                             : norm.root_table[static_cast<std::size_t>((m >> 24) - 64)];
  return {c, h - 32};
}

class Evaluate : public RowEvaluator {
 public:
  explicit Evaluate(const Layer& layer) : layer_(layer) {}
  Codes row(const Codes& x) override {
    const std::int64_t n = layer_.n_in();
    Codes y(x.size());
    engine::parallel_for(static_cast<std::int64_t>(x.size()) / n, 16, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i)
        normalise_row(*layer_.as<LayerNorm>(), layer_.output(), &x[static_cast<std::size_t>(i * n)],
                      &y[static_cast<std::size_t>(i * n)]);
    });
    return y;
  }

 private:
  Layer layer_;
};

}  // namespace

const OperationKind kLayerNorm{.name = "layer_norm",
                               .check = check_norm,
                               .write = write,
                               .read = read,
                               .evaluator = [](const Layer& layer, Speed) -> std::unique_ptr<Evaluator> {
                                 return std::make_unique<Evaluate>(layer);
                               }};

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

void normalise_row(const LayerNorm& norm, const FixedPoint& output, const std::int32_t* x, std::int32_t* y) {
  const auto n = static_cast<std::int64_t>(norm.gamma.size());
  std::int64_t sum = 0, squares = 0;
  for (std::int64_t i = 0; i < n; ++i) {
    sum += x[i];
    squares += std::int64_t{x[i]} * x[i];
  }
  const std::int64_t variance = n * squares - sum * sum + norm.epsilon;
  const InverseRoot root = variance > 0 ? inverse_root(norm, variance) : InverseRoot{0, -32};
  const int shift = product_frac_bits(norm) - output.frac_bits, left = product_frac_bits(norm) - norm.beta_frac_bits;
  for (std::int64_t i = 0; i < n; ++i) {
    const auto at = static_cast<std::size_t>(i);
    const std::int64_t z =
        engine::round_shift((n * x[i] - sum) * root.mantissa, -root.exponent - kNormFracBits, Rounding::nearest_even);
    const std::int64_t product = z * norm.gamma[at] + (std::int64_t{norm.beta[at]} << left);
    y[i] = static_cast<std::int32_t>(engine::requantize(product, shift, *output.rounding, output.codes()));
  }
}

}  // namespace ingot::compress
