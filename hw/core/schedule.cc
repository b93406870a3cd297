#include "hw/core/schedule.h"

#include <algorithm>
#include <array>

#include "hw/core/images.h"
#include "hw/core/top.h"

namespace ingot::hw {
namespace {

bool is_skipped(const Instruction& i, std::int64_t row, std::int64_t n) {
  return i.operation != Operation::summary && row >= n;
}

// Walks through the program as rtl/sequencer.sv does. `visit` is called with each instruction, loops and skipped ones
// included, and its row.
template <class Visit>
void walk(const CorePlan& plan, std::int64_t n, const Visit& visit) {
  std::int64_t row = 0;
  for (std::size_t pc = 0; plan.program[pc].operation != Operation::end;) {
    const Instruction& i = plan.program[pc];
    visit(pc, row + (i.ahead ? 2 : 0) + i.context);
    if (i.operation != Operation::loop) {
      ++pc;
    } else if (row + 2 < n) {
      row += 2;
      pc = i.target;
    } else {
      row = 0;
      ++pc;
    }
  }
}

// Appends a word of the trace as the bytes of a beat.
void append_bytes(const Word& word, std::vector<unsigned char>& bytes) {
  for (std::int64_t at = 0; at < word.width(); at += 8)
    bytes.push_back(static_cast<unsigned char>(word.chunk(static_cast<std::size_t>(at))));
}

class TraceWriter {
 public:
  TraceWriter(const Encoder& encoder, const CorePlan& plan, std::span<const std::vector<std::int32_t>> edges,
              CoreTraces& traces)
      : plan_(plan), widths_(trace_widths(encoder, plan)), norms_(encoder.norms()), edges_(edges), traces_(traces) {
    for (const EncoderNorm* norm : norms_) size_ = norm->norm.n_in();
  }

  void add(std::size_t pc, std::int64_t row) {
    const Instruction& i = plan_.program[pc];
    const bool is_output =
        i.operation == Operation::linear || i.operation == Operation::context || i.operation == Operation::summary;
    if (is_output) output(pc, row);
    if (i.operation == Operation::embed || i.writes_norm()) norm(i.results.norm, row);
  }

 private:
  // Code `at` of a row of an edge; 0 beyond its end, where lanes have nothing to compute.
  std::int64_t code(std::size_t edge, std::int64_t row, std::int64_t size, std::int64_t at) const {
    return at < size ? edges_[edge][static_cast<std::size_t>(row * size + at)] : 0;
  }

  void output(std::size_t pc, std::int64_t row) {
    const Instruction& i = plan_.program[pc];
    const Results& r = i.results;
    const std::int64_t size = r.kind == ResultKind::context ? size_ : i.n_results;
    const auto lanes = static_cast<std::int64_t>(widths_.lanes);
    for (std::int64_t beat = 0; beat < plan_.beats(i.n_results); ++beat) {
      Word word;
      for (const std::size_t edge : {r.result_edge, r.output_edge}) {
        for (std::int64_t l = 0; l < lanes; ++l)
          word.append(code(edge, row, size, r.first + beat * lanes + l), widths_.result);
      }
      word.append(beat, widths_.beats);
      word.append(row, widths_.row);
      word.append(static_cast<std::int64_t>(pc), widths_.pc);
      append_bytes(word, traces_.outputs);
    }
  }

  void norm(std::int64_t number, std::int64_t row) {
    const Layer& layer = norms_[static_cast<std::size_t>(number)]->norm;
    beats(layer.node().inputs.front(), number, row, widths_.norm_sum, traces_.sums);
    beats(layer.node().outputs.front(), number, row, widths_.element, traces_.norms);
  }

  void beats(std::size_t edge, std::int64_t number, std::int64_t row, int width,
             std::vector<unsigned char>& bytes) const {
    const auto lanes = static_cast<std::int64_t>(widths_.lanes);
    for (std::int64_t beat = 0; beat < size_ / lanes; ++beat) {
      Word word;
      for (std::int64_t l = 0; l < lanes; ++l) word.append(code(edge, row, size_, beat * lanes + l), width);
      word.append(beat, widths_.word);
      word.append(row, widths_.row);
      word.append(number, widths_.norm);
      append_bytes(word, bytes);
    }
  }

  const CorePlan& plan_;
  const TraceWidths widths_;
  const std::vector<const EncoderNorm*> norms_;
  const std::span<const std::vector<std::int32_t>> edges_;
  CoreTraces& traces_;
  std::int64_t size_ = 0;
};

// Latencies of the modules in rtl/, in cycles.
constexpr std::int64_t kDecode = 3;       // from one instruction to the next
constexpr std::int64_t kOperands = 2;     // from an address to its word
constexpr std::int64_t kSoftmax = 8;      // from an address after the last exponential until the sequencer knows
constexpr std::int64_t kNormStages = 13;  // from the first address of a row to its first result
constexpr std::int64_t kRoot = 41, kRootTable = 8;  // of rtl/inverse_root.sv
constexpr std::int64_t kEmbeddingWord = 3;          // before each word

// When each unit is free again, while the program is walked through.
class Clock {
 public:
  Clock(const Encoder& encoder, const CorePlan& plan, std::int64_t n) : encoder_(encoder), plan_(plan), n_(n) {
    for (std::int64_t pi = plan.size.pi; pi > 4; pi /= 4) ++tree_;
    const std::int64_t row_sum = plan.norm_sum_width + address_width(encoder.hidden());
    norm_ = row_sum + 2 + (plan.has_root_table ? kRootTable : kRoot);
  }

  void take(const Instruction& i, bool is_skipped) {
    if (is_skipped || i.operation == Operation::loop) {
      ready_ += decode();
    } else if (i.operation == Operation::embed) {
      embed(i.context);
    } else {
      issue(i);
    }
  }

  CoreCycles cycles() const {
    return {.total = std::max({ready_, outputs_[0], outputs_[1], norms_[0], norms_[1]}) + 3, .products = products_};
  }

 private:
  std::int64_t decode() const { return kDecode + plan_.program_parts - 1; }
  std::int64_t takes(std::int64_t beats) const { return (beats - 1) * plan_.gap() + 1; }
  std::int64_t key_words() const { return (n_ + plan_.size.pi - 1) / plan_.size.pi; }
  std::int64_t key_tiles() const { return (n_ + plan_.size.po - 1) / plan_.size.po; }

  void embed(int context) {
    const std::int64_t start = std::max({ready_, norms_[at(context)], embedding_}),
                       words = encoder_.hidden() / plan_.embedding_elements,
                       last = start + 3 + words * kEmbeddingWord + encoder_.hidden() / plan_.size.lanes;
    embedding_ = last + 1;
    norm(context, last);
    ready_ = start + decode();
  }

  // A row whose last sum comes in that cycle.
  void norm(int context, std::int64_t last) {
    const std::int64_t start = std::max(last + 4, norm_free_);
    norm_free_ = start + norm_ + encoder_.hidden() / plan_.size.lanes + kNormStages;
    norms_[at(context)] = norm_free_;
  }

  void issue(const Instruction& i) {
    std::int64_t t = std::max({ready_, running_, slots_[slot_]});
    const auto wait = [&](const std::array<std::int64_t, 2>& until) {
      t = std::max(t, i.waits_for_all ? std::max(until[0], until[1]) : until[at(i.context)]);
    };
    if (i.waits_for_outputs) wait(outputs_);
    if (i.waits_for_softmax) wait(softmax_);
    if (i.waits_for_norms) wait(norms_);
    const std::int64_t inner = i.operation == Operation::context ? key_words() : i.inner,
                       tiles = i.operation == Operation::scores ? key_tiles() : i.tiles,
                       beats = plan_.beats(i.operation == Operation::scores ? n_ : i.n_results),
                       of_tile = plan_.size.po / plan_.size.lanes, period = std::max(inner, plan_.period());
    std::int64_t last = t + takes(beats);  // the cycle in which output_unit takes the last result
    if (i.operation != Operation::summary) {
      running_ = t + period * tiles;
      products_ += inner * tiles;
      last = t + period * tiles + kOperands + 3 + tree_ + takes(beats - (tiles - 1) * of_tile);
    }
    const std::int64_t leaves = last + plan_.quotient_width + 9, done = leaves + 3;
    outputs_[at(i.context)] = std::max(outputs_[at(i.context)], done);
    slots_[slot_] = done;
    slot_ = 1 - slot_;
    if (i.operation == Operation::scores) softmax(i.context, leaves);
    if (i.writes_norm()) norm(i.context, leaves + 1);
    ready_ = t + decode() + 1;
  }

  void softmax(int context, std::int64_t last) {
    const std::int64_t start = std::max(last + 2, softmax_free_);
    softmax_free_ = start + key_words() * plan_.size.pi / plan_.size.lanes;
    softmax_[at(context)] = softmax_free_ + kSoftmax;
  }

  static std::size_t at(int context) { return static_cast<std::size_t>(context); }

  const Encoder& encoder_;
  const CorePlan& plan_;
  const std::int64_t n_;
  std::int64_t tree_ = 1, norm_ = 0;
  std::int64_t ready_ = 5, running_ = 0, embedding_ = 0, norm_free_ = 0, softmax_free_ = 0, products_ = 0;
  std::size_t slot_ = 0;
  std::array<std::int64_t, 2> slots_{}, outputs_{}, softmax_{}, norms_{};
};

}  // namespace

std::vector<Step> steps_of(const CorePlan& plan, std::int64_t n) {
  std::vector<Step> steps;
  walk(plan, n, [&](std::size_t pc, std::int64_t row) {
    const Instruction& i = plan.program[pc];
    if (i.operation != Operation::loop && !is_skipped(i, row, n)) steps.push_back({pc, row});
  });
  return steps;
}

CoreCycles cycles_of(const Encoder& encoder, const CorePlan& plan, std::int64_t n) {
  Clock clock(encoder, plan, n);
  walk(plan, n,
       [&](std::size_t pc, std::int64_t row) { clock.take(plan.program[pc], is_skipped(plan.program[pc], row, n)); });
  return clock.cycles();
}

void add_traces(const Encoder& encoder, const CorePlan& plan, std::int64_t n,
                std::span<const std::vector<std::int32_t>> edges, CoreTraces& traces) {
  TraceWriter writer(encoder, plan, edges, traces);
  for (const Step& step : steps_of(plan, n)) writer.add(step.pc, step.row);
}

}  // namespace ingot::hw
