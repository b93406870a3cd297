// Products of fixed-point codes, exact for every input: y[m,n] = x[m,k] w[n,k]^T + bias[n] in 32-bit integers, or that
// requantised to codes of fewer bits, or as float32. The same bits on every processor and with any number of threads.
//
// Why 32 bits suffice: a layer is packed only if max |x| sum |w| + |bias| < 2^31 for each of its channels. Partial sums
// may then wrap, since only the last one counts, and that one is in range. Nothing saturates before the end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "engine/base/fixed_point.h"
#include "engine/kernels/activation/activation.h"

namespace ingot::engine::kernels {

struct FixedGemmRow;

struct FixedLayer {
  std::string_view name;                    // in messages
  std::int64_t n, k;                        // channels, inputs; both >= 1
  CodeType activations;                     // s8 or u8 with weights of 4 or 8 bits; s16 with weights of 16
  CodeRange activation_range;               // the codes that x takes: the caller's promise; within the type
  std::span<const std::int32_t> bias = {};  // [n] in units of the products, or empty: 0
};

// The weights of a layer in the order in which a kernel reads them, and what is known of its sums. Immutable.
class PackedWeights {
 public:
  // From w[n,k], row-major codes of `weight_bits` bits (4 or 8), which int4 weights keep in half a byte each.
  // Throws Error if a size, type or code is outside what FixedLayer and weight_bits allow, or if the sum of a channel
  // could leave 32 bits.
  PackedWeights(const FixedLayer& layer, int weight_bits, std::span<const std::int8_t> w);
  PackedWeights(const FixedLayer& layer, std::span<const std::int16_t> w);  // 16-bit weights
  // For tests and benches: packed for one row of the table instead of the best.
  PackedWeights(const FixedGemmRow& row, const FixedLayer& layer, int weight_bits, std::span<const std::int8_t> w);
  PackedWeights(const FixedGemmRow& row, const FixedLayer& layer, std::span<const std::int16_t> w);

  std::int64_t n() const { return n_; }
  std::int64_t k() const { return k_; }
  CodeType activations() const { return activations_; }
  int weight_bits() const { return weight_bits_; }
  // max |x| sum |w| + |bias| of a channel: no |y| is larger.
  std::int64_t bound(std::int64_t channel) const { return bounds_[static_cast<std::size_t>(channel)]; }
  std::size_t weight_bytes() const { return blocks_.size() * sizeof(Block); }  // of the packed codes
  std::size_t bytes() const;                                                   // of all that is held

 private:
  friend struct FixedProduct;
  friend class Requantizer;
  friend class Dequantizer;

  struct alignas(64) Block {
    std::byte bytes[64];
  };
  // The channels that a tile computes side by side.
  struct Panel {
    std::int64_t block;  // where its codes begin
    bool words;          // multiplied in 16 bits
    int depth;           // else as in FixedBlock
    std::int64_t n_deep;
    std::int64_t groups;
    std::int64_t group_at;  // of a panel of bytes: where its share of group_at_ begins
  };

  template <class Code>
  void pack(const FixedLayer& layer, std::span<const Code> w);
  template <class Code>
  void check(const FixedLayer& layer, std::span<const Code> w);
  template <class Code>
  void pack_panel(const FixedLayer& layer, const Code* w, std::int64_t first);

  const FixedGemmRow* row_;
  std::int64_t n_, k_;
  CodeType activations_;
  int weight_bits_;
  int offset_;  // added to activations, to make them unsigned bytes
  std::vector<Block> blocks_;
  std::vector<Panel> panels_;
  std::vector<std::int32_t> group_at_;
  std::vector<std::int32_t> start_;  // [n] rounded up to panels: where sums begin, the offset taken back
  bool starts_at_zero_ = true;       // all of start_ is 0
  std::vector<std::int64_t> bounds_;
};

// How sums become codes: requantize(y, shift, rounding, range) of base/fixed_point.h, stored as `type`.
struct Requantization {
  std::span<const int> shifts;  // fraction bits to drop: one, or one a channel; any values
  Rounding rounding = Rounding::nearest_even;
  CodeType type = CodeType::s8;        // s8, u8 or s16
  CodeRange range = code_range(type);  // within the type
};

// A Requantization made ready for the sums of one layer.
class Requantizer {
 public:
  // Throws Error if the number of shifts, the type or the range is not as above.
  Requantizer(const PackedWeights& weights, const Requantization& how);

  CodeType type() const { return type_; }

 private:
  friend struct FixedProduct;

  void set_channel(std::int64_t channel, int shift, std::int64_t bound);

  CodeType type_;
  Rounding rounding_;
  CodeRange range_;
  bool plain_ = true;                  // no channel needs more than a right shift of 32 bits
  std::int64_t padded_;                // channels, rounded up to panels
  std::vector<std::int32_t> columns_;  // arrays of `padded_` values, see table.h
};

// How sums become float32: activation(float32(double(y 2^-frac_bits) + double(bias))), as kernels/exact_gemm has it.
struct Dequantization {
  std::span<const int> frac_bits;    // of the sums: one, or one a channel; any values
  std::span<const float> bias = {};  // [n], or empty: 0
  Activation activation = Activation::identity;
};

// A Dequantization made ready for the sums of one layer.
class Dequantizer {
 public:
  // Throws Error if the number of fraction bits or of biases is not as above.
  Dequantizer(const PackedWeights& weights, const Dequantization& how);

  std::size_t bytes() const;

 private:
  friend struct FixedProduct;

  Activation activation_;
  bool plain_ = true;           // float32 holds every sum: one multiply-add in float32 rounds as the definition does
  std::vector<float> factors_;  // 2^-frac_bits, and the biases, filled up to panels
  std::vector<float> biases_;
  std::vector<double> wide_factors_;  // used if not plain
};

// Codes that floats become: fixed_code(y, frac_bits, rounding, range), stored as `type`.
struct Quantization {
  int frac_bits;
  Rounding rounding;
  CodeType type;
  CodeRange range;  // within the type
};

// y[m,n] (int32): the sums. x[m,k] has the type weights.activations(); ldx >= k, ldy >= n are row strides in elements.
void fixed_linear(const PackedWeights& weights, std::int64_t m, const void* x, std::int64_t ldx, std::int32_t* y,
                  std::int64_t ldy);

// y[m,n] (requantizer.type()): their codes. The requantizer was made for these weights.
void fixed_linear(const PackedWeights& weights, std::int64_t m, const void* x, std::int64_t ldx,
                  const Requantizer& requantizer, void* y, std::int64_t ldy);

// y[m,n]: the sums as floats. The dequantizer was made for these weights, which were packed without a bias.
void fixed_linear(const PackedWeights& weights, std::int64_t m, const void* x, std::int64_t ldx,
                  const Dequantizer& dequantizer, float* y, std::int64_t ldy);

// y[m,n] (quantization.type): the codes of these floats, which are stored nowhere. What the next layer reads.
void fixed_linear(const PackedWeights& weights, std::int64_t m, const void* x, std::int64_t ldx,
                  const Dequantizer& dequantizer, const Quantization& quantization, void* y, std::int64_t ldy);

}  // namespace ingot::engine::kernels
