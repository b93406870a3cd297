#include "pipeline/simulate.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <stdexcept>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/base/named.h"
#include "engine/base/process.h"
#include "engine/base/progress.h"
#include "engine/io/json.h"
#include "hw/emit/folder.h"
#include "hw/passes/products.h"
#include "hw/simulation/verify.h"
#include "hw/simulation/verify_core.h"
#include "hw/simulation/waveform.h"
#include "pipeline/output_lock.h"
#include "pipeline/waveform.h"

namespace ingot::pipeline {
namespace fs = std::filesystem;
namespace {

using engine::Json;
using engine::require;

constexpr std::string_view kStalls[] = {"none", "random", "bursts"};  // in the order of testbench::Stalls
constexpr std::size_t kShownCycles = 16;                              // of the figure
constexpr std::int64_t kTexts = 20;  // random ones of a whole model, unless the user says another number

template <class Names>
std::size_t place_of(const std::string& option, const Names& names, const std::string& name) {
  const auto* const found =
      engine::with_subject(option, [&] { return &engine::row_named(names, name, "must be one of {}, got '{}'"); });
  return static_cast<std::size_t>(found - std::data(names));
}

hw::VerifyOptions verify_options(const SimulateOptions& o, std::uint64_t seed, bool is_core) {
  return {.simulator = static_cast<hw::Simulator>(place_of("--simulator", hw::kSimulators, o.simulator)),
          .n_vectors = is_core && !o.activations && o.vectors == kVectors ? kTexts : o.vectors,
          .own_vectors = o.activations,
          .seed = seed,
          .stalls = static_cast<ingot::testbench::Stalls>(place_of("--stalls", kStalls, o.stalls)),
          .n_resets = o.resets,
          .trace_cycles = o.trace,
          .coverage = o.coverage,
          .netlist = o.netlist.empty() ? std::nullopt : std::optional(hw::parse_target(o.netlist)),
          .dsp = !o.no_dsp};
}

Json wrong_beats_json(const hw::Verification& v) {
  Json all = Json::array();
  for (const hw::WrongBeat& wrong : v.wrong_beats)
    all.push_back({{"vector", wrong.vector}, {"beat", wrong.beat}, {"got", wrong.got}, {"expected", wrong.expected}});
  return all;
}

double cycles_per_second(const hw::Verification& v) {
  return v.seconds > 0 ? static_cast<double>(v.cycles) / v.seconds : 0.0;
}

Json result_of(const hw::EmittedRtl& rtl, const hw::Verification& v, const SimulateOptions& o) {
  Json result{{"graph", rtl.graph.name},
              {"simulator", o.simulator},
              {"source", o.activations ? "activations" : "random"},
              {"stalls", o.stalls},
              {"resets", o.resets},
              {"equal", v.ok()},
              {"vectors", v.n_vectors},
              {"beats", v.n_beats},
              {"different_beats", v.n_different},
              {"extra_beats", v.n_extra},
              {"beats_not_held", v.n_not_held},
              {"stuck", v.stuck},
              {"wrong_beats", wrong_beats_json(v)},
              {"cycles", v.cycles},
              {"simulated_ns", v.cycles * hw::kClockNanoseconds},
              {"build_seconds", v.build_seconds},
              {"simulation_seconds", v.seconds},
              {"cycles_per_second", cycles_per_second(v)}};
  if (v.interval > 0) {
    result["latency_cycles"] = v.latency;
    result["interval_cycles"] = v.interval;
    result["utilisation"] = v.utilisation;
  }
  if (v.netlist)
    result["netlist"] = {{"target", o.netlist},
                         {"no_dsp", o.no_dsp},
                         {"seconds", v.netlist->seconds},
                         {"cells", v.netlist->cells},
                         {"models_of_ingot", v.netlist->own_models}};
  if (v.coverage)
    result["coverage"] = {
        {"lines", v.coverage->lines}, {"reached", v.coverage->reached}, {"missed", v.coverage->missed}};
  return result;
}

std::int64_t n_cells(const Json& by_kind) {
  std::int64_t n = 0;
  for (const Json& kind : by_kind) n += kind.get<std::int64_t>();
  return n;
}

std::string wrong_text(const hw::Verification& v, const char* vector, const char* beat) {
  std::string text;
  for (const hw::WrongBeat& wrong : v.wrong_beats)
    text += fmt::format("{} {}, {} {}: got [{}], expected [{}]\n", vector, wrong.vector, beat, wrong.beat,
                        fmt::join(wrong.got, ","), fmt::join(wrong.expected, ","));
  return text;
}

std::string netlist_text(const hw::Verification& v, const SimulateOptions& o) {
  if (!v.netlist) return "";
  return fmt::format(
      "netlist for {}, synthesised in {:.0f} s: {} cells of {} kinds, with models that come with Yosys{}\n", o.netlist,
      v.netlist->seconds, n_cells(v.netlist->cells), v.netlist->cells.size(),
      v.netlist->own_models.empty() ? "" : fmt::format("; ingot's of {}", fmt::join(v.netlist->own_models, ", ")));
}

std::string text_of(const hw::EmittedRtl& rtl, const hw::Verification& v, const SimulateOptions& o) {
  std::string text = fmt::format("{} vectors, {} beats: {}\n", v.n_vectors, v.n_beats,
                                 v.ok() ? "every bit as computed" : "NOT as computed");
  text += wrong_text(v, "vector", "beat");
  if (v.interval > 0)
    text += fmt::format("latency {} cycles, a vector every {:.4g} cycles, {} busy {:.1f}%\n", v.latency, v.interval,
                        hw::product_units(rtl.graph), 100 * v.utilisation);
  text += netlist_text(v, o);
  if (v.coverage) {
    text += fmt::format("lines reached: {} of {}\n", v.coverage->reached, v.coverage->lines);
    for (const std::string& line : v.coverage->missed) text += fmt::format("never reached: {}\n", line);
  }
  return text + fmt::format("{} cycles in {:.2f} s ({:.3g} million a second), built in {:.2f} s\n", v.cycles, v.seconds,
                            cycles_per_second(v) / 1e6, v.build_seconds);
}

// The figure begins with the first beat that goes in.
void write_trace(const hw::EmittedRtl& rtl, const hw::Verification& v, const fs::path& out) {
  const std::vector<hw::Signal> signals = hw::signals_of(rtl.manifest, v.trace);
  engine::write_file(out / "trace.vcd", hw::to_vcd(signals, hw::kClockNanoseconds));
  const std::size_t first = first_beat(signals, hw::kInputValid);
  engine::write_file(out / "waveform.svg", waveform(signals, first == signals[0].values.size() ? 0 : first,
                                                    kShownCycles, hw::kClockNanoseconds, report::SvgUse::as_file));
}

template <class Verify>
auto verify_with_progress(const hw::EmittedRtl& rtl, const hw::VerifyOptions& options, const char* what,
                          const Verify& verify) {
  std::optional<engine::Progress> progress;
  try {
    const std::string netlist = options.netlist ? fmt::format(" of the netlist for {}", name(*options.netlist)) : "";
    engine::say(fmt::format("building the simulation{} ({})", netlist,
                            hw::kSimulators[static_cast<std::size_t>(options.simulator)]));
    return verify(rtl, options, [&](std::int64_t done, std::int64_t total) {
      if (!progress) progress.emplace(what, total);
      progress->update(done);
    });
  } catch (const std::runtime_error&) {
    if (engine::interrupted()) throw engine::Interrupted("stopped");  // a simulator that the user stopped along with us
    throw;
  }
}

Json core_result(const hw::EmittedRtl& rtl, const hw::CoreVerification& v, const SimulateOptions& o) {
  Json result = result_of(rtl, v, o);
  result["edge_codes"] = v.n_edge_codes;
  result["different_edge_beats"] = v.n_different_edge_beats;
  result["equal"] = v.ok();
  result["lengths"] = Json::array();
  for (const hw::MeasuredLength& m : v.measured)
    result["lengths"].push_back(
        {{"tokens", m.tokens}, {"cycles", m.cycles}, {"promised_cycles", m.promised}, {"products", m.products}});
  return result;
}

std::string core_text(const hw::CoreVerification& v, const SimulateOptions& o, bool is_rows) {
  std::string text = fmt::format("{} texts, {} words of answers: {}\n", v.n_vectors, v.n_beats,
                                 v.Verification::ok() ? "every bit as computed" : "NOT as computed");
  if (v.n_edge_codes > 0)
    text += fmt::format("{} codes of all edges: {}\n", v.n_edge_codes,
                        v.n_different_edge_beats == 0
                            ? std::string("every bit as computed")
                            : fmt::format("NOT as computed, {} words differ", v.n_different_edge_beats));
  text += wrong_text(v, "text", "word");
  for (const hw::MeasuredLength& m : v.measured)
    text +=
        fmt::format("{} {}: {} cycles, promised {}; multipliers busy {:.1f}%\n", m.tokens, is_rows ? "rows" : "tokens",
                    m.cycles, m.promised, 100.0 * static_cast<double>(m.products) / static_cast<double>(m.cycles));
  text += netlist_text(v, o);
  return text + fmt::format("{} cycles in {:.2f} s ({:.3g} million a second), built in {:.2f} s\n", v.cycles, v.seconds,
                            cycles_per_second(v) / 1e6, v.build_seconds);
}

void check(const hw::Verification& v, bool is_ok, const SimulateOptions& o) {
  if (v.stuck && v.n_extra == 0)
    throw engine::Failure(fmt::format("{}: nothing moves any more after {} beats", o.folder, v.n_beats));
  if (!is_ok) throw engine::Failure(fmt::format("{}: the hardware does not compute what its graph does", o.folder));
}

void simulate_core(const hw::EmittedRtl& rtl, const hw::VerifyOptions& options, const SimulateOptions& o,
                   const Finish& finish) {
  require(o.trace == 0, "--trace: records blocks; of a whole model give 0");
  const hw::CoreVerification v = verify_with_progress(
      rtl, options, "texts", [](const auto&... arguments) { return hw::verify_core(arguments...); });
  engine::release_interrupts();
  finish(core_result(rtl, v, o), core_text(v, o, hw::encoder_of(rtl.graph).takes_rows()));
  check(v, v.ok(), o);
}

}  // namespace

void simulate_rtl(const SimulateOptions& o, const Run& run, const Finish& finish) {
  const hw::VerifyOptions of_block = verify_options(o, run.seed, false);
  require(o.trace == 0 || of_block.simulator != hw::Simulator::icarus,
          "--trace: icarus gives none; verilator and cxxrtl do");
  require(!o.no_dsp || !o.netlist.empty(), "--no-dsp: is for a netlist; name its target by --netlist");
  const hw::EmittedRtl rtl = hw::open_emitted(o.folder);
  const hw::VerifyOptions options = verify_options(o, run.seed, rtl.manifest.core.has_value());
  const fs::path out = o.out;
  const OutputLock lock(out, run.command);
  write_config(out, run.config);
  engine::catch_interrupts();
  if (rtl.manifest.core) return simulate_core(rtl, options, o, finish);
  const hw::Verification v =
      verify_with_progress(rtl, options, "vectors", [](const auto&... arguments) { return hw::verify(arguments...); });
  engine::release_interrupts();
  if (o.trace > 0) write_trace(rtl, v, out);
  const Json result = result_of(rtl, v, o);
  finish(result, text_of(rtl, v, o));
  check(v, v.ok(), o);
}

}  // namespace ingot::pipeline
