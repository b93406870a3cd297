// The operations in C: a row of kForms for each. An operation without a row cannot be exported, which is said.
#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "compress/c99/functions.h"
#include "compress/c99/writer.h"
#include "compress/integer/operation.h"
#include "compress/integer/ops/attention.h"
#include "compress/integer/ops/embedding.h"
#include "compress/integer/ops/layer_norm.h"
#include "compress/integer/ops/linear.h"
#include "compress/integer/ops/slope.h"
#include "compress/integer/ops/table.h"
#include "engine/base/error.h"

namespace ingot::compress {
namespace {

using engine::Rounding;

constexpr std::int64_t kMost32 = INT32_MAX;

std::int64_t largest(const FixedPoint& format) { return std::max(-format.codes().lowest, format.codes().highest); }

// A number as C takes it: INT32_MIN and what has more than 32 bits have forms of their own.
std::string number(std::int64_t x) {
  if (x == INT32_MIN) return "INT32_MIN";
  return x > kMost32 || x < -kMost32 ? fmt::format("INT64_C({})", x) : std::to_string(x);
}

std::string codes_of(const FixedPoint& format) {
  return number(format.codes().lowest) + ", " + number(format.codes().highest);
}

// name_s8_s8
std::string typed(std::string name, const std::vector<std::string>& kinds) {
  for (const std::string& kind : kinds) name += "_" + kind;
  return name;
}

std::string requantize(C99Writer& writer, Rounding rounding) {
  return writer.rounding_function(C99Rounding::requantize, rounding);
}

// Of sums of 32 bits alone, by shifts from 1 to 31.
std::string requantize_short(C99Writer& writer, Rounding rounding) {
  return writer.rounding_function(C99Rounding::requantize_short, rounding);
}

std::string divide(C99Writer& writer, const FixedPoint& output) {
  return writer.rounding_function(C99Rounding::divide, *output.rounding);
}

// Factors of a dividend and of a divisor that give a quotient `left` fraction bits more.
std::string up_and_down(int left) {
  return number(std::int64_t{1} << std::max(left, 0)) + ", " + number(std::int64_t{1} << std::max(-left, 0));
}

std::string suffix(const FixedPoint& output) {
  return *output.rounding == Rounding::nearest_even ? "" : *output.rounding == Rounding::floor ? "_down" : "_away";
}

std::string linear(const C99Call& call) {
  const Layer& layer = call.layer;
  const Linear& data = *layer.as<Linear>();
  C99Writer& writer = call.writer;
  std::vector<int> shifts;
  for (std::int64_t j = 0; j < data.n; ++j) shifts.push_back(shift(layer, j));
  const C99Codes weights = writer.codes(layer.name() + "_weights", data.weights, data.k);
  const C99Array bias = writer.array(layer.name() + "_bias", data.bias),
                 amounts = writer.array(layer.name() + "_shifts", shifts);
  const bool is_short = sum_bound(layer) <= kMost32;
  const auto [least, most] = std::minmax_element(shifts.begin(), shifts.end());
  const Rounding rounding = *layer.output().rounding;
  const std::string requantized =
      is_short && *least >= 1 && *most <= 31 ? requantize_short(writer, rounding) : requantize(writer, rounding);
  const C99Type x = call.in_types[0], y = call.out_types[0];
  const std::string name = typed("linear", {x.short_name, weights.kind, bias.type.short_name, amounts.type.short_name,
                                            y.short_name, is_short ? "32" : "64", requantized});
  writer.function(name, c99::kLinear,
                  {{"$X", x.name},
                   {"$Y", y.name},
                   {"$W", weights.array.type.name},
                   {"$B", bias.type.name},
                   {"$H", amounts.type.name},
                   {"$S", is_short ? "int32_t" : "int64_t"},
                   {"$READ", weights.read},
                   {"$REQUANTIZE", requantized}});
  return fmt::format("{}({}, {}, {}, {}, {}, {}, {}, {}, {});", name, call.in[0], data.k, call.out[0], data.n,
                     weights.array.name, weights.stride, bias.name, amounts.name, codes_of(layer.output()));
}

std::string embedding(const C99Call& call) {
  const EmbeddingSum& sum = *call.layer.as<EmbeddingSum>();
  C99Writer& writer = call.writer;
  const std::string node = call.layer.name();
  std::vector<std::string> kinds;
  C99Writer::Words words{{"$Y", call.out_types[0].name}};
  std::string arguments;
  const auto add = [&](const std::string& table, const EmbeddingRows& rows, const std::string& letter,
                       const std::string& row) {
    const C99Codes codes = writer.codes(node + "_" + table, rows.codes, call.layer.n_out());
    const C99Array shifts = writer.array(node + "_" + table + "_shifts", rows.shifts);
    kinds.push_back(codes.kind);
    words.emplace_back("$" + letter, codes.array.type.name);
    words.emplace_back("$READ_" + letter, codes.read);
    arguments += fmt::format(", {} + {} * (size_t){}, {}[{}]", codes.array.name, row, codes.stride, shifts.name, row);
  };
  add("word", sum.word, "A", call.in[0]);
  add("position", sum.position, "B", "i");
  add("token_type", sum.token_type, "C", call.in[1]);
  kinds.push_back(call.out_types[0].short_name);
  const std::string name = writer.function(typed("embedding", kinds), c99::kEmbedding, words);
  return fmt::format("{}({}, {}{});", name, call.out[0], call.layer.n_out(), arguments);
}

std::string add(const C99Call& call) {
  const Layer& layer = call.layer;
  const C99Type x = call.in_types[0], y = call.in_types[1], z = call.out_types[0];
  const std::string name = call.writer.function(typed("add", {x.short_name, y.short_name, z.short_name}), c99::kAdd,
                                                {{"$X", x.name}, {"$Y", y.name}, {"$Z", z.name}});
  const auto unit = [&](std::size_t i) {
    return number(std::int64_t{1} << (layer.output().frac_bits - layer.in(i).format.frac_bits));
  };
  return fmt::format("{}({}, {}, {}, {}, {}, {});", name, call.in[0], unit(0), call.in[1], unit(1), call.out[0],
                     layer.n_out());
}

std::string layer_norm(const C99Call& call) {
  const Layer& layer = call.layer;
  const LayerNorm& norm = *layer.as<LayerNorm>();
  C99Writer& writer = call.writer;
  const C99Array gamma = writer.array(layer.name() + "_gamma", norm.gamma),
                 beta = writer.array(layer.name() + "_beta", norm.beta);
  std::string roots, parameter, root = "inverse_root((uint64_t)variance, &right)";
  writer.rounding_function(C99Rounding::shift, Rounding::nearest_even);
  std::vector<std::string> kinds{call.in_types[0].short_name, gamma.type.short_name, beta.type.short_name,
                                 call.out_types[0].short_name};
  if (norm.root_table.empty()) {
    writer.function("inverse_root", c99::kInverseRoot);
  } else {
    const C99Array table = writer.array(layer.name() + "_roots", norm.root_table);
    kinds.push_back(std::string("roots_") + table.type.short_name);
    root = writer.function(typed("tabled_root", {table.type.short_name}), c99::kTabledRoot, {{"$T", table.type.name}}) +
           "((uint64_t)variance, &right, roots)";
    parameter = fmt::format("const {}* roots, ", table.type.name);
    roots = table.name + ", ";
  }
  const std::string name = typed("layer_norm", kinds) + suffix(layer.output());
  writer.function(name, c99::kLayerNorm,
                  {{"$X", call.in_types[0].name},
                   {"$Y", call.out_types[0].name},
                   {"$G", gamma.type.name},
                   {"$B", beta.type.name},
                   {"$ROOTS", parameter},
                   {"$ROOT", root},
                   {"$REQUANTIZE", requantize(writer, *layer.output().rounding)}});
  const int product = kNormFracBits + norm.gamma_frac_bits;
  return fmt::format("{}({}, {}, {}, {}, {}, {}, {}, {}{}, {});", name, call.in[0], call.out[0], layer.n_in(),
                     gamma.name, beta.name, number(std::int64_t{1} << (product - norm.beta_frac_bits)),
                     number(norm.epsilon), roots, product - layer.output().frac_bits, codes_of(layer.output()));
}

std::string attention(const C99Call& call) {
  const Layer& layer = call.layer;
  const Attention& a = *layer.as<Attention>();
  C99Writer& writer = call.writer;
  const std::int64_t part = layer.n_out() / a.n_heads;
  const std::int64_t dot = part * largest(layer.in(0).format) * largest(layer.in(1).format);
  const bool is_short = dot <= kMost32, is_shorter = dot <= kMost32 / a.multiplier && a.shift >= 1 && a.shift <= 31;
  const C99Array exponentials = writer.array(layer.name() + "_exponentials", a.exponentials);
  const Rounding even = Rounding::nearest_even;
  const std::string score = is_shorter ? requantize_short(writer, even) : requantize(writer, even);
  const std::string name =
      typed("attention", {call.in_types[0].short_name, call.in_types[1].short_name, call.in_types[2].short_name,
                          exponentials.type.short_name, call.out_types[0].short_name, is_short ? "32" : "64", score}) +
      suffix(layer.output());
  writer.function(name, c99::kAttention,
                  {{"$Q", call.in_types[0].name},
                   {"$K", call.in_types[1].name},
                   {"$V", call.in_types[2].name},
                   {"$Y", call.out_types[0].name},
                   {"$E", exponentials.type.name},
                   {"$D", is_short ? "int32_t" : "int64_t"},
                   {"$M", is_shorter ? "int32_t" : "int64_t"},
                   {"$SCORE", score},
                   {"$DIVIDE", divide(writer, layer.output())}});
  const engine::CodeRange scores = engine::code_range(a.score_width, true);
  return fmt::format("{}({}, {}, {}, text->n, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {});", name, call.in[0],
                     call.in[1], call.in[2], call.out[0], layer.n_out(), part, a.multiplier, a.shift,
                     number(scores.lowest), number(scores.highest), exponentials.name,
                     up_and_down(layer.output().frac_bits - layer.in(2).format.frac_bits), codes_of(layer.output()),
                     call.scores);
}

std::string table(const C99Call& call) {
  const C99Array codes = call.writer.array(call.layer.name() + "_table", call.layer.as<Table>()->codes);
  const C99Type x = call.in_types[0], y = call.out_types[0];
  const std::string name = call.writer.function(typed("table", {x.short_name, codes.type.short_name, y.short_name}),
                                                c99::kTable, {{"$X", x.name}, {"$Y", y.name}, {"$T", codes.type.name}});
  return fmt::format("{}({}, {}, {}, {}, {});", name, call.in[0], call.out[0], call.layer.n_out(), codes.name,
                     (1 << call.layer.input().width) - 1);
}

std::string relu(const C99Call& call) {
  const C99Type x = call.in_types[0], y = call.out_types[0];
  const std::string name =
      call.writer.function(typed("relu", {x.short_name, y.short_name}), c99::kRelu, {{"$X", x.name}, {"$Y", y.name}});
  return fmt::format("{}({}, {}, {});", name, call.in[0], call.out[0], call.layer.n_out());
}

std::string sloped(const C99Call& call) {
  const Slope& slope = *call.layer.as<Slope>();
  const FixedPoint& output = call.layer.output();
  const C99Type x = call.in_types[0], y = call.out_types[0];
  const std::string name = typed("slope", {x.short_name, y.short_name}) + suffix(output);
  call.writer.function(name, c99::kSlope,
                       {{"$X", x.name}, {"$Y", y.name}, {"$REQUANTIZE", requantize(call.writer, *output.rounding)}});
  return fmt::format("{}({}, {}, {}, {}, {}, {});", name, call.in[0], call.out[0], call.layer.n_out(), slope.slope,
                     slope.frac_bits, codes_of(output));
}

// Of all rows, or of the first one alone.
std::string summary(const C99Call& call, const char* rows) {
  const Layer& layer = call.layer;
  const C99Type x = call.in_types[0], y = call.out_types[0];
  const std::string name = typed("mean", {x.short_name, y.short_name}) + suffix(layer.output());
  call.writer.function(name, c99::kMean,
                       {{"$X", x.name}, {"$Y", y.name}, {"$DIVIDE", divide(call.writer, layer.output())}});
  return fmt::format("{}({}, {}, {}, {}, {}, {});", name, call.in[0], rows, call.out[0], layer.n_out(),
                     up_and_down(layer.output().frac_bits - layer.input().frac_bits), codes_of(layer.output()));
}

std::string mean(const C99Call& call) { return summary(call, "text->n"); }
std::string first(const C99Call& call) { return summary(call, "1"); }

struct Form {
  std::string_view operation;
  std::string (*statement)(const C99Call& call);
};
constexpr Form kForms[] = {{"linear", linear},
                           {"relu", relu},
                           {"leaky_relu", sloped},
                           {"rrelu", sloped},
                           {"gelu", table},
                           {"gelu_new", table},
                           {"tanh", table},
                           {"add", add},
                           {"attention", attention},
                           {"embedding", embedding},
                           {"first", first},
                           {"layer_norm", layer_norm},
                           {"mean", mean}};

}  // namespace

std::string c99_statement(const C99Call& call) {
  const auto* form = std::find_if(std::begin(kForms), std::end(kForms),
                                  [&](const Form& known) { return known.operation == call.layer.kind().name; });
  engine::require(form != std::end(kForms), "{}: {} has no form in C", call.layer.name(), call.layer.kind().name);
  return form->statement(call);
}

}  // namespace ingot::compress
