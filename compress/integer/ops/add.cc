// add: x + y, both shifted left to the finer unit, exact.
#include <cmath>

#include "compress/integer/kernel.h"
#include "engine/base/error.h"
#include "engine/kernels/integer_rows/integer_rows.h"

namespace ingot::compress {

extern const OperationKind kAdd;

namespace {

using engine::require;

constexpr int kMaxShift = 30;

int left(const Layer& layer, std::size_t i) { return layer.output().frac_bits - layer.in(i).format.frac_bits; }

void check_add(const std::string& where, const Layer& layer) {
  double lowest = 0, highest = 0;
  for (std::size_t i = 0; i < 2; ++i) {
    const engine::CodeRange codes = layer.in(i).format.codes();
    require(layer.in(i).size == layer.n_out(), "{}: add needs edges of one size, got {} and {}", where,
            layer.in(i).size, layer.n_out());
    require(left(layer, i) >= 0 && left(layer, i) <= kMaxShift,
            "{}: the sum must have the finer unit of its inputs, at most {} bits finer than the other; {} becomes {}",
            where, kMaxShift, to_string(layer.in(i).format), to_string(layer.output()));
    lowest += std::ldexp(static_cast<double>(codes.lowest), left(layer, i));
    highest += std::ldexp(static_cast<double>(codes.highest), left(layer, i));
  }
  require(lowest >= static_cast<double>(layer.output().codes().lowest) &&
              highest <= static_cast<double>(layer.output().codes().highest),
          "{}: sums of {} and {} could leave {}", where, to_string(layer.in(0).format), to_string(layer.in(1).format),
          to_string(layer.output()));
}

class Sum : public Evaluator {
 public:
  explicit Sum(const Layer& layer) : left_x_(left(layer, 0)), left_y_(left(layer, 1)) {}
  std::vector<Codes> run(std::span<const Codes* const> in, Texts) override {
    Codes sum(in[0]->size());
    for (std::size_t i = 0; i < sum.size(); ++i) sum[i] = (*in[0])[i] * (1 << left_x_) + (*in[1])[i] * (1 << left_y_);
    return {std::move(sum)};
  }

 private:
  int left_x_, left_y_;
};

class Fast : public Kernel {
 public:
  explicit Fast(const Layer& layer) : left_x_(left(layer, 0)), left_y_(left(layer, 1)) {}
  void run(std::int64_t first, std::int64_t last, const KernelCall& call) const override {
    const Rows &x = call.in[0], &y = call.in[1];
    engine::kernels::add_codes((last - first) * call.out.size, {x.type, x.row(first), left_x_},
                               {y.type, y.row(first), left_y_}, call.out.type, call.out.row(first));
  }

 private:
  int left_x_, left_y_;
};

bool is_signed(const Layer& layer) { return layer.in(0).format.is_signed && layer.in(1).format.is_signed; }

}  // namespace

const OperationKind kAdd{
    .name = "add",
    .check = check_add,
    .write = [](const Layer&, engine::Json&) {},
    .read = [](Fields&, const Layer&) { return std::any(); },
    .evaluator = [](const Layer& layer) -> std::unique_ptr<Evaluator> { return std::make_unique<Sum>(layer); },
    .kernel = [](const Layer& layer) -> std::unique_ptr<Kernel> {
      return is_signed(layer) ? std::make_unique<Fast>(layer) : nullptr;
    },
    .n_inputs = 2};

}  // namespace ingot::compress
