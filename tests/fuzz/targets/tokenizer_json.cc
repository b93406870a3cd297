// tokenizer.json, what it makes of a text, and the same tokenizer written again.
#include "bert/tokenizers/tokenizer_json.h"

#include "bert/tokenizers/tokenizer.h"
#include "tests/fuzz/mutations.h"
#include "tests/fuzz/target.h"

namespace ingot::fuzz {
namespace {

void read(std::string_view bytes) {
  const std::unique_ptr<bert::Tokenizer> tokenizer = bert::make_tokenizer("tokenizer.json", std::string(bytes));
  for (const std::int32_t id : tokenizer->encode("Hello w\xc3\xb6rld, [MASK] and more!")) tokenizer->piece(id);
  bert::to_tokenizer_json(*tokenizer);
}

}  // namespace

Target tokenizer_json() { return {.name = "tokenizer_json", .read = read, .mutated = mutated_json}; }

}  // namespace ingot::fuzz
