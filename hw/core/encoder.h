// The parts of an integer graph that is a whole encoder, or layers of one from rows to rows, as
// compress/lower/whole_model.h makes them: what a core computes.
#pragma once

#include <optional>
#include <vector>

#include "hw/graph.h"

namespace ingot::hw {

// A Linear whose results go, if `activation` is there, through a function of one code.
struct EncoderLinear {
  Layer linear;
  std::optional<Layer> activation;

  const Edge& result() const { return linear.out(); }
  const Edge& output() const { return activation ? activation->out() : linear.out(); }
};

// The sum of a Linear's results and a row, and its layer norm.
struct EncoderNorm {
  std::optional<Layer> add;  // none: the row is an embedding
  Layer norm;
  int left_result = 0, left_residual = 0;  // places by which the addends are shifted
};

struct EncoderLayer {
  EncoderLinear query, key, value;
  Layer attention;
  EncoderLinear attention_output;
  EncoderNorm attention_norm;
  EncoderLinear intermediate, output;
  EncoderNorm output_norm;
};

struct Encoder {
  std::optional<Layer> embedding;  // none: rows come in, and the last layer's go out
  std::optional<EncoderNorm> embedding_norm;
  Edge rows;  // that the first layer reads
  std::vector<EncoderLayer> layers;
  std::optional<Layer> summary;     // none: the last Linear answers for each row
  std::vector<EncoderLinear> head;  // one after another; empty: the summary is the answer, or the rows are

  bool takes_rows() const { return !embedding; }
  bool answers_rows() const { return !summary; }  // it gives n_answers() numbers for each row of a text
  std::int64_t hidden() const { return rows.size; }
  std::string name() const { return embedding ? embedding->name() : layers.front().attention.name(); }
  std::int64_t heads() const;
  std::int64_t longest() const;                       // rows of a text, at most
  std::int64_t n_answers() const;                     // numbers that it gives for a text, or for a row of it
  std::vector<const EncoderNorm*> norms() const;      // in their order; their places are their numbers in hardware
  std::vector<const EncoderLinear*> linears() const;  // in the order in which their weights are used
};

// The parts of the graph, which must outlive them. Throws Error naming the node that has no place in an encoder, and
// what is expected instead.
Encoder encoder_of(const Graph& graph);

}  // namespace ingot::hw
