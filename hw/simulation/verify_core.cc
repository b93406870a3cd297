#include "hw/simulation/verify_core.h"

#include <algorithm>
#include <cmath>

#include "compress/integer/runner.h"
#include "engine/base/error.h"
#include "engine/base/process.h"
#include "engine/base/rng.h"
#include "engine/base/temporary_folder.h"
#include "hw/core/rom_check.h"
#include "hw/core/schedule.h"
#include "hw/emit/core_description.h"
#include "hw/simulation/coverage.h"

namespace ingot::hw {
namespace {

using testbench::ChannelBeats;

constexpr std::int64_t kChunkCycles = 4'000'000;  // of texts that are simulated together
constexpr std::size_t kMeasured = 4;              // lengths
constexpr int kResetCycles = 2, kDrainCycles = 64;

void append(const std::vector<Word>& words, std::vector<testbench::Byte>& bytes) {
  for (const Word& word : words) {
    for (std::int64_t at = 0; at < word.width(); at += 8)
      bytes.push_back(static_cast<testbench::Byte>(word.chunk(static_cast<std::size_t>(at))));
  }
}

// Lengths from 1 to the longest, evenly in their logarithms.
Texts drawn_texts(const EmittedRtl& rtl, const VerifyOptions& options) {
  engine::Rng rng(options.seed, static_cast<std::uint64_t>(engine::Stream::test));
  std::vector<std::int64_t> lengths;
  const double most = std::log(static_cast<double>(rtl.manifest.core->longest) + 0.5);
  for (std::int64_t i = 0; i < options.n_vectors; ++i) {
    const double drawn = static_cast<double>(rng.below(1 << 20)) / (1 << 20);
    lengths.push_back(std::clamp<std::int64_t>(std::llround(std::exp(drawn * most)), 1, rtl.manifest.core->longest));
  }
  return random_texts(rtl.graph, lengths, options.seed);
}

class Stimulus {
 public:
  Stimulus(const EmittedRtl& rtl, const VerifyOptions& options, bool has_probes)
      : encoder_(encoder_of(rtl.graph)),
        plan_(plan_core(encoder_, *rtl.manifest.core)),
        start_cycles_(rom_check(make_images(encoder_, plan_), plan_).cycles()),
        graph_(rtl.graph),
        runner_(rtl.graph),
        texts_(options.own_vectors ? load_texts(rtl) : drawn_texts(rtl, options)),
        has_probes_(has_probes),
        size_(std::min(options.n_vectors, texts_.size())) {}

  std::int64_t size() const { return size_; }
  std::int64_t start_cycles() const { return start_cycles_; }  // before the first text begins
  std::int64_t tokens(std::int64_t text) const { return texts_.tokens(text); }
  // Beats of a text of n tokens or rows, and of its answer.
  std::int64_t beats_in(std::int64_t n) const {
    return encoder_.takes_rows() ? n * encoder_.hidden() / plan_.size.pi : n;
  }
  std::int64_t beats_out(std::int64_t n) const {
    if (encoder_.takes_rows()) return 1 + beats_in(n);
    return 1 + encoder_.n_answers() * (encoder_.answers_rows() ? n : 1);
  }
  // The numbers of a beat of an answer, without the bit that ends a packet.
  std::vector<std::int64_t> codes_of(const std::vector<testbench::Byte>& beat, bool is_status) const {
    if (is_status || !encoder_.takes_rows()) return {unpack_beat(beat, 32, true).front()};
    std::vector<std::int64_t> codes = unpack_beat(beat, plan_.element_width, true);
    codes.resize(static_cast<std::size_t>(plan_.size.pi));
    return codes;
  }
  CoreCycles cycles(std::int64_t tokens) const { return cycles_of(encoder_, plan_, tokens); }

  std::vector<ProbePort> probes() const {
    const TraceWidths widths = trace_widths(encoder_, plan_);
    return {{"output_trace", widths.output()}, {"sums_trace", widths.sums()}, {"norm_trace", widths.normalised()}};
  }

  // The beats of a text behind those of others: tokens and answers, and what the probes show.
  void add(std::int64_t text, std::vector<ChannelBeats>& beats, std::int64_t& n_edge_codes) {
    const std::int64_t n = tokens(text);
    const std::vector<compress::Codes> inputs = texts_.inputs(text, encoder_.hidden());
    const std::int32_t borders[] = {0, static_cast<std::int32_t>(n)};
    const std::vector<compress::Codes> edges = runner_.edges(inputs, borders);
    Texts one{.offsets = {0, static_cast<std::int32_t>(n)}, .answers = edges[graph_.outputs.front()]};
    if (encoder_.takes_rows()) {
      one.rows = inputs[0];
    } else {
      one.ids = inputs[0];
      one.types = inputs[1];
    }
    const CoreBeats words = core_beats(encoder_, plan_, one, 0);
    append(words.input, beats[0].input);
    append(words.output, beats[0].expected);
    if (!has_probes_) return;
    CoreTraces traces;
    add_traces(encoder_, plan_, n, edges, traces);
    const std::vector<unsigned char>* const shown[] = {&traces.outputs, &traces.sums, &traces.norms};
    for (std::size_t i = 0; i < 3; ++i)
      beats[i + 1].expected.insert(beats[i + 1].expected.end(), shown[i]->begin(), shown[i]->end());
    for (const compress::Codes& codes : edges) n_edge_codes += static_cast<std::int64_t>(codes.size());
  }

 private:
  const Encoder encoder_;
  const CorePlan plan_;
  const std::int64_t start_cycles_;
  const Graph& graph_;
  compress::GraphRunner runner_;
  const Texts texts_;
  const bool has_probes_;
  const std::int64_t size_;
};

// `first`: the text whose status was the first beat.
void add(const SimulationOutcome& outcome, std::int64_t first, const Stimulus& stimulus, CoreVerification& all) {
  const testbench::ChannelOutcome& answers = outcome.channels.at(0);
  all.n_beats += answers.beats;
  all.n_different += answers.differences;
  all.n_extra += answers.extra_beats;
  all.n_not_held += answers.broken_holds;
  for (const testbench::Difference& d : answers.first_differences) {
    std::int64_t text = first, beat = d.beat;
    for (; beat >= stimulus.beats_out(stimulus.tokens(text)); ++text) beat -= stimulus.beats_out(stimulus.tokens(text));
    all.wrong_beats.push_back(
        {text, beat, stimulus.codes_of(d.got, beat == 0), stimulus.codes_of(d.expected, beat == 0)});
  }
  for (std::size_t i = 1; i < outcome.channels.size(); ++i)
    all.n_different_edge_beats += outcome.channels[i].differences + outcome.channels[i].extra_beats;
  all.stuck = outcome.stuck;
  all.cycles += outcome.cycles;
  all.seconds += outcome.seconds;
}

// A few of the texts alone, without stalls: what is left of the cycles when reset, tokens, which come while ROMs are
// checked, and answers are taken away.
void measure(const Simulation& simulation, Stimulus& stimulus, std::size_t n_channels, std::int64_t watchdog,
             CoreVerification& result) {
  std::vector<std::int64_t> texts;
  for (std::int64_t t = 0; t < stimulus.size(); ++t) texts.push_back(t);
  std::sort(texts.begin(), texts.end(),
            [&](std::int64_t a, std::int64_t b) { return stimulus.tokens(a) < stimulus.tokens(b); });
  for (std::size_t i = 0; i < std::min(kMeasured, texts.size()); ++i) {
    const std::int64_t text = texts[i * (texts.size() - 1) / std::max<std::size_t>(kMeasured - 1, 1)],
                       n = stimulus.tokens(text);
    if (!result.measured.empty() && result.measured.back().tokens == n) continue;
    std::vector<ChannelBeats> beats(n_channels);
    std::int64_t ignored = 0;
    stimulus.add(text, beats, ignored);
    const SimulationOutcome outcome = simulation.run(beats, {.stalls = testbench::Stalls::none, .watchdog = watchdog});
    // rtl/answer_output.sv and rtl/row_output.sv take 4 cycles a beat but for the status.
    const std::int64_t answer = 1 + 4 * (stimulus.beats_out(n) - 1);
    const CoreCycles promised = stimulus.cycles(n);
    result.measured.push_back({n,
                               outcome.cycles - kResetCycles - std::max(stimulus.beats_in(n), stimulus.start_cycles()) -
                                   answer - kDrainCycles,
                               promised.total, promised.products});
  }
}

}  // namespace

CoreVerification verify_core(const EmittedRtl& rtl, const VerifyOptions& options,
                             const std::function<void(std::int64_t, std::int64_t)>& progress) {
  const bool has_probes = !options.netlist && options.simulator != Simulator::icarus;
  Stimulus stimulus(rtl, options, has_probes);
  const engine::TemporaryFolder scratch;
  SimulatedDesign simulated = simulated_design(rtl, options, scratch.path());
  if (has_probes) simulated.design.probes = stimulus.probes();
  const Simulation simulation(simulated.design, options.simulator, {.coverage = options.coverage});
  if (progress) progress(0, stimulus.size());
  CoreVerification result;
  result.build_seconds = simulation.build_seconds();
  result.netlist = std::move(simulated.netlist);
  const std::int64_t watchdog =
      100'000 + stimulus.start_cycles() + 4 * stimulus.cycles(rtl.manifest.core->longest).total;
  const std::size_t n_channels = has_probes ? 4 : 1;
  if (has_probes) measure(simulation, stimulus, n_channels, watchdog, result);
  for (std::int64_t begin = 0; begin < stimulus.size() && result.ok();) {
    if (engine::interrupted()) throw engine::Interrupted("stopped");
    std::vector<ChannelBeats> beats(n_channels);
    std::int64_t end = begin, cycles = 0;
    while (end < stimulus.size() &&
           (end == begin || cycles + stimulus.cycles(stimulus.tokens(end)).total <= kChunkCycles)) {
      cycles += stimulus.cycles(stimulus.tokens(end)).total;
      stimulus.add(end++, beats, result.n_edge_codes);
    }
    const SimulationOutcome outcome = simulation.run(beats, {.stalls = options.stalls,
                                                             .seed = options.seed + static_cast<std::uint64_t>(begin),
                                                             .n_resets = options.n_resets,
                                                             .watchdog = watchdog});
    add(outcome, begin, stimulus, result);
    result.n_vectors = end;
    merge(outcome.coverage, result.coverage);
    begin = end;
    if (progress) progress(end, stimulus.size());
  }
  return result;
}

}  // namespace ingot::hw
