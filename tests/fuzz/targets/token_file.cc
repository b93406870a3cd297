// Tokens in the cache: a damaged file is as none, and nothing that is read of it lies outside.
#include "bert/tokenizers/token_file.h"

#include <cstring>

#include "bert/tokenizers/token_cache.h"
#include "tests/fuzz/mutations.h"
#include "tests/fuzz/target.h"

namespace ingot::fuzz {
namespace {

constexpr std::size_t kAlignment = 32;

void read(std::string_view bytes) {
  const auto corpus = bert::open_token_file(file_of("tokens", bytes), {.source = 1, .tokenizer = 2}, 10);
  if (!corpus) return;
  std::uint64_t sum = 0;
  for (const bert::TokenPart* part : {&corpus->train, &corpus->test, &corpus->unlabelled, &corpus->validation}) {
    for (std::size_t i = 0; i < part->size(); ++i) {
      for (const std::int32_t id : part->first(i)) sum += static_cast<std::uint64_t>(id);
      for (const std::int32_t id : part->second(i)) sum += static_cast<std::uint64_t>(id);
      for (const std::int32_t tag : part->tags_of(i)) sum += static_cast<std::uint64_t>(tag);
      for (const float number : part->numbers_of(i)) sum += number > 0;
      sum += part->hashes[i];
    }
  }
  const volatile std::uint64_t used = sum;
  static_cast<void>(used);
}

// Whole blocks under a right checksum, which is the last word of the file.
std::string mutated_tokens(std::string bytes, Rng& rng) {
  for (std::uint64_t n = 1 + rng.below(3); n > 0 && bytes.size() >= 256; --n) {
    const bool is_trailer = rng.below(2) == 0;
    const std::size_t words = is_trailer ? 128 / 4 : bytes.size() / 4;
    const std::size_t at = bytes.size() - 4 * (1 + rng.below(words));
    std::uint32_t word = 0;
    std::memcpy(&word, bytes.data() + at, sizeof word);
    word = rng.below(2) == 0 ? word + static_cast<std::uint32_t>(rng.below(5)) - 2 : rng.bits();
    std::memcpy(bytes.data() + at, &word, sizeof word);
  }
  if (rng.below(8) == 0 && bytes.size() > 256)
    bytes.erase(kAlignment * rng.below(bytes.size() / kAlignment), kAlignment);
  if (bytes.size() < kAlignment || bytes.size() % kAlignment != 0) return mutated_bytes(std::move(bytes), rng);
  std::memset(bytes.data() + bytes.size() - 8, 0, 8);
  bert::Checksum checksum;
  checksum.add(bytes.data(), bytes.size());
  const std::uint64_t value = checksum.value();
  std::memcpy(bytes.data() + bytes.size() - 8, &value, 8);
  return bytes;
}

}  // namespace

Target token_file() { return {.name = "token_file", .read = read, .mutated = mutated_tokens}; }

}  // namespace ingot::fuzz
