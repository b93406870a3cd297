// Integer products of a linear layer by oneDNN: the peer that the bench of fixed-point products compares with.
#pragma once

#include <cstdint>
#include <memory>

namespace ingot::bench {

// Whether the library was there when this was built.
bool has_onednn();

// y[m,n] (int32) = x[m,k] (u8) w[n,k]^T (s8), w in the layout that oneDNN prefers. n_threads holds for
// the whole process. Must not be made without oneDNN.
class OneDnnProduct {
 public:
  OneDnnProduct(int n_threads, std::int64_t m, std::int64_t n, std::int64_t k, const std::uint8_t* x,
                const std::int8_t* w, std::int32_t* y);
  ~OneDnnProduct();

  void run() const;
  const char* implementation() const;  // as oneDNN names it, with the instruction set

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace ingot::bench
