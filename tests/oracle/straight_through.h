// The parameters of a model, and what compression makes of them and of what flows through a layer. What a number is
// rounded to is the format's own definition; that gradients pass as if nothing had been rounded (Bengio, Leonard,
// Courville 2013), and stop at masks and where numbers are clipped, is said here.
#pragma once

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <optional>
#include <string>

#include "bert/model.h"
#include "compress/formats/kind.h"
#include "compress/transforms.h"
#include "tests/oracle/losses.h"

namespace ingot::oracle {

// How far a number of float32 may be from the true one, for those whose neighbourhood matters.
inline constexpr double kMargin = 1e-6;

template <class Real>
class Compressed {
 public:
  // The weights of `model`; learned: as variables of the tape.
  Compressed(const bert::Model& model, bool learned, const compress::Compression& compression)
      : compression_(compression) {
    for (const engine::Parameter& p : model.parameters()) {
      shapes_.emplace(p.name, p.variable.shape());
      for (const float w : p.variable.value().span())
        parameters[p.name].push_back(learned ? variable<Real>(w) : Number<Real>(w));
    }
  }

  std::map<std::string, Row<Real>> parameters;
  bool is_doubtful = false;  // a number lies so near to a border that float32 may be on its other side

 protected:
  const compress::LayerCompression* compression_of(const std::string& layer) const {
    const auto found = compression_.find(layer);
    return found == compression_.end() ? nullptr : &found->second;
  }

  // What a layer computes with instead of its weight or bias.
  const Row<Real>& effective(const std::string& layer, const std::string& tensor) {
    const std::string name = layer + "." + tensor;
    const bool is_new = !effective_.contains(name);
    Row<Real>& row = effective_.try_emplace(name, parameters.at(name)).first->second;
    const compress::LayerCompression* const how = compression_of(layer);
    if (!is_new || how == nullptr) return row;
    const bool has_mask = tensor == "weight" && !how->weight_mask.empty();
    const auto mask = [&] {
      for (std::size_t i = 0; has_mask && i < row.size(); ++i)
        if (how->weight_mask[i] == 0) row[i] = nothing(row[i]);
    };
    mask();
    const auto& quantizer = (*how)[tensor == "weight" ? compress::Role::weight : compress::Role::bias];
    if (quantizer) row = rounded_tensor(row, shapes_.at(name), *quantizer, false);
    mask();
    return row;
  }

  // Of what flows through a layer: a row for each token.
  Rows<Real> rounded(const Rows<Real>& x, const std::optional<compress::Quantizer>& quantizer) {
    if (!quantizer) return x;
    Row<Real> all;
    for (const Row<Real>& row : x) all.insert(all.end(), row.begin(), row.end());
    const auto n = static_cast<std::ptrdiff_t>(x[0].size());
    all = rounded_tensor(all, engine::Shape{std::ssize(x), n}, *quantizer, true);
    Rows<Real> y;
    for (auto at = all.begin(); at != all.end(); at += n) y.emplace_back(at, at + n);
    return y;
  }

  // Which numbers are left when the share of each row with the smallest magnitudes becomes 0.
  using Kept = std::vector<std::vector<bool>>;
  Kept largest(const Rows<Real>& x, double sparsity) {
    Kept is_kept;
    for (const Row<Real>& row : x) {
      std::vector<std::size_t> order(row.size());
      std::iota(order.begin(), order.end(), std::size_t{0});
      const auto magnitude = [&](std::size_t i) { return std::abs(row[i].value); };
      std::stable_sort(order.begin(), order.end(),
                       [&](std::size_t a, std::size_t b) { return magnitude(a) > magnitude(b); });
      const auto n_zeros = static_cast<std::size_t>(std::llround(sparsity * static_cast<double>(row.size())));
      const std::size_t n_kept = row.size() - n_zeros;
      if (n_zeros > 0 && n_kept > 0)
        is_doubtful |= magnitude(order[n_kept - 1]) - magnitude(order[n_kept]) < 2 * kMargin;
      is_kept.emplace_back(row.size());
      for (std::size_t i = 0; i < n_kept; ++i) is_kept.back()[order[i]] = true;
    }
    return is_kept;
  }
  static Rows<Real> kept(Rows<Real> x, const Kept& is_kept) {
    for (std::size_t i = 0; i < x.size(); ++i)
      for (std::size_t j = 0; j < x[i].size(); ++j)
        if (!is_kept[i][j]) x[i][j] = nothing(x[i][j]);
    return x;
  }

 private:
  // flows: x is what flows through a layer, and no weight.
  Row<Real> rounded_tensor(const Row<Real>& x, const engine::Shape& shape, const compress::Quantizer& quantizer,
                           bool flows) {
    // Numbers that are near to x by `far` times the margin: all in one direction, away from 0, or in turns.
    enum class Way { up, outward, in_turns };
    const auto near = [&](double far, Way way) {
      std::vector<float> values;
      for (std::size_t i = 0; i < x.size(); ++i) {
        const double v = x[i].value;
        const bool is_back = way == Way::outward ? v < 0 : way == Way::in_turns && i % 2 != 0;
        values.push_back(static_cast<float>(v + (is_back ? -far : far) * kMargin));
      }
      return compress::fake_quantize(engine::Variable(engine::Tensor::from(shape, values)), quantizer, flows).value();
    };
    const engine::Tensor values = near(0, Way::up);
    for (const Way way : {Way::up, Way::outward, Way::in_turns}) {
      if (!flows) break;
      const engine::Tensor above = near(4, way), below = near(-4, way);
      for (std::int64_t i = 0; i < values.size(); ++i)
        is_doubtful |= std::abs(double{above.data()[i]} - double{below.data()[i]}) > 64 * kMargin;
    }
    Row<Real> y;
    for (std::size_t i = 0; i < x.size(); ++i) {
      double slope = 1;
      if (quantizer.clip || quantizer.format.kind().always_clips) {
        const auto [lowest, highest] = range_of(quantizer, i / (x.size() / static_cast<std::size_t>(shape[0])));
        const double v = x[i].value;
        if (v < lowest || v > highest) slope = 0;
        is_doubtful |= flows && std::min(std::abs(v - lowest), std::abs(v - highest)) < kMargin;
      }
      y.push_back(record<Real>(values.data()[i], x[i], static_cast<Real>(slope)));
    }
    return y;
  }

  static compress::ValueRange range_of(const compress::Quantizer& quantizer, std::size_t row) {
    if (quantizer.channel_frac_bits.empty()) return compress::value_range(quantizer.format);
    const double unit = std::exp2(-quantizer.channel_frac_bits[row]), half = std::exp2(quantizer.format.integer(0) - 1);
    return {-half * unit, (half - 1) * unit};
  }

  const compress::Compression& compression_;
  std::map<std::string, engine::Shape> shapes_;
  std::map<std::string, Row<Real>> effective_;
};

}  // namespace ingot::oracle
