// The hardware must give the graph's codes for any input, whenever the two ends of its streams wait, and after any
// reset. 100,000 vectors of a large layer are more than memory should hold. Simulating them takes long, and a user
// wants to see progress and be able to stop.
//
// So vectors are sent in chunks. A chunk is a simulation of its own from reset on, with its own pattern of stalls; the
// graph is reset with it and computes the expected codes. A chunk is bounded by codes (memory) and by the cycles that
// the manifest promises (progress). The first wrong chunk ends the work. A quarter of the random vectors consists of
// extremes only, because uniform codes hardly ever saturate a sum. Latency and interval come from a short run before
// the chunks, without stalls, which would hide them.
//
// The price of chunks: generators of random slopes start again in each, so a fault that needs a longer run than a chunk
// stays unseen, and the trace shows the first chunk only. Hardware is called stuck when nothing moves for eight
// promised intervals, and at least a million cycles: slow hardware must not look stuck, and stuck hardware must not run
// for hours.
#include "hw/simulation/verify.h"

#include <algorithm>

#include "compress/integer/runner.h"
#include "engine/base/error.h"
#include "engine/base/process.h"
#include "engine/base/rng.h"
#include "engine/base/temporary_folder.h"
#include "hw/simulation/coverage.h"
#include "hw/synthesis/netlist.h"

namespace ingot::hw {
namespace {

using testbench::ChannelBeats;
using testbench::ChannelOutcome;

constexpr std::int64_t kMeasuredVectors = 64, kMeasuredCycles = 1'000'000;
constexpr std::int64_t kChunkCycles = 4'000'000;  // as promised by the manifest, of one chunk
constexpr std::int64_t kIntervalsOfRest = 8;      // without a beat, before hardware counts as stuck
constexpr std::int64_t kChunkCodes = 50'000'000;

// Makes the vectors to send and the expected output, chunk by chunk. Each chunk begins at a reset of hardware and
// graph.
class Stimulus {
 public:
  Stimulus(const EmittedRtl& rtl, const VerifyOptions& options)
      : rtl_(rtl), runner_(rtl.graph), rng_(options.seed, static_cast<std::uint64_t>(engine::Stream::test)) {
    if (!options.own_vectors) {
      n_ = options.n_vectors;
      return;
    }
    own_ = load_vectors(rtl);
    n_ = std::min(own_->n, options.n_vectors);
  }

  std::int64_t size() const { return n_; }

  ChannelBeats chunk(std::int64_t begin, std::int64_t end) {
    const Port &in = rtl_.manifest.input, &out = rtl_.manifest.output;
    const std::vector<std::int32_t> input = own_ ? own_codes(begin, end) : random_codes(end - begin);
    runner_.reset();
    const std::vector<std::int32_t> expected = runner_.run(input);
    return {pack_beats(input, in.lanes, in.format.width), pack_beats(expected, out.lanes, out.format.width)};
  }

 private:
  std::vector<std::int32_t> own_codes(std::int64_t begin, std::int64_t end) const {
    const std::int64_t size = rtl_.manifest.input.size;
    return {own_->input.begin() + begin * size, own_->input.begin() + end * size};
  }

  // A quarter of the vectors consists of the lowest and highest codes, so that sums saturate. The others are uniform.
  std::vector<std::int32_t> random_codes(std::int64_t n) {
    const engine::CodeRange range = rtl_.manifest.input.format.codes();
    const auto size = static_cast<std::size_t>(rtl_.manifest.input.size);
    std::vector<std::int32_t> codes(static_cast<std::size_t>(n) * size);
    bool extremes = false;
    for (std::size_t i = 0; i < codes.size(); ++i) {
      if (i % size == 0) extremes = rng_.below(4) == 0;
      const std::uint32_t bits = rng_.bits();
      const auto drawn =
          static_cast<std::int64_t>(bits * static_cast<std::uint64_t>(range.highest - range.lowest + 1) >> 32);
      codes[i] = static_cast<std::int32_t>(!extremes         ? range.lowest + drawn
                                           : (bits & 1) != 0 ? range.lowest
                                                             : range.highest);
    }
    return codes;
  }

  const EmittedRtl& rtl_;
  compress::GraphRunner runner_;
  engine::Rng rng_;
  std::optional<Vectors> own_;
  std::int64_t n_ = 0;
};

void add(const ChannelOutcome& channel, const Port& output, std::int64_t first_vector, Verification& all) {
  all.n_vectors += channel.vectors;
  all.n_beats += channel.beats;
  all.n_different += channel.differences;
  all.n_extra += channel.extra_beats;
  all.n_not_held += channel.broken_holds;
  for (const testbench::Difference& d : channel.first_differences) {
    const auto codes = [&](const std::vector<testbench::Byte>& beat) {
      std::vector<std::int64_t> lanes = unpack_beat(beat, output.format.width, output.format.is_signed);
      lanes.resize(static_cast<std::size_t>(output.lanes));
      return lanes;
    };
    all.wrong_beats.push_back(
        {first_vector + d.beat / output.beats(), d.beat % output.beats(), codes(d.got), codes(d.expected)});
  }
}

std::int64_t watchdog(const EmittedRtl& rtl) {
  return std::max(testbench::Run{}.watchdog, kIntervalsOfRest * rtl.manifest.interval);
}

void measure(const EmittedRtl& rtl, const Simulation& simulation, Stimulus stimulus, Verification& result) {
  const std::int64_t n = std::clamp(kMeasuredCycles / rtl.manifest.interval, std::int64_t{4}, kMeasuredVectors);
  const std::vector<ChannelBeats> beats{stimulus.chunk(0, std::min(stimulus.size(), n))};
  const SimulationOutcome outcome =
      simulation.run(beats, {.stalls = testbench::Stalls::none, .watchdog = watchdog(rtl)});
  result.latency = outcome.channels[0].latency_min;
  result.interval = outcome.channels[0].interval;
  if (result.interval > 0) result.utilisation = static_cast<double>(rtl.manifest.interval) / result.interval;
}

}  // namespace

SimulatedDesign simulated_design(const EmittedRtl& rtl, const VerifyOptions& options,
                                 const std::filesystem::path& folder) {
  engine::require(!options.netlist || !options.coverage, "--coverage: counts lines of the RTL, not of a netlist");
  SimulatedDesign simulated{.design = design_of(rtl)};
  if (!options.netlist) return simulated;
  Netlist netlist = make_netlist(simulated.design, *options.netlist, {.dsp = options.dsp}, folder);
  return {std::move(netlist.design), SimulatedNetlist{netlist.synthesis.seconds, std::move(netlist.synthesis.cells),
                                                      std::move(netlist.own_models)}};
}

Verification verify(const EmittedRtl& rtl, const VerifyOptions& options,
                    const std::function<void(std::int64_t, std::int64_t)>& progress) {
  Stimulus stimulus(rtl, options);
  const engine::TemporaryFolder scratch;
  SimulatedDesign simulated = simulated_design(rtl, options, scratch.path());
  const Simulation simulation(simulated.design, options.simulator, {.coverage = options.coverage});
  if (progress) progress(0, stimulus.size());
  Verification result{.build_seconds = simulation.build_seconds(), .netlist = std::move(simulated.netlist)};
  if (options.simulator != Simulator::icarus) measure(rtl, simulation, Stimulus(rtl, options), result);
  const std::int64_t n_chunk =
      std::max<std::int64_t>(1, std::min(kChunkCycles / rtl.manifest.interval, kChunkCodes / rtl.manifest.input.size));
  for (std::int64_t begin = 0; begin < stimulus.size() && result.ok(); begin += n_chunk) {
    if (engine::interrupted()) throw engine::Interrupted("stopped");
    const std::int64_t end = std::min(stimulus.size(), begin + n_chunk);
    const std::vector<ChannelBeats> beats{stimulus.chunk(begin, end)};
    SimulationOutcome outcome = simulation.run(beats, {.stalls = options.stalls,
                                                       .seed = options.seed + static_cast<std::uint64_t>(begin),
                                                       .n_resets = options.n_resets,
                                                       .trace_cycles = begin == 0 ? options.trace_cycles : 0,
                                                       .watchdog = watchdog(rtl)});
    add(outcome.channels.at(0), rtl.manifest.output, begin, result);
    merge(outcome.coverage, result.coverage);
    result.stuck = outcome.stuck;
    result.cycles += outcome.cycles;
    result.seconds += outcome.seconds;
    if (begin == 0) result.trace = std::move(outcome.trace);
    if (progress) progress(end, stimulus.size());
  }
  return result;
}

}  // namespace ingot::hw
