#include "hw/core/memory.h"

#include <bit>

#include "hw/core/images.h"

namespace ingot::hw {

std::vector<CoreMemory> memories_of(const Encoder& encoder, const CorePlan& plan) {
  const CoreSize& size = plan.size;
  const CoreImages images = make_images(encoder, plan);
  const std::int64_t x_words = encoder.hidden() / size.pi, value_words = encoder.hidden() / size.po,
                     e_words = (size.longest + size.pi - 1) / size.pi,
                     key_tiles = (size.longest + size.po - 1) / size.po, slots = 2 * encoder.heads(),
                     element = plan.element_width;
  std::vector<CoreMemory> all;
  const auto rom = [&](const std::string& name, const Image& image, std::int64_t copies = 1) {
    all.push_back({name, image.depth(), image.width(), true, copies, is_in_logic(image)});
    all.back().is_outside = image.is_outside;
  };
  const auto ram = [&](const std::string& name, std::int64_t words, std::int64_t bits, std::int64_t copies = 1) {
    all.push_back({.name = name, .words = words, .bits = bits, .is_rom = false, .copies = copies});
  };
  if (images.embeddings) {
    rom("word embeddings", images.embeddings->tokens);
    rom("shifts of word embeddings", images.embeddings->token_shifts);
    rom("position embeddings", images.embeddings->positions);
    rom("type embeddings", images.embeddings->types);
  }
  for (const WeightRom& weights : images.weights) rom("weights of Linears", weights.image);
  rom("biases and shifts", images.parameters);
  rom("gamma and beta", images.norms);
  rom("activation tables", images.tables, size.lanes);
  rom("exponentials", images.exponentials, size.lanes);
  rom("program", images.program);
  if (plan.has_root_table) {
    rom("roots", images.roots);
    all.back().bits -= 2;  // the highest of c, which lies between 2^16 and 2^17, are no content
  }
  rom("numbers of layer norms", images.norm_configs);
  ram("rows", size.longest * x_words, size.pi * element);
  ram("keys", key_tiles * x_words, size.pi * element, size.po);
  all.back().has_one_port = true;
  ram("values", e_words * value_words, size.po * element, size.pi);
  all.back().has_one_port = true;
  ram("scratch rows", plan.scratch_words, size.pi * element);
  ram("residual rows", 2 * x_words, size.pi * element);
  ram("scores", slots * e_words * size.pi / size.lanes, size.lanes * plan.score_width);
  ram("exponentials of rows", slots * e_words, size.pi * plan.exponential_width);
  ram("sums of layer norms", 2 * encoder.hidden() / size.lanes, size.lanes * plan.norm_sum_width);
  if (encoder.takes_rows()) return all;
  ram("summary", encoder.hidden() / size.lanes, size.lanes * plan.summary_width);
  ram("texts", 2 * size.longest, 16);
  ram("answers", (encoder.summary ? 1 : size.longest) * plan.beats(encoder.n_answers()),
      size.lanes * plan.result_width);
  return all;
}

}  // namespace ingot::hw
