#include "compress/integer/kernel.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "engine/kernels/integer_rows/integer_rows.h"

namespace ingot::compress {
namespace {

using engine::CodeType;

constexpr int kMaxTableWidth = 16;

// Each row by itself.
class RowsOfEvaluator : public Kernel {
 public:
  explicit RowsOfEvaluator(const Layer& layer) : layer_(layer) {}

  void run(std::int64_t first, std::int64_t last, const KernelCall& call) const override {
    std::vector<Codes> in;
    for (const Rows& rows : call.in) in.push_back(load_codes(rows, first, last));
    std::vector<const Codes*> pointers;
    for (const Codes& codes : in) pointers.push_back(&codes);
    store_codes(layer_.kind().evaluator(layer_)->run(pointers, {}).front(), call.out, first);
  }

 private:
  Layer layer_;
};

// Whole texts, which are done when their rows are asked for.
class TextsOfEvaluator : public Kernel {
 public:
  explicit TextsOfEvaluator(const Layer& layer) : layer_(layer), is_summary_(layer.kind().scope == Scope::summary) {}

  std::int64_t n_parts() const override { return 1; }
  std::int64_t prepared_bytes(std::int64_t n) const override {
    const std::int64_t bytes = (is_summary_ ? 1 : n) * layer_.n_out() * 4;
    return (bytes + 63) / 64 * 64;
  }
  void prepare(std::int64_t text, std::int64_t, const KernelCall& call) const override {
    const auto t = static_cast<std::size_t>(text);
    std::vector<Codes> in;
    for (const Rows& rows : call.in) in.push_back(load_codes(rows, call.texts[t], call.texts[t + 1]));
    std::vector<const Codes*> pointers;
    for (const Codes& codes : in) pointers.push_back(&codes);
    const std::vector<std::int32_t> one{0, call.texts[t + 1] - call.texts[t]};
    const Codes y = layer_.kind().evaluator(layer_)->run(pointers, one).front();
    std::copy(y.begin(), y.end(), codes_of_text(call, t));
  }
  void run(std::int64_t first, std::int64_t last, const KernelCall& call) const override {
    std::size_t t = is_summary_ ? static_cast<std::size_t>(first) : text_of(call.texts, first);
    for (std::int64_t row = first; row < last; ++row) {
      if (is_summary_) {
        t = static_cast<std::size_t>(row);
      } else if (row == call.texts[t + 1]) {
        ++t;
      }
      const std::int64_t place = is_summary_ ? 0 : row - call.texts[t];
      const std::int32_t* y = codes_of_text(call, t) + place * call.out.size;
      store_codes(Codes(y, y + call.out.size), call.out, row);
    }
  }

 private:
  static std::int32_t* codes_of_text(const KernelCall& call, std::size_t t) {
    return reinterpret_cast<std::int32_t*>(call.prepared + call.prepared_at[t]);
  }

  Layer layer_;
  bool is_summary_;
};

class ByTable : public Kernel {
 public:
  explicit ByTable(const Layer& layer)
      : table_(code_type(layer.input()), layer.input().width, code_type(layer.output()), values(layer)) {}

  void run(std::int64_t first, std::int64_t last, const KernelCall& call) const override {
    table_.look_up((last - first) * call.out.size, call.in[0].row(first), call.out.row(first));
  }

 private:
  // By the bits of the code as an unsigned number.
  static std::vector<std::int32_t> values(const Layer& layer) {
    const engine::CodeRange range = layer.input().codes();
    const std::int64_t n = std::int64_t{1} << layer.input().width;
    Codes x;
    for (std::int64_t bits = 0; bits < n; ++bits)
      x.push_back(static_cast<std::int32_t>(bits > range.highest ? bits - n : bits));
    const Codes* const in = &x;
    return layer.kind().evaluator(layer)->run({&in, 1}, {}).front();
  }

  engine::kernels::CodeTable table_;
};

std::unique_ptr<Kernel> evaluator_kernel(const Layer& layer) {
  if (layer.kind().scope == Scope::row) return std::make_unique<RowsOfEvaluator>(layer);
  return std::make_unique<TextsOfEvaluator>(layer);
}

}  // namespace

CodeType code_type(const FixedPoint& format) {
  if (format.width <= 8) return format.is_signed ? CodeType::s8 : CodeType::u8;
  return format.width <= (format.is_signed ? 16 : 15) ? CodeType::s16 : CodeType::s32;
}

Codes load_codes(const Rows& rows, std::int64_t first, std::int64_t last) {
  Codes codes(static_cast<std::size_t>((last - first) * rows.size));
  for (std::size_t i = 0; i < codes.size(); ++i)
    codes[i] = engine::load_code(rows.type, rows.row(first), static_cast<std::int64_t>(i));
  return codes;
}

void store_codes(const Codes& codes, const Rows& rows, std::int64_t first) {
  for (std::size_t i = 0; i < codes.size(); ++i)
    engine::store_code(rows.type, rows.row(first), static_cast<std::int64_t>(i), codes[i]);
}

std::size_t text_of(Texts texts, std::int64_t row) {
  return static_cast<std::size_t>(std::upper_bound(texts.begin(), texts.end(), row) - texts.begin()) - 1;
}

std::unique_ptr<Kernel> table_kernel(const Layer& layer) {
  return layer.input().width <= kMaxTableWidth ? std::make_unique<ByTable>(layer) : nullptr;
}

std::unique_ptr<Kernel> make_kernel(const Layer& layer) {
  std::unique_ptr<Kernel> own = layer.kind().kernel == nullptr ? nullptr : layer.kind().kernel(layer);
  return own ? std::move(own) : evaluator_kernel(layer);
}

}  // namespace ingot::compress
