#include "engine/kernels/quantize/table.h"
#include "engine/kernels/simd/doubles_avx2.h"
// The body is written in the words of the header above.
#include "engine/kernels/quantize/x86_body.h"

namespace ingot::engine::kernels {

extern const QuantizeRow kQuantizeAvx2{
    .isa = Isa::avx2, .quantize = quantize_row, .fake_quantize = fake_quantize_row, .dequantize = dequantize_row};

}  // namespace ingot::engine::kernels
