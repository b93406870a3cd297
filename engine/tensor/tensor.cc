#include "engine/tensor/tensor.h"

#include <algorithm>
#include <cstring>

#include "engine/base/error.h"
#include "engine/base/threads.h"

namespace ingot::engine {

std::string to_string(const Shape& shape) { return fmt::format("[{}]", fmt::join(shape.dims(), ",")); }

Tensor Tensor::full(const Shape& shape, float value) {
  Tensor tensor = empty(shape);
  float* data = tensor.data();
  parallel_for(tensor.size(), 1 << 16,
               [&](std::int64_t begin, std::int64_t end) { std::fill(data + begin, data + end, value); });
  return tensor;
}

Tensor Tensor::zeros(const Shape& shape) { return full(shape, 0.0f); }

Tensor Tensor::from(const Shape& shape, std::span<const float> values) {
  require(shape.size() == static_cast<std::int64_t>(values.size()), "tensor: shape {} holds {} values, got {}", shape,
          shape.size(), values.size());
  Tensor tensor = empty(shape);
  std::copy(values.begin(), values.end(), tensor.data());
  return tensor;
}

Tensor Tensor::reshape(const Shape& shape) const {
  require(shape.size() == size(), "reshape: {} holds {} values, {} asks for {}", shape_, size(), shape, shape.size());
  Tensor view = *this;
  view.shape_ = shape;
  return view;
}

Tensor Tensor::rows(std::int64_t begin, std::int64_t end) const {
  require(0 <= begin && begin <= end && end <= shape_[0], "rows: [{}, {}) is outside of {}", begin, end, shape_);
  std::array<std::int64_t, Shape::kMaxRank> dims{};
  std::copy(shape_.dims().begin(), shape_.dims().end(), dims.begin());
  dims[0] = end - begin;
  Tensor view = *this;
  view.data_ += begin * (shape_[0] == 0 ? 0 : size() / shape_[0]);
  view.shape_ = Shape(std::span<const std::int64_t>(dims.data(), static_cast<std::size_t>(shape_.rank())));
  return view;
}

Tensor Tensor::clone() const {
  Tensor copy = empty(shape_);
  std::memcpy(copy.data(), data_, static_cast<std::size_t>(size()) * sizeof(float));
  return copy;
}

}  // namespace ingot::engine
