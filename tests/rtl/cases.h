// Cases of a batch: a module with parameters, random vectors, and what the engine's own integer functions make of them.
#pragma once

#include <string>

#include "engine/base/fixed_point.h"
#include "tests/rtl/batch.h"

namespace ingot::test {

// Parameters of rtl/linear.sv.
struct LinearShape {
  int in = 4, out = 8, pi = 4, po = 4;
  int in_width = 8, weight_width = 8, bias_width = 16, out_width = 8;
  bool in_signed = true, out_signed = true;
  int shift = 3, align_width = 0;  // outputs are shifted by shift - (0 .. 2^align_width - 1)
  engine::Rounding rounding = engine::Rounding::nearest_even;
  bool shares_multipliers = false;                              // in pairs of outputs: po is even
  bool in_blocks = false;                                       // memories in files
  int in_latency = 1;                                           // at most weight_latency
  int weight_latency = 1, bias_latency = 1, align_latency = 1;  // of those in blocks 1 or 2
};

std::string to_string(const LinearShape& shape);
LinearShape random_shape(engine::Rng& rng);
int latency(const LinearShape& shape);

void add_linear(Batch& batch, const LinearShape& shape, int vectors, engine::Rng& rng);

// rounding is a code of rtl/requantize.sv: 3 is half_up, which only hardware has.
void add_requantize(Batch& batch, int in_width, int out_width, bool out_signed, int shift, int rounding,
                    engine::Rng& rng);

void add_relu(Batch& batch, int lanes, int width, engine::Rng& rng);
void add_leaky_relu(Batch& batch, int lanes, int width, int slope, int slope_frac, engine::Rounding rounding,
                    engine::Rng& rng);
enum class RreluMode { eval, lab, uniform };
void add_rrelu(Batch& batch, RreluMode mode, int lanes, int width, std::uint32_t seed, engine::Rng& rng);
void add_table(Batch& batch, int lanes, int in_width, int out_width, engine::Rng& rng);

void add_skid_buffer(Batch& batch, int width, engine::Rng& rng);
void add_fifo(Batch& batch, int width, int depth, engine::Rng& rng);
// Each word forked to n branches, which delay it differently, and joined: n copies come out.
void add_fork_join(Batch& batch, int width, int n, engine::Rng& rng);
void add_adapter(Batch& batch, int width, int s_lanes, int m_lanes, engine::Rng& rng);

}  // namespace ingot::test
