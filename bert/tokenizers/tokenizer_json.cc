#include "bert/tokenizers/tokenizer_json.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <set>
#include <unordered_map>
#include <vector>

#include "bert/tokenizers/merges.h"
#include "bert/tokenizers/normalization_table.h"
#include "bert/tokenizers/sentencepiece_model.h"
#include "engine/base/error.h"
#include "engine/base/utf8.h"
#include "engine/io/base64.h"
#include "engine/io/json.h"

namespace ingot::bert {
namespace {

using engine::fail;
using engine::Json;
using engine::require;
using engine::shown;

constexpr std::string_view kSpace = "\u2581";  // stands for a space in pieces
constexpr std::size_t kMostPieces = std::size_t{1} << 24;

// Reads one tokenizer.json. Each function looks at one part of it.
class Reader {
 public:
  Reader(const Json& root, const std::string& subject) : root_(root), subject_(subject) {
    require(root.is_object(), "{}: must be one JSON object, is {}", subject, shown(root));
    model_ = part("model");
    require(!model_.is_null(), "{}: must have a model, has none", subject);
    read_added();
    read_post_processor();
  }

  TokenizerFiles files(const Json& names) {
    const std::string type = type_of(model_, "model");
    if (type == "WordPiece") return word_piece(names);
    if (type == "Unigram") return sentence_piece(unigram());
    if (type == "BPE") return sentence_piece(bpe());
    fail("{}: the model {} is not supported: it must be WordPiece, Unigram or BPE", subject_, type);
  }

 private:
  struct Added {
    std::string text;
    std::size_t id;
    Json token;
  };

  // A part of the file; null where it has none.
  Json part(const char* name) const {
    const auto found = root_.find(name);
    return found == root_.end() ? Json() : *found;
  }

  std::string type_of(const Json& object, const std::string& what) const {
    require(object.is_object() && object.contains("type") && object["type"].is_string(),
            "{}: {} must be an object with a type, is {}", subject_, what, shown(object));
    return object["type"].get<std::string>();
  }

  // A setting must have one of the values under which both tokenizers do the same.
  void require_setting(const Json& object, const char* what, const char* key, const std::vector<Json>& allowed) const {
    const Json value = object.contains(key) ? object[key] : Json();
    if (std::find(allowed.begin(), allowed.end(), value) != allowed.end()) return;
    fail("{}: {} of {} must be {}, is {}", subject_, key, what, shown(allowed.front()), shown(value));
  }

  [[noreturn]] void refuse(const char* what, const Json& value) const {
    const std::string type = value.is_null() ? "none" : type_of(value, what);
    fail("{}: the {} {} is not supported with the model {}", subject_, what, type, type_of(model_, "model"));
  }

  // The parts of a sequence, or the one part that there is; empty where there is none.
  std::vector<Json> steps(const char* name, const char* list) const {
    const Json value = part(name);
    if (value.is_null()) return {};
    if (type_of(value, name) != "Sequence") return {value};
    require(value.contains(list) && value[list].is_array(), "{}: {} must have a list {}", subject_, name, list);
    return value[list].get<std::vector<Json>>();
  }

  void read_added() {
    const Json list = part("added_tokens");
    if (list.is_null()) return;
    require(list.is_array(), "{}: added_tokens must be an array, is {}", subject_, shown(list));
    for (const Json& token : list) {
      require(token.is_object() && token.contains("content") && token["content"].is_string() && token.contains("id") &&
                  token["id"].is_number_unsigned() && token["id"].get<std::size_t>() < kMostPieces,
              "{}: an added token must have a content and an id below {}, got {}", subject_, kMostPieces, token.dump());
      added_.push_back({token["content"].text(), token["id"].get<std::size_t>(), token});
    }
    std::sort(added_.begin(), added_.end(), [](const Added& a, const Added& b) { return a.id < b.id; });
  }

  // What is put around a text: [CLS] text [SEP], by whatever names.
  void read_post_processor() {
    const Json post = part("post_processor");
    if (post.is_null())
      fail("{}: must have a post_processor that puts [CLS] and [SEP] around a text, has none", subject_);
    const std::string type = type_of(post, "post_processor");
    if (type == "BertProcessing") {
      for (const auto& [key, name] : {std::pair{"cls", &cls_}, {"sep", &sep_}}) {
        require(post.contains(key) && post[key].is_array() && !post[key].empty() && post[key][0].is_string(),
                "{}: post_processor must name {}", subject_, key);
        *name = post[key][0].text();
      }
      return;
    }
    if (type != "TemplateProcessing") refuse("post_processor", post);
    const Json single = post.value("single", Json::array());
    // The name of a special token there, of the first text as are all its ids; empty if there is something else.
    const auto special = [&](std::size_t i) {
      const Json token = single[i].is_object() ? single[i].value("SpecialToken", Json()) : Json();
      const bool is_one =
          token.is_object() && token.contains("id") && token["id"].is_string() && token.value("type_id", Json()) == 0;
      return is_one ? token["id"].get<std::string>() : "";
    };
    const bool is_framed = single.is_array() && single.size() == 3 && !special(0).empty() && !special(2).empty() &&
                           single[1] == Json{{"Sequence", {{"id", "A"}, {"type_id", 0}}}};
    require(is_framed, "{}: post_processor must make [CLS] text [SEP] of a text, all of type 0, makes {}", subject_,
            single.dump());
    cls_ = special(0);
    sep_ = special(2);
  }

  // The pieces of a vocabulary {piece: id} by their ids.
  std::vector<std::string> pieces_by_id() const {
    const Json vocabulary = model_.value("vocab", Json());
    require(vocabulary.is_object(), "{}: vocab must be an object of pieces and ids, is {}", subject_,
            shown(vocabulary));
    std::vector<std::string> pieces(vocabulary.size());
    std::vector<bool> is_known(vocabulary.size());
    for (const auto& [piece, id] : vocabulary.items()) {
      require(id.is_number_unsigned() && id.get<std::size_t>() < pieces.size() && !is_known[id.get<std::size_t>()],
              "{}: the ids of vocab must be 0 to {}, each once; piece {} has {}", subject_, pieces.size() - 1, piece,
              id.dump());
      pieces[id.get<std::size_t>()] = piece;
      is_known[id.get<std::size_t>()] = true;
    }
    return pieces;
  }

  TokenizerFiles word_piece(const Json& names) const {
    require_setting(model_, "the model", "continuing_subword_prefix", {"##"});
    require_setting(model_, "the model", "max_input_chars_per_word", {100});
    const std::vector<Json> before = steps("pre_tokenizer", "pretokenizers");
    if (before.size() != 1 || type_of(before[0], "pre_tokenizer") != "BertPreTokenizer")
      refuse("pre_tokenizer", part("pre_tokenizer"));
    const std::vector<Json> normalizers = steps("normalizer", "normalizers");
    if (normalizers.size() != 1 || type_of(normalizers[0], "normalizer") != "BertNormalizer")
      refuse("normalizer", part("normalizer"));
    const Json& normalizer = normalizers[0];
    require_setting(normalizer, "the normalizer", "clean_text", {true});
    for (const char* flag : {"lowercase", "handle_chinese_chars"})
      require_setting(normalizer, "the normalizer", flag, {true, false});
    require_setting(normalizer, "the normalizer", "strip_accents", {nullptr, true, false});
    Json config{{"do_lower_case", normalizer["lowercase"]},
                {"tokenize_chinese_chars", normalizer["handle_chinese_chars"]},
                {"strip_accents", normalizer.value("strip_accents", Json())},
                {"unk_token", model_.value("unk_token", Json())},
                {"cls_token", cls_},
                {"sep_token", sep_}};
    for (const char* name : {"pad_token", "mask_token"}) {
      if (names.is_object() && names.contains(name)) config[name] = names[name];
    }
    for (const Added& added : added_) config["added_tokens_decoder"][std::to_string(added.id)] = added.token;
    std::string bytes;
    for (const std::string& piece : pieces_by_id()) {
      require(!piece.empty() && piece.find_first_of("\n\r") == std::string::npos,
              "{}: a piece of WordPiece must be a line of text, got '{}'", subject_, piece);
      bytes += piece + "\n";
    }
    return {"vocab.txt", std::move(bytes), config.dump(2) + "\n"};
  }

  // Added tokens are pieces that text cannot make, in SentencePiece's words control symbols.
  void read_added_pieces(SentencePieceModel& model) const {
    for (const Added& added : added_) {
      require(added.token.contains("special") && added.token["special"] == true,
              "{}: the added token {} is no special one, which a SentencePiece model has not", subject_, added.text);
      if (added.id == model.pieces.size()) model.pieces.push_back({.text = added.text});
      require(added.id < model.pieces.size() && model.pieces[added.id].text == added.text,
              "{}: the added token {} has id {}, which is {}", subject_, added.text, added.id,
              added.id < model.pieces.size() ? "piece " + model.pieces[added.id].text
                                             : fmt::format("beyond the {} pieces", model.pieces.size()));
      if (model.pieces[added.id].kind == SentencePieceModel::normal)
        model.pieces[added.id].kind = SentencePieceModel::control;
    }
  }

  TokenizerFiles sentence_piece(SentencePieceModel model) const {
    read_spaces(model);
    model.begin_piece = cls_;
    model.end_piece = sep_;
    const auto has = [&](std::string_view text) {
      return std::any_of(model.pieces.begin(), model.pieces.end(),
                         [=](const auto& piece) { return piece.text == text; });
    };
    for (const char* name : {"[PAD]", "<pad>"}) {
      if (has(name)) model.padding_piece = name;
    }
    for (const std::string& name : {cls_, sep_})
      require(has(name), "{}: post_processor puts {} around a text, which is no piece", subject_, name);
    return {"tokenizer.model", to_bytes(model), ""};
  }

  static bool is_replacement(const Json& step, const char* regex, const char* content) {
    return step.value("pattern", Json()) == Json{{"Regex", regex}} && step.value("content", Json()) == content;
  }

  // SentencePiece maps characters by a table, makes one space of several and none at the ends, and puts one in front.
  void read_spaces(SentencePieceModel& model) const {
    bool ends = false, runs = false, is_split_at_whitespace = false;
    std::vector<char32_t> spaces;  // what the table must make spaces
    for (const Json& step : steps("normalizer", "normalizers")) {
      const std::string type = type_of(step, "normalizer");
      if (type == "Precompiled" && model.charsmap.empty() && !ends && !runs) {
        const Json table = step.value("precompiled_charsmap", Json());
        const auto bytes = table.is_string() ? engine::from_base64(table.get<std::string>()) : std::nullopt;
        require(bytes.has_value(), "{}: precompiled_charsmap must be base64", subject_);
        model.charsmap = *bytes;
      } else if (type == "Strip") {
        require_setting(step, "Strip", "strip_left", {true});
        require_setting(step, "Strip", "strip_right", {true});
        ends = true;
        spaces = whitespace();
      } else if (type == "Replace" && is_replacement(step, R"(\A +| +\z)", "")) {
        ends = true;
      } else if (type == "Replace" && is_replacement(step, "^ +| +$", "")) {  // the ends of lines
        ends = true;
        spaces.push_back(U'\n');
      } else if (type == "Replace" && is_replacement(step, " {2,}", " ")) {
        runs = true;
      } else {
        refuse("normalizer", step);
      }
    }
    std::vector<Json> before = steps("pre_tokenizer", "pretokenizers");
    if (before.size() == 2 && type_of(before[0], "pre_tokenizer") == "WhitespaceSplit") {
      ends = runs = is_split_at_whitespace = true;
      spaces = whitespace();
      before.erase(before.begin());
    }
    if (before.size() != 1 || type_of(before[0], "pre_tokenizer") != "Metaspace")
      refuse("pre_tokenizer", part("pre_tokenizer"));
    require_setting(before[0], "Metaspace", "replacement", {kSpace});
    require_setting(before[0], "Metaspace", "split", {true, false, nullptr});
    // SentencePiece makes all pieces that there are, those of several words too.
    const bool is_split = is_split_at_whitespace || before[0].value("split", Json(true)) != false;
    const std::string* const several = piece_of_several_words(model);
    require(several == nullptr || !is_split, "{}: words are set apart by it, but piece {} is of several", subject_,
            several == nullptr ? "" : *several);
    if (before[0].contains("prepend_scheme"))
      require_setting(before[0], "Metaspace", "prepend_scheme", {"always", "first"});
    else
      require_setting(before[0], "Metaspace", "add_prefix_space", {true});
    require(ends && runs,
            "{}: its normalizer keeps spaces at the ends of a text or several in a row, which is not supported",
            subject_);
    if (!spaces.empty()) require_as_spaces(spaces, model.charsmap);
  }

  // What the library's Strip and WhitespaceSplit take for what the space is to SentencePiece. U+0085, of which no text
  // is made, is left out: the tables of SentencePiece that make whitespace spaces (nmt) do not know it.
  static std::vector<char32_t> whitespace() {
    std::vector<char32_t> codes{0x09, 0x0A, 0x0B, 0x0C, 0x0D, 0xA0, 0x1680, 0x2028, 0x2029, 0x202F, 0x205F, 0x3000};
    for (char32_t code = 0x2000; code <= 0x200A; ++code) codes.push_back(code);
    return codes;
  }

  // Where the table makes these characters spaces, or nothing, both tokenizers do the same.
  void require_as_spaces(const std::vector<char32_t>& codes, std::string_view table) const {
    check_normalization_table(table, subject_);
    for (const char32_t code : codes) {
      std::string character;
      engine::append_utf8(character, code);
      const std::optional<std::string_view> made = replacement(table, character);
      require(made && (*made == " " || made->empty()),
              "{}: U+{:04X} ends words or lines (Strip, WhitespaceSplit, ^ or $), which to SentencePiece it does only "
              "where the table makes it a space; this one leaves it, which is not supported",
              subject_, static_cast<std::uint32_t>(code));
    }
  }

  SentencePieceModel unigram() const {
    require_setting(model_, "the model", "byte_fallback", {false, nullptr});
    SentencePieceModel model{.algorithm = SentencePieceModel::unigram};
    const Json vocabulary = model_.value("vocab", Json());
    require(vocabulary.is_array(), "{}: vocab must be an array of pieces and scores, is {}", subject_,
            shown(vocabulary));
    for (const Json& entry : vocabulary) {
      const bool is_pair = entry.is_array() && entry.size() == 2 && entry[0].is_string() && entry[1].is_number() &&
                           std::abs(entry[1].get<double>()) < 1e6;
      require(is_pair, "{}: vocab must hold pairs of a piece and its score, got {}", subject_, entry.dump());
      model.pieces.push_back({.text = entry[0].text(), .score = entry[1].get<float>()});
    }
    const Json unknown = model_.value("unk_id", Json());
    require(unknown.is_number_unsigned() && unknown.get<std::size_t>() < vocabulary.size(),
            "{}: unk_id must be below the {} pieces, is {}", subject_, vocabulary.size(), shown(unknown));
    set_unknown(model, unknown.get<std::size_t>());
    read_added_pieces(model);
    return model;
  }

  SentencePieceModel bpe() const {
    require_setting(model_, "the model", "fuse_unk", {true});
    for (const char* key : {"byte_fallback", "ignore_merges"})
      require_setting(model_, "the model", key, {false, nullptr});
    for (const char* key : {"dropout", "continuing_subword_prefix", "end_of_word_suffix"})
      require_setting(model_, "the model", key, {nullptr, ""});
    SentencePieceModel model{.algorithm = SentencePieceModel::bpe};
    std::unordered_map<std::string, std::size_t> ids;
    const std::vector<Merge> merges = read_merges();
    for (const std::string& piece : pieces_by_id()) {
      ids.emplace(piece, model.pieces.size());
      // Below all that merges make.
      model.pieces.push_back({.text = piece, .score = -static_cast<float>(merges.size() + model.pieces.size())});
    }
    std::set<std::size_t> seen;
    for (std::size_t rank = 0; rank < merges.size(); ++rank) {
      const auto whole = ids.find(merges[rank].first + merges[rank].second);
      require(whole != ids.end(), "{}: merge {} makes {}, which is no piece", subject_, rank,
              merges[rank].first + merges[rank].second);
      if (seen.insert(whole->second).second) model.pieces[whole->second].score = -static_cast<float>(rank);
    }
    const std::string unknown =
        model_.value("unk_token", Json()).is_string() ? model_["unk_token"].get<std::string>() : "";
    require(ids.contains(unknown), "{}: unk_token must be a piece, is '{}'", subject_, unknown);
    set_unknown(model, ids[unknown]);
    read_added_pieces(model);
    require_same_merges(merges, merges_of(model));
    return model;
  }

  std::vector<Merge> read_merges() const {
    const Json list = model_.value("merges", Json());
    require(list.is_array(), "{}: merges must be an array, is {}", subject_, shown(list));
    std::vector<Merge> merges;
    for (const Json& entry : list) {
      if (entry.is_array() && entry.size() == 2 && entry[0].is_string() && entry[1].is_string()) {
        merges.emplace_back(entry[0], entry[1]);
        continue;
      }
      const std::string text = entry.is_string() ? entry.get<std::string>() : "";
      const std::size_t space = text.find(' ');
      require(space != std::string::npos && space > 0 && text.find(' ', space + 1) == std::string::npos,
              "{}: a merge must be two pieces, got {}", subject_, entry.dump());
      merges.emplace_back(text.substr(0, space), text.substr(space + 1));
    }
    return merges;
  }

  // The same pairs, those of one piece side by side in any order: then joining by pairs and joining by pieces do the
  // same.
  void require_same_merges(std::vector<Merge> given, std::vector<Merge> all) const {
    const auto sort_within_pieces = [](std::vector<Merge>& merges) {
      for (std::size_t begin = 0, end = 0; begin < merges.size(); begin = end) {
        const std::string whole = merges[begin].first + merges[begin].second;
        while (end < merges.size() && merges[end].first + merges[end].second == whole) ++end;
        std::sort(merges.begin() + static_cast<std::ptrdiff_t>(begin),
                  merges.begin() + static_cast<std::ptrdiff_t>(end));
      }
    };
    sort_within_pieces(given);
    sort_within_pieces(all);
    if (given == all) return;
    const auto [mine, theirs] = std::mismatch(given.begin(), given.end(), all.begin(), all.end());
    fail(
        "{}: the merges of this BPE are not those of a SentencePiece model, which joins all pairs that make a piece: "
        "the "
        "first that differs is number {} of {} (a SentencePiece model of these pieces has {})",
        subject_, mine - given.begin(), given.size(), all.size());
  }

  void set_unknown(SentencePieceModel& model, std::size_t id) const {
    model.pieces[id].kind = SentencePieceModel::unknown;
    model.unknown_piece = model.pieces[id].text;
  }

  const Json& root_;
  const std::string& subject_;
  Json model_;
  std::vector<Added> added_;  // by id
  std::string cls_, sep_;
};

}  // namespace

TokenizerFiles parse_tokenizer_json(std::string_view text, std::string_view config, const std::string& subject) {
  const Json root = engine::parse_json(text, subject);
  return Reader(root, subject).files(engine::parse_json_or_null(config));
}

}  // namespace ingot::bert
