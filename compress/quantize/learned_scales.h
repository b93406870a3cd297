// Quantisation whose step is learned with the weights: LSQ (Esser, McKinstry, Bablani, Appuswamy, Modha: Learned Step
// Size Quantization, ICLR 2020), with steps that stay powers of two in the forward pass, so that integer programs hold,
// and are learned by their logarithm (as in Jain, Gural, Wu, Dick: Trained Quantization Thresholds, MLSys 2020).
#pragma once

#include "compress/compression.h"
#include "compress/encoder_functions.h"
#include "compress/formats/fixed.h"
#include "engine/optim/adamw.h"

namespace ingot::compress {

// x in fixed point with step s = 2^round(t), t = log2_steps [1], or [rows] for each row of x. In the gradient rounding
// of x and of t is straight-through:
//   dx = dy inside of the range, 0 outside;   dt = g ln2 sum dy (q(x) - x inside, q(x) outside),
//   g = 1 / sqrt(n highest), n elements that share the step (LSQ, section 2.2).
engine::Variable learned_quantize(const engine::Variable& x, const engine::Variable& log2_steps,
                                  const FixedPoint& fixed);

// The steps of all deterministic fixed-point quantizers of a compression in mode standard. Linears that read the same
// tensor share the step of their input where they begin with the same, and with the layer norm that gives it. Two
// do not move by themselves: a bias with the fraction bits of the sums follows them, and a softmax keeps its scores',
// for which its exponentials are made.
class LearnedScales {
 public:
  LearnedScales(const bert::Config& config, const Compression& compression);

  // Makes the model compute with the compression and these steps instead of its fraction bits.
  void attach(bert::Model& model) const;

  // Steps as parameters for an optimizer: no decay, and a learning rate at which they can move by some powers of two
  // within an epoch.
  engine::ParameterGroup parameters() const;

  // Puts the present steps into a compression, as fraction bits.
  void write_to(Compression& compression) const;

 private:
  struct Scale {
    std::string layer;
    Role role;
    engine::Variable log2_steps;
    FixedPoint fixed;
  };
  struct State;
  MovingFormats moving_formats() const;

  bert::Config config_;
  Compression compression_;
  std::shared_ptr<const State> state_;  // the functions of a model share it
};

}  // namespace ingot::compress
