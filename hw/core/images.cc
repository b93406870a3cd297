#include "hw/core/images.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "compress/integer/ops/attention.h"
#include "compress/integer/ops/embedding.h"
#include "compress/integer/ops/layer_norm.h"
#include "compress/integer/ops/linear.h"

namespace ingot::hw {
namespace {

// Words of that width that the smallest block RAM holds, or a little more: below, it is not filled anyway.
std::int64_t small_rom(std::int64_t width) {
  return std::max<std::int64_t>(512,
                                static_cast<std::int64_t>(std::bit_floor(static_cast<std::uint64_t>(4096 / width))));
}

// The weights of a tile in the order of their use: rtl/matrix_unit.sv.
void add_weights(const Layer& layer, const StoredWeights& stored, const CoreSize& size, std::vector<Word>& words) {
  const auto& linear = *layer.as<compress::Linear>();
  for (std::int64_t tile = 0; tile < (linear.n + size.po - 1) / size.po; ++tile) {
    for (std::int64_t ki = 0; ki < linear.k; ki += size.pi) {
      Word word;
      for (std::int64_t o = tile * size.po; o < (tile + 1) * size.po; ++o) {
        for (std::int64_t i = ki; i < ki + size.pi; ++i) {
          const std::int32_t w = o < linear.n ? linear.weights[static_cast<std::size_t>(o * linear.k + i)] : 0;
          word.append(stored.bits == 1 ? (w < 0 ? 1 : 0) : w, stored.bits);
        }
      }
      words.push_back(std::move(word));
    }
  }
}

Word zeros(std::int64_t width) {
  Word word;
  for (std::int64_t i = 0; i < width; ++i) word.append(0, 1);
  return word;
}

std::vector<WeightRom> weight_roms(const Encoder& encoder, const CorePlan& plan) {
  std::vector<WeightRom> roms;
  std::int64_t base = 0;
  for (int bits = 1; bits <= 8; ++bits) {
    std::vector<Word> words;
    const std::vector<const EncoderLinear*> linears = encoder.linears();
    for (std::size_t i = 0; i < linears.size(); ++i) {
      if (plan.weights[i].bits == bits) add_weights(linears[i]->linear, plan.weights[i], plan.size, words);
    }
    const auto n_words = static_cast<std::int64_t>(words.size());
    if (plan.size.streams_weights && !words.empty()) {  // one memory, of as many words as there are
      roms.push_back({{fmt::format("weights_{}", roms.size()), std::move(words)}, bits, base});
      base += n_words;
      continue;
    }
    const std::int64_t small = words.empty() ? 0 : small_rom(words.front().width());
    for (std::size_t at = 0; at < words.size();) {
      const auto left = static_cast<std::int64_t>(words.size() - at);
      const std::int64_t n = left <= small
                                 ? static_cast<std::int64_t>(std::bit_ceil(static_cast<std::uint64_t>(left)))
                                 : static_cast<std::int64_t>(std::bit_floor(static_cast<std::uint64_t>(left)));
      if (left <= small) words.resize(at + std::bit_ceil(static_cast<std::size_t>(left)), zeros(words.front().width()));
      const auto begin = words.begin() + static_cast<std::ptrdiff_t>(at);
      roms.push_back(
          {{fmt::format("weights_{}", roms.size()), {begin, begin + n}}, bits, base + static_cast<std::int64_t>(at)});
      at += static_cast<std::size_t>(n);
    }
    base += n_words;
  }
  return roms;
}

// Biases and alignments, `lanes` a word.
Image parameters(const Encoder& encoder, const CorePlan& plan) {
  Image image{.name = "parameters", .words = {}};
  for (const EncoderLinear* linear : encoder.linears()) {
    const auto& data = *linear->linear.as<compress::Linear>();
    for (std::int64_t j = 0; j < plan.beats(data.n) * plan.size.lanes; ++j) {
      if (j % plan.size.lanes == 0) image.words.emplace_back();
      const bool is_there = j < data.n;
      image.words.back().append(is_there && !data.bias.empty() ? data.bias[static_cast<std::size_t>(j)] : 0,
                                plan.bias_width);
      image.words.back().append(is_there ? plan.shift - compress::shift(linear->linear, j) : 0, plan.align_width);
    }
  }
  return image;
}

// What the function gives for each code, by the bits of the code.
void fill_table(const Layer& function, std::int64_t base, int width, std::vector<Word>& words) {
  const FixedPoint& input = function.input();
  const engine::CodeRange range = input.codes();
  const std::int64_t n = std::int64_t{1} << input.width;
  compress::Codes codes;
  for (std::int64_t bits = 0; bits < n; ++bits) {
    const std::int64_t code = input.is_signed && bits >= n / 2 ? bits - n : bits;
    codes.push_back(static_cast<std::int32_t>(std::clamp(code, range.lowest, range.highest)));
  }
  compress::Codes row(static_cast<std::size_t>(function.n_in()));
  const auto evaluator = function.kind().evaluator(function);
  for (std::size_t at = 0; at < codes.size(); ++at) {
    std::fill(row.begin(), row.end(), codes[at]);
    const compress::Codes* const in[] = {&row};
    const std::int32_t texts[] = {0, 1};
    Word word;
    word.append(evaluator->run(in, texts).front().front(), width);
    words[static_cast<std::size_t>(base) + at] = std::move(word);
  }
}

Image tables(const Encoder& encoder, const CorePlan& plan) {
  Word zero;
  zero.append(0, plan.table_width);
  Image image{.name = "tables", .words = std::vector<Word>(static_cast<std::size_t>(plan.table_words), zero)};
  const std::vector<const EncoderLinear*> linears = encoder.linears();
  for (std::size_t i = 0; i < linears.size(); ++i) {
    if (plan.table_bases[i] >= 0)
      fill_table(*linears[i]->activation, plan.table_bases[i], plan.table_width, image.words);
  }
  return image;
}

template <class Codes>
Image image_of(const std::string& name, const Codes& codes, int width) {
  Image image{.name = name, .words = {}};
  for (const auto code : codes) {
    image.words.emplace_back();
    image.words.back().append(code, width);
  }
  return image;
}

Image norms(const Encoder& encoder, const CorePlan& plan) {
  Image image{.name = "norms", .words = {}};
  for (const EncoderNorm* norm : encoder.norms()) {
    const auto& data = *norm->norm.as<compress::LayerNorm>();
    const int left = compress::kNormFracBits + data.gamma_frac_bits - data.beta_frac_bits - plan.beta_left;
    for (std::size_t i = 0; i < data.gamma.size(); ++i) {
      if (i % static_cast<std::size_t>(plan.size.lanes) == 0) image.words.emplace_back();
      image.words.back().append(data.gamma[i], plan.gamma_width);
      image.words.back().append(std::int64_t{data.beta[i]} * (std::int64_t{1} << left), plan.beta_width);
    }
  }
  return image;
}

Image norm_configs(const Encoder& encoder, const CorePlan& plan) {
  Image image{.name = "norm_configs", .words = {}};
  for (const EncoderNorm* norm : encoder.norms()) {
    const auto& data = *norm->norm.as<compress::LayerNorm>();
    const FixedPoint& output = norm->norm.output();
    const int shift = compress::kNormFracBits + data.gamma_frac_bits - output.frac_bits;
    Word word;
    word.append(output.codes().highest, plan.element_width);
    word.append(output.codes().lowest, plan.element_width);
    word.append(static_cast<int>(*output.rounding), 2);
    word.append(plan.norm_shift - shift, plan.norm_align_width);
    word.append(data.epsilon, plan.variance_width);
    image.words.push_back(std::move(word));
  }
  return image;
}

// Words of `elements` codes; of 1 bit: 1 is 0 and -1 is 1.
Image table_of(const std::string& name, const compress::EmbeddingRows& rows, std::int64_t n, std::int64_t size,
               std::int64_t elements) {
  Image image{.name = name, .words = {}};
  for (std::int64_t i = 0; i < n * size; ++i) {
    if (i % elements == 0) image.words.emplace_back();
    const std::int32_t code = rows.codes[static_cast<std::size_t>(i)];
    image.words.back().append(rows.width == 1 ? (code < 0 ? 1 : 0) : code, rows.width);
  }
  return image;
}

CoreImages::Embeddings embeddings(const Encoder& encoder, const CorePlan& plan) {
  const auto& sum = *encoder.embedding->as<compress::EmbeddingSum>();
  const std::int64_t n = encoder.hidden(), elements = plan.embedding_elements;
  std::vector<int> position_shifts = sum.position.shifts;
  position_shifts.resize(static_cast<std::size_t>(plan.size.longest));
  const int width = plan.embedding_shift_width;
  return {.tokens = table_of("tokens", sum.word, sum.word.n, n, elements),
          .positions = table_of("positions", sum.position, plan.size.longest, n, elements),
          .types = table_of("types", sum.token_type, sum.token_type.n, n, elements),
          .token_shifts = image_of("token_shifts", sum.word.shifts, width),
          .position_shifts = image_of("position_shifts", position_shifts, width),
          .type_shifts = image_of("type_shifts", sum.token_type.shifts, width)};
}

void append_results(Word& word, const Results& r, const CorePlan& plan, const ProgramWidths& w) {
  word.append(static_cast<int>(r.kind), 2);
  word.append(static_cast<int>(r.destination), 3);
  word.append(r.parameter_base, w.parameter_address);
  word.append(r.align, plan.align_width);
  word.append(static_cast<int>(r.rounding), 2);
  word.append(r.lowest, plan.result_width);
  word.append(r.highest, plan.result_width);
  word.append(r.is_table ? 1 : 0, 1);
  word.append(r.table_base, w.table_address);
  word.append(r.table_mask, w.table_address);
  word.append(r.word_base, w.a_base);
  word.append(r.norm, w.norm);
  word.append(r.left_result, 5);
  word.append(r.left_residual, 5);
  word.append(r.left, plan.left_width);
  word.append(r.slot, w.slot);
}

Word encoded(const Instruction& i, const CorePlan& plan, const ProgramWidths& w) {
  Word word;
  word.append(static_cast<int>(i.operation), 3);
  word.append(i.context, 1);
  for (const bool bit : {i.ahead, i.waits_for_outputs, i.waits_for_softmax, i.waits_for_norms, i.waits_for_all,
                         i.from_x, i.captures, i.writes_norm()})
    word.append(bit ? 1 : 0, 1);
  word.append(i.a_base, w.a_base);
  word.append(i.inner - 1, w.inner);
  word.append(i.tiles - 1, w.tiles);
  word.append(i.b_base, w.b);
  word.append(plan.beats(i.n_results), w.beats);
  word.append(static_cast<std::int64_t>(i.target), w.pc);
  append_results(word, i.results, plan, w);
  return word;
}

}  // namespace

ProgramWidths program_widths(const Encoder& encoder, const CorePlan& plan) {
  const CoreSize& size = plan.size;
  const std::int64_t slots = 2 * encoder.heads(), hidden = encoder.hidden();
  const std::int64_t key_words = (size.longest + size.pi - 1) / size.pi,
                     key_tiles = (size.longest + size.po - 1) / size.po;
  std::int64_t inner = key_words, tiles = key_tiles, results = std::max(size.longest, hidden);
  for (const Instruction& i : plan.program) {
    inner = std::max(inner, i.inner);
    tiles = std::max(tiles, i.tiles);
    results = std::max(results, i.n_results);
  }
  const std::int64_t b = std::max({plan.weight_words, key_tiles * (hidden / size.pi), key_words * (hidden / size.po)});
  return {.pc = address_width(static_cast<std::int64_t>(plan.program.size())),
          .a_base = address_width(std::max({plan.scratch_words, slots, hidden / std::min(size.pi, size.po)})),
          .inner = address_width(inner),
          .tiles = address_width(tiles),
          .b = address_width(b),
          .beats = address_width(plan.beats(results) + 1),
          .parameter_address = address_width(plan.parameter_words),
          .table_address = address_width(plan.table_words),
          .norm = address_width(static_cast<std::int64_t>(encoder.norms().size())),
          .slot = address_width(slots)};
}

bool is_in_logic(const Image& image) { return image.is_small() || image.bits() <= 128; }

std::vector<const Image*> outside_images(const CoreImages& images) {
  std::vector<const Image*> outside;
  const auto add = [&](const Image& image) {
    if (image.is_outside) outside.push_back(&image);
  };
  for (const WeightRom& weights : images.weights) add(weights.image);
  if (images.embeddings) {
    add(images.embeddings->tokens);
    add(images.embeddings->token_shifts);
  }
  return outside;
}

CoreImages make_images(const Encoder& encoder, const CorePlan& plan) {
  const auto& attention = *encoder.layers.front().attention.as<compress::Attention>();
  const ProgramWidths widths = program_widths(encoder, plan);
  Image program{.name = "program", .words = {}};
  for (const Instruction& i : plan.program) {
    const Word whole = encoded(i, plan, widths);
    const std::int64_t part = (whole.width() + plan.program_parts - 1) / plan.program_parts;
    for (std::int64_t p = 0; p < plan.program_parts; ++p) {
      program.words.emplace_back();
      for (std::int64_t at = p * part; at < (p + 1) * part; ++at)
        program.words.back().append(whole.chunk(static_cast<std::size_t>(at)) & 1, 1);
    }
  }
  std::vector<std::int32_t> roots = encoder.norms().front()->norm.as<compress::LayerNorm>()->root_table;
  roots.resize(256, roots.empty() ? 0 : roots.back());  // whatever its address is while it is not asked for
  CoreImages images{.weights = weight_roms(encoder, plan),
                    .program = std::move(program),
                    .parameters = parameters(encoder, plan),
                    .tables = tables(encoder, plan),
                    .exponentials = image_of("exponentials", attention.exponentials, attention.exponential_width),
                    .norms = norms(encoder, plan),
                    .norm_configs = norm_configs(encoder, plan),
                    .roots = image_of("roots", roots, 18),
                    .embeddings = encoder.embedding ? std::optional(embeddings(encoder, plan)) : std::nullopt};
  if (!plan.size.streams_weights) return images;
  for (WeightRom& weights : images.weights) weights.image.is_outside = !is_in_logic(weights.image);
  if (auto& e = images.embeddings) {
    for (Image* image : {&e->tokens, &e->token_shifts}) image->is_outside = !is_in_logic(*image);
  }
  return images;
}

}  // namespace ingot::hw
