#include <map>
#include <nlohmann/json.hpp>

#include "bert/tokenizers/merges.h"
#include "bert/tokenizers/sentencepiece_model.h"
#include "bert/tokenizers/tokenizer_json.h"
#include "engine/base/error.h"
#include "engine/io/base64.h"
#include "engine/io/json.h"

namespace ingot::bert {
namespace {

using engine::require;
using json = nlohmann::ordered_json;  // in the order in which the library writes them

constexpr const char* kSpace = "\u2581";

json added_token(std::int32_t id, const std::string& text, bool normalized, bool special) {
  return {{"id", id},        {"content", text},          {"single_word", false}, {"lstrip", false},
          {"rstrip", false}, {"normalized", normalized}, {"special", special}};
}

// [CLS] text [SEP], and [CLS] text [SEP] text [SEP] for two texts.
json post_processor(const Tokenizer& tokenizer) {
  const std::string cls = tokenizer.piece(tokenizer.special().cls), sep = tokenizer.piece(tokenizer.special().sep);
  const auto token = [](const std::string& id, int type) {
    return json{{"SpecialToken", {{"id", id}, {"type_id", type}}}};
  };
  const auto text = [](const char* id, int type) { return json{{"Sequence", {{"id", id}, {"type_id", type}}}}; };
  const auto entry = [](const std::string& name, std::int32_t id) {
    return json{{"id", name}, {"ids", {id}}, {"tokens", {name}}};
  };
  return {{"type", "TemplateProcessing"},
          {"single", {token(cls, 0), text("A", 0), token(sep, 0)}},
          {"pair", {token(cls, 0), text("A", 0), token(sep, 0), text("B", 1), token(sep, 1)}},
          {"special_tokens", {{cls, entry(cls, tokenizer.special().cls)}, {sep, entry(sep, tokenizer.special().sep)}}}};
}

json word_piece(const Tokenizer& tokenizer, json root) {
  const engine::Json config = engine::parse_json(tokenizer.config(), "tokenizer_config.json");
  const bool says_accents = config.contains("strip_accents") && !config["strip_accents"].is_null();
  root["normalizer"] = {{"type", "BertNormalizer"},
                        {"clean_text", true},
                        {"handle_chinese_chars", config.value("tokenize_chinese_chars", true)},
                        {"strip_accents", says_accents ? json(config["strip_accents"].get<bool>()) : json()},
                        {"lowercase", config.value("do_lower_case", true)}};
  root["pre_tokenizer"] = {{"type", "BertPreTokenizer"}};
  root["post_processor"] = post_processor(tokenizer);
  root["decoder"] = {{"type", "WordPiece"}, {"prefix", "##"}, {"cleanup", true}};
  json vocabulary = json::object();
  for (std::int32_t id = 0; id < tokenizer.size(); ++id) {  // of equal pieces the last one counts, as in vocab.txt
    if (const std::string piece = tokenizer.piece(id); !piece.empty()) vocabulary[piece] = id;
  }
  root["model"] = {{"type", "WordPiece"},
                   {"unk_token", tokenizer.piece(tokenizer.special().unknown)},
                   {"continuing_subword_prefix", "##"},
                   {"max_input_chars_per_word", 100},
                   {"vocab", std::move(vocabulary)}};
  return root;
}

json unigram(const SentencePieceModel& model, std::int32_t unknown) {
  json vocabulary = json::array();
  for (const SentencePieceModel::Piece& piece : model.pieces)
    vocabulary.push_back(json::array({piece.text, static_cast<double>(piece.score)}));
  return {{"type", "Unigram"}, {"unk_id", unknown}, {"vocab", std::move(vocabulary)}, {"byte_fallback", false}};
}

json bpe(const SentencePieceModel& model) {
  json vocabulary = json::object(), merges = json::array();
  for (std::size_t id = 0; id < model.pieces.size(); ++id) vocabulary[model.pieces[id].text] = id;
  for (const Merge& merge : merges_of(model)) merges.push_back(merge.first + " " + merge.second);
  return {{"type", "BPE"},
          {"dropout", nullptr},
          {"unk_token", model.unknown_piece},
          {"continuing_subword_prefix", nullptr},
          {"end_of_word_suffix", nullptr},
          {"fuse_unk", true},
          {"byte_fallback", false},
          {"ignore_merges", false},
          {"vocab", std::move(vocabulary)},
          {"merges", std::move(merges)}};
}

json sentence_piece(const Tokenizer& tokenizer, json root) {
  const SentencePieceModel model = parse_sentencepiece_model(tokenizer.serialized(), "tokenizer.model");
  const bool is_known = model.algorithm == SentencePieceModel::unigram || model.algorithm == SentencePieceModel::bpe;
  require(
      is_known && model.add_dummy_prefix && model.remove_extra_whitespaces && model.escape_whitespaces &&
          !model.treat_whitespace_as_suffix && !model.byte_fallback,
      "tokenizer.model: cannot be written as tokenizer.json: it must be unigram or BPE, put a space in front, remove "
      "those that are too many, and know neither byte fallback nor spaces as suffixes");
  for (const SentencePieceModel::Piece& piece : model.pieces)
    require(piece.kind != SentencePieceModel::user_defined,
            "tokenizer.model: cannot be written as tokenizer.json: it has a piece that the user defined, {}",
            piece.text);
  json normalizers = json::array();
  if (!model.charsmap.empty())
    normalizers.push_back({{"type", "Precompiled"}, {"precompiled_charsmap", engine::to_base64(model.charsmap)}});
  // Not the library's Strip, which removes more than spaces, nor ^ and $, which are the ends of lines to it.
  normalizers.push_back({{"type", "Replace"}, {"pattern", {{"Regex", R"(\A +| +\z)"}}}, {"content", ""}});
  normalizers.push_back({{"type", "Replace"}, {"pattern", {{"Regex", " {2,}"}}}, {"content", " "}});
  const bool is_split = piece_of_several_words(model) == nullptr;
  const json spaces{{"type", "Metaspace"}, {"replacement", kSpace}, {"prepend_scheme", "always"}, {"split", is_split}};
  root["normalizer"] = {{"type", "Sequence"}, {"normalizers", std::move(normalizers)}};
  root["pre_tokenizer"] = spaces;
  root["post_processor"] = post_processor(tokenizer);
  root["decoder"] = spaces;
  root["model"] = model.algorithm == SentencePieceModel::bpe ? bpe(model) : unigram(model, tokenizer.special().unknown);
  return root;
}

// By id: the special tokens, and what else is never cut into pieces.
std::map<std::int32_t, json> added_tokens(const Tokenizer& tokenizer) {
  const SpecialTokens& s = tokenizer.special();
  std::map<std::int32_t, json> tokens;
  for (const std::int32_t id : {s.pad, s.unknown, s.cls, s.sep, s.mask}) {
    if (id >= 0) tokens[id] = added_token(id, tokenizer.piece(id), false, true);
  }
  if (tokenizer.file_name() == "vocab.txt") {
    const engine::Json config = engine::parse_json(tokenizer.config(), "tokenizer_config.json");
    const engine::Json added = config.value("added_tokens_decoder", engine::Json::object());
    for (const auto& [key, token] : added.items()) {
      const std::int32_t id = std::stoi(key);
      tokens[id] =
          added_token(id, token["content"].text(), token["normalized"].get<bool>(), token["special"].get<bool>());
    }
    return tokens;
  }
  const SentencePieceModel model = parse_sentencepiece_model(tokenizer.serialized(), "tokenizer.model");
  for (std::size_t i = 0; i < model.pieces.size(); ++i) {
    const auto id = static_cast<std::int32_t>(i);
    if (model.pieces[i].kind == SentencePieceModel::control)
      tokens[id] = added_token(id, model.pieces[i].text, false, true);
  }
  return tokens;
}

}  // namespace

std::string to_tokenizer_json(const Tokenizer& tokenizer) {
  json root{{"version", "1.0"}, {"truncation", nullptr}, {"padding", nullptr}, {"added_tokens", json::array()}};
  for (const auto& [id, token] : added_tokens(tokenizer)) root["added_tokens"].push_back(token);
  const bool is_word_piece = tokenizer.file_name() == "vocab.txt";
  return (is_word_piece ? word_piece : sentence_piece)(tokenizer, std::move(root)).dump(2) + "\n";
}

}  // namespace ingot::bert
