#include <fmt/format.h>

#include <algorithm>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "hw/passes/parallelism.h"
#include "hw/passes/products.h"
#include "hw/simulation/verify.h"
#include "pipeline/pages/hardware.h"
#include "pipeline/waveform.h"
#include "report/html.h"

namespace ingot::pipeline {
namespace {

using hw::Signal;

constexpr std::size_t kShownCycles = 48, kBefore = 2;  // of a waveform, and how many of them lead up to its beat
constexpr std::size_t kMostBins = 50;
constexpr std::size_t kMostTraceBytes = std::size_t{64} << 20;

std::string waveform_figure(const RunFolder& folder, std::span<const Signal> signals, std::size_t beat,
                            const std::string& what) {
  const std::size_t first = beat - std::min(beat, kBefore);
  const std::size_t end = std::min(first + kShownCycles, signals[0].values.size());
  const std::string title =
      fmt::format("{}: the ports in the simulation, cycles {} to {}, {}", folder.name, first, end - 1, what);
  const std::string drawing = waveform(signals, first, kShownCycles, hw::kClockNanoseconds, report::SvgUse::in_page);
  return report::figure(report::scrolling("Waveform", drawing), title + ".", "waveform",
                        waveform_csv(signals, first, kShownCycles, hw::kClockNanoseconds));
}

// Where the first beat goes in and, unless that is in sight there, where the first comes out.
std::string waveform_figures(const RunFolder& folder, std::span<const Signal> signals) {
  const std::size_t n = signals[0].values.size(), in = first_beat(signals, hw::kInputValid),
                    out = first_beat(signals, hw::kOutputValid);
  std::string figures = waveform_figure(folder, signals, in < n ? in : 0, "from the first beat that goes in");
  if (out < n && out >= in + kShownCycles - kBefore)
    figures += waveform_figure(folder, signals, out, "where the first beat comes out");
  return figures;
}

// As many cycles as make the bins of a chart: 1, 2 or 5 times a power of 10.
std::size_t bin_size(std::size_t n_cycles) {
  std::size_t size = 1;
  for (int i = 0; n_cycles > size * kMostBins; ++i) size = i % 3 == 1 ? size / 2 * 5 : size * 2;
  return size;
}

std::string multipliers_figure(const RunFolder& folder, const hw::EmittedRtl& rtl, std::span<const Signal> signals) {
  const std::int64_t n_products = hw::products(rtl.graph);
  const std::vector<bool> busy = hw::busy_cycles(rtl.manifest, signals);
  if (n_products == 0 || busy.empty()) return {};
  const std::size_t size = bin_size(busy.size());
  report::Series series{.name = "", .points = {}};
  for (std::size_t begin = 0; begin < busy.size(); begin += size) {
    const std::size_t end = std::min(begin + size, busy.size());
    const auto n_busy = std::count(busy.begin() + static_cast<std::ptrdiff_t>(begin),
                                   busy.begin() + static_cast<std::ptrdiff_t>(end), true);
    series.points.push_back(
        {static_cast<double>(begin + end - 1) / 2, static_cast<double>(n_busy) / static_cast<double>(end - begin)});
  }
  const double share =
      static_cast<double>(std::count(busy.begin(), busy.end(), true)) / static_cast<double>(busy.size());
  const report::Chart chart{
      .title = fmt::format("{}: use of the {} ({} in all layers) over the {} recorded cycles, {:.1f}% in all. "
                           "Derived from the ports' handshakes: a vector that went in keeps those of the slowest layer "
                           "for {} cycles, and they stand still while a beat waits to be taken",
                           folder.name, hw::product_units(rtl.graph), n_products, busy.size(), 100 * share,
                           rtl.manifest.interval),
      .x_label = size == 1 ? "cycle" : fmt::format("cycle, in bins of {}", size),
      .y_label = "share of the cycles at work",
      .series = {series},
      .y_from_0 = true};
  return report::figure(chart, "multipliers");
}

}  // namespace

std::string simulation_figures(const RunFolder& folder, const hw::EmittedRtl& rtl) {
  const std::filesystem::path results = folder.path / "simulation", trace = results / "trace.vcd";
  if (!std::filesystem::exists(trace)) {
    if (!std::filesystem::exists(results)) return {};
    return report::paragraph(
        folder.name + ": `ingot simulate --trace 600` records the ports, which are then drawn here.", "soft");
  }
  try {
    const std::vector<Signal> signals = hw::signals_in(rtl.manifest, engine::read_file(trace, kMostTraceBytes));
    if (signals[0].values.empty()) return {};
    return waveform_figures(folder, signals) + multipliers_figure(folder, rtl, signals);
  } catch (const engine::Error& error) {
    return report::paragraph(fmt::format("{}: no waveform: {}", folder.name, error.what()), "warning");
  }
}

}  // namespace ingot::pipeline
