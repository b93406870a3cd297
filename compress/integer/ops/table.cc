#include "compress/integer/ops/table.h"

#include "compress/integer/kernel.h"
#include "engine/base/error.h"

namespace ingot::compress {

extern const OperationKind kGelu, kGeluNew, kTanh;

namespace {

using engine::require;

void check_table(const std::string& where, const Layer& layer) {
  check_elementwise(where, layer);
  const std::vector<std::int32_t>& codes = layer.as<Table>()->codes;
  const int width = layer.input().width;
  require(width <= kMaxTableWidth, "{}: a table takes at most {} bits, got {}", where, kMaxTableWidth,
          to_string(layer.input()));
  const std::size_t size = std::size_t{1} << width;
  require(codes.size() == size, "{}: the table of {} bits must have {} entries, got {}", where, width, size,
          codes.size());
  const engine::CodeRange range = layer.output().codes();
  for (const std::int32_t y : codes)
    require(y >= range.lowest && y <= range.highest, "{}: table entries must be codes of {}, got {}", where,
            to_string(layer.output()), y);
}

void write(const Layer& layer, engine::Json& object) { object["table"] = layer.as<Table>()->codes; }

std::any read(Fields& fields, const Layer& layer) {
  const int width = layer.input().width;
  require(width <= kMaxTableWidth, "{} of a table must have at most {} bits, got {}", fields.place("input"),
          kMaxTableWidth, width);
  return Table{fields.integers<std::int32_t>("table", std::int64_t{1} << width, INT32_MIN, INT32_MAX)};
}

std::any describe(const OperationKind& kind, Fields& fields, const Description& d) {
  require(d.input.format.width <= kMaxTableWidth, "{}: {} takes at most {} bits, got {}", fields.place("type"),
          kind.name, kMaxTableWidth, to_string(d.input.format));
  return Table{make_table(engine::activation_from_name(std::string(kind.name)), d.input.format, d.output.format)};
}

class LookUp : public RowEvaluator {
 public:
  explicit LookUp(const Layer& layer) : table_(*layer.as<Table>()), mask_((1u << layer.input().width) - 1) {}
  Codes row(const Codes& x) override {
    Codes y;
    for (const std::int32_t code : x) y.push_back(table_.codes[static_cast<std::uint32_t>(code) & mask_]);
    return y;
  }

 private:
  const Table& table_;
  std::uint32_t mask_;
};

// Named as the engine's function that fills the table.
constexpr OperationKind kind(std::string_view name) {
  return {.name = name,
          .check = check_table,
          .write = write,
          .read = read,
          .describe = describe,
          .evaluator = [](const Layer& layer) -> std::unique_ptr<Evaluator> { return std::make_unique<LookUp>(layer); },
          .kernel = table_kernel};
}

}  // namespace

const OperationKind kGelu = kind("gelu"), kGeluNew = kind("gelu_new"), kTanh = kind("tanh");

std::vector<std::int32_t> make_table(engine::Activation f, const FixedPoint& input, const FixedPoint& output) {
  const std::int64_t n = std::int64_t{1} << input.width;
  std::vector<float> values;
  for (std::int64_t bits = 0; bits < n; ++bits) {
    const std::int64_t code = input.is_signed && bits >= n / 2 ? bits - n : bits;
    values.push_back(engine::fixed_value(code, input.frac_bits));
  }
  engine::kernels::activation_forward(f, n, values.data(), values.data());
  std::vector<std::int32_t> table;
  for (const float y : values)
    table.push_back(
        static_cast<std::int32_t>(engine::fixed_code(y, output.frac_bits, *output.rounding, output.codes())));
  return table;
}

}  // namespace ingot::compress
