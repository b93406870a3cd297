#include "engine/kernels/fixed_gemm/byte_panel.h"

#include <algorithm>

namespace ingot::engine::kernels {
namespace {

// Time of a group beside that of the same products in words, measured on a Zen 3: deeper sums widen less often.
struct Cost {
  int depth;
  double time;
};
constexpr Cost kCosts[] = {{8, 0.57}, {4, 0.60}, {2, 0.66}, {1, 0.75}};
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

double time_of(const Panel& panel, const Cost& cost) {
  Copies copies(panel.highest);
  double n_groups = 0;
  for (std::int64_t unit = 0; unit < panel.n_units(cost.depth); ++unit)
    n_groups += static_cast<double>(spread(panel, cost.depth, unit, copies, [](auto...) {})) * cost.depth;
  return n_groups * cost.time;
}

BytePanel arranged(const Panel& panel, int depth) {
  BytePanel result{.depth = depth, .codes = {}, .group_at = {}};
  const std::int64_t group_size = 4 * panel.panel;
  Copies copies(panel.highest);
  for (std::int64_t unit = 0; unit < panel.n_units(depth); ++unit) {
    const std::size_t begin = result.codes.size(), copy_size = static_cast<std::size_t>(depth * group_size);
    const auto put = [&](std::size_t copy, std::int64_t group, std::int64_t channel, std::int64_t byte,
                         std::int8_t code) {
      if (begin + (copy + 1) * copy_size > result.codes.size()) result.codes.resize(begin + (copy + 1) * copy_size, 0);
      result.codes[begin + copy * copy_size + static_cast<std::size_t>(group * group_size + 4 * channel + byte)] = code;
    };
    const std::size_t n_copies = spread(panel, depth, unit, copies, put);
    for (std::size_t i = 0; i < n_copies * static_cast<std::size_t>(depth); ++i) {
      result.group_at.push_back(static_cast<std::int32_t>(4 * (unit * depth + static_cast<std::int64_t>(i) % depth)));
    }
  }
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
