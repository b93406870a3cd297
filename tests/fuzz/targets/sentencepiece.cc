// A SentencePiece model, what it makes of a text, and the same tokenizer as tokenizer.json.
#include "bert/tokenizers/sentencepiece_model.h"
#include "bert/tokenizers/tokenizer.h"
#include "bert/tokenizers/tokenizer_json.h"
#include "engine/base/error.h"
#include "tests/fuzz/mutations.h"
#include "tests/fuzz/target.h"

namespace ingot::fuzz {
namespace {

void read(std::string_view bytes) {
  const std::unique_ptr<bert::Tokenizer> tokenizer = bert::make_tokenizer("tokenizer.model", std::string(bytes));
  for (const std::int32_t id : tokenizer->encode("Hello w\xc3\xb6rld and \xef\xbc\xa1 more!")) tokenizer->piece(id);
  bert::to_tokenizer_json(*tokenizer);
}

// The model's pieces and settings changed, or its bytes.
std::string mutated_model(std::string bytes, Rng& rng) {
  using Model = bert::SentencePieceModel;
  Model model;
  try {
    model = bert::parse_sentencepiece_model(bytes, "seed");
  } catch (const engine::Error&) {
    return mutated_bytes(std::move(bytes), rng);
  }
  const auto flip = [&](bool& setting) { setting ^= rng.below(8) == 0; };
  for (bool* setting : {&model.add_dummy_prefix, &model.remove_extra_whitespaces, &model.escape_whitespaces,
                        &model.treat_whitespace_as_suffix, &model.byte_fallback})
    flip(*setting);
  if (rng.below(8) == 0) model.algorithm = static_cast<Model::Algorithm>(rng.below(6));
  if (rng.below(8) == 0) model.charsmap = mutated_bytes(model.charsmap, rng);
  for (std::uint64_t n = rng.below(3); n > 0 && !model.pieces.empty(); --n) {
    Model::Piece& piece = model.pieces[rng.below(model.pieces.size())];
    const Model::Piece other = model.pieces[rng.below(model.pieces.size())];
    const std::uint64_t kind = rng.below(6);
    if (kind == 0) piece.text = mutated_bytes(piece.text, rng);
    if (kind == 1) piece.kind = static_cast<Model::Kind>(rng.below(8));
    if (kind == 2) piece.score = rng.below(4) == 0 ? -1e30f : static_cast<float>(rng.normal());
    if (kind == 3) piece = other;
    if (kind == 4) model.pieces.push_back({piece.text + other.text, -1, Model::normal});
    if (kind == 5)
      model.pieces.erase(model.pieces.begin() + static_cast<std::ptrdiff_t>(rng.below(model.pieces.size())));
  }
  return to_bytes(model);
}

}  // namespace

Target sentencepiece() { return {.name = "sentencepiece", .read = read, .mutated = mutated_model}; }

}  // namespace ingot::fuzz
