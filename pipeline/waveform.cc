#include "pipeline/waveform.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "hw/simulation/simulation.h"
#include "report/html.h"

namespace ingot::pipeline {
namespace {

using hw::Signal;

// Measures of the drawing, in its units. A character of the monospaced font takes at most kCharacter.
constexpr int kRow = 34, kHigh = 6, kLow = 26, kTop = 30, kCharacter = 8, kMargin = 10;

int wide(const std::string& text) { return static_cast<int>(text.size()) * kCharacter; }

bool is_high(const Signal& signal, std::size_t cycle) { return signal.values[cycle][0] != 0; }

// Where cycles are: the first begins at `left`, and each is `step` wide.
struct Axis {
  int left, step;
  int at(std::size_t cycle) const { return left + static_cast<int>(cycle) * step; }
};

std::vector<std::int64_t> codes_of(const Signal& signal, std::size_t cycle) {
  std::vector<std::int64_t> codes = hw::unpack_beat(signal.values[cycle], signal.width, signal.is_signed);
  codes.resize(static_cast<std::size_t>(signal.bits / signal.width));
  return codes;
}

std::string lanes_text(const Signal& signal, std::size_t cycle) {
  std::vector<std::int64_t> codes = codes_of(signal, cycle);
  constexpr std::size_t kShown = 8;
  const bool all = codes.size() <= kShown;
  if (!all) codes.resize(kShown);
  return fmt::format("{}{}", fmt::join(codes, " "), all ? "" : " ...");
}

std::string text_at(int x, int y, const std::string& anchor, const std::string& text) {
  return fmt::format("<text x=\"{}\" y=\"{}\" text-anchor=\"{}\">{}</text>\n", x, y, anchor, report::escaped(text));
}

std::string line(const std::string& points) {
  return fmt::format("<polyline class=\"k0\" stroke-width=\"1.5\" points=\"{}\"/>\n", points);
}

// One line that is high where the signal is.
std::string level(const Signal& signal, std::size_t first, std::size_t n, int y, Axis axis) {
  std::string points;
  for (std::size_t i = 0; i < n; ++i) {
    const int at = y + (is_high(signal, first + i) ? kHigh : kLow);
    points += fmt::format("{},{} {},{} ", axis.at(i), at, axis.at(i + 1), at);
  }
  return line(points);
}

// A box for every value, as long as it stays; empty and pale while it is not valid.
std::string beats(const Signal& signal, const Signal& valid, std::size_t first, std::size_t n, int y, Axis axis) {
  std::string text;
  for (std::size_t i = 0; i < n;) {
    std::size_t end = i + 1;
    const bool is_valid = is_high(valid, first + i);
    const auto same = [&](std::size_t j) {
      return is_high(valid, first + j) == is_valid &&
             (!is_valid || signal.values[first + j] == signal.values[first + i]);
    };
    while (end < n && same(end)) ++end;
    const int x = axis.at(i), width = axis.at(end) - x;
    text +=
        fmt::format("<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" {}/>\n", x + 1, y + kHigh, width - 2,
                    kLow - kHigh, is_valid ? "class=\"k0 f0\" fill-opacity=\"0.12\"" : "class=\"grid\" fill=\"none\"");
    // In the first cycle of a long box: who scrolls there sees it.
    if (is_valid) text += text_at(x + axis.step / 2, y + kLow - 6, "middle", lanes_text(signal, first + i));
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
  return line(points);
}

std::size_t n_cycles(std::span<const Signal> signals) { return signals.empty() ? 0 : signals[0].values.size(); }

// The signals and the clock, each on its row.
std::string rows(std::span<const Signal> signals, std::size_t first, std::size_t n, Axis axis) {
  std::string text = text_at(axis.left - kMargin, kTop + kLow - 4, "end", "clk") + clock(n, kTop, axis);
  for (std::size_t i = 0; i < signals.size(); ++i) {
    const int y = kTop + kRow * static_cast<int>(i + 1);
    text += text_at(axis.left - kMargin, y + kLow - 4, "end", signals[i].name);
    text += signals[i].bits == 1 ? level(signals[i], first, n, y, axis)
                                 : beats(signals[i], signals[i + 1], first, n, y, axis);
  }
  return text;
}

}  // namespace

std::size_t first_beat(std::span<const Signal> signals, std::size_t valid) {
  std::size_t cycle = 0;
  while (cycle < n_cycles(signals) && (is_high(signals[hw::kReset], cycle) || !is_high(signals[valid], cycle))) ++cycle;
  return cycle;
}

std::string waveform(std::span<const Signal> signals, std::size_t first, std::size_t n, int nanoseconds,
                     report::SvgUse use) {
  first = std::min(first, n_cycles(signals));
  n = std::min(n, n_cycles(signals) - first);
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
  const std::string note = has_lanes ? "A beat's values are those of its lanes, lane 0 first: the lowest bits." : "";
  const int bottom = kTop + kRow * static_cast<int>(signals.size() + 1);
  const int height = bottom + (has_lanes ? 30 : 10);
  // The last time stands on the right edge of the last cycle, half of it beyond.
  const int width = std::max(axis.at(n) + wide(time_of(n)) / 2, axis.left + wide(note)) + kMargin;
  std::string body = "<g font-family=\"monospace\" font-size=\"12\">\n";
  for (std::size_t i = 0; i <= n; ++i) {
    body +=
        fmt::format("<line x1=\"{0}\" y1=\"{1}\" x2=\"{0}\" y2=\"{2}\" class=\"grid\"/>\n", axis.at(i), kTop, bottom);
    body += text_at(axis.at(i), kTop - 10, "middle", time_of(i));
  }
  body += rows(signals, first, n, axis);
  if (has_lanes) body += text_at(axis.left, height - kMargin, "start", note);
  return report::drawing(width, height, "Ports of the design, cycle by cycle", body + "</g>\n", use);
}

std::string waveform_csv(std::span<const Signal> signals, std::size_t first, std::size_t n, int nanoseconds) {
  std::string csv = "ns";
  for (const Signal& signal : signals) csv += "," + report::csv_field(signal.name);
  csv += "\n";
  for (std::size_t i = first; i < std::min(first + n, n_cycles(signals)); ++i) {
    csv += std::to_string(i * static_cast<std::size_t>(nanoseconds));
    for (std::size_t k = 0; k < signals.size(); ++k) {
      const bool is_data = signals[k].bits > 1, is_there = !is_data || is_high(signals[k + 1], i);
      csv += !is_there ? ","
             : is_data ? fmt::format(",{}", fmt::join(codes_of(signals[k], i), " "))
                       : fmt::format(",{}", is_high(signals[k], i) ? 1 : 0);
    }
    csv += "\n";
  }
  return csv;
}

}  // namespace ingot::pipeline
