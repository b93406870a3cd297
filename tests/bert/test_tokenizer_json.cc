// tokenizer.json of the tokenizers library, both ways. tests/golden/bert/tokenizer-json.json holds such files (without
// the table of normalisation, which is the library's of SentencePiece), awkward texts and the ids that tokenizers 0.23
// makes of them.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "bert/tokenizers/normalization_table.h"
#include "bert/tokenizers/sentencepiece_model.h"
#include "bert/tokenizers/tokenizer_json.h"
#include "bert/tokenizers/train_tokenizer.h"
#include "engine/base/files.h"
#include "engine/base/rng.h"
#include "engine/io/base64.h"
#include "engine/io/json.h"
#include "tests/support/error_text.h"

using namespace ingot;
using namespace ingot::test;
using json = nlohmann::ordered_json;
using Ids = std::vector<std::int32_t>;

namespace {

const json& golden() {
  static const json all = json::parse(engine::read_file(INGOT_GOLDEN "/bert/tokenizer-json.json"));
  return all;
}

// The table of nmt_nfkc_cf, which every model that is trained here holds.
const std::string& charsmap() {
  static const std::string table = [] {
    const auto trained = bert::train_tokenizer({.algorithm = "bpe", .n_pieces = 12}, {"iron ore", "ore iron"});
    return bert::parse_sentencepiece_model(trained->serialized(), "test").charsmap;
  }();
  return table;
}

json with_charsmap(json file) {
  if (file["normalizer"]["type"] == "Sequence")
    file["normalizer"]["normalizers"][0]["precompiled_charsmap"] = engine::to_base64(charsmap());
  return file;
}

std::unique_ptr<bert::Tokenizer> tokenizer_of(const std::string& text) {
  return bert::make_tokenizer("tokenizer.json", text);
}

// What is said of the n-th file after `change`.
template <class Change>
std::string refusal(std::size_t n, const Change& change) {
  json file = with_charsmap(golden()["tokenizers"][n]["json"]);
  change(file);
  return error_text([&] { tokenizer_of(file.dump()); });
}

constexpr std::size_t kWordPiece = 0, kUnigram = 12, kBpe = 13;

}  // namespace

TEST_CASE("a tokenizer.json gives the ids that the tokenizers library gives") {
  for (const json& entry : golden()["tokenizers"]) {
    const json file = with_charsmap(entry["json"]);
    const auto tokenizer = tokenizer_of(file.dump());
    for (std::size_t i = 0; i < golden()["texts"].size(); ++i) {
      INFO(file["normalizer"].dump().substr(0, 150), " ", golden()["texts"][i].dump());
      CHECK(tokenizer->encode(golden()["texts"][i].get<std::string>()) == entry["ids"][i].get<Ids>());
    }
  }
}

TEST_CASE("what is written for the tokenizers library is what it was read from") {
  for (const json& entry : golden()["tokenizers"]) {
    json file = with_charsmap(entry["json"]);
    const json written = json::parse(bert::to_tokenizer_json(*tokenizer_of(file.dump())));
    if (file["model"]["type"] == "WordPiece") {  // what goes without saying is not said
      json& strip = file["normalizer"]["strip_accents"];
      if (strip == file["normalizer"]["lowercase"]) strip = nullptr;
    }
    CHECK(written == file);
  }
}

TEST_CASE("a trained model comes back from its tokenizer.json with the same ids") {
  const std::vector<std::string_view> texts{"the cat sat on the mat", "a cat and a hat", "that hat sat", "on and on"};
  for (const char* algorithm : {"unigram", "bpe"}) {
    const auto tokenizer = bert::train_tokenizer({.algorithm = algorithm, .n_pieces = 22}, texts);
    const auto again = tokenizer_of(bert::to_tokenizer_json(*tokenizer));
    CHECK(again->size() == tokenizer->size());
    CHECK(again->special().cls == tokenizer->special().cls);
    CHECK(again->special().mask == tokenizer->special().mask);
    CHECK(again->special().pad == tokenizer->special().pad);
    for (const char* text : {"the hat of the cat", "", "  THAT  ", "[CLS] \u00e9t\u00e9 z"})
      CHECK(again->encode(text) == tokenizer->encode(text));
  }
}

TEST_CASE("every piece that no text makes is written as a special token") {
  const auto trained = bert::train_tokenizer({.algorithm = "bpe", .n_pieces = 22}, {"the cat sat on the mat", "a hat"});
  bert::SentencePieceModel model = bert::parse_sentencepiece_model(trained->serialized(), "test");
  model.pieces.push_back({.text = "[EXTRA]", .score = 0, .kind = bert::SentencePieceModel::control});
  const json file = json::parse(bert::to_tokenizer_json(*bert::make_tokenizer("tokenizer.model", to_bytes(model))));
  std::vector<std::string> added;
  for (const json& token : file["added_tokens"])
    added.push_back(token["id"].dump() + token["content"].get<std::string>());
  CHECK(added == std::vector<std::string>{"0[PAD]", "1[UNK]", "2[CLS]", "3[SEP]", "4[MASK]", "22[EXTRA]"});
}

TEST_CASE("parts that do something else are refused by name") {
  const auto is_refused = [](std::size_t n, const char* part, const auto& change) {
    const std::string message = refusal(n, change);
    INFO(message);
    CHECK(contains(message, part));
    CHECK(message.starts_with("tokenizer.json: "));
  };
  is_refused(kWordPiece, "the model WordLevel is not supported", [](json& f) { f["model"]["type"] = "WordLevel"; });
  is_refused(kWordPiece, "normalizer Lowercase", [](json& f) { f["normalizer"] = {{"type", "Lowercase"}}; });
  is_refused(kWordPiece, "normalizer none", [](json& f) { f["normalizer"] = nullptr; });
  is_refused(kWordPiece, "clean_text", [](json& f) { f["normalizer"]["clean_text"] = false; });
  is_refused(kWordPiece, "pre_tokenizer Whitespace", [](json& f) { f["pre_tokenizer"]["type"] = "Whitespace"; });
  is_refused(kWordPiece, "post_processor", [](json& f) { f["post_processor"] = nullptr; });
  is_refused(kWordPiece, "post_processor RobertaProcessing",
             [](json& f) { f["post_processor"]["type"] = "RobertaProcessing"; });
  is_refused(kWordPiece, "[CLS] text [SEP]", [](json& f) { f["post_processor"]["single"].erase(2); });
  is_refused(kWordPiece, "all of type 0", [](json& f) { f["post_processor"]["single"][1]["Sequence"]["type_id"] = 1; });
  is_refused(kWordPiece, "all of type 0",
             [](json& f) { f["post_processor"]["single"][2]["SpecialToken"]["type_id"] = 1; });
  is_refused(kWordPiece, "max_input_chars_per_word", [](json& f) { f["model"]["max_input_chars_per_word"] = 50; });
  is_refused(kWordPiece, "continuing_subword_prefix", [](json& f) { f["model"]["continuing_subword_prefix"] = "@@"; });
  is_refused(kWordPiece, "each once", [](json& f) { f["model"]["vocab"]["good"] = 6; });
  is_refused(kWordPiece, "each once", [](json& f) { f["model"]["vocab"]["good"] = 400; });
  is_refused(kUnigram, "is no special one", [](json& f) {
    f["added_tokens"].push_back({{"id", 250}, {"content", "covid"}, {"special", false}});
  });
  is_refused(kWordPiece, "got 99", [](json& f) { f["added_tokens"][4]["id"] = 99; });
  is_refused(kUnigram, "byte_fallback", [](json& f) { f["model"]["byte_fallback"] = true; });
  is_refused(kUnigram, "normalizer NFD", [](json& f) { f["normalizer"]["normalizers"].push_back({{"type", "NFD"}}); });
  is_refused(kUnigram, "pre_tokenizer ByteLevel", [](json& f) { f["pre_tokenizer"]["type"] = "ByteLevel"; });
  is_refused(kUnigram, "keeps spaces", [](json& f) { f["normalizer"]["normalizers"].erase(1); });
  is_refused(kUnigram, "must be base64",
             [](json& f) { f["normalizer"]["normalizers"][0]["precompiled_charsmap"] = "a"; });
  is_refused(kUnigram, "post_processor puts [CLS] around a text, which is no piece",
             [](json& f) { f["model"]["vocab"][2][0] = f["added_tokens"][2]["content"] = "[BEGIN]"; });
  is_refused(kUnigram, "unk_id", [](json& f) { f["model"]["unk_id"] = nullptr; });
  is_refused(kUnigram, "a piece and its score", [](json& f) { f["model"]["vocab"][7] = {"a", "b"}; });
  is_refused(kBpe, "dropout", [](json& f) { f["model"]["dropout"] = 0.1; });
  is_refused(kBpe, "fuse_unk", [](json& f) { f["model"]["fuse_unk"] = false; });
  is_refused(kBpe, "which is no piece", [](json& f) { f["model"]["merges"].push_back("[UNK] [CLS]"); });
  is_refused(kBpe, "joins all pairs", [](json& f) { f["model"]["merges"].erase(0); });
  is_refused(kBpe, "joins all pairs", [](json& f) { f["model"]["merges"].push_back(f["model"]["merges"][0]); });
}

TEST_CASE("whitespace that the library removes and SentencePiece keeps is refused, unless the table makes it spaces") {
  const auto ends_with = [](json step) { return [step](json& f) { f["normalizer"]["normalizers"][1] = step; }; };
  const auto without_table = [](const auto& change) {
    return [change](json& f) {
      change(f);
      f["normalizer"]["normalizers"].erase(0);
    };
  };
  const auto strip = ends_with({{"type", "Strip"}, {"strip_left", true}, {"strip_right", true}});
  const auto lines = ends_with({{"type", "Replace"}, {"pattern", {{"Regex", "^ +| +$"}}}, {"content", ""}});
  const auto split = [](json& f) {
    f["pre_tokenizer"] = {{"type", "Sequence"},
                          {"pretokenizers", json::array({json{{"type", "WhitespaceSplit"}}, f["pre_tokenizer"]})}};
  };
  const auto nothing = [](json&) {};
  for (const std::size_t n : {kUnigram, kBpe}) {
    CHECK(refusal(n, strip) == "");
    CHECK(refusal(n, lines) == "");
    CHECK(refusal(n, split) == "");
    CHECK(contains(refusal(n, without_table(strip)), "tokenizer.json: U+0009 ends words or lines"));
    CHECK(contains(refusal(n, without_table(lines)), "tokenizer.json: U+000A ends words or lines"));
    CHECK(contains(refusal(n, without_table(split)), "tokenizer.json: U+0009 ends words or lines"));
    CHECK(refusal(n, without_table(nothing)) == "");
  }
  CHECK(bert::replacement(charsmap(), "\n") == " ");
  CHECK(bert::replacement(charsmap(), "\u3000") == " ");
  CHECK(bert::replacement(charsmap(), "\x01") == "");
  CHECK(bert::replacement(charsmap(), "A") == "a");
  CHECK(bert::replacement(charsmap(), "\u00bd") ==
        "1\u2044"
        "2");
  CHECK(bert::replacement(charsmap(), "a") == std::nullopt);
  CHECK(bert::replacement(charsmap(), "\u0085") == std::nullopt);
  CHECK(bert::replacement(charsmap(), "") == std::nullopt);
  CHECK(bert::replacement("", "A") == std::nullopt);
}

TEST_CASE("pieces of several words are kept, and refused where words are set apart") {
  const auto trained = bert::train_tokenizer({.algorithm = "bpe", .n_pieces = 12}, {"iron ore", "ore iron"});
  bert::SentencePieceModel model = bert::parse_sentencepiece_model(trained->serialized(), "test");
  CHECK(bert::piece_of_several_words(model) == nullptr);
  CHECK(json::parse(bert::to_tokenizer_json(*trained))["pre_tokenizer"]["split"] == true);
  for (const char* text : {"i\u2581", "i\u2581o"}) model.pieces.push_back({.text = text, .score = -100});
  const auto wide = bert::make_tokenizer("tokenizer.model", bert::to_bytes(model));
  const Ids ids = wide->encode("i o");
  json written = json::parse(bert::to_tokenizer_json(*wide));
  CHECK(ids.back() == wide->size() - 1);
  CHECK(written["pre_tokenizer"]["split"] == false);
  CHECK(tokenizer_of(written.dump())->encode("i o") == ids);
  written["pre_tokenizer"]["split"] = true;
  CHECK(error_text([&] { tokenizer_of(written.dump()); }) ==
        "tokenizer.json: words are set apart by it, but piece i\u2581 is of several");
}

TEST_CASE("damaged files give an error or a tokenizer that works") {
  engine::Rng rng(9, static_cast<std::uint64_t>(engine::Stream::test));
  const nlohmann::json values = {nullptr,
                                 true,
                                 -1,
                                 1.5,
                                 4000000000,
                                 "",
                                 "[CLS]",
                                 nlohmann::json::array(),
                                 nlohmann::json::object(),
                                 {{"type", "Sequence"}}};
  for (const std::size_t n : {kWordPiece, kUnigram, kBpe}) {
    const nlohmann::json whole = golden()["tokenizers"][n]["json"];
    const nlohmann::json flat = whole.flatten();
    std::vector<std::string> paths;
    for (const auto& [path, value] : flat.items()) paths.push_back(path);
    for (int i = 0; i < 300; ++i) {
      nlohmann::json damaged = whole;
      nlohmann::json::json_pointer at(paths[rng.below(paths.size())]);
      for (std::uint64_t up = rng.below(3); up > 0 && !at.empty(); --up) at = at.parent_pointer();
      damaged[at] = values[rng.below(values.size())];
      const std::string text = damaged.dump();
      const std::string message = error_text([&] { tokenizer_of(text)->encode("good films"); });
      CHECK((message.empty() || message.find(": ") != std::string::npos));
    }
  }
}

TEST_CASE("base64 is that of RFC 4648") {
  const std::pair<const char*, const char*> vectors[] = {{"", ""},
                                                         {"f", "Zg=="},
                                                         {"fo", "Zm8="},
                                                         {"foo", "Zm9v"},
                                                         {"foob", "Zm9vYg=="},
                                                         {"fooba", "Zm9vYmE="},
                                                         {"foobar", "Zm9vYmFy"}};
  for (const auto& [bytes, text] : vectors) {
    CHECK(engine::to_base64(bytes) == text);
    CHECK(engine::from_base64(text) == bytes);
  }
  for (const char* text : {"Zg=", "Zg", "Z===", "Zm 9", "=m9v", "Zm9v\n"}) CHECK(!engine::from_base64(text));
}
