#include "hw/simulation/waveform.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "hw/simulation/simulation.h"

namespace ingot::hw {

using testbench::Byte;

namespace {

void add_port(const Port& port, std::vector<Signal>& signals) {
  signals.push_back({.name = port.name,
                     .bits = static_cast<int>(port.bits()),
                     .width = port.format.width,
                     .is_signed = port.format.is_signed});
  signals.push_back({.name = port.name + "_valid"});
  signals.push_back({.name = port.name + "_ready"});
}

std::string vcd_id(std::size_t i) { return std::string(1, static_cast<char>('"' + i)); }  // '!' is the clock

std::string vcd_value(const Signal& signal, std::size_t cycle) {
  const std::vector<Byte>& value = signal.values[cycle];
  if (signal.bits == 1) return value[0] != 0 ? "1" : "0";
  std::string digits = "b";
  for (int bit = signal.bits; bit-- > 0;)
    digits += (value[static_cast<std::size_t>(bit / 8)] >> bit % 8 & 1) != 0 ? '1' : '0';
  return digits + " ";
}

// Measures of the figure, in its units.
constexpr int kLeft = 150, kRow = 34, kHigh = 6, kLow = 26, kTop = 30;

std::string lanes_text(const Signal& signal, std::size_t cycle) {
  std::vector<std::int64_t> codes = unpack_beat(signal.values[cycle], signal.width, signal.is_signed);
  codes.resize(static_cast<std::size_t>(signal.bits / signal.width));
  constexpr std::size_t kShown = 8;
  const bool all = codes.size() <= kShown;
  if (!all) codes.resize(kShown);
  return fmt::format("{}{}", fmt::join(codes, " "), all ? "" : " ...");
}

std::string text_at(int x, int y, const std::string& anchor, const std::string& text) {
  return fmt::format("<text x=\"{}\" y=\"{}\" text-anchor=\"{}\">{}</text>\n", x, y, anchor, text);
}

// One line that is high where the signal is.
std::string level(const Signal& signal, std::size_t first, std::size_t n, int y, int step) {
  std::string points;
  for (std::size_t i = 0; i < n; ++i) {
    const int at = y + (signal.values[first + i][0] != 0 ? kHigh : kLow), x = kLeft + static_cast<int>(i) * step;
    points += fmt::format("{},{} {},{} ", x, at, x + step, at);
  }
  return fmt::format("<polyline points=\"{}\" class=\"level\"/>\n", points);
}

// A box for every value, as long as it stays; grey while it is not valid.
std::string beats(const Signal& signal, const Signal& valid, std::size_t first, std::size_t n, int y, int step) {
  std::string text;
  for (std::size_t i = 0; i < n;) {
    std::size_t end = i + 1;
    const auto same = [&](std::size_t j) {
      const bool is_valid = valid.values[first + j][0] != 0;
      return is_valid == (valid.values[first + i][0] != 0) &&
             (!is_valid || signal.values[first + j] == signal.values[first + i]);
    };
    while (end < n && same(end)) ++end;
    const bool is_valid = valid.values[first + i][0] != 0;
    const int x = kLeft + static_cast<int>(i) * step, wide = static_cast<int>(end - i) * step;
    text += fmt::format("<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" class=\"{}\"/>\n", x + 1, y + kHigh,
                        wide - 2, kLow - kHigh, is_valid ? "beat" : "idle");
    if (is_valid) text += text_at(x + wide / 2, y + kLow - 6, "middle", lanes_text(signal, first + i));
    i = end;
  }
  return text;
}

std::string clock(std::size_t n, int y, int step) {
  std::string points;
  for (std::size_t i = 0; i < n; ++i) {  // sampled at the rising edge, which ends what is drawn as a cycle
    const int x = kLeft + static_cast<int>(i) * step;
    points += fmt::format("{},{} {},{} {},{} {},{} ", x, y + kHigh, x + step / 2, y + kHigh, x + step / 2, y + kLow,
                          x + step, y + kLow);
  }
  return fmt::format("<polyline points=\"{}\" class=\"level\"/>\n", points);
}

}  // namespace

std::vector<Signal> signals_of(const Manifest& manifest, std::span<const Byte> trace) {
  std::vector<Signal> signals{{.name = "rst"}};
  add_port(manifest.input, signals);
  add_port(manifest.output, signals);
  for (std::size_t at = 0; at < trace.size();) {
    for (Signal& signal : signals) {
      const auto bytes = static_cast<std::size_t>(signal.bits + 7) / 8;
      signal.values.emplace_back(trace.begin() + static_cast<std::ptrdiff_t>(at),
                                 trace.begin() + static_cast<std::ptrdiff_t>(at + bytes));
      at += bytes;
    }
  }
  return signals;
}

std::string to_vcd(std::span<const Signal> signals, int nanoseconds) {
  std::string text = "$timescale 1ns $end\n$scope module top $end\n$var wire 1 ! clk $end\n";
  for (std::size_t i = 0; i < signals.size(); ++i)
    text += fmt::format("$var wire {} {} {} $end\n", signals[i].bits, vcd_id(i), signals[i].name);
  text += "$upscope $end\n$enddefinitions $end\n";
  const std::size_t n = signals.empty() ? 0 : signals[0].values.size();
  for (std::size_t cycle = 0; cycle < n; ++cycle) {
    const auto start = static_cast<std::int64_t>(cycle) * nanoseconds;
    text += fmt::format("#{}\n0!\n", start);
    for (std::size_t i = 0; i < signals.size(); ++i) {
      const bool changed = cycle == 0 || signals[i].values[cycle] != signals[i].values[cycle - 1];
      if (changed) text += vcd_value(signals[i], cycle) + vcd_id(i) + "\n";
    }
    text += fmt::format("#{}\n1!\n", start + nanoseconds / 2);
  }
  return text + fmt::format("#{}\n", static_cast<std::int64_t>(n) * nanoseconds);
}

std::string to_svg(std::span<const Signal> signals, std::size_t first, std::size_t n, int nanoseconds) {
  const std::size_t n_cycles = signals.empty() ? 0 : signals[0].values.size();
  first = std::min(first, n_cycles);
  n = std::min(n, n_cycles - first);
  std::size_t longest = 4;  // of the texts in beats
  for (const Signal& signal : signals) {
    for (std::size_t i = 0; signal.bits > 1 && i < n; ++i)
      longest = std::max(longest, lanes_text(signal, first + i).size());
  }
  const int step = 2 * (static_cast<int>(longest) * 4 + 6);
  const int width = kLeft + static_cast<int>(n) * step + 10;
  const int height = kTop + kRow * static_cast<int>(signals.size() + 1) + 10;
  std::string text = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} {1}\" "
      "font-family=\"monospace\" font-size=\"12\">\n<style>.level{{fill:none;stroke:#0072b2;stroke-width:1.5}}"
      ".beat{{fill:#e6f2fa;stroke:#0072b2}}.idle{{fill:#eeeeee;stroke:#cccccc}}.grid{{stroke:#dddddd}}</style>\n"
      "<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n",
      width, height);
  for (std::size_t i = 0; i <= n; ++i) {
    const int x = kLeft + static_cast<int>(i) * step;
    text += fmt::format("<line x1=\"{0}\" y1=\"{1}\" x2=\"{0}\" y2=\"{2}\" class=\"grid\"/>\n", x, kTop, height - 10);
    text += text_at(x, kTop - 10, "middle", fmt::format("{} ns", (first + i) * static_cast<std::size_t>(nanoseconds)));
  }
  text += text_at(kLeft - 10, kTop + kLow - 4, "end", "clk") + clock(n, kTop, step);
  for (std::size_t i = 0; i < signals.size(); ++i) {
    const int y = kTop + kRow * static_cast<int>(i + 1);
    text += text_at(kLeft - 10, y + kLow - 4, "end", signals[i].name);
    text += signals[i].bits == 1 ? level(signals[i], first, n, y, step)
                                 : beats(signals[i], signals[i + 1], first, n, y, step);
  }
  return text + "</svg>\n";
}

}  // namespace ingot::hw
