// Fixed point in an ONNX graph. Scales are powers of two and zero points 0, so that every product with a scale is exact
// and a code stands for the same number as in ingot.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "compress/compression.h"
#include "compress/formats/fixed.h"
#include "compress/onnx/graph.h"
#include "engine/tensor/tensor.h"

namespace ingot::compress {

// QuantizeLinear of opset 17 knows codes of 8 bits.
inline constexpr int kMaxOnnxWidth = 8;

// Whether the numbers of a quantised edge can be computed by operations of ONNX: fixed point that is not rounded at
// random.
bool is_exact_in_onnx(const Format& format);

// x as the format rounds and saturates it, with the same numbers. Up to 8 bits it passes through a QuantizeLinear and a
// DequantizeLinear; what these would do otherwise (more or fewer bits, a rounding other than to nearest even) is done
// by Clip, Round and Floor. Names of nodes begin with `name`. The format must be exact in ONNX.
OnnxGraph::Value quantized_edge(OnnxGraph& graph, const OnnxGraph::Value& x, const FixedPoint& format,
                                const std::string& name);

// The codes of a weight whose numbers are those of a format already.
struct OnnxCodes {
  OnnxGraph::Type type;
  std::vector<std::int64_t> codes;  // in the order of the weight
  std::vector<float> scales;        // one for the weight, or one for each of its rows
};

// None if the quantizer is not fixed point of at most 8 bits, or a number is not one of the format.
std::optional<OnnxCodes> onnx_codes(const engine::Tensor& weight, const std::optional<Quantizer>& quantizer);

}  // namespace ingot::compress
