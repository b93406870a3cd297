#include "report/mean.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace ingot::report {
namespace {

// The point of `series` that belongs to `p`; null if there is none.
const Point* like(const Series& series, const Point& p) {
  const auto found = std::find_if(series.points.begin(), series.points.end(), [&](const Point& other) {
    return p.label.empty() ? other.label.empty() && other.x == p.x : other.label == p.label;
  });
  return found == series.points.end() ? nullptr : &*found;
}

}  // namespace

Mean mean_of(std::span<const double> values) {
  const auto n = static_cast<double>(values.size());
  Mean mean;
  for (const double value : values) mean.value += value / n;
  // Equal numbers are their mean, without what rounding would add.
  if (std::equal(values.begin() + 1, values.end(), values.begin())) return {.value = values[0]};
  double squares = 0;
  for (const double value : values) squares += (value - mean.value) * (value - mean.value);
  mean.error = std::sqrt(squares / (n - 1) / n);
  return mean;
}

std::string to_text(const Mean& mean) {
  const bool is_whole = std::abs(mean.value) < 1e15 && std::floor(mean.value) == mean.value;
  if (!(mean.error > 0)) return is_whole ? fmt::format("{:.0f}", mean.value) : fmt::format("{:.6g}", mean.value);
  const int decimals = static_cast<int>(std::clamp(1 - std::floor(std::log10(mean.error)), 0.0, 12.0));
  return fmt::format("{:.{}f} \u00b1 {:.{}f}", mean.value, decimals, mean.error, decimals);
}

Series mean_of(std::span<const Series> all, const std::string& name) {
  Series mean = all[0];
  mean.name = name;
  mean.points.clear();
  for (const Point& p : all[0].points) {
    std::vector<double> xs, ys;
    for (const Series& series : all) {
      const Point* const other = like(series, p);
      if (other == nullptr || !std::isfinite(other->y)) break;
      xs.push_back(other->x);
      ys.push_back(other->y);
    }
    if (ys.size() < all.size()) continue;
    const Mean y = mean_of(ys);
    mean.points.push_back({mean_of(xs).value, y.value, y.error, p.label});
  }
  return mean;
}

}  // namespace ingot::report
