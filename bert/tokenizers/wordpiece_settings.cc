#include "bert/tokenizers/wordpiece_settings.h"

#include <algorithm>
#include <charconv>

#include "engine/base/error.h"
#include "engine/io/json.h"

namespace ingot::bert {
namespace {

using engine::fail;
using engine::Json;
using engine::require;
using engine::shown;

struct Name {
  const char* key;
  std::string WordPieceSettings::*member;
};
constexpr Name kNames[] = {{"pad_token", &WordPieceSettings::pad},
                           {"unk_token", &WordPieceSettings::unknown},
                           {"cls_token", &WordPieceSettings::cls},
                           {"sep_token", &WordPieceSettings::sep},
                           {"mask_token", &WordPieceSettings::mask}};

// Classes whose tokenizer is the one of this folder; others (of Japanese BERTs, for example) split words in other ways.
constexpr std::string_view kClasses[] = {"BertTokenizer",           "BertTokenizerFast",   "DistilBertTokenizer",
                                         "DistilBertTokenizerFast", "ElectraTokenizer",    "ElectraTokenizerFast",
                                         "PreTrainedTokenizerFast", "PreTrainedTokenizer", "MobileBertTokenizer",
                                         "TokenizersBackend"};

// A value, or null where it is absent.
const Json& value_of(const Json& object, const char* key) {
  static const Json kNothing;
  const auto found = object.find(key);
  return found == object.end() ? kNothing : *found;
}

std::optional<bool> flag(const Json& object, const char* key, const std::string& subject) {
  const Json& value = value_of(object, key);
  if (value.is_null()) return {};
  require(value.is_boolean(), "{}: {} must be true or false, got {}", subject, key, shown(value));
  return value.get<bool>();
}

std::string content_of(const std::string& where, const Json& value) {
  const Json& content = value.is_object() ? value_of(value, "content") : value;
  require(content.is_string(), "{}: must be a text, or an object with its content, got {}", where, shown(value));
  const auto text = content.get<std::string>();
  require(!text.empty() && text.size() <= kMostAddedBytes, "{}: must have from 1 to {} bytes, got {}", where,
          kMostAddedBytes, text.size());
  return text;
}

Json object_of(const std::string& text, const std::string& subject) {
  Json object = engine::parse_json(text, subject);
  require(object.is_object(), "{}: must be a JSON object, is {}", subject, shown(object));
  return object;
}

void read_names(const Json& object, const std::string& subject, WordPieceSettings& settings) {
  for (const Name& name : kNames) {
    const Json& value = value_of(object, name.key);
    if (!value.is_null()) settings.*name.member = content_of(fmt::format("{}: {}", subject, name.key), value);
  }
}

// The further special tokens, of which these files say no id.
void read_special(const Json& object, const std::string& subject, std::vector<std::string>& special) {
  for (const char* key : {"additional_special_tokens", "extra_special_tokens"}) {
    const Json& value = value_of(object, key);
    if (value.is_null() || value == Json::object()) continue;
    require(value.is_array(), "{}: {} must be an array, got {}", subject, key, shown(value));
    for (const Json& item : value) special.push_back(content_of(fmt::format("{}: {}", subject, key), item));
  }
}

void read_config(const Json& object, const std::string& subject, WordPieceSettings& settings) {
  const Json& type = value_of(object, "tokenizer_class");
  require(type.is_null() || std::find(std::begin(kClasses), std::end(kClasses), type) != std::end(kClasses),
          "{}: tokenizer_class: only BERT's WordPiece is supported, got {}", subject, shown(type));
  settings.lower_case = flag(object, "do_lower_case", subject);
  settings.strip_accents = flag(object, "strip_accents", subject);
  settings.ideographs_apart = flag(object, "tokenize_chinese_chars", subject);
  require(flag(object, "do_basic_tokenize", subject).value_or(true), "{}: do_basic_tokenize must be true, got false",
          subject);
  const Json& kept = value_of(object, "never_split");
  require(kept.is_null() || kept == Json::array(), "{}: never_split is not supported", subject);
  const Json& added = value_of(object, "added_tokens_decoder");
  if (added.is_null()) return;
  require(added.is_object(), "{}: added_tokens_decoder must be an object, got {}", subject, shown(added));
  for (const auto& [id, value] : added.items())
    settings.added.push_back(parse_added_token(fmt::format("{}: added_tokens_decoder: {}", subject, id), value, id));
}

void read_added(const Json& object, const std::string& subject, const std::vector<std::string>& special,
                WordPieceSettings& settings) {
  for (const auto& [content, id] : object.items()) {
    const auto known = [&content = content](const AddedToken& token) { return token.content == content; };
    if (std::any_of(settings.added.begin(), settings.added.end(), known)) continue;
    const bool is_special =
        settings.is_named(content) || std::find(special.begin(), special.end(), content) != special.end();
    settings.added.push_back(
        parse_added_token(fmt::format("{}: '{}'", subject, content),
                          {{"content", content}, {"special", is_special}, {"normalized", !is_special}}, id));
  }
}

Json json_of(const AddedToken& token) {
  return {{"content", token.content}, {"lstrip", false},      {"normalized", token.normalized},
          {"rstrip", false},          {"single_word", false}, {"special", token.special}};
}

}  // namespace

BasicRules WordPieceSettings::rules() const {
  const bool lower = lower_case.value_or(true);
  return {lower, strip_accents.value_or(lower), ideographs_apart.value_or(true)};
}

bool WordPieceSettings::is_named(std::string_view content) const {
  return std::any_of(std::begin(kNames), std::end(kNames),
                     [&](const Name& name) { return this->*name.member == content; });
}

AddedToken parse_added_token(const std::string& where, const Json& value, const Json& id) {
  require(value.is_object(), "{}: must be an object, got {}", where, shown(value));
  AddedToken token{.content = content_of(where, value)};
  std::int64_t number = -1;
  if (id.is_string()) {
    const auto& text = id.text();
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) number = -1;
  } else if (id.is_number_integer() && id.get<double>() < 1e9) {
    number = id.get<std::int64_t>();
  }
  require(number >= 0 && number < 1 << 24, "{}: its id must be from 0 to {}, got {}", where, (1 << 24) - 1, shown(id));
  token.id = static_cast<std::int32_t>(number);
  require(!flag(value, "single_word", where).value_or(false), "{}: single_word is not supported", where);
  token.special = flag(value, "special", where).value_or(false);
  token.normalized = flag(value, "normalized", where).value_or(!token.special);
  return token;
}

WordPieceSettings read_settings(const SettingsFiles& files) {
  WordPieceSettings settings;
  std::vector<std::string> special;
  const std::string config = files.folder + "tokenizer_config.json", map = files.folder + "special_tokens_map.json",
                    added = files.folder + "added_tokens.json";
  if (!files.special_tokens.empty()) {
    const Json object = object_of(files.special_tokens, map);
    read_names(object, map, settings);
    read_special(object, map, special);
  }
  if (!files.config.empty()) {
    const Json object = object_of(files.config, config);
    read_names(object, config, settings);
    read_special(object, config, special);
    read_config(object, config, settings);
  }
  if (!files.added_tokens.empty()) read_added(object_of(files.added_tokens, added), added, special, settings);
  require(settings.added.size() <= kMostAddedTokens, "{}tokenizer: must have at most {} added tokens, has {}",
          files.folder, kMostAddedTokens, settings.added.size());
  return settings;
}

std::string config_text(const WordPieceSettings& settings) {
  const BasicRules rules = settings.rules();
  Json object = {{"do_lower_case", rules.lower_case}, {"tokenizer_class", "BertTokenizer"}};
  if (rules.strip_accents != rules.lower_case) object["strip_accents"] = rules.strip_accents;
  if (!rules.ideographs_apart) object["tokenize_chinese_chars"] = false;
  const WordPieceSettings usual;
  for (const Name& name : kNames) {
    if (settings.*name.member != usual.*name.member) object[name.key] = settings.*name.member;
  }
  for (const AddedToken& token : settings.added)
    object["added_tokens_decoder"][std::to_string(token.id)] = json_of(token);
  return object.dump(2) + "\n";
}

}  // namespace ingot::bert
