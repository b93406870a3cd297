// Shape of a dense row-major tensor: up to four dimensions, held in place.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>

namespace ingot::engine {

class Shape {
 public:
  static constexpr int kMaxRank = 4;

  Shape() = default;
  Shape(std::initializer_list<std::int64_t> dims) : Shape(std::span(dims.begin(), dims.size())) {}
  explicit Shape(std::span<const std::int64_t> dims) : rank_(static_cast<int>(dims.size())) {
    assert(dims.size() <= kMaxRank);
    for (int i = 0; i < rank_; ++i) dims_[static_cast<std::size_t>(i)] = dims[static_cast<std::size_t>(i)];
  }

  int rank() const { return rank_; }
  // Size of dimension i; negative i counts from the last: -1 is the innermost.
  std::int64_t operator[](int i) const { return dims_[static_cast<std::size_t>(i < 0 ? i + rank_ : i)]; }
  std::span<const std::int64_t> dims() const { return {dims_.data(), static_cast<std::size_t>(rank_)}; }

  std::int64_t size() const {
    std::int64_t n = 1;
    for (const std::int64_t d : dims()) n *= d;
    return n;
  }
  // Product of all dimensions but the innermost: the rows of the tensor seen as a matrix.
  std::int64_t rows() const { return rank_ == 0 ? 1 : size() / std::max<std::int64_t>(1, (*this)[-1]); }

  friend bool operator==(const Shape& a, const Shape& b) {
    return std::equal(a.dims().begin(), a.dims().end(), b.dims().begin(), b.dims().end());
  }

 private:
  std::array<std::int64_t, kMaxRank> dims_{};
  int rank_ = 0;
};

std::string to_string(const Shape& shape);  // [8,768]

}  // namespace ingot::engine

// So that require() turns shapes into text only when something is wrong.
template <>
struct fmt::formatter<ingot::engine::Shape> : fmt::formatter<std::string_view> {
  template <class Context>
  auto format(const ingot::engine::Shape& shape, Context& context) const {
    return fmt::formatter<std::string_view>::format(ingot::engine::to_string(shape), context);
  }
};
