// Post-training quantisation: chooses scale bits (fraction bits of fixed point, exponent biases of minifloats and
// powers of two) by the weights, and by what the layers compute on real texts.
#pragma once

#include <functional>
#include <span>

#include "compress/quantize/plan.h"

namespace ingot::compress {

enum class CalibrationMethod {
  mse,         // the least sum of squared errors
  percentile,  // the finest step whose range holds that share of the magnitudes
};

struct CalibrationOptions {
  CalibrationMethod method = CalibrationMethod::mse;
  double percentile = 99.9;  // above 0, at most 100
};

// The scale bits (scale_bits.h) with which a format suits the numbers x. Numbers that are all 0 take in fixed point the
// finest of [-width, width], and else the usual bias.
int calibrated_scale_bits(const Format& format, std::span<const float> x, const CalibrationOptions& options,
                          Mode mode = Mode::standard);

// The same for several tensors that are shown one after another, twice: first for their ranges, then for their errors.
class ScaleChoice {
 public:
  ScaleChoice(const Format& format, const CalibrationOptions& options, Mode mode = Mode::standard);

  void see_range(std::span<const float> x);   // first round; Error if they are not finite
  void see_errors(std::span<const float> x);  // second round
  int scale_bits() const;

  // Whether the other calibrator would choose the same for the same numbers.
  bool wants_as(const ScaleChoice& other) const { return format_ == other.format_ && mode_ == other.mode_; }

 private:
  void plan_candidates();
  int of_zeros() const;

  Format format_;
  CalibrationOptions options_;
  Mode mode_;
  float largest_ = 0;
  double sum_of_squares_ = 0, sum_of_magnitudes_ = 0;
  std::int64_t n_ = 0;
  std::vector<std::int64_t> counts_;  // of magnitudes, by the upper bits of the float: percentile
  int first_ = 0;                     // candidate
  std::vector<double> errors_;        // of the candidates first_, first_ + 1, ..
};

// `start` with what is asked for in `requests`; calibrated inputs and outputs see `batches` in a model to which `start`
// is attached, except for the quantizers that are asked to change. Masks come first: a weight is calibrated as pruned.
// progress(done, total) counts batches. Leaves nothing attached.
Compression calibrate(bert::Model& model, const Compression& start, const std::map<std::string, LayerRequest>& requests,
                      std::span<const bert::Input> batches, const CalibrationOptions& options,
                      const std::function<void(std::int64_t, std::int64_t)>& progress = {});

// Gives biases that are asked to have them the fraction bits of the sums that they are added to: those of the formats
// that input and weight have in `compression`. Throws Error if these are not fixed point.
void set_bits_of_sums(const std::map<std::string, LayerRequest>& requests, bert::Model& model,
                      Compression& compression);

}  // namespace ingot::compress
