#include "hw/simulation/waveform.h"

#include <fmt/format.h>

#include <sstream>

#include "engine/base/error.h"
#include "engine/base/printable.h"

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

// Lines of a VCD file, with their numbers.
class VcdLines {
 public:
  explicit VcdLines(const std::string& text) : text_(text) {}

  bool next() {
    ++number_;
    return static_cast<bool>(std::getline(text_, line_));
  }
  const std::string& line() const { return line_; }
  void expect(bool holds, const std::string& rule) const {
    engine::require(holds, "trace.vcd: line {}: must be {}, got '{}'", number_, rule, engine::printable(line_));
  }

 private:
  std::istringstream text_;
  std::string line_;
  int number_ = 0;
};

std::vector<Byte> bytes_of(const std::string& digits) {
  std::vector<Byte> bytes((digits.size() + 7) / 8);
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (digits[digits.size() - 1 - i] == '1') bytes[i / 8] |= static_cast<Byte>(1U << i % 8);
  }
  return bytes;
}

// The change of a signal that a line says: "1#" or "b0101 #".
void read_change(const VcdLines& lines, std::vector<Signal>& signals) {
  const std::string& line = lines.line();
  const std::size_t i = static_cast<std::size_t>(line.back() - vcd_id(0)[0]);
  lines.expect(i < signals.size() && !signals[i].values.empty(), "the change of a signal");
  const bool is_vector = line[0] == 'b';
  const std::string digits = is_vector ? line.substr(1, line.size() - 3) : line.substr(0, line.size() - 1);
  lines.expect(digits.size() == static_cast<std::size_t>(signals[i].bits) &&
                   digits.find_first_not_of("01") == std::string::npos && (!is_vector || line[line.size() - 2] == ' '),
               fmt::format("{} bits", signals[i].bits));
  signals[i].values.back() = bytes_of(digits);
}

bool is_high(const Signal& signal, std::size_t cycle) { return signal.values[cycle][0] != 0; }

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

std::vector<Signal> signals_in(const Manifest& manifest, const std::string& vcd) {
  std::vector<Signal> signals = signals_of(manifest, {});
  VcdLines lines(vcd);
  const std::string header = to_vcd(signals, 1);
  std::istringstream expected(header.substr(0, header.rfind('#')));
  for (std::string line; std::getline(expected, line);) {
    const bool is_there = lines.next();
    lines.expect(is_there && lines.line() == line, "'" + line + "'");
  }
  std::size_t n_cycles = 0;
  while (lines.next() && n_cycles <= kMostTracedCycles) {
    const std::string& line = lines.line();
    lines.expect(line.size() > 1, "a time or a change");
    if (line[0] == '#' || line == "1!") continue;
    if (line != "0!") {
      read_change(lines, signals);
    } else if (++n_cycles <= kMostTracedCycles) {
      for (Signal& signal : signals)
        signal.values.push_back(n_cycles == 1 ? bytes_of(std::string(static_cast<std::size_t>(signal.bits), '0'))
                                              : signal.values.back());
    }
  }
  return signals;
}

std::vector<bool> busy_cycles(const Manifest& manifest, std::span<const Signal> signals) {
  const Signal &reset = signals[kReset], &in_valid = signals[kInputValid], &in_ready = signals[kInputReady],
               &out_valid = signals[kOutputValid], &out_ready = signals[kOutputReady];
  std::vector<bool> busy;
  std::int64_t n_beats = 0, work = 0;  // beats of a vector that is not whole yet; cycles of those that are
  for (std::size_t i = 0; i < reset.values.size(); ++i) {
    if (is_high(reset, i)) n_beats = work = 0;
    const bool waits = is_high(out_valid, i) && !is_high(out_ready, i);
    busy.push_back(work > 0 && !waits);
    work -= busy.back() ? 1 : 0;
    if (is_high(reset, i) || !is_high(in_valid, i) || !is_high(in_ready, i)) continue;
    if (++n_beats < manifest.input.beats()) continue;
    n_beats = 0;
    work += manifest.interval;
  }
  return busy;
}

}  // namespace ingot::hw
