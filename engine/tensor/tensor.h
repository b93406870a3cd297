// Dense float32 tensors, row-major, 64-byte aligned, shared by reference.
#pragma once

#include <span>
#include <utility>

#include "engine/tensor/arena.h"
#include "engine/tensor/shape.h"

namespace ingot::engine {

// A copy shares the memory; reshape() and rows() are views of it; clone() copies it. Freed with its last owner.
class Tensor {
 public:
  Tensor() = default;
  static Tensor empty(const Shape& shape) { return {arena::allocate(shape.size()), shape}; }  // contents undefined
  static Tensor zeros(const Shape& shape);
  static Tensor full(const Shape& shape, float value);
  static Tensor from(const Shape& shape, std::span<const float> values);

  Tensor(const Tensor& other) : block_(other.block_), data_(other.data_), shape_(other.shape_) {
    if (block_ != nullptr) block_->references.fetch_add(1, std::memory_order_relaxed);
  }
  Tensor(Tensor&& other) noexcept
      : block_(std::exchange(other.block_, nullptr)),
        data_(std::exchange(other.data_, nullptr)),
        shape_(other.shape_) {}
  Tensor& operator=(Tensor other) noexcept {
    std::swap(block_, other.block_);
    std::swap(data_, other.data_);
    std::swap(shape_, other.shape_);
    return *this;
  }
  ~Tensor() {
    if (block_ != nullptr && block_->references.fetch_sub(1, std::memory_order_acq_rel) == 1) arena::release(block_);
  }

  bool defined() const { return block_ != nullptr; }
  const Shape& shape() const { return shape_; }
  std::int64_t size() const { return shape_.size(); }
  std::int64_t columns() const { return shape_[-1]; }
  std::int64_t n_rows() const { return shape_.rows(); }

  // Constness is that of the handle, as with pointers: tensors share memory.
  float* data() const { return data_; }
  std::span<float> span() const { return {data_, static_cast<std::size_t>(size())}; }

  // True if no other tensor shares the memory: only then may it be changed in place by one who was given it.
  bool unique() const { return block_->references.load(std::memory_order_acquire) == 1; }

  Tensor reshape(const Shape& shape) const;                 // view of the same elements
  Tensor rows(std::int64_t begin, std::int64_t end) const;  // view of part of the outermost dimension
  Tensor clone() const;

 private:
  Tensor(arena::Block* block, const Shape& shape) : block_(block), data_(block->floats()), shape_(shape) {}

  arena::Block* block_ = nullptr;
  float* data_ = nullptr;
  Shape shape_;
};

}  // namespace ingot::engine
