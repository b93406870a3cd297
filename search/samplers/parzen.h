// A Parzen estimator: the density of a joint space as a weighted sum of one kernel for each observation and a wide
// prior kernel. A kernel is a product over the parameters: a truncated normal on numbers, a smoothed choice on lists
// (Bergstra et al.: Algorithms for Hyper-Parameter Optimization, 2011; Watanabe: arXiv 2304.11127).
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "search/history/distribution.h"

namespace ingot::search {

// How wide kernels on numbers are, and how logarithmic integers are scored.
enum class KernelRule {
  neighbours,            // the larger distance to the neighbours (Optuna 5)
  neighbours_and_prior,  // the middle of the range counts as a neighbour (Optuna 4, univariate)
  scaled_range,          // 0.2 n^(-1/(d + 4)) of the range, d parameters (Optuna 4, multivariate)
};

class Parzen {
 public:
  struct Axis {
    std::string name;
    std::shared_ptr<const Distribution> distribution;
  };

  Parzen(std::vector<Axis> axes, KernelRule rule);

  // Makes the observations those with the given keys, in ascending order; value(key, axis) is asked for the new ones.
  // Work is done only for what changed. Without weights for the keys, each observation counts 1; from 26 observations
  // on, the old ones count less.
  void observe(std::span<const std::int64_t> keys, const std::function<double(std::int64_t, std::size_t)>& value,
               std::span<const double> weights = {});

  // count samples drawn with the uniforms, in Optuna's order: the kernels, the choices of each list, the numbers.
  // samples[axis * count + i], as Distribution holds values.
  void sample(std::size_t count, const std::function<double()>& uniform, std::span<double> samples) const;

  // ln density of such samples; of stepped parameters the mass of the step's cell.
  void log_density(std::size_t count, std::span<const double> samples, std::span<double> result) const;

  // For tests: weights of observations and prior, and mean and deviation of each kernel on an axis of numbers.
  std::span<const double> weights() const { return weights_; }
  std::span<const double> means(std::size_t axis) const { return columns_[axis].mean; }
  std::span<const double> deviations(std::size_t axis) const { return columns_[axis].deviation; }

 private:
  // The kernels on one axis, the prior last. Lists use only mean: the choice observed, -1 for the prior.
  struct Column {
    bool is_list, is_log, is_cells;  // is_cells: scored by the mass of a cell, not by density
    double n_choices;                // of lists
    double low, high, step;          // of the range, with half a step at each end; logarithms where is_log
    std::vector<double> mean, deviation;
    std::vector<double> scale;                   // 1 / (sqrt 2 deviation)
    std::vector<double> constant;                // what the kernel adds to the score wherever the sample lies
    std::vector<double> cdf_low, cdf_high;       // mass below low and above high, each in its own tail
    std::vector<std::uint32_t> order;            // observations by mean, then by age
    std::size_t dirty_begin = 0, dirty_end = 0;  // positions in order whose deviation may have changed
    double hit = 0;                              // of lists: what an observation of the same choice adds
  };

  std::size_t n_observed() const { return keys_.size(); }
  void insert(std::size_t at, std::int64_t key, const std::function<double(std::int64_t, std::size_t)>& value);
  void erase(std::size_t at);
  void refresh(Column& column, bool all);
  double deviation_at(const Column& column, std::size_t position) const;
  void set_weights(std::span<const double> weights);
  double draw_number(const Column& column, std::size_t kernel, double q, const Distribution& distribution) const;
  void add_cells(const Column& column, double sample, std::vector<double>& scores) const;
  struct Cells;
  Cells score_cells(std::size_t count, std::span<const double> samples) const;

  // Kernels are scored in blocks, for some samples side by side, so that scores stay in the nearest cache.
  static constexpr std::size_t kBlock = 64, kSide = 4;
  using Scores = std::array<std::array<double, kBlock>, kSide>;
  static void add_axis(const Column& column, const double* x, std::size_t begin, std::size_t length, Scores& scores);

  std::vector<Axis> axes_;
  KernelRule rule_;
  std::vector<Column> columns_;
  std::vector<std::int64_t> keys_;
  std::vector<double> weights_;
  std::vector<double> base_;  // ln weight plus the constants of all axes
};

}  // namespace ingot::search
