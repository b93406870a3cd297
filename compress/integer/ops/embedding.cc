#include "compress/integer/ops/embedding.h"

#include <algorithm>
#include <cstdlib>

#include "compress/integer/kernel.h"
#include "engine/base/error.h"
#include "engine/kernels/integer_rows/integer_rows.h"

namespace ingot::compress {

extern const OperationKind kEmbedding;

namespace {

using engine::Json;
using engine::require;

constexpr int kMaxShift = 30;

struct Named {
  const char* name;
  EmbeddingRows EmbeddingSum::*rows;
};
constexpr Named kTables[] = {
    {"word", &EmbeddingSum::word}, {"position", &EmbeddingSum::position}, {"token_type", &EmbeddingSum::token_type}};

std::int64_t largest(const EmbeddingRows& rows, std::int64_t size) {
  std::int64_t most = 0;
  for (std::size_t i = 0; i < rows.codes.size(); ++i)
    most = std::max(most, std::abs(std::int64_t{rows.codes[i]}) << rows.shifts[i / static_cast<std::size_t>(size)]);
  return most;
}

void check_rows(const std::string& where, const EmbeddingRows& rows, std::int64_t size) {
  require(rows.n >= 1 && rows.width >= 1 && rows.width <= 16, "{}: must have rows of 1 to 16 bits, got {} rows of {}",
          where, rows.n, rows.width);
  require(static_cast<std::int64_t>(rows.codes.size()) == rows.n * size &&
              static_cast<std::int64_t>(rows.shifts.size()) == rows.n,
          "{}: {} rows need {} codes and {} shifts, got {} and {}", where, rows.n, rows.n * size, rows.n,
          rows.codes.size(), rows.shifts.size());
  for (const int shift : rows.shifts)
    require(shift >= 0 && shift <= kMaxShift, "{}: shifts must be between 0 and {}, got {}", where, kMaxShift, shift);
  // Two's complement, or -1 and 1.
  const engine::CodeRange range = rows.width == 1 ? engine::CodeRange{-1, 1} : engine::code_range(rows.width, true);
  for (const std::int32_t code : rows.codes)
    require(code >= range.lowest && code <= range.highest && (rows.width != 1 || code != 0),
            "{}: codes must have {} bits, got {}", where, rows.width, code);
}

void check_embedding(const std::string& where, const Layer& layer) {
  for (std::size_t i = 0; i < 2; ++i)
    require(layer.in(i).size == 1 && !layer.in(i).format.is_signed && layer.in(i).format.frac_bits == 0,
            "{}: ids and types must be single unsigned numbers, got {} of {}", where, layer.in(i).size,
            to_string(layer.in(i).format));
  const EmbeddingSum& sum = *layer.as<EmbeddingSum>();
  for (const Named& table : kTables) check_rows(where + ": " + table.name, sum.*table.rows, layer.n_out());
  const std::int64_t bound = sum_bound(sum, layer.n_out());
  require(layer.output().is_signed, "{}: sums need a signed output, got {}", where, to_string(layer.output()));
  require(bound <= layer.output().codes().highest, "{}: its sums reach {}, more than {} holds", where, bound,
          to_string(layer.output()));
}

void write(const Layer& layer, Json& object) {
  for (const Named& table : kTables) {
    const EmbeddingRows& rows = layer.as<EmbeddingSum>()->*table.rows;
    object[table.name] = {{"rows", rows.n}, {"width", rows.width}, {"codes", rows.codes}, {"shifts", rows.shifts}};
  }
}

std::any read(Fields& fields, const Layer& layer) {
  EmbeddingSum sum;
  for (const Named& table : kTables) {
    Fields part(fields.value(table.name), fields.place(table.name));
    EmbeddingRows& rows = sum.*table.rows;
    rows.n = part.integer("rows", 1, kMaxWeights / layer.n_out());
    rows.width = static_cast<int>(part.integer("width", 1, 16));
    rows.codes = part.integers<std::int32_t>("codes", rows.n * layer.n_out(), INT16_MIN, INT16_MAX);
    rows.shifts = part.integers<int>("shifts", rows.n, 0, kMaxShift);
    part.end();
  }
  return sum;
}

void check_row(const Layer& layer, const EmbeddingRows& rows, const char* what, std::int32_t id) {
  require(id < rows.n, "{}: a {} must be below {}, got {}", layer.name(), what, rows.n, id);
}

class Evaluate : public Evaluator {
 public:
  explicit Evaluate(const Layer& layer) : layer_(layer) {}

  std::vector<Codes> run(std::span<const Codes* const> in, Texts texts) override {
    const auto size = static_cast<std::size_t>(layer_.n_out());
    const EmbeddingSum& sum = *layer_.as<EmbeddingSum>();
    Codes y(in[0]->size() * size);
    for (std::size_t t = 0; t + 1 < texts.size(); ++t) {
      for (std::int32_t row = texts[t]; row < texts[t + 1]; ++row) {
        const auto at = static_cast<std::size_t>(row);
        std::int32_t* x = &y[at * size];
        add(sum.word, "token id", (*in[0])[at], size, x);
        add(sum.position, "place of a token", row - texts[t], size, x);
        add(sum.token_type, "token type", (*in[1])[at], size, x);
      }
    }
    return {std::move(y)};
  }

 private:
  void add(const EmbeddingRows& rows, const char* what, std::int32_t id, std::size_t size, std::int32_t* x) const {
    check_row(layer_, rows, what, id);
    const auto row = static_cast<std::size_t>(id);
    for (std::size_t i = 0; i < size; ++i) x[i] += rows.codes[row * size + i] * (1 << rows.shifts[row]);
  }

  Layer layer_;
};

// Rows in narrow types.
class FastRows {
 public:
  FastRows(const EmbeddingRows& rows, const char* what) : rows_(rows), what_(what) {
    if (rows.width <= 8) {
      bytes_.assign(rows.codes.begin(), rows.codes.end());
    } else {
      words_.assign(rows.codes.begin(), rows.codes.end());
    }
  }

  engine::kernels::Addend addend(const Layer& layer, std::int32_t id) const {
    check_row(layer, rows_, what_, id);
    const std::int64_t at = id * layer.n_out();
    const int left = rows_.shifts[static_cast<std::size_t>(id)];
    if (!bytes_.empty()) return {engine::CodeType::s8, &bytes_[static_cast<std::size_t>(at)], left};
    return {engine::CodeType::s16, &words_[static_cast<std::size_t>(at)], left};
  }

 private:
  const EmbeddingRows& rows_;
  const char* what_;
  std::vector<std::int8_t> bytes_;
  std::vector<std::int16_t> words_;
};

class Fast : public Kernel {
 public:
  explicit Fast(const Layer& layer)
      : layer_(layer),
        word_(layer.as<EmbeddingSum>()->word, "token id"),
        position_(layer.as<EmbeddingSum>()->position, "place of a token"),
        token_type_(layer.as<EmbeddingSum>()->token_type, "token type") {}

  void run(std::int64_t first, std::int64_t last, const KernelCall& call) const override {
    const std::int64_t size = call.out.size;
    std::vector<std::int32_t> sum(static_cast<std::size_t>(size));
    std::size_t t = text_of(call.texts, first);
    for (std::int64_t row = first; row < last; ++row) {
      if (row == call.texts[t + 1]) ++t;
      const std::int32_t id = engine::load_code(call.in[0].type, call.in[0].row(row), 0),
                         type = engine::load_code(call.in[1].type, call.in[1].row(row), 0);
      engine::kernels::add_codes(size, word_.addend(layer_, id),
                                 position_.addend(layer_, static_cast<std::int32_t>(row - call.texts[t])),
                                 engine::CodeType::s32, sum.data());
      engine::kernels::add_codes(size, {engine::CodeType::s32, sum.data(), 0}, token_type_.addend(layer_, type),
                                 call.out.type, call.out.row(row));
    }
  }

 private:
  Layer layer_;
  FastRows word_, position_, token_type_;
};

}  // namespace

const OperationKind kEmbedding{
    .name = "embedding",
    .check = check_embedding,
    .write = write,
    .read = read,
    .evaluator = [](const Layer& layer) -> std::unique_ptr<Evaluator> { return std::make_unique<Evaluate>(layer); },
    .kernel = [](const Layer& layer) -> std::unique_ptr<Kernel> { return std::make_unique<Fast>(layer); },
    .n_inputs = 2,
    .scope = Scope::text};

std::int64_t sum_bound(const EmbeddingSum& sum, std::int64_t size) {
  std::int64_t bound = 0;
  for (const Named& table : kTables) bound += largest(sum.*table.rows, size);
  return bound;
}

}  // namespace ingot::compress
