// Linear layers whose sums are not rounded on the way: the reference of fake quantisation in fixed point.
//
// A product of two float32 is exact in double, and so is a sum of products that are multiples of one power of two while
// sum |x| |w| is at most 2^53 of it: any order then gives the same bits. Codes of a and b bits reach that at depth
// 2^(55 - a - b): 16 x 16 bits at 8 million inputs. (In float32 the same holds up to 2^24: 8 x 8 bits at depth 1,024.)
#pragma once

#include <cstdint>

namespace ingot::engine::kernels {

// y[m,n] = float32(double(sum of x[m,k] w[n,k]) + double(bias[n])), each rounded to nearest, ties to even; bias may be
// null (0). ldx >= k, ldy >= n: row strides. Sums beyond the bound above are rounded in double, in an order that
// depends on the instruction set. Threads inside.
void exact_linear(std::int64_t m, std::int64_t n, std::int64_t k, const float* x, std::int64_t ldx, const float* w,
                  const float* bias, float* y, std::int64_t ldy);

}  // namespace ingot::engine::kernels
