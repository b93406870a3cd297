// One row for a text: `mean`, R(sum over its rows / their number), and `first`, its first row. Both come in the format
// of the output, saturated.
#include <algorithm>
#include <cmath>

#include "compress/integer/kernel.h"
#include "engine/base/error.h"
#include "engine/kernels/integer_rows/integer_rows.h"

namespace ingot::compress {

extern const OperationKind kMean, kFirst;

namespace {

using engine::require;

constexpr std::int64_t kMaxRows = 1 << 16;  // of a text
constexpr int kMaxCode = 62 - 16;           // bits, so that sums of as many have 62

void check_summary(const std::string& where, const Layer& layer) {
  check_elementwise(where, layer);
  require(layer.output().rounding.has_value(), "{}: {} must not be rounded at random", where,
          to_string(layer.output()));
  require(std::abs(layer.output().frac_bits - layer.input().frac_bits) <= 24,
          "{}: the output must have at most 24 fraction bits more or fewer than the input; {} becomes {}", where,
          to_string(layer.input()), to_string(layer.output()));
  const int more = std::max(0, layer.output().frac_bits - layer.input().frac_bits);
  require(layer.input().width + more <= kMaxCode,
          "{}: the sums of {} codes of {} with {} fraction bits more could need more than 62 bits", where, kMaxRows,
          to_string(layer.input()), more);
}

std::int64_t counted(const Layer& layer, bool all, std::int64_t n_rows) {
  require(!all || n_rows <= kMaxRows, "{}: a text must have at most {} rows, got {}", layer.name(), kMaxRows, n_rows);
  return all ? n_rows : 1;
}

// The output's code of a sum of n codes.
std::int32_t mean_code(const Layer& layer, std::int64_t sum, std::int64_t n) {
  const int k = layer.output().frac_bits - layer.input().frac_bits;
  const std::int64_t quotient =
      engine::divide(k > 0 ? sum * (std::int64_t{1} << k) : sum, k < 0 ? n << -k : n, *layer.output().rounding);
  return static_cast<std::int32_t>(engine::saturate(quotient, layer.output().codes()));
}

template <bool all>
class Summary : public Evaluator {
 public:
  explicit Summary(const Layer& layer) : layer_(layer) {}

  std::vector<Codes> run(std::span<const Codes* const> in, Texts texts) override {
    const std::int64_t size = layer_.n_out();
    Codes y;
    for (std::size_t t = 0; t + 1 < texts.size(); ++t) {
      const std::int64_t n = counted(layer_, all, texts[t + 1] - texts[t]);
      for (std::int64_t i = 0; i < size; ++i) {
        std::int64_t sum = 0;
        for (std::int64_t row = texts[t]; row < texts[t] + n; ++row)
          sum += (*in[0])[static_cast<std::size_t>(row * size + i)];
        y.push_back(mean_code(layer_, sum, n));
      }
    }
    return {std::move(y)};
  }

 private:
  Layer layer_;
};

// Sums of at most 2^16 signed codes of 16 bits have 32.
template <bool all>
class Fast : public Kernel {
 public:
  explicit Fast(const Layer& layer) : layer_(layer) {}

  void run(std::int64_t first, std::int64_t last, const KernelCall& call) const override {
    const Rows& x = call.in[0];
    std::vector<std::int32_t> sums(static_cast<std::size_t>(x.size));
    for (std::int64_t text = first; text < last; ++text) {
      const std::int64_t begin = call.texts[static_cast<std::size_t>(text)],
                         n = counted(layer_, all, call.texts[static_cast<std::size_t>(text) + 1] - begin);
      std::fill(sums.begin(), sums.end(), 0);
      for (std::int64_t row = begin; row < begin + n; ++row)
        engine::kernels::add_codes(x.size, {engine::CodeType::s32, sums.data(), 0}, {x.type, x.row(row), 0},
                                   engine::CodeType::s32, sums.data());
      for (std::size_t i = 0; i < sums.size(); ++i)
        engine::store_code(call.out.type, call.out.row(text), static_cast<std::int64_t>(i),
                           mean_code(layer_, sums[i], n));
    }
  }

 private:
  Layer layer_;
};

template <bool all>
std::unique_ptr<Kernel> kernel(const Layer& layer) {
  const bool serves = layer.input().is_signed && layer.input().width <= 16;
  return serves ? std::make_unique<Fast<all>>(layer) : nullptr;
}

template <bool all>
constexpr OperationKind kind(std::string_view name) {
  return {.name = name,
          .check = check_summary,
          .write = [](const Layer&, engine::Json&) {},
          .read = [](Fields&, const Layer&) { return std::any(); },
          .evaluator = [](const Layer& layer) -> std::unique_ptr<Evaluator> {
            return std::make_unique<Summary<all>>(layer);
          },
          .kernel = kernel<all>,
          .scope = Scope::summary};
}

}  // namespace

const OperationKind kMean = kind<true>("mean"), kFirst = kind<false>("first");

}  // namespace ingot::compress
