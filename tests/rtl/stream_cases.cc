#include <fmt/format.h>

#include <numeric>

#include "tests/rtl/cases.h"

namespace ingot::test {
namespace {

constexpr std::size_t kWords = 600;

// A module that hands on what it gets.
void add_unchanged(Batch& batch, const std::string& name, const std::string& body, End in, End out, engine::Rng& rng) {
  const Codes input = random_codes(kWords * static_cast<std::size_t>(in.codes()), in.width, false, rng);
  batch.add(name, body, in, input, out, input);
}

}  // namespace

void add_skid_buffer(Batch& batch, int width, engine::Rng& rng) {
  add_unchanged(batch, fmt::format("skid_buffer {}", width),
                fmt::format("    skid_buffer #(.WIDTH({})) i_skid_buffer ({}{});\n", width, kClock, kStreams),
                {width, 1, 1}, {width, 1, 1}, rng);
}

void add_fifo(Batch& batch, int width, int depth, engine::Rng& rng) {
  add_unchanged(batch, fmt::format("fifo {} x {}", width, depth),
                fmt::format("    fifo #(.WIDTH({}), .DEPTH({})) i_fifo ({}{});\n", width, depth, kClock, kStreams),
                {width, 1, 1}, {width, 1, 1}, rng);
}

void add_fork_join(Batch& batch, int width, int n, engine::Rng& rng) {
  const Codes input = random_codes(kWords, width, false, rng);
  Codes expected;
  for (const std::int32_t word : input) expected.insert(expected.end(), static_cast<std::size_t>(n), word);
  std::string body = fmt::format(
      "    logic [{0}-1:0] forked;\n    logic [{1}-1:0] fork_valid, fork_ready, join_valid, join_ready;\n"
      "    logic [{2}-1:0] joined;\n"
      "    stream_fork #(.WIDTH({0}), .N({1})) i_fork ({3}.s_data_i($s), .s_valid_i($s_valid), .s_ready_o($s_ready), "
      ".m_data_o(forked), .m_valid_o(fork_valid), .m_ready_i(fork_ready));\n"
      "    stream_join #(.WIDTH({0}), .N({1})) i_join ({3}.s_data_i(joined), .s_valid_i(join_valid), "
      ".s_ready_o(join_ready), .m_data_o($m), .m_valid_o($m_valid), .m_ready_i($m_ready));\n",
      width, n, width * n, kClock);
  for (int i = 0; i < n; ++i) {  // branches of different depth
    body += fmt::format(
        "    fifo #(.WIDTH({1}), .DEPTH({2})) i_branch_{0} ({3}.s_data_i(forked), .s_valid_i(fork_valid[{0}]), "
        ".s_ready_o(fork_ready[{0}]), .m_data_o(joined[{0}*{1}+:{1}]), .m_valid_o(join_valid[{0}]), "
        ".m_ready_i(join_ready[{0}]));\n",
        i, width, i + 1, kClock);
  }
  batch.add(fmt::format("fork and join {} x {}", n, width), body, {width, 1, 1}, input, {width, n, 1}, expected);
}

void add_adapter(Batch& batch, int width, int s_lanes, int m_lanes, engine::Rng& rng) {
  const int all = std::lcm(s_lanes, m_lanes);
  add_unchanged(batch, fmt::format("stream_adapter {} lanes to {}", s_lanes, m_lanes),
                fmt::format("    stream_adapter #(.WIDTH({}), .S_LANES({}), .M_LANES({})) i_adapter ({}{});\n", width,
                            s_lanes, m_lanes, kClock, kStreams),
                {width, s_lanes, all / s_lanes}, {width, m_lanes, all / m_lanes}, rng);
}

}  // namespace ingot::test
