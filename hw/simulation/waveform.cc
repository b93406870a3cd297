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

// Measures of the figure, in its units. A character of the monospaced font takes at most kCharacter.
constexpr int kRow = 34, kHigh = 6, kLow = 26, kTop = 30, kCharacter = 8, kMargin = 10;

int wide(const std::string& text) { return static_cast<int>(text.size()) * kCharacter; }

// Where cycles are: the first begins at `left`, and each is `step` wide.
struct Axis {
  int left, step;
  int at(std::size_t cycle) const { return left + static_cast<int>(cycle) * step; }
};

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
std::string level(const Signal& signal, std::size_t first, std::size_t n, int y, Axis axis) {
  std::string points;
  for (std::size_t i = 0; i < n; ++i) {
    const int at = y + (signal.values[first + i][0] != 0 ? kHigh : kLow);
    points += fmt::format("{},{} {},{} ", axis.at(i), at, axis.at(i + 1), at);
  }
  return fmt::format("<polyline points=\"{}\" class=\"level\"/>\n", points);
}

// A box for every value, as long as it stays; grey while it is not valid.
std::string beats(const Signal& signal, const Signal& valid, std::size_t first, std::size_t n, int y, Axis axis) {
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
    const int x = axis.at(i), width = axis.at(end) - x;
    text += fmt::format("<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" class=\"{}\"/>\n", x + 1, y + kHigh,
                        width - 2, kLow - kHigh, is_valid ? "beat" : "idle");
    if (is_valid) text += text_at(x + width / 2, y + kLow - 6, "middle", lanes_text(signal, first + i));
    i = end;
  }
  return text;
}

std::string clock(std::size_t n, int y, Axis axis) {
  std::string points;
  for (std::size_t i = 0; i < n; ++i) {  // sampled at the rising edge, which ends what is drawn as a cycle
    const int x = axis.at(i), middle = x + axis.step / 2;
    points += fmt::format("{},{} {},{} {},{} {},{} ", x, y + kHigh, middle, y + kHigh, middle, y + kLow, axis.at(i + 1),
                          y + kLow);
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
  const auto time_of = [&](std::size_t i) {
    return fmt::format("{} ns", (first + i) * static_cast<std::size_t>(nanoseconds));
  };
  int widest = wide(time_of(n)), names = wide("clk");  // of what stands in a cycle, and of what stands before all
  bool has_lanes = false;
  for (const Signal& signal : signals) {
    names = std::max(names, wide(signal.name));
    has_lanes |= signal.bits > signal.width;
    for (std::size_t i = 0; signal.bits > 1 && i < n; ++i)
      widest = std::max(widest, wide(lanes_text(signal, first + i)));
  }
  const Axis axis{.left = names + 2 * kMargin, .step = widest + 12};
  const std::string caption = has_lanes ? "A beat's values are those of its lanes, lane 0 first: the lowest bits." : "";
  const int bottom = kTop + kRow * static_cast<int>(signals.size() + 1);
  const int height = bottom + (has_lanes ? 30 : 10);
  // The last time stands on the right edge of the last cycle, half of it beyond.
  const int width = std::max(axis.at(n) + wide(time_of(n)) / 2, axis.left + wide(caption)) + kMargin;
  std::string text = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} {1}\" "
      "font-family=\"monospace\" font-size=\"12\">\n<style>.level{{fill:none;stroke:#0072b2;stroke-width:1.5}}"
      ".beat{{fill:#e6f2fa;stroke:#0072b2}}.idle{{fill:#eeeeee;stroke:#cccccc}}.grid{{stroke:#dddddd}}</style>\n"
      "<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n",
      width, height);
  for (std::size_t i = 0; i <= n; ++i) {
    text +=
        fmt::format("<line x1=\"{0}\" y1=\"{1}\" x2=\"{0}\" y2=\"{2}\" class=\"grid\"/>\n", axis.at(i), kTop, bottom);
    text += text_at(axis.at(i), kTop - 10, "middle", time_of(i));
  }
  text += text_at(axis.left - kMargin, kTop + kLow - 4, "end", "clk") + clock(n, kTop, axis);
  for (std::size_t i = 0; i < signals.size(); ++i) {
    const int y = kTop + kRow * static_cast<int>(i + 1);
    text += text_at(axis.left - kMargin, y + kLow - 4, "end", signals[i].name);
    text += signals[i].bits == 1 ? level(signals[i], first, n, y, axis)
                                 : beats(signals[i], signals[i + 1], first, n, y, axis);
  }
  if (has_lanes) text += text_at(axis.left, height - kMargin, "start", caption);
  return text + "</svg>\n";
}

}  // namespace ingot::hw
