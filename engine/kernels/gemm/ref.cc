// The normative products: sums in the order of the inner index, each product rounded before it is added.
#include "engine/kernels/gemm/table.h"

namespace ingot::engine::kernels {
namespace {

constexpr std::int64_t kPanel = 16;

// to[(q inner + p) kPanel + r] = from[p p_stride + j j_stride] with j = kPanel q + r.
void pack_strided(std::int64_t inner, std::int64_t n, const float* from, std::int64_t p_stride, std::int64_t j_stride,
                  float* to) {
  for (std::int64_t j0 = 0; j0 < n; j0 += kPanel)
    for (std::int64_t p = 0; p < inner; ++p)
      for (std::int64_t j = j0; j < j0 + kPanel; ++j) *to++ = j < n ? from[p * p_stride + j * j_stride] : 0.0f;
}

void pack(std::int64_t inner, std::int64_t n, const float* from, std::int64_t ld, float* to) {
  pack_strided(inner, n, from, ld, 1, to);
}

void pack_transposed(std::int64_t inner, std::int64_t n, const float* from, std::int64_t ld, float* to) {
  pack_strided(inner, n, from, 1, ld, to);
}

// a(i,p) = a[i a_row + p a_step].
void multiply_strided(const GemmBlock& block, std::int64_t a_row, std::int64_t a_step) {
  for (std::int64_t j0 = 0; j0 < block.n; j0 += kPanel) {
    const std::int64_t columns = block.n - j0 < kPanel ? block.n - j0 : kPanel;
    for (std::int64_t i = 0; i < block.m; ++i) {
      float sum[kPanel] = {};
      if (block.start != nullptr)
        for (std::int64_t j = 0; j < columns; ++j) sum[j] = block.start[i * block.start_stride + j0 + j];
      const float* b = block.b + j0 / kPanel * block.panel_stride;
      for (std::int64_t p = 0; p < block.inner; ++p, b += block.b_step) {
        const float a = block.a[i * a_row + p * a_step];
        for (std::int64_t j = 0; j < columns; ++j) sum[j] += a * b[j];
      }
      for (std::int64_t j = 0; j < columns; ++j) block.c[i * block.ldc + j0 + j] = sum[j];
    }
  }
}

void multiply(const GemmBlock& block) { multiply_strided(block, block.lda, 1); }

void multiply_transposed(const GemmBlock& block, float* sums) {
  multiply_strided(block, 1, block.lda);
  if (sums == nullptr) return;
  for (std::int64_t p = 0; p < block.inner; ++p)
    for (std::int64_t i = 0; i < block.m; ++i) sums[i] += block.a[p * block.lda + i];
}

void dots(std::int64_t m, std::int64_t n, std::int64_t k, const float* x, std::int64_t ldx, const float* w,
          const float* bias, float* y, std::int64_t ldy) {
  for (std::int64_t i = 0; i < m; ++i) {
    for (std::int64_t j = 0; j < n; ++j) {
      float sum = bias == nullptr ? 0.0f : bias[j];
      for (std::int64_t p = 0; p < k; ++p) sum += x[i * ldx + p] * w[j * k + p];
      y[i * ldy + j] = sum;
    }
  }
}

void pack_narrow(std::int64_t m, std::int64_t k, const float* x, std::int64_t ldx, float* to) {
  for (std::int64_t i = 0; i < m; ++i)
    for (std::int64_t p = 0; p < k; ++p) *to++ = x[i * ldx + p];
}

void narrow(std::int64_t m, std::int64_t n, std::int64_t k, const float* packed, const float* w, const float* bias,
            float* y, std::int64_t ldy) {
  dots(m, n, k, packed, k, w, bias, y, ldy);
}

void add(std::int64_t n, const float* from, float* to) {
  for (std::int64_t i = 0; i < n; ++i) to[i] += from[i];
}

}  // namespace

extern const GemmRow kGemmReference{.isa = Isa::reference,
                                    .panel = kPanel,
                                    .pack = pack,
                                    .pack_transposed = pack_transposed,
                                    .multiply = multiply,
                                    .multiply_transposed = multiply_transposed,
                                    .dots = dots,
                                    .pack_narrow = pack_narrow,
                                    .narrow = narrow,
                                    .add = add};

}  // namespace ingot::engine::kernels
