// The fixed-point formats on the edges between the Linears of an encoder: what a compression says of layer norms,
// attention and embeddings, put together node by node. Training and lowering both read them here, so that they cannot
// differ.
//
// Beside Linears and tables a compression names
//   layer norms by their parameters' names: weight (gamma), bias (beta) and output;
//   the softmax of each layer, bert.encoder.layer.N.attention.self.softmax: input (the scores) and output (its
//   exponentials, which are unsigned and lie below 1).
// What attention gives is what attention.output.dense reads: the input of that Linear.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "compress/compression.h"
#include "compress/formats/fixed.h"

namespace ingot::compress {

// x + residual, or the embeddings' sum, normalised.
struct NormFormats {
  std::vector<FixedPoint> addends;  // of what is added up; empty: the embeddings, whose rows may differ
  int sum_frac_bits = 0;            // the finest of them
  FixedPoint gamma, beta, output;
  bool is_cheap = false;  // its root comes from a table
};

struct AttentionFormats {
  FixedPoint query, key, value, scores, exponentials, output;
  bool is_cheap = false;  // its exponentials are powers of two and lines between them
};

// From the rows of the last layer norm to what the pooler reads, or to the answer.
struct SummaryFormats {
  FixedPoint input, output;
};

// What keeps a node from being integers: the end of a sentence that begins with its name.
struct Gap {
  std::string name, reason;
};

struct EncoderFormats {
  std::map<std::string, NormFormats> norms;           // by name
  std::map<std::string, AttentionFormats> attention;  // by the name of the softmax
  std::optional<SummaryFormats> summary;
  std::vector<Gap> gaps;
};

// The name of a layer's softmax.
std::string softmax_name(std::int64_t layer);
std::vector<std::string> softmax_names(const bert::Config& config);

// Whether a compression's name is that of a layer norm or a softmax.
bool is_encoder_format(const std::string& name);

// Whether a model answers with the summary of a text itself.
bool answers_with_summary(const bert::Config& config);

// How files say LayerCompression::is_cheap of these.
struct CheapForm {
  const char *key, *value;
};
inline constexpr CheapForm kCheapNorm{"root", "table"}, kCheapSoftmax{"table", "line"};
const CheapForm& cheap_form(const std::string& name);

EncoderFormats encoder_formats(const bert::Config& config, const Compression& compression);

}  // namespace ingot::compress
