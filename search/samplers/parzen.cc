// A search asks for densities in every trial, but a trial adds only one observation. Building the estimator anew each
// time would repeat nearly all of the work of the trial before.
//
// So kernels are kept from trial to trial, in columns: one array for each of their numbers. observe() inserts and
// erases single observations, and refresh() computes only the kernels whose neighbours changed. What a kernel adds to a
// score wherever the sample lies is computed once, in `constant`. The widths follow Optuna's rules, so that the same
// uniform numbers draw the same samples. In return there is bookkeeping: which positions changed, and in which order
// the observations lie.
#include "search/samplers/parzen.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>

#include "search/samplers/log_sum_exp.h"
#include "search/samplers/truncated_normal.h"

namespace ingot::search {
namespace {

constexpr double kLogRootTwoPi = 0.91893853320467274178;  // ln sqrt(2 pi)
constexpr double kUnknown = -1;                           // a deviation that is still to be found
constexpr std::size_t kSmallestWidth = 100;               // deviations are at least a hundredth of the range

double edge(double value, bool log) { return log ? std::log(value) : value; }

// The smallest deviation with n observations, as a part of the range.
double smallest_deviation(std::size_t n) { return 1.0 / static_cast<double>(std::min(kSmallestWidth, n + 2)); }

// Probability of the choice that an observation has, and of every other, among n observations and C choices.
struct Shares {
  double hit, miss;
};
Shares shares(std::size_t n, double n_choices) {
  const double kernels = static_cast<double>(n + 1), total = 1 + n_choices / kernels;
  return {(1 + 1 / kernels) / total, 1 / kernels / total};
}

}  // namespace

Parzen::Parzen(std::vector<Axis> axes, KernelRule rule) : axes_(std::move(axes)), rule_(rule) {
  for (const Axis& axis : axes_) {
    const Distribution& d = *axis.distribution;
    Column c;
    c.is_list = d.kind == Distribution::Kind::categorical;
    c.is_log = d.log;
    c.step = d.step;
    c.n_choices = static_cast<double>(d.choices.size());
    c.is_cells = !c.is_list && d.step > 0 && !(d.log && rule != KernelRule::neighbours);
    c.low = edge(d.low - d.step / 2, d.log);
    c.high = edge(d.high + d.step / 2, d.log);
    c.mean = {c.is_list ? -1 : 0.5 * (c.low + c.high)};  // the prior
    for (auto* values : {&c.deviation, &c.scale, &c.constant, &c.cdf_low, &c.cdf_high}) values->assign(1, 0.0);
    c.deviation[0] = kUnknown;
    columns_.push_back(std::move(c));
  }
  observe({}, {});
}

void Parzen::observe(std::span<const std::int64_t> keys, const std::function<double(std::int64_t, std::size_t)>& value,
                     std::span<const double> weights) {
  const std::size_t before = n_observed();
  bool all = base_.empty();
  std::size_t at = 0;
  for (const std::int64_t key : keys) {
    while (at < n_observed() && keys_[at] < key) erase(at);
    if (at == n_observed() || keys_[at] != key) insert(at, key, value);
    ++at;
  }
  while (at < n_observed()) erase(at);
  // Widths of all kernels depend on their number until the smallest is reached, or in one rule always.
  all |= before != n_observed() &&
         (rule_ == KernelRule::scaled_range || smallest_deviation(before) != smallest_deviation(n_observed()));
  for (Column& column : columns_) refresh(column, all);
  set_weights(weights);
}

void Parzen::insert(std::size_t at, std::int64_t key, const std::function<double(std::int64_t, std::size_t)>& value) {
  const auto offset = static_cast<std::ptrdiff_t>(at);
  const bool is_last = at == n_observed();
  keys_.insert(keys_.begin() + offset, key);
  for (std::size_t axis = 0; axis < columns_.size(); ++axis) {
    Column& c = columns_[axis];
    const double mean = c.is_list ? value(key, axis) : edge(value(key, axis), c.is_log);
    c.mean.insert(c.mean.begin() + offset, mean);
    if (c.is_list) continue;
    c.deviation.insert(c.deviation.begin() + offset, kUnknown);
    for (auto* values : {&c.scale, &c.constant, &c.cdf_low, &c.cdf_high}) values->insert(values->begin() + offset, 0.0);
    if (!is_last) {
      for (std::uint32_t& i : c.order) i += i >= at;
    }
    const auto place = std::lower_bound(c.order.begin(), c.order.end(), mean, [&](std::uint32_t i, double x) {
      return c.mean[i] != x ? c.mean[i] < x : i < at;
    });
    const auto position = static_cast<std::size_t>(place - c.order.begin());
    c.order.insert(place, static_cast<std::uint32_t>(at));
    if (c.dirty_begin == c.dirty_end) c.dirty_begin = c.dirty_end = position;
    c.dirty_begin = std::min(c.dirty_begin, position - (position > 0));
    c.dirty_end = std::max(c.dirty_end + 1, position + 2);
  }
}

void Parzen::erase(std::size_t at) {
  const auto offset = static_cast<std::ptrdiff_t>(at);
  keys_.erase(keys_.begin() + offset);
  for (Column& c : columns_) {
    c.mean.erase(c.mean.begin() + offset);
    if (c.is_list) continue;
    for (auto* values : {&c.deviation, &c.scale, &c.constant, &c.cdf_low, &c.cdf_high}) {
      values->erase(values->begin() + offset);
    }
    const auto place = std::find(c.order.begin(), c.order.end(), static_cast<std::uint32_t>(at));
    const auto position = static_cast<std::size_t>(place - c.order.begin());
    c.order.erase(place);
    for (std::uint32_t& i : c.order) i -= i > at;
    if (c.dirty_begin == c.dirty_end) c.dirty_begin = c.dirty_end = position;
    c.dirty_begin = std::min(c.dirty_begin, position - (position > 0));
    c.dirty_end = std::max(c.dirty_end, position + 1);
  }
}

// The larger distance to the neighbours. The range ends are neighbours of the outermost means, but count only for a
// mean without another neighbour.
double Parzen::deviation_at(const Column& c, std::size_t position) const {
  const double range = c.high - c.low;
  const std::size_t n = n_observed();
  if (rule_ == KernelRule::scaled_range) {
    return 0.2 * std::pow(static_cast<double>(n), -1.0 / (static_cast<double>(columns_.size()) + 4)) * range;
  }
  const double mean = c.mean[c.order[position]];
  bool has_left = position > 0, has_right = position + 1 < n;
  double left = has_left ? c.mean[c.order[position - 1]] : c.low;
  double right = has_right ? c.mean[c.order[position + 1]] : c.high;
  if (rule_ == KernelRule::neighbours_and_prior) {
    const double middle = 0.5 * (c.low + c.high);
    if (mean <= middle && (!has_right || right > middle)) right = middle, has_right = true;
    if (mean > middle && (!has_left || left <= middle)) left = middle, has_left = true;
  }
  if (has_left == has_right) return std::max(mean - left, right - mean);
  return has_left ? mean - left : right - mean;
}

void Parzen::refresh(Column& c, bool all) {
  const std::size_t n = n_observed();
  if (c.is_list) {
    const Shares share = shares(n, c.n_choices);
    c.hit = std::log(share.hit) - std::log(share.miss);
    c.constant.assign(n + 1, std::log(share.miss));
    c.constant[n] = -std::log(c.n_choices);
    return;
  }
  const double range = c.high - c.low;
  const auto set = [&](std::size_t kernel, double deviation) {
    if (c.deviation[kernel] == deviation) return;
    c.deviation[kernel] = deviation;
    c.scale[kernel] = 1 / (std::numbers::sqrt2 * deviation);
    const double a = (c.low - c.mean[kernel]) / deviation, b = (c.high - c.mean[kernel]) / deviation;
    c.cdf_low[kernel] = normal_cdf(a);
    c.cdf_high[kernel] = normal_cdf(-b);
    // As log_mass, which has a case for means outside the range: of a study whose range was wider before.
    const double mass = a <= 0 && b > 0 ? std::log1p(-(c.cdf_low[kernel] + c.cdf_high[kernel])) : log_mass(a, b);
    c.constant[kernel] = -mass - (c.is_cells ? 0 : kLogRootTwoPi + std::log(deviation));
  };
  const double smallest = smallest_deviation(n) * range;
  const std::size_t begin = all ? 0 : c.dirty_begin, end = all ? n : std::min(n, c.dirty_end);
  for (std::size_t position = begin; position < end; ++position) {
    set(c.order[position], std::clamp(deviation_at(c, position), smallest, range));
  }
  set(n, range);
  c.dirty_begin = c.dirty_end = 0;
}

// Weight 1 for the 25 latest observations and the prior; older ones rise from 1 / n in equal steps.
void Parzen::set_weights(std::span<const double> given) {
  constexpr std::size_t kFull = 25;
  const std::size_t n = n_observed();
  weights_.assign(n + 1, 1.0);
  std::copy(given.begin(), given.end(), weights_.begin());
  if (given.empty() && n > kFull) {
    const std::size_t n_old = n - kFull;
    const double first = 1.0 / static_cast<double>(n);
    const double step = n_old > 1 ? (1 - first) / static_cast<double>(n_old - 1) : 0;
    for (std::size_t i = 0; i < n_old; ++i) weights_[i] = first + static_cast<double>(i) * step;
    if (n_old > 1) weights_[n_old - 1] = 1;
  }
  const double sum = std::accumulate(weights_.begin(), weights_.end(), 0.0);
  base_.resize(n + 1);
  for (std::size_t i = 0; i <= n; ++i) {
    weights_[i] /= sum;
    base_[i] = i > 0 && weights_[i] == weights_[i - 1] ? base_[i - 1] : std::log(weights_[i]);
  }
  for (const Column& c : columns_) {
    for (std::size_t i = 0; i <= n; ++i) base_[i] += c.constant[i];
  }
}

void Parzen::sample(std::size_t count, const std::function<double()>& uniform, std::span<double> samples) const {
  std::vector<double> sums(weights_.size());
  std::partial_sum(weights_.begin(), weights_.end(), sums.begin());
  for (double& sum : sums) sum /= sums.back();
  std::vector<std::size_t> kernels(count);
  for (std::size_t& kernel : kernels) {
    kernel = static_cast<std::size_t>(std::upper_bound(sums.begin(), sums.end(), uniform()) - sums.begin());
  }
  for (const bool lists : {true, false}) {
    for (std::size_t axis = 0; axis < columns_.size(); ++axis) {
      const Column& c = columns_[axis];
      if (c.is_list != lists) continue;
      const Distribution& d = *axes_[axis].distribution;
      const Shares share = shares(n_observed(), static_cast<double>(d.choices.size()));
      for (std::size_t i = 0; i < count; ++i) {
        const double u = uniform();
        double& sample = samples[axis * count + i];
        if (!lists) {
          sample = draw_number(c, kernels[i], u, d);
          continue;
        }
        const double prior = 1 / static_cast<double>(d.choices.size());
        double choice = 0, sum = 0;
        for (; choice < d.high; ++choice) {
          const double seen = c.mean[kernels[i]];
          sum += seen < 0 ? prior : seen == choice ? share.hit : share.miss;
          if (sum >= u) break;
        }
        sample = choice;
      }
    }
  }
}

double Parzen::draw_number(const Column& c, std::size_t kernel, double q, const Distribution& d) const {
  const double mean = c.mean[kernel], deviation = c.deviation[kernel];
  const bool is_inside = mean >= c.low && mean <= c.high;
  double x = is_inside ? central_quantile(q, c.cdf_low[kernel], c.cdf_high[kernel])
                       : truncated_quantile(q, (c.low - mean) / deviation, (c.high - mean) / deviation);
  x = std::clamp(x * deviation + mean, c.low, c.high);
  if (c.is_log) x = std::exp(x);
  if (c.step > 0) x = d.low + std::nearbyint((x - d.low) / c.step) * c.step;
  return std::clamp(x, d.low, d.high);
}

// Adds the mass of the cell about the sample, before the division by the mass of the range. Equal kernels, which are
// neighbours in the order, share one calculation.
void Parzen::add_cells(const Column& c, double sample, std::vector<double>& scores) const {
  const double low = edge(sample - c.step / 2, c.is_log), high = edge(sample + c.step / 2, c.is_log);
  const std::size_t n = n_observed();
  double mean = 0, deviation = kUnknown, mass = 0;
  for (std::size_t position = 0; position <= n; ++position) {
    const std::size_t kernel = position < n ? c.order[position] : n;
    if (c.mean[kernel] != mean || c.deviation[kernel] != deviation) {
      mean = c.mean[kernel];
      deviation = c.deviation[kernel];
      mass = log_mass((low - mean) / deviation, (high - mean) / deviation);
    }
    scores[kernel] += mass;
  }
}

// The scores of cells are costly, and samples of stepped parameters few: a column of scores for each value.
struct Parzen::Cells {
  std::vector<std::vector<double>> columns;
  std::vector<std::uint32_t> of_sample;  // [axis * count + sample], into columns
};

Parzen::Cells Parzen::score_cells(std::size_t count, std::span<const double> samples) const {
  Cells cells;
  cells.of_sample.resize(samples.size());
  for (std::size_t axis = 0; axis < columns_.size(); ++axis) {
    if (!columns_[axis].is_cells) continue;
    const auto begin = samples.begin() + static_cast<std::ptrdiff_t>(axis * count);
    for (std::size_t i = 0; i < count; ++i) {
      const double sample = samples[axis * count + i];
      const auto first =
          static_cast<std::size_t>(std::find(begin, begin + static_cast<std::ptrdiff_t>(i), sample) - begin);
      if (first == i) add_cells(columns_[axis], sample, cells.columns.emplace_back(base_.size(), 0.0));
      cells.of_sample[axis * count + i] =
          first < i ? cells.of_sample[axis * count + first] : static_cast<std::uint32_t>(cells.columns.size() - 1);
    }
  }
  return cells;
}

// What the kernels [begin, begin + length) add on one axis to the scores of kSide samples x, all in logarithms.
void Parzen::add_axis(const Column& c, const double* x, std::size_t begin, std::size_t length, Scores& scores) {
  const double* mean = &c.mean[begin];
  if (c.is_list) {
    for (std::size_t side = 0; side < kSide; ++side) {
      for (std::size_t k = 0; k < length; ++k) scores[side][k] += mean[k] == x[side] ? c.hit : 0.0;
    }
    return;
  }
  const double* scale = &c.scale[begin];
  for (std::size_t k = 0; k < length; ++k) {  // one load of a kernel serves all samples
    double z[kSide];
    for (std::size_t side = 0; side < kSide; ++side) z[side] = (x[side] - mean[k]) * scale[k];
    for (std::size_t side = 0; side < kSide; ++side) scores[side][k] -= z[side] * z[side];
  }
}

void Parzen::log_density(std::size_t count, std::span<const double> samples, std::span<double> result) const {
  const Cells cells = score_cells(count, samples);
  Scores scores;
  for (std::size_t first = 0; first < count; first += kSide) {
    const std::size_t n_sides = std::min(kSide, count - first);
    std::vector<double> points(columns_.size() * kSide, 0.0);
    for (std::size_t axis = 0; axis < columns_.size(); ++axis) {
      for (std::size_t side = 0; side < n_sides; ++side) {
        points[axis * kSide + side] = edge(samples[axis * count + first + side], columns_[axis].is_log);
      }
    }
    LogSumExp sums[kSide];
    for (std::size_t begin = 0; begin < base_.size(); begin += kBlock) {
      const std::size_t length = std::min(kBlock, base_.size() - begin);
      for (auto& score : scores) std::copy_n(&base_[begin], length, score.begin());
      for (std::size_t axis = 0; axis < columns_.size(); ++axis) {
        if (!columns_[axis].is_cells) {
          add_axis(columns_[axis], &points[axis * kSide], begin, length, scores);
          continue;
        }
        for (std::size_t side = 0; side < n_sides; ++side) {
          const double* cell = &cells.columns[cells.of_sample[axis * count + first + side]][begin];
          for (std::size_t k = 0; k < length; ++k) scores[side][k] += cell[k];
        }
      }
      for (std::size_t side = 0; side < n_sides; ++side) sums[side].add({scores[side].data(), length});
    }
    for (std::size_t side = 0; side < n_sides; ++side) result[first + side] = sums[side].value();
  }
}

}  // namespace ingot::search
