#include "engine/autograd/loss.h"

#include "engine/base/error.h"
#include "engine/kernels/loss/cross_entropy.h"

namespace ingot::engine {

Variable cross_entropy(const Variable& logits, std::span<const std::int32_t> labels) {
  const std::int64_t m = logits.value().n_rows(), n = logits.value().columns();
  require(static_cast<std::int64_t>(labels.size()) == m, "cross_entropy: {} rows of logits, {} labels", m,
          labels.size());
  std::int64_t counted = 0;
  for (const std::int32_t label : labels) {
    require(label == kernels::kIgnoredLabel || (0 <= label && label < n),
            "cross_entropy: label {} is outside of {} classes", label, n);
    counted += label != kernels::kIgnoredLabel;
  }
  require(counted > 0, "cross_entropy: all {} labels are ignored", m);
  const bool keep = recording() && logits.requires_gradient();
  const Tensor losses = Tensor::empty({m});
  Tensor gradient = keep ? Tensor::empty(logits.shape()) : Tensor();
  kernels::cross_entropy(m, n, logits.value().data(), labels.data(), 1.0f / static_cast<float>(counted), losses.data(),
                         keep ? gradient.data() : nullptr);
  double total = 0;
  for (const float loss : losses.span()) total += loss;
  return record(Tensor::full({1}, static_cast<float>(total / static_cast<double>(counted))), {logits},
                [=](const Tensor& dy) {
                  const float scale = dy.data()[0];
                  if (scale != 1.0f) {
                    for (float& g : gradient.span()) g *= scale;
                  }
                  logits.add_gradient(gradient);
                });
}

}  // namespace ingot::engine
