#include "hw/core/program.h"

#include <algorithm>
#include <bit>

#include "compress/integer/ops/attention.h"
#include "compress/integer/ops/layer_norm.h"
#include "compress/integer/ops/linear.h"
#include "engine/base/error.h"
#include "hw/core/widths.h"

namespace ingot::hw {
namespace {

using engine::require;

constexpr std::size_t kProgramWords = 256;
constexpr int kMostWeightBits = 8, kMostElementBits = 16, kMostTableBits = 12;

std::size_t edge_of(const Layer& layer) { return layer.node().outputs.front(); }

engine::Rounding rounding_of(const Layer& layer) { return layer.output().rounding.value(); }

void check_size(const CoreSize& size) {
  for (const auto& [name, value] : {std::pair("PI", size.pi), std::pair("PO", size.po), std::pair("lanes", size.lanes)})
    require(value >= 1 && value <= 64 && std::has_single_bit(static_cast<std::uint64_t>(value)),
            "{} of a core must be a power of two from 1 to 64, got {}", name, value);
  require(size.lanes <= std::min(size.pi, size.po), "lanes of a core must be at most PI and PO, got {} of {} and {}",
          size.lanes, size.pi, size.po);
}

void check_divides(const std::string& what, std::int64_t n, const CoreSize& size) {
  require(n % size.pi == 0 && n % size.po == 0, "{}: {} numbers cannot be taken by {} x {} multipliers", what, n,
          size.pi, size.po);
}

void check_linear(const EncoderLinear& linear, bool is_answer, const CoreSize& size) {
  const Layer& layer = linear.linear;
  require(layer.n_in() % size.pi == 0, "{}: {} inputs cannot be read {} at a time", layer.name(), layer.n_in(),
          size.pi);
  require(is_answer || layer.n_out() % size.po == 0, "{}: {} outputs cannot be computed {} at a time", layer.name(),
          layer.n_out(), size.po);
  require(layer.as<compress::Linear>()->weight_width <= kMostWeightBits,
          "{}: a core takes weights of at most {} bits, got {}", layer.name(), kMostWeightBits,
          layer.as<compress::Linear>()->weight_width);
  require(layer.output().rounding.has_value(), "{}: {} must not be rounded at random", layer.name(),
          to_string(layer.output()));
  require(!is_answer || !linear.activation, "{}: no function may follow the answers", layer.name());
  require(!linear.activation || linear.activation->input().width <= kMostTableBits,
          "{}: a table takes codes of at most {} bits, got {}", linear.activation ? linear.activation->name() : "",
          kMostTableBits, linear.activation ? to_string(linear.activation->input()) : "");
}

// One unit computes all attention, and one all layer norms.
void check_same(const Encoder& encoder) {
  const auto& first = *encoder.layers.front().attention.as<compress::Attention>();
  for (const EncoderLayer& layer : encoder.layers) {
    const auto& a = *layer.attention.as<compress::Attention>();
    require(a.n_heads == first.n_heads && a.multiplier == first.multiplier && a.score_width == first.score_width &&
                a.exponential_width == first.exponential_width && a.exponentials == first.exponentials,
            "{}: heads, scores and exponentials of all layers must be the same; they differ from those of {}",
            layer.attention.name(), encoder.layers.front().attention.name());
  }
  const auto& root = encoder.norms().front()->norm.as<compress::LayerNorm>()->root_table;
  for (const EncoderNorm* norm : encoder.norms())
    require(norm->norm.as<compress::LayerNorm>()->root_table == root,
            "{}: either all layer norms have the table of roots, or none", norm->norm.name());
}

void check_encoder(const Encoder& encoder, const CoreSize& size) {
  check_size(size);
  require(size.longest >= 1 && size.longest <= encoder.longest() && size.longest <= 4096,
          "a core takes texts of 1 to {} tokens of this model, got {}", std::min<std::int64_t>(encoder.longest(), 4096),
          size.longest);
  check_same(encoder);
  check_divides(encoder.name(), encoder.hidden(), size);
  check_divides(encoder.layers.front().attention.name() + ": a head", encoder.hidden() / encoder.heads(), size);
  for (const EncoderLinear* linear : encoder.linears())
    check_linear(*linear, !encoder.head.empty() && linear == &encoder.head.back(), size);
}

// Signs take a bit each, unless the last tile has sums that are not there: their weights are 0.
int stored_bits(const Layer& linear, const CoreSize& size) {
  const auto& data = *linear.as<compress::Linear>();
  const bool is_sign = std::all_of(data.weights.begin(), data.weights.end(), [](int w) { return w == 1 || w == -1; });
  return is_sign && data.n % size.po == 0 ? 1 : data.weight_width;
}

// Results that are far apart anyway take less logic: if that costs a row of a text of one token, whose sums of values
// are the shortest, at most a twentieth of its cycles.
bool is_serial(const Encoder& encoder, const CorePlan& plan) {
  const std::int64_t po = plan.size.po, pi = plan.size.pi, tile_beats = po / plan.size.lanes,
                     gap = plan.quotient_width + 1;
  std::int64_t usual = 0, serial = 0;
  const auto take = [&](std::int64_t tiles, std::int64_t inner) {
    usual += tiles * std::max(inner, tile_beats);
    serial += tiles * std::max(inner, tile_beats * gap);
  };
  for (const EncoderLinear* linear : encoder.linears())
    take((linear->linear.n_out() + po - 1) / po, linear->linear.n_in() / pi);
  for (std::size_t i = 0; i < encoder.layers.size(); ++i) {
    take(encoder.heads(), encoder.hidden() / encoder.heads() / pi);
    take(encoder.hidden() / po, 1);
  }
  return (serial - usual) * 20 <= usual;
}

class Planner {
 public:
  Planner(const Encoder& encoder, const CoreSize& size) : encoder_(encoder) { plan_.size = size; }

  CorePlan plan() {
    check_encoder(encoder_, plan_.size);
    set_widths(encoder_, plan_);
    plan_.is_serial = is_serial(encoder_, plan_);
    require(plan_.element_width <= kMostElementBits, "{}: a core keeps numbers of at most {} bits, got {}",
            encoder_.name(), kMostElementBits, plan_.element_width);
    place_weights();
    place_tables();
    place_scratch();
    embed();
    for (std::size_t i = 0; i < encoder_.layers.size(); ++i) layer(i);
    head();
    plan_.program.push_back({.operation = Operation::end});
    // 256 words are a block RAM at least, the smallest ones included: they should be narrow.
    plan_.program_parts =
        static_cast<std::int64_t>(std::bit_floor(std::max<std::size_t>(1, kProgramWords / plan_.program.size())));
    plan_.scratch_words = static_cast<std::int64_t>(std::bit_ceil(static_cast<std::uint64_t>(plan_.scratch_words)));
    return std::move(plan_);
  }

 private:
  struct Placed {
    const EncoderLinear* linear;
    std::size_t index;
  };

  const CoreSize& size() const { return plan_.size; }
  std::int64_t words_of(std::int64_t n) const { return n / size().pi; }

  // Weights of the same width follow each other, so that a few ROMs hold all.
  void place_weights() {
    const std::vector<const EncoderLinear*> linears = encoder_.linears();
    for (const EncoderLinear* linear : linears) {
      const Layer& layer = linear->linear;
      const std::int64_t tiles = (layer.n_out() + size().po - 1) / size().po;
      plan_.weights.push_back({stored_bits(layer, size()), 0, tiles * (layer.n_in() / size().pi)});
    }
    plan_.weight_width = 2;
    for (int bits = 1; bits <= kMostWeightBits; ++bits) {
      for (StoredWeights& stored : plan_.weights) {
        if (stored.bits != bits) continue;
        stored.base = plan_.weight_words;
        plan_.weight_words += stored.words;
        plan_.weight_width = std::max(plan_.weight_width, bits);
      }
    }
  }

  // A table begins at a multiple of its size. The largest come first, so that nothing lies between.
  void place_tables() {
    const std::vector<const EncoderLinear*> linears = encoder_.linears();
    plan_.table_bases.assign(linears.size(), -1);
    for (int bits = kMostTableBits; bits >= 1; --bits) {
      for (std::size_t i = 0; i < linears.size(); ++i) {
        if (!linears[i]->activation || linears[i]->activation->input().width != bits) continue;
        plan_.table_bases[i] = plan_.table_words;
        plan_.table_words += std::int64_t{1} << bits;
      }
    }
    plan_.table_words = std::max<std::int64_t>(plan_.table_words, 2);
  }

  // Of each context: queries, context, inner; then what the head computes.
  void place_scratch() {
    std::int64_t inner = 0;
    for (const EncoderLayer& layer : encoder_.layers) inner = std::max(inner, layer.intermediate.linear.n_out());
    context_at_ = words_of(encoder_.hidden());
    inner_at_ = 2 * context_at_;
    of_context_ = inner_at_ + words_of(inner);
    plan_.scratch_words = 2 * of_context_ + (encoder_.summary ? words_of(encoder_.hidden()) : 0);
    for (std::size_t i = 0; i + 1 < encoder_.head.size(); ++i)
      plan_.scratch_words += words_of(encoder_.head[i].linear.n_out());
  }

  std::int64_t scratch(int context, std::int64_t at) const { return context * of_context_ + at; }

  Instruction& push(Instruction instruction) {
    plan_.program.push_back(std::move(instruction));
    return plan_.program.back();
  }

  void loop(std::size_t target) { push({.operation = Operation::loop, .target = target}); }

  static void set_range(Results& results, const FixedPoint& format) {
    results.lowest = format.codes().lowest;
    results.highest = format.codes().highest;
  }

  // The products of a Linear with a row.
  Instruction linear(const EncoderLinear& linear, std::size_t index, int context) {
    const Layer& layer = linear.linear;
    const std::int64_t inner = layer.n_in() / size().pi;
    Instruction made{.operation = Operation::linear,
                     .context = context,
                     .waits_for_outputs = true,
                     .inner = inner,
                     .tiles = plan_.weights[index].words / inner,
                     .b_base = plan_.weights[index].base,
                     .n_results = layer.n_out()};
    Results& results = made.results;
    results.parameter_base = parameter_base(index);
    results.rounding = rounding_of(layer);
    set_range(results, layer.output());
    results.result_edge = results.output_edge = edge_of(layer);
    if (linear.activation) {
      results.is_table = true;
      results.table_base = plan_.table_bases[index];
      results.table_mask = (std::int64_t{1} << linear.activation->input().width) - 1;
      results.output_edge = edge_of(*linear.activation);
    }
    return made;
  }

  std::int64_t parameter_base(std::size_t index) {
    const std::vector<const EncoderLinear*> linears = encoder_.linears();
    std::int64_t base = 0;
    for (std::size_t i = 0; i < index; ++i) base += plan_.beats(linears[i]->linear.n_out());
    plan_.parameter_words = std::max(plan_.parameter_words, base + plan_.beats(linears[index]->linear.n_out()));
    return base;
  }

  void embed() {
    if (encoder_.takes_rows()) return;
    for (const int context : {0, 1}) push({.operation = Operation::embed, .context = context});
  }

  // Keys and values of all rows. Of the first layer, embeddings of the rows after next are made meanwhile.
  void keys_and_values(const EncoderLayer& layer, std::size_t first) {
    const std::size_t start = plan_.program.size();
    for (const int context : {0, 1}) {
      for (const bool is_value : {false, true}) {
        Instruction made = linear(is_value ? layer.value : layer.key, first + (is_value ? 1 : 0), context);
        made.waits_for_outputs = false;
        made.waits_for_norms = made.from_x = true;
        made.results.destination = is_value ? Destination::values : Destination::keys;
        push(std::move(made));
      }
      if (first == 0 && encoder_.embedding) push({.operation = Operation::embed, .context = context, .ahead = true});
    }
    loop(start);
  }

  void scores(const EncoderLayer& layer, int context, std::int64_t head) {
    const auto& a = *layer.attention.as<compress::Attention>();
    const std::int64_t part = words_of(encoder_.hidden() / a.n_heads);
    Instruction made{.operation = Operation::scores,
                     .context = context,
                     .waits_for_outputs = true,
                     .a_base = scratch(context, head * part),
                     .inner = part,
                     .b_base = head * part};
    made.results.kind = ResultKind::scores;
    made.results.destination = Destination::scores;
    made.results.align = plan_.shift - a.shift;
    const engine::CodeRange range = engine::code_range(a.score_width, true);
    made.results.lowest = range.lowest;
    made.results.highest = range.highest;
    made.results.slot = context * a.n_heads + head;
    push(std::move(made));
  }

  void weighted_sum(const EncoderLayer& layer, int context, std::int64_t head) {
    const auto& a = *layer.attention.as<compress::Attention>();
    const std::int64_t part = encoder_.hidden() / a.n_heads;
    Instruction made{.operation = Operation::context,
                     .context = context,
                     .waits_for_softmax = true,
                     .a_base = context * a.n_heads + head,
                     .tiles = part / size().po,
                     .b_base = head * part / size().po,
                     .n_results = part};
    Results& results = made.results;
    results.kind = ResultKind::context;
    results.word_base = scratch(context, context_at_ + words_of(head * part));
    results.rounding = rounding_of(layer.attention);
    results.left = layer.attention.output().frac_bits - layer.attention.in(2).format.frac_bits + plan_.denominator_left;
    results.slot = made.a_base;
    results.result_edge = results.output_edge = edge_of(layer.attention);
    results.first = head * part;
    set_range(results, layer.attention.output());
    push(std::move(made));
  }

  // A Linear whose results are added to the row's residual and go to a layer norm.
  void to_norm(const EncoderLinear& layer, std::size_t index, const EncoderNorm& norm, std::int64_t number, int context,
               std::int64_t from) {
    Instruction made = linear(layer, index, context);
    made.a_base = scratch(context, from);
    made.results.destination = Destination::norm;
    made.results.norm = number;
    made.results.left_result = norm.left_result;
    made.results.left_residual = norm.left_residual;
    push(std::move(made));
  }

  // A Linear of a row of x, which becomes the row's residual.
  void from_row(const EncoderLinear& layer, std::size_t index, int context, std::int64_t to) {
    Instruction made = linear(layer, index, context);
    made.waits_for_norms = made.from_x = made.captures = true;
    made.results.word_base = scratch(context, to);
    push(std::move(made));
  }

  // Two rows at a time, one step of each after the other: what a step waits for happens during the other row's.
  void layer(std::size_t i) {
    const EncoderLayer& layer = encoder_.layers[i];
    const std::size_t first = 6 * i;
    keys_and_values(layer, first);
    // Where only the first row of the last layer is asked for, no other is computed.
    const bool is_first_only =
        i + 1 == encoder_.layers.size() && encoder_.summary && encoder_.summary->kind().name == "first";
    const std::vector<int> contexts = is_first_only ? std::vector<int>{0} : std::vector<int>{0, 1};
    const auto number = static_cast<std::int64_t>(2 * i + (encoder_.embedding ? 1 : 0));
    const std::size_t start = plan_.program.size();
    for (const int c : contexts) from_row(layer.query, first + 2, c, 0);
    for (const int c : contexts)
      for (std::int64_t head = 0; head < encoder_.heads(); ++head) scores(layer, c, head);
    for (const int c : contexts)
      for (std::int64_t head = 0; head < encoder_.heads(); ++head) weighted_sum(layer, c, head);
    for (const int c : contexts)
      to_norm(layer.attention_output, first + 3, layer.attention_norm, number, c, context_at_);
    for (const int c : contexts) from_row(layer.intermediate, first + 4, c, inner_at_);
    for (const int c : contexts) to_norm(layer.output, first + 5, layer.output_norm, number + 1, c, inner_at_);
    if (!is_first_only) loop(start);
  }

  void summary(std::int64_t at) {
    const Layer& layer = *encoder_.summary;
    Instruction made{.operation = Operation::summary,
                     .waits_for_outputs = true,
                     .waits_for_norms = true,
                     .waits_for_all = true,
                     .n_results = encoder_.hidden()};
    Results& results = made.results;
    results.kind = ResultKind::summary;
    results.destination = encoder_.head.empty() ? Destination::answer : Destination::scratch;
    results.word_base = at;
    results.rounding = rounding_of(layer);
    results.left = layer.output().frac_bits - layer.input().frac_bits + plan_.denominator_left;
    results.result_edge = results.output_edge = edge_of(layer);
    set_range(results, layer.output());
    push(std::move(made));
  }

  // After the summary for the first row; without one, for each row.
  void head() {
    if (encoder_.takes_rows()) return;
    std::int64_t at = 2 * of_context_;
    if (encoder_.summary) {
      summary(at);
      for (std::size_t i = 0; i < encoder_.head.size(); ++i) at = head_linear(i, at);
      return;
    }
    const std::size_t start = plan_.program.size();
    for (const int context : {0, 1}) {
      Instruction made = answer(linear(encoder_.head.front(), 6 * encoder_.layers.size(), context));
      made.waits_for_norms = made.from_x = true;
      push(std::move(made));
    }
    loop(start);
  }

  std::int64_t head_linear(std::size_t i, std::int64_t from) {
    const bool is_answer = i + 1 == encoder_.head.size();
    const std::int64_t to = from + words_of(encoder_.head[i].linear.n_in());
    Instruction made = linear(encoder_.head[i], 6 * encoder_.layers.size() + i, 0);
    made.a_base = from;
    made.results.word_base = to;
    push(is_answer ? answer(std::move(made)) : std::move(made));
    return to;
  }

  Instruction answer(Instruction instruction) const {
    const engine::CodeRange range = engine::code_range(plan_.result_width, true);
    instruction.results.destination = Destination::answer;
    instruction.results.lowest = range.lowest;
    instruction.results.highest = range.highest;
    return instruction;
  }

  const Encoder& encoder_;
  CorePlan plan_;
  std::int64_t context_at_ = 0, inner_at_ = 0, of_context_ = 0;
};

}  // namespace

CorePlan plan_core(const Encoder& encoder, const CoreSize& size) { return Planner(encoder, size).plan(); }

}  // namespace ingot::hw
