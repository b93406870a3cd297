#include "compress/formats/fake_quantize.h"

#include "compress/formats/elements.h"
#include "compress/formats/kind.h"

namespace ingot::compress {

using engine::Tensor;
using engine::Variable;

Variable fake_quantize(const Variable& x, const Format& format, const QuantizeOptions& options, bool clip) {
  Tensor y = Tensor::empty(x.shape());
  quantize(format, x.shape(), x.value().span(), y.span(), options);
  if (!clip && !format.kind().always_clips) {
    return engine::record(std::move(y), {x}, [x](const Tensor& dy) { x.add_gradient(dy); });
  }
  const ValueRange range = value_range(format);
  return engine::record(std::move(y), {x}, [x, range](const Tensor& dy) {
    Tensor dx = dy.unique() ? dy : Tensor::empty(dy.shape());
    engine::parallel_for(dy.size(), kGrain, [&](std::int64_t begin, std::int64_t end) {
      const float *in = x.value().data(), *from = dy.data();
      float* to = dx.data();
      for (std::int64_t i = begin; i < end; ++i) {
        const double v = in[i];
        to[i] = (v >= range.lowest) & (v <= range.highest) ? from[i] : 0.0f;
      }
    });
    x.add_gradient(dx);
  });
}

}  // namespace ingot::compress
