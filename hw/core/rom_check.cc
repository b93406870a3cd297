#include "hw/core/rom_check.h"

#include <algorithm>

namespace ingot::hw {
namespace {

constexpr std::uint32_t kPolynomial = 0x04c11db7;

std::uint32_t folded(const Word& word) {
  std::uint32_t sum = 0;
  for (std::int64_t at = 0; at < word.width(); at += 32) sum ^= word.chunk(static_cast<std::size_t>(at));
  return sum;
}

// What each ROM adds to f, by address.
using Sums = std::vector<std::vector<std::uint32_t>>;

// ROMs of logic do not go wrong alone.
void add(const Image& image, std::int64_t copies, Sums& sums) {
  if (is_in_logic(image)) return;
  sums.emplace_back();
  for (const Word& word : image.words) {
    Word all;
    for (std::int64_t i = 0; i < copies; ++i) all.append(word);
    sums.back().push_back(folded(all));
  }
}

Sums sums_of(const CoreImages& images, const CorePlan& plan) {
  Sums sums{std::vector<std::uint32_t>(static_cast<std::size_t>(plan.weight_words))};
  for (const WeightRom& rom : images.weights) {
    const std::int64_t n = std::min(rom.image.depth(), plan.weight_words - rom.base);
    for (std::int64_t i = 0; i < n; ++i)
      sums[0][static_cast<std::size_t>(rom.base + i)] =
          folded(extended(rom.image.words[static_cast<std::size_t>(i)], rom.bits, plan.weight_width));
  }
  for (const Image* image : {&images.program, &images.parameters, &images.norms, &images.norm_configs})
    add(*image, 1, sums);
  if (const auto& e = images.embeddings) {
    for (const Image* image :
         {&e->tokens, &e->positions, &e->types, &e->token_shifts, &e->position_shifts, &e->type_shifts})
      add(*image, 1, sums);
  }
  for (const Image* image : {&images.tables, &images.exponentials}) add(*image, plan.size.lanes, sums);
  if (plan.has_root_table) add(images.roots, 1, sums);
  return sums;
}

}  // namespace

Word extended(const Word& word, int bits, int width) {
  Word wide;
  for (std::int64_t at = 0; at < word.width(); at += bits) {
    const auto code = static_cast<std::int64_t>(word.chunk(static_cast<std::size_t>(at)) & ((1u << bits) - 1));
    const std::int64_t number = bits == 1 ? 1 - 2 * code : code - ((code >> (bits - 1)) << bits);
    wide.append(number, width);
  }
  return wide;
}

RomCheck rom_check(const CoreImages& images, const CorePlan& plan) {
  const Sums sums = sums_of(images, plan);
  RomCheck check{.address_width = 1, .checksum = 0};
  for (const auto& rom : sums)
    check.address_width = std::max(check.address_width, address_width(static_cast<std::int64_t>(rom.size())));
  for (std::size_t a = 0; a < std::size_t{1} << check.address_width; ++a) {
    std::uint32_t sum = 0;
    for (const auto& rom : sums) {
      const std::size_t at = a % (std::size_t{1} << address_width(static_cast<std::int64_t>(rom.size())));
      sum ^= rom[at < rom.size() ? at : 0];
    }
    check.checksum = (check.checksum << 1) ^ ((check.checksum >> 31) * kPolynomial) ^ sum;
  }
  return check;
}

}  // namespace ingot::hw
