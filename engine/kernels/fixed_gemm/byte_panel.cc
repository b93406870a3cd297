#include "engine/kernels/fixed_gemm/byte_panel.h"

#include <algorithm>

namespace ingot::engine::kernels {
namespace {

// Time of a group beside that of the same products in words, measured on a Zen 3: deeper sums widen less often.
struct Cost {
  int depth;
  double time;
};
constexpr double kSingleTime = 0.75;
constexpr Cost kCosts[] = {{8, 0.57}, {4, 0.60}, {2, 0.66}, {1, kSingleTime}};
constexpr double kWordsTime = 1;

struct Panel {
  std::int64_t panel, k, highest;
  std::span<const std::int8_t> w;

  std::int64_t n_units(int depth) const { return (k + 4 * depth - 1) / (4 * depth); }
  std::int8_t code(std::int64_t channel, std::int64_t p) const {
    return p < k ? w[static_cast<std::size_t>(channel * k + p)] : std::int8_t{0};
  }
};

// What a chain's copies have taken so far. Every weight goes to the first copy that has room for it; a copy of its own
// is always enough, as 255 * 128 fits.
class Copies {
 public:
  explicit Copies(std::int64_t highest) : highest_(highest) {}

  std::size_t place(std::int64_t code) {
    if (code == 0) return 0;
    for (std::size_t i = 0;; ++i) {
      if (i == sums_.size()) sums_.push_back({0, 0});
      std::int64_t& sum = code > 0 ? sums_[i].above : sums_[i].below;
      if (highest_ * (sum + code) > 32767 || highest_ * (sum + code) < -32768) continue;
      sum += code;
      return i;
    }
  }
  std::size_t count() const { return sums_.size(); }
  void clear() { sums_.clear(); }

 private:
  struct Sums {
    std::int64_t above, below;
  };
  std::int64_t highest_;
  std::vector<Sums> sums_;
};

// Calls visit(copy, group of the unit, channel, byte of the group, code) for the weights of a unit: `depth` groups.
// Returns the number of copies.
template <class Visit>
std::size_t spread(const Panel& panel, int depth, std::int64_t unit, Copies& copies, const Visit& visit) {
  std::size_t most = 1;
  for (std::int64_t chain = 0; chain < 2 * panel.panel; ++chain) {
    const std::int64_t channel = chain / 2, pair = chain % 2;
    copies.clear();
    for (std::int64_t i = 0; i < 2 * depth; ++i) {
      const std::int64_t group = i / 2, byte = 2 * pair + i % 2;
      const std::int8_t code = panel.code(channel, 4 * (unit * depth + group) + byte);
      visit(copies.place(code), group, channel, byte, code);
    }
    most = std::max(most, copies.count());
  }
  return most;
}

// The units of `depth` groups in which every chain fits; none if depth is 1, when there is nothing to gain.
std::vector<bool> fitting_units(const Panel& panel, int depth) {
  std::vector<bool> fits(static_cast<std::size_t>(panel.n_units(depth)), false);
  Copies copies(panel.highest);
  for (std::size_t unit = 0; depth > 1 && unit < fits.size(); ++unit)
    fits[unit] = spread(panel, depth, static_cast<std::int64_t>(unit), copies, [](auto...) {}) == 1;
  return fits;
}

// Calls visit(unit, depth) for the whole units that fit, and visit(group, 1) for the groups of the others.
template <class Visit>
void for_each_part(const Panel& panel, int depth, const Visit& visit) {
  const std::vector<bool> fits = fitting_units(panel, depth);
  for (std::size_t unit = 0; unit < fits.size(); ++unit)
    if (fits[unit]) visit(static_cast<std::int64_t>(unit), depth);
  for (std::int64_t group = 0; group < panel.n_units(1); ++group)
    if (!fits[static_cast<std::size_t>(group / depth)]) visit(group, 1);
}

double time_of(const Panel& panel, const Cost& cost) {
  Copies copies(panel.highest);
  double time = 0;
  for_each_part(panel, cost.depth, [&](std::int64_t unit, int depth) {
    const std::size_t n_copies = spread(panel, depth, unit, copies, [](auto...) {});
    time += static_cast<double>(n_copies) * depth * (depth == 1 ? kSingleTime : cost.time);
  });
  return time;
}

BytePanel arranged(const Panel& panel, int depth_of_units) {
  BytePanel result{.depth = depth_of_units, .n_deep = 0, .codes = {}, .group_at = {}};
  const std::int64_t group_size = 4 * panel.panel;
  Copies copies(panel.highest);
  for_each_part(panel, depth_of_units, [&](std::int64_t unit, int depth) {
    const std::size_t begin = result.codes.size(), copy_size = static_cast<std::size_t>(depth * group_size);
    const auto put = [&](std::size_t copy, std::int64_t group, std::int64_t channel, std::int64_t byte,
                         std::int8_t code) {
      if (begin + (copy + 1) * copy_size > result.codes.size()) result.codes.resize(begin + (copy + 1) * copy_size, 0);
      result.codes[begin + copy * copy_size + static_cast<std::size_t>(group * group_size + 4 * channel + byte)] = code;
    };
    const std::size_t n_copies = spread(panel, depth, unit, copies, put);
    if (depth > 1) result.n_deep += depth;
    for (std::size_t i = 0; i < n_copies * static_cast<std::size_t>(depth); ++i)
      result.group_at.push_back(static_cast<std::int32_t>(4 * (unit * depth + static_cast<std::int64_t>(i) % depth)));
  });
  return result;
}

}  // namespace

BytePanel arrange_bytes(std::int64_t panel, std::int64_t k, std::int64_t highest, bool wide,
                        std::span<const std::int8_t> w) {
  if (wide) return arranged({panel, k, 0, w}, 1);
  const Panel all{panel, k, highest, w};
  double least = kWordsTime * static_cast<double>((k + 3) / 4);
  int depth = 0;
  for (const Cost& cost : kCosts) {
    if (const double time = time_of(all, cost); time < least) {
      least = time;
      depth = cost.depth;
    }
  }
  return depth == 0 ? BytePanel{} : arranged(all, depth);
}

}  // namespace ingot::engine::kernels
