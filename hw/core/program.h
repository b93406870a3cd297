// The program of an encoder core (rtl/encoder_core.sv): which products it computes in which order, and what becomes of
// them. rtl/sequencer.sv says how the core runs it, rtl/output_unit.sv what becomes of results.
#pragma once

#include <cstdint>
#include <vector>

#include "hw/core/encoder.h"
#include "hw/modules/image.h"

namespace ingot::hw {

// How much a core computes at a time. Powers of two.
struct CoreSize {
  std::int64_t pi = 8, po = 8;  // numbers that a cycle multiplies: pi of each of po sums
  std::int64_t lanes = 1;       // results that a cycle finishes; at most pi and po
  std::int64_t longest = 0;     // tokens of a text, at most
  bool streams_weights =
      false;  // its large ROMs are memories outside: weights of Linears, word embeddings, their shifts
};

// The orders are those in rtl/sequencer.sv and rtl/output_unit.sv.
enum class Operation { linear, scores, context, loop, end, embed, summary };
enum class ResultKind { linear, scores, context, summary };
enum class Destination { scratch, keys, values, scores, norm, answer };

struct Results {
  ResultKind kind = ResultKind::linear;
  Destination destination = Destination::scratch;
  std::int64_t parameter_base = 0;
  int align = 0;  // of scores
  engine::Rounding rounding = engine::Rounding::nearest_even;
  std::int64_t lowest = 0, highest = 0;
  bool is_table = false;
  std::int64_t table_base = 0, table_mask = 0;
  std::int64_t word_base = 0;
  std::int64_t norm = 0, left_result = 0, left_residual = 0;
  int left = 0;  // of a numerator
  std::int64_t slot = 0;

  // What it computes: edges of the graph, before and after the table. A part of an edge's row begins at `first`.
  std::size_t result_edge = 0, output_edge = 0;
  std::int64_t first = 0;
};

struct Instruction {
  Operation operation = Operation::end;
  int context = 0;
  bool ahead = false;
  bool waits_for_outputs = false, waits_for_softmax = false, waits_for_norms = false, waits_for_all = false;
  bool from_x = false, captures = false;
  std::int64_t a_base = 0;            // word of the scratch memory, or slot
  std::int64_t inner = 1, tiles = 1;  // words of a sum, tiles of sums
  std::int64_t b_base = 0;
  std::int64_t n_results = 0;  // numbers
  std::size_t target = 0;
  Results results{};

  bool writes_norm() const { return results.destination == Destination::norm && operation == Operation::linear; }
};

// The numbers of a Linear's weights in ROM: `bits` each; 1 bit stands for 1 (0) and -1 (1).
struct StoredWeights {
  int bits;
  std::int64_t base, words;  // addresses
};

// What all parts of a core agree on: sizes in bits, places in memory.
struct CorePlan {
  CoreSize size;
  std::vector<StoredWeights> weights;  // of Encoder::linears()
  std::vector<Instruction> program;
  std::vector<std::int64_t> table_bases;  // of Encoder::linears(); -1: it has no table
  std::int64_t scratch_words = 0, weight_words = 0, table_words = 0, parameter_words = 0;

  int element_width = 0, weight_width = 0, score_width = 0, exponential_width = 0, products_width = 0;
  int sum_width = 0, bias_width = 0, align_width = 0, shift = 0, multiplier = 1, result_width = 0;
  int table_width = 0, quotient_width = 0, denominator_left = 0, left_width = 0;
  int norm_sum_width = 0, variance_width = 0, gamma_width = 0, beta_width = 0, beta_left = 0, norm_align_width = 0,
      norm_shift = 0;
  bool has_root_table = false;
  int summary_width = 0;
  bool is_serial = false;          // results come so far apart that a quotient takes a cycle a bit
  std::int64_t program_parts = 1;  // words of its ROM that an instruction takes
  std::int64_t embedding_elements = 0;
  int embedding_shift_width = 0;

  std::int64_t beats(std::int64_t n) const { return (n + size.lanes - 1) / size.lanes; }
  // The fewest cycles from a result to the next, and from a tile of sums to the next.
  std::int64_t gap() const { return is_serial ? quotient_width + 1 : 1; }
  std::int64_t period() const { return size.po / size.lanes * gap(); }
};

// Plans a core of that size. Throws Error naming the node that it cannot compute and why: sizes that pi, po and lanes
// do not divide, numbers of too many bits, layers that differ where a core has one unit for all.
CorePlan plan_core(const Encoder& encoder, const CoreSize& size);

// Bits that tell n things apart, at least 1.
int address_width(std::int64_t n);
// Bits of the code in two's complement, whatever its format is.
int signed_width(const FixedPoint& format);

}  // namespace ingot::hw
