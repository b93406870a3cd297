// One row for a text: `mean`, R(sum over its rows / their number), and `first`, its first row. Both come in the format
// of the output, saturated.
#include <algorithm>
#include <cmath>

#include "compress/integer/operation.h"
#include "engine/base/error.h"

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

class Summary : public Evaluator {
 public:
  Summary(const Layer& layer, bool all) : layer_(layer), all_(all) {}

  std::vector<Codes> run(std::span<const Codes* const> in, Texts texts) override {
    const std::int64_t size = layer_.n_out();
    const int k = layer_.output().frac_bits - layer_.input().frac_bits;
    Codes y;
    for (std::size_t t = 0; t + 1 < texts.size(); ++t) {
      const std::int64_t n = all_ ? texts[t + 1] - texts[t] : 1;
      require(n <= kMaxRows, "{}: a text must have at most {} rows, got {}", layer_.name(), kMaxRows, n);
      for (std::int64_t i = 0; i < size; ++i) {
        std::int64_t sum = 0;
        for (std::int64_t row = texts[t]; row < texts[t] + n; ++row)
          sum += (*in[0])[static_cast<std::size_t>(row * size + i)];
        const std::int64_t quotient =
            engine::divide(k > 0 ? sum * (std::int64_t{1} << k) : sum, k < 0 ? n << -k : n, *layer_.output().rounding);
        y.push_back(static_cast<std::int32_t>(engine::saturate(quotient, layer_.output().codes())));
      }
    }
    return {std::move(y)};
  }

 private:
  Layer layer_;
  bool all_;
};

template <bool all>
std::unique_ptr<Evaluator> evaluator(const Layer& layer, Speed) {
  return std::make_unique<Summary>(layer, all);
}

template <bool all>
constexpr OperationKind kind(std::string_view name) {
  return {.name = name,
          .check = check_summary,
          .write = [](const Layer&, engine::Json&) {},
          .read = [](Fields&, const Layer&) { return std::any(); },
          .evaluator = evaluator<all>,
          .scope = Scope::summary};
}

}  // namespace

const OperationKind kMean = kind<true>("mean"), kFirst = kind<false>("first");

}  // namespace ingot::compress
