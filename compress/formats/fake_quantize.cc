#include "compress/formats/fake_quantize.h"

#include "compress/formats/kind.h"
#include "compress/formats/straight_through.h"

namespace ingot::compress {

using engine::Tensor;
using engine::Variable;

Variable fake_quantize(const Variable& x, const Format& format, const QuantizeOptions& options, bool clip) {
  Tensor y = Tensor::empty(x.shape());
  quantize(format, x.shape(), x.value().span(), y.span(), options);
  using Rows = const std::vector<std::int32_t>*;
  if (!clip && !format.kind().always_clips) {
    return engine::record(std::move(y), {x}, [x](const Tensor& dy, Rows rows) { send_back(x, dy, rows); });
  }
  return engine::record(std::move(y), {x}, [x, range = value_range(format)](const Tensor& dy, Rows rows) {
    send_back(x, dy, rows, [&range, in = x.value().data()](std::int64_t i, float g) {
      const double v = in[i];
      return (v >= range.lowest) & (v <= range.highest) ? g : 0.0f;
    });
  });
}

}  // namespace ingot::compress
