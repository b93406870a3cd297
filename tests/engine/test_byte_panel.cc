#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

#include "engine/base/rng.h"
#include "engine/kernels/fixed_gemm/byte_panel.h"

using namespace ingot::engine;
using namespace ingot::engine::kernels;

namespace {

// What an instruction set computes that sums products of bytes in 16 bits, in integers without bounds: the sums of the
// channels, and the farthest that any activations of 0 .. highest could take a chain.
struct Sums {
  std::vector<std::int64_t> of_channel;
  std::int64_t most = 0, least = 0;
};

Sums sums_of(const BytePanel& arranged, std::int64_t panel, std::int64_t highest, const std::vector<std::int64_t>& x) {
  Sums sums{std::vector<std::int64_t>(static_cast<std::size_t>(panel))};
  const auto n_groups = static_cast<std::int64_t>(arranged.group_at.size());
  for (std::int64_t group = 0; group < n_groups;) {
    const std::int64_t depth = group < arranged.n_deep ? arranged.depth : 1;
    for (std::int64_t chain = 0; chain < 2 * panel; ++chain) {
      std::int64_t above = 0, below = 0;
      for (std::int64_t i = 0; i < 2 * depth; ++i) {
        const std::int64_t g = group + i / 2, byte = 2 * (chain % 2) + i % 2;
        const std::int64_t code = arranged.codes[static_cast<std::size_t>(4 * (g * panel + chain / 2) + byte)];
        const auto at = static_cast<std::size_t>(arranged.group_at[static_cast<std::size_t>(g)] + byte);
        sums.of_channel[static_cast<std::size_t>(chain / 2)] += code * x[at];
        (code > 0 ? above : below) += code * highest;
      }
      sums.most = std::max(sums.most, above);
      sums.least = std::min(sums.least, below);
    }
    group += depth;
  }
  return sums;
}

}  // namespace

TEST_CASE("weights of which a few need copies keep their sums, and no chain can leave 16 bits") {
  constexpr std::int64_t kPanel = 8, kHighest = 255;
  Rng rng(3, static_cast<std::uint64_t>(Stream::test));
  for (const std::int64_t k : {33, 64, 256}) {
    for (const int large : {0, 1, 2, 3}) {  // bytes of one group that are as large as they can be
      CAPTURE(k);
      CAPTURE(large);
      std::vector<std::int8_t> w(static_cast<std::size_t>(kPanel * k));
      for (std::int8_t& code : w) code = static_cast<std::int8_t>(rng.below(7)) - 3;
      for (int i = 0; i < large; ++i) w[static_cast<std::size_t>(5 * k + 4 + i)] = i % 2 == 0 ? 127 : 126;
      std::vector<std::int64_t> x(static_cast<std::size_t>((k + 31) / 32 * 32 + 32));
      for (std::int64_t& value : x) value = static_cast<std::int64_t>(rng.below(kHighest + 1));
      const BytePanel arranged = arrange_bytes(kPanel, k, kHighest, false, w);
      REQUIRE(arranged.depth >= 1);
      const auto n_groups = static_cast<std::size_t>((k + 4 * arranged.depth - 1) / (4 * arranged.depth)) *
                            static_cast<std::size_t>(arranged.depth);
      if (large >= 2) CHECK(arranged.group_at.size() > static_cast<std::size_t>(arranged.n_deep));
      CHECK(arranged.group_at.size() <= n_groups + 1);
      const Sums sums = sums_of(arranged, kPanel, kHighest, x);
      for (std::int64_t channel = 0; channel < kPanel; ++channel) {
        std::int64_t exact = 0;
        for (std::int64_t i = 0; i < k; ++i)
          exact += w[static_cast<std::size_t>(channel * k + i)] * x[static_cast<std::size_t>(i)];
        CHECK(sums.of_channel[static_cast<std::size_t>(channel)] == exact);
      }
      CHECK(sums.most <= 32767);
      CHECK(sums.least >= -32768);
    }
  }
}
