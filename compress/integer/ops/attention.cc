#include "compress/integer/ops/attention.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "compress/integer/kernel.h"
#include "engine/base/error.h"
#include "engine/kernels/integer_attention/integer_attention.h"

namespace ingot::compress {

extern const OperationKind kAttention;

namespace {

using engine::require;

std::int64_t largest(const FixedPoint& format) { return std::max(-format.codes().lowest, format.codes().highest); }

void check_edges(const std::string& where, const Layer& layer) {
  for (std::size_t i = 0; i < 3; ++i)
    require(layer.in(i).size == layer.n_out(), "{}: attention needs edges of one size, got {} and {}", where,
            layer.in(i).size, layer.n_out());
  require(layer.output().rounding.has_value(), "{}: {} must not be rounded at random", where,
          to_string(layer.output()));
}

void check_table(const std::string& where, const Attention& a) {
  require(a.exponential_width >= 1 && a.exponential_width <= 16, "{}: exponentials must have 1 to 16 bits, got {}",
          where, a.exponential_width);
  require(a.exponentials.size() == kExponentials, "{}: attention needs {} exponentials, got {}", where, kExponentials,
          a.exponentials.size());
  for (const std::int32_t e : a.exponentials)
    require(e >= 0 && e < 1 << a.exponential_width, "{}: an exponential must have {} bits, got {}", where,
            a.exponential_width, e);
  require(a.exponentials[0] >= 1, "{}: the exponential of the largest score must be at least 1", where);
}

// |q . k| multiplier, and sum e v 2^|k| beside sum e: a quotient of doubles rounds as the exact one while the product
// of both is below 2^52, since the exact one is a multiple of 1 / (2 sum e) away from a tie.
void check_widths(const std::string& where, const Layer& layer) {
  const Attention& a = *layer.as<Attention>();
  const double part = static_cast<double>(layer.n_out() / a.n_heads);
  const double score = part * static_cast<double>(largest(layer.in(0).format)) *
                       static_cast<double>(largest(layer.in(1).format)) * a.multiplier;
  require(score < 0x1p62, "{}: its scores could need more than 62 bits", where);
  const int k = layer.output().frac_bits - layer.in(2).format.frac_bits;
  require(std::abs(k) <= 24, "{}: the output must have at most 24 fraction bits more or fewer than the values, got {}",
          where, k);
  const double sum = static_cast<double>(a.longest) * std::ldexp(1.0, a.exponential_width);
  require(std::ldexp(sum * static_cast<double>(largest(layer.in(2).format)), std::abs(k)) < 0x1p52,
          "{}: the sums of {} values of {} could need more than 52 bits", where, a.longest,
          to_string(layer.in(2).format));
}

void check_attention(const std::string& where, const Layer& layer) {
  check_edges(where, layer);
  const Attention& a = *layer.as<Attention>();
  require(a.n_heads >= 1 && layer.n_out() % a.n_heads == 0, "{}: {} numbers cannot be parted into {} heads", where,
          layer.n_out(), a.n_heads);
  require(a.longest >= 1 && a.longest <= 65536, "{}: texts must have 1 to 65536 rows, got {}", where, a.longest);
  require(a.multiplier >= 1 && a.multiplier < 1 << 15, "{}: the multiplier of scores must have 15 bits, got {}", where,
          a.multiplier);
  require(a.shift >= -30 && a.shift <= 62, "{}: the shift of scores must be between -30 and 62, got {}", where,
          a.shift);
  require(a.score_width >= 2 && a.score_width <= 24, "{}: scores must have 2 to 24 bits, got {}", where, a.score_width);
  check_table(where, a);
  check_widths(where, layer);
}

void write(const Layer& layer, engine::Json& object) {
  const Attention& a = *layer.as<Attention>();
  object.update({{"heads", a.n_heads},
                 {"longest", a.longest},
                 {"multiplier", a.multiplier},
                 {"shift", a.shift},
                 {"score_width", a.score_width},
                 {"exponential_width", a.exponential_width},
                 {"exponentials", a.exponentials}});
}

std::any read(Fields& fields, const Layer&) {
  Attention a;
  a.n_heads = fields.integer("heads", 1, kMaxRow);
  a.longest = fields.integer("longest", 1, 65536);
  a.multiplier = static_cast<std::int32_t>(fields.integer("multiplier", 1, (1 << 15) - 1));
  a.shift = static_cast<int>(fields.integer("shift", -30, 62));
  a.score_width = static_cast<int>(fields.integer("score_width", 2, 24));
  a.exponential_width = static_cast<int>(fields.integer("exponential_width", 1, 16));
  a.exponentials = fields.integers<std::int32_t>("exponentials", kExponentials, 0, 65535);
  return a;
}

engine::kernels::IntegerAttention kernel_of(const Layer& layer) {
  const Attention& a = *layer.as<Attention>();
  return {.n_heads = a.n_heads,
          .part = layer.n_out() / a.n_heads,
          .multiplier = a.multiplier,
          .shift = a.shift,
          .scores = engine::code_range(a.score_width, true),
          .exponentials = a.exponentials.data(),
          .output_left = layer.output().frac_bits - layer.in(2).format.frac_bits,
          .rounding = *layer.output().rounding,
          .range = layer.output().codes(),
          .largest_query = largest(layer.in(0).format),
          .largest_key = largest(layer.in(1).format),
          .largest_value = largest(layer.in(2).format),
          .longest = a.longest};
}

void check_length(const Layer& layer, std::int64_t n) {
  const std::int64_t longest = layer.as<Attention>()->longest;
  require(n <= longest, "{}: a text must have at most {} rows, got {}", layer.name(), longest, n);
}

class Evaluate : public Evaluator {
 public:
  explicit Evaluate(const Layer& layer) : layer_(layer) {}

  std::vector<Codes> run(std::span<const Codes* const> in, Texts texts) override {
    for (std::size_t t = 0; t + 1 < texts.size(); ++t) check_length(layer_, texts[t + 1] - texts[t]);
    Codes y(in[0]->size());
    engine::kernels::integer_attention_reference(kernel_of(layer_), static_cast<std::int64_t>(texts.size()) - 1,
                                                 texts.data(), in[0]->data(), in[1]->data(), in[2]->data(), y.data());
    return {std::move(y)};
  }

 private:
  Layer layer_;
};

engine::kernels::FastAttention::Types types_of(const Layer& layer) {
  return {code_type(layer.in(0).format), code_type(layer.in(1).format), code_type(layer.output())};
}

// A part of a text is a head.
class Fast : public Kernel {
 public:
  explicit Fast(const Layer& layer) : layer_(layer), attention_(kernel_of(layer), types_of(layer)) {}

  std::int64_t n_parts() const override { return layer_.as<Attention>()->n_heads; }
  std::int64_t prepared_bytes(std::int64_t n) const override { return n_parts() * attention_.packed_bytes(n); }

  void prepare(std::int64_t text, std::int64_t head, const KernelCall& call) const override {
    const auto t = static_cast<std::size_t>(text);
    check_length(layer_, call.texts[t + 1] - call.texts[t]);
    attention_.pack(head_of(t, head, call), packed(t, head, call));
  }

  void run(std::int64_t first, std::int64_t last, const KernelCall& call) const override {
    for (std::size_t t = text_of(call.texts, first); first < last; ++t) {
      const std::int64_t begin = call.texts[t], end = std::min<std::int64_t>(last, call.texts[t + 1]);
      for (std::int64_t head = 0; head < n_parts(); ++head)
        attention_.attend(head_of(t, head, call), packed(t, head, call), first - begin, end - begin);
      first = end;
    }
  }

 private:
  std::byte* packed(std::size_t t, std::int64_t head, const KernelCall& call) const {
    return call.prepared + call.prepared_at[t] + head * attention_.packed_bytes(call.texts[t + 1] - call.texts[t]);
  }

  engine::kernels::IntegerAttentionHead head_of(std::size_t t, std::int64_t head, const KernelCall& call) const {
    const std::int64_t begin = call.texts[t], at = head * (layer_.n_out() / n_parts());
    const auto part = [&](const Rows& rows) {
      return static_cast<std::byte*>(rows.row(begin)) + at * engine::code_bytes(rows.type);
    };
    return {.n = call.texts[t + 1] - begin,
            .stride = layer_.n_out(),
            .q = part(call.in[0]),
            .k = part(call.in[1]),
            .v = part(call.in[2]),
            .y = part(call.out)};
  }

  Layer layer_;
  engine::kernels::FastAttention attention_;
};

std::unique_ptr<Kernel> fast_attention(const Layer& layer) {
  const bool serves = engine::kernels::FastAttention::serves(kernel_of(layer), types_of(layer)) &&
                      code_type(layer.in(2).format) == engine::CodeType::s8;
  return serves ? std::make_unique<Fast>(layer) : nullptr;
}

}  // namespace

const OperationKind kAttention{
    .name = "attention",
    .check = check_attention,
    .write = write,
    .read = read,
    .evaluator = [](const Layer& layer) -> std::unique_ptr<Evaluator> { return std::make_unique<Evaluate>(layer); },
    .kernel = fast_attention,
    .n_inputs = 3,
    .scope = Scope::text};

std::vector<std::int32_t> exponential_table(int width, int frac_bits) {
  const double unit = std::ldexp(1.0, width) - 1;
  std::vector<std::int32_t> table;
  for (int t = 0; t < kExponentials; ++t)
    table.push_back(static_cast<std::int32_t>(std::nearbyint(unit * std::exp(-std::ldexp(t, -frac_bits)))));
  return table;
}

std::vector<std::int32_t> line_table(int width, int frac_bits) {
  const double unit = std::ldexp(1.0, width) - 1;
  std::vector<std::int32_t> table;
  for (int t = 0; t < kExponentials; ++t) {
    const double power = std::floor(std::ldexp(t, -frac_bits) * std::numbers::log2e * 256) / 256;
    const double whole = std::floor(power);
    table.push_back(static_cast<std::int32_t>(std::nearbyint(unit * std::exp2(-whole) * (1 - (power - whole) / 2))));
  }
  return table;
}

void set_scale(Attention& attention, std::int64_t part, int frac_bits, int score_frac_bits) {
  int exponent = 0;
  const double mantissa = std::frexp(1 / std::sqrt(static_cast<double>(part)), &exponent);  // in [1/2, 1)
  const bool is_power = mantissa == 0.5;
  attention.multiplier = is_power ? 1 : static_cast<std::int32_t>(std::min(std::lround(mantissa * 32768), 32767L));
  // The product has frac_bits + 15 - exponent fraction bits, or, of a power, one fewer than -exponent.
  attention.shift = frac_bits - score_frac_bits + (is_power ? 1 - exponent : 15 - exponent);
}

}  // namespace ingot::compress
