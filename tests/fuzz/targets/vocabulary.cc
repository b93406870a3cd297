// vocab.txt with the JSON files beside it, and what it makes of a text.
#include "bert/tokenizers/tokenizer.h"
#include "tests/fuzz/several_files.h"

namespace ingot::fuzz {
namespace {

void read(std::string_view bytes) {
  const std::unique_ptr<bert::Tokenizer> tokenizer = bert::load_tokenizer(folder_of(bytes));
  for (const std::int32_t id : tokenizer->encode("Hello w\xc3\xb6rld, [MASK] and more!\t\xe4\xb8\xad"))
    tokenizer->piece(id);
  tokenizer->encode(bytes);
  tokenizer->config();
}

}  // namespace

Target vocabulary() { return {.name = "vocabulary", .read = read, .mutated = mutated_files}; }

}  // namespace ingot::fuzz
