#include "tests/rtl/batch.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "engine/base/fixed_point.h"
#include "tests/support/temporary_folder.h"

namespace ingot::test {
namespace fs = std::filesystem;
namespace {

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
    text.replace(at, from.size(), to);
  return text;
}

// All bits of codes in a row, hexadecimal, the highest digit first.
std::string hex_digits(std::span<const std::int32_t> codes, int width) {
  std::string digits;
  int digit = 0, bit = 0;
  const auto add = [&](int value) {
    digit |= value << bit;
    if (++bit == 4) {
      digits.push_back("0123456789abcdef"[digit]);
      digit = bit = 0;
    }
  };
  for (const std::int32_t code : codes) {
    for (int b = 0; b < width; ++b) add(static_cast<int>(static_cast<std::uint32_t>(code) >> b & 1));
  }
  while (bit != 0) add(0);
  std::reverse(digits.begin(), digits.end());
  return digits;
}

std::string memory_name(int i) { return fmt::format("memory_{}.mem", i); }

}  // namespace

void Batch::add(const std::string& name, const std::string& body, End in, const Codes& input, End out,
                const Codes& expected) {
  const std::string s = fmt::format("c{}_in", size()), m = fmt::format("c{}_out", size());
  ports_ += fmt::format(
      ",\n  input wire [{1}-1:0] {0}, input wire {0}_valid, output logic {0}_ready"
      ",\n  output logic [{3}-1:0] {2}, output logic {2}_valid, input wire {2}_ready",
      s, in.bits(), m, out.bits());
  body_ += fmt::format("  generate if (1) begin : g_c{}\n{}\n  end endgenerate\n", size(),
                       replaced(replaced(replaced(replaced(body, "$clk", "clk"), "$rst", "rst"), "$s", s), "$m", m));
  names_.push_back(name);
  channels_.push_back({{s, in.bits(), in.beats}, {m, out.bits(), out.beats}});
  beats_.push_back({hw::pack_beats(input, in.lanes, in.width), hw::pack_beats(expected, out.lanes, out.width)});
}

std::string Batch::add_file(const std::string& text) {
  const std::string name = memory_name(n_files_++);
  put(folder_ / name, text);
  return name;
}

hw::Design Batch::design() const {
  put(folder_ / "top.sv", "`default_nettype none\nmodule top (\n  input wire clk, input wire rst" + ports_ + ");\n" +
                              "  logic unused_ports;\n  assign unused_ports = &{clk, rst};\n" + body_ +
                              "endmodule\n`default_nettype wire\n");
  hw::Design design{.folder = folder_.path(), .channels = channels_};
  for (const auto& item : fs::directory_iterator(INGOT_RTL)) design.sources.push_back(item.path().string());
  std::sort(design.sources.begin(), design.sources.end());
  design.sources.push_back("top.sv");
  for (int i = 0; i < n_files_; ++i) design.images.push_back(memory_name(i));
  return design;
}

std::string memory_text(const Codes& codes, int per_word, int width) {
  std::string text;
  const auto n = static_cast<std::size_t>(per_word);
  for (std::size_t at = 0; at < codes.size(); at += n)
    text += hex_digits(std::span(codes).subspan(at, n), width) + "\n";
  return text;
}

std::string memory_constant(const Codes& codes, int width) {
  return fmt::format("{}'h{}", codes.size() * static_cast<std::size_t>(width), hex_digits(codes, width));
}

Codes random_codes(std::size_t n, int width, bool is_signed, engine::Rng& rng) {
  const engine::CodeRange range = engine::code_range(width, is_signed);
  const auto count = static_cast<std::uint64_t>(range.highest - range.lowest) + 1;
  const int extremes = static_cast<int>(rng.below(8));  // in 8: some vectors are made of them alone
  Codes codes(n);
  for (std::int32_t& code : codes) {
    const bool is_extreme = static_cast<int>(rng.below(16)) < (extremes == 7 ? 15 : 1);
    const std::int64_t drawn = range.lowest + static_cast<std::int64_t>(rng.below(count));
    code = static_cast<std::int32_t>(!is_extreme ? drawn : (rng.bits() & 1) != 0 ? range.lowest : range.highest);
  }
  return codes;
}

std::vector<std::string> without_luts(std::vector<std::string> kinds) {
  std::erase_if(kinds, [](const std::string& kind) { return kind.find("LUT") != std::string::npos; });
  return kinds;
}

std::string complaints(const Batch& batch, const hw::SimulationOutcome& outcome) {
  std::string text = outcome.stuck ? "stuck; " : "";
  for (std::size_t i = 0; i < outcome.channels.size(); ++i) {
    const testbench::ChannelOutcome& channel = outcome.channels[i];
    const std::size_t expected =
        batch.beats()[i].expected.size() / static_cast<std::size_t>((batch.design().channels[i].output.bits + 7) / 8);
    const bool is_whole = channel.beats == static_cast<std::int64_t>(expected);
    if (is_whole && channel.differences + channel.extra_beats + channel.broken_holds == 0) continue;
    text += fmt::format("{}: {} of {} beats, {} different, {} extra, {} not held", batch.name(i), channel.beats,
                        expected, channel.differences, channel.extra_beats, channel.broken_holds);
    for (const testbench::Difference& d : channel.first_differences)
      text += fmt::format("; beat {}: got {}, expected {}", d.beat, fmt::join(d.got, " "), fmt::join(d.expected, " "));
    text += "\n";
  }
  return text;
}

}  // namespace ingot::test
