// relu: x for x >= 0, else 0.
#include <algorithm>

#include "compress/integer/kernel.h"

namespace ingot::compress {

extern const OperationKind kRelu;

namespace {

class Relu : public RowEvaluator {
 public:
  Codes row(const Codes& x) override {
    Codes y;
    for (const std::int32_t code : x) y.push_back(std::max(code, 0));
    return y;
  }
};

}  // namespace

const OperationKind kRelu{
    .name = "relu",
    .check = check_keeps_format,
    .write = [](const Layer&, engine::Json&) {},
    .read = [](Fields&, const Layer&) { return std::any(); },
    .describe = [](const OperationKind&, Fields&, const Description&) { return std::any(); },
    .evaluator = [](const Layer&) -> std::unique_ptr<Evaluator> { return std::make_unique<Relu>(); },
    .kernel = table_kernel};

}  // namespace ingot::compress
