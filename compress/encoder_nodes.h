// The nodes of the integer graph that an encoder has beside its Linears, made of formats and parameters.
#pragma once

#include <span>

#include "compress/encoder_formats.h"
#include "compress/integer/graph.h"

namespace ingot::compress {

// The sum of two edges with the formats of the norm's addends, in the finer unit; its edge's format holds every sum.
FixedPoint sum_format(const NormFormats& formats);

// A layer norm of these parameters, which are numbers of the formats of gamma and beta.
Node norm_node(const std::string& name, const NormFormats& formats, std::span<const float> gamma,
               std::span<const float> beta, float epsilon);

// Attention of n_heads heads over `size` numbers, for texts of at most `longest` rows.
Node attention_node(const std::string& name, const AttentionFormats& formats, std::int64_t n_heads, std::int64_t size,
                    std::int64_t longest);

// The mean or the first row of a text.
Node summary_node(const std::string& name, bert::Pooling pooling);

}  // namespace ingot::compress
