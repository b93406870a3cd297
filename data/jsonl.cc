#include <charconv>
#include <cmath>

#include "data/table.h"
#include "engine/base/error.h"
#include "engine/base/printable.h"
#include "engine/io/json.h"

namespace ingot::data {
using engine::fail;
using engine::require;
using Json = engine::Json;

namespace {

// One object and where it begins.
struct Object {
  std::string_view source;
  std::size_t line;
};

// What is often written where JSON is meant, by what stands at the fault.
std::string_view hint(std::string_view line, std::size_t column) {
  const std::size_t at = std::min(column, line.size());
  const auto is_word = [](char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0; };
  std::size_t begin = at;
  while (begin > 0 && is_word(line[begin - 1])) --begin;
  std::size_t end = at;
  while (end < line.size() && is_word(line[end])) ++end;
  const std::string_view word = line.substr(begin, end - begin);
  if (word == "NaN" || word == "Infinity" || word == "nan" || word == "inf") return "NaN and Infinity are not JSON";
  if (word == "True" || word == "False" || word == "None") return "JSON writes true, false and null";
  if (at == 0) return "";
  const char last = line[at - 1];
  if (last == '\'') return "strings are in double quotes";
  std::string_view before = line.substr(0, at - 1);
  before = before.substr(0, before.find_last_not_of(" \t") + 1);
  if ((last == '}' || last == ']') && before.ends_with(',')) return "a comma must not stand before it";
  if (last == ',' && before.ends_with('}')) return "one object a line, without commas between them";
  return "";
}

// "file: line 1, column 7: not valid JSON: RULE (hint)" of "...: not valid JSON: parse error at line 1, column 7:
// RULE".
std::string placed(std::string_view message, const std::string& file, const Object& object) {
  constexpr std::string_view kPlace = "parse error at line ", kColumn = ", column ";
  const std::size_t at = message.find(kPlace), comma = message.find(kColumn, at);
  if (at == message.npos || comma == message.npos) return std::string(message);
  std::size_t line = 1, column = 0;
  std::from_chars(message.data() + at + kPlace.size(), message.data() + comma, line);
  const char* const end = message.data() + message.size();
  const auto [rest, error] = std::from_chars(message.data() + comma + kColumn.size(), end, column);
  std::string_view rule(rest, static_cast<std::size_t>(end - rest));
  if (rule.starts_with(": ")) rule.remove_prefix(2);
  std::string_view source = object.source, text;
  for (std::size_t i = 0; i < line && !source.empty(); ++i) text = take_line(source);
  const std::string_view said = hint(text, column);
  return fmt::format("{}: line {}, column {}: not valid JSON: {}{}{}", file, object.line + line - 1, column, rule,
                     said.empty() ? "" : "; ", said);
}

Json parse_object(const Object& object, const std::string& file) {
  require(object.source.size() <= kMostJsonBytes, "{}: line {}: one JSON object must have at most {} bytes, has {}",
          file, object.line, kMostJsonBytes, object.source.size());
  Json value;
  try {
    value = engine::parse_json(object.source, fmt::format("{}: line {}", file, object.line));
  } catch (const engine::Error& error) {
    throw engine::Error(placed(error.what(), file, object));
  }
  require(value.is_object(), "{}: line {}: must be one JSON object, got {}", file, object.line,
          engine::excerpt(engine::shown(value)));
  return value;
}

std::vector<std::string> keys_of(const Json& object) {
  std::vector<std::string> keys;
  for (const auto& [key, value] : object.items()) keys.push_back(key);
  return keys;
}

class Parser {
 public:
  Parser(const std::string& file, const Layout& layout, const TakeRow& take)
      : file_(file), layout_(layout), take_(take) {}

  void parse(const Object& object) {
    const Json value = parse_object(object, file_);
    Row row{.text = {}, .line = object.line, .source = object.source};
    for (const std::size_t i : layout_.columns.text) {
      if (i != layout_.columns.text.front()) row.text += ' ';
      if (const Json* words = list_of(value, layout_.names[i])) {
        take_words(*words, layout_.names[i], row);
      } else {
        row.text += text_of(value, layout_.names[i], object.line);
      }
    }
    if (layout_.columns.second) row.second = text_of(value, layout_.names[*layout_.columns.second], object.line);
    for (const std::size_t i : layout_.columns.labels) {
      const std::string& key = layout_.names[i];
      if (const Json* list = list_of(value, key)) {
        require(layout_.columns.labels.size() == 1,
                "{}: line {}: {} must be one label, as there are several columns, got a list", file_, object.line, key);
        row.is_list = true;
        for (const Json& item : *list) row.labels.push_back(label_of(item, key, object.line));
      } else {
        row.labels.push_back(label_under(value, key, object.line));
      }
    }
    blank_lines_.end_row();
    take_(std::move(row));
  }

  void skip_blank(std::size_t line) { blank_lines_.skip(line); }
  std::vector<std::string> notes() const { return blank_lines_.notes(file_); }

 private:
  const std::string& text_of(const Json& object, const std::string& key, std::size_t line) const {
    const auto found = object.find(key);
    if (found == object.end())
      fail("{}: line {}: a row must have the key {}, got {}", file_, line, key, keys_shown(object));
    require(found->is_string(), "{}: line {}: {} must be a string, got {}", file_, line, key,
            engine::excerpt(engine::shown(*found)));
    return found->text();
  }

  // The list under the key; null if there is no list.
  static const Json* list_of(const Json& object, const std::string& key) {
    const auto found = object.find(key);
    return found != object.end() && found->is_array() ? &*found : nullptr;
  }

  void take_words(const Json& words, const std::string& key, Row& row) const {
    require(layout_.columns.text.size() == 1, "{}: line {}: {} must be a string, as texts are joined, got a list",
            file_, row.line, key);
    for (const Json& word : words) {
      require(word.is_string() && !word.text().empty(), "{}: line {}: {} must be words, got {}", file_, row.line, key,
              engine::excerpt(engine::shown(word)));
      if (!row.text.empty()) row.text += ' ';
      row.text += word.text();
      row.word_ends.push_back(static_cast<std::uint32_t>(row.text.size()));
    }
    require(!row.word_ends.empty(), "{}: line {}: {} must hold a word, is an empty list", file_, row.line, key);
  }

  std::string label_under(const Json& object, const std::string& key, std::size_t line) const {
    const auto found = object.find(key);
    if (found == object.end())
      fail("{}: line {}: a row must have a label under the key {}, got {}", file_, line, key, keys_shown(object));
    return label_of(*found, key, line);
  }

  std::string label_of(const Json& found, const std::string& key, std::size_t line) const {
    if (found.is_number_float() && std::trunc(found.get<double>()) == found.get<double>() &&
        std::abs(found.get<double>()) < 9e15)
      return std::to_string(static_cast<std::int64_t>(found.get<double>()));
    if (found.is_number() || found.is_boolean()) return found.dump();
    const std::string label = found.is_string() ? std::string(without_blanks(found.text())) : std::string();
    require(!found.is_null() && (!found.is_string() || !label.empty()),
            "{}: line {}: a row must have a label, got "
            "none",
            file_, line);
    require(found.is_string(), "{}: line {}: {} must be a string, a number or a boolean, got {}", file_, line, key,
            engine::excerpt(engine::shown(found)));
    return label;
  }

  static std::string keys_shown(const Json& object) {
    const std::vector<std::string> keys = keys_of(object);
    return keys.empty() ? "no keys" : engine::printable(fmt::format("{}", fmt::join(keys, ", ")), 200);
  }

  const std::string& file_;
  const Layout& layout_;
  const TakeRow& take_;
  BlankLines blank_lines_;
};

// Objects of an array, one after another, by their braces: strings are all that may hide one.
class Elements {
 public:
  Elements(TextReader& text, const std::string& file) : text_(text), file_(file) {}

  // Whether the text, which is at its beginning, is an array.
  static bool is_array(TextReader& text) {
    std::size_t first = first_mark(text);
    for (; first == std::string_view::npos && !text.is_last(); first = first_mark(text)) text.extend(1);
    return first != std::string_view::npos && text.window()[first] == '[';
  }

  // Throws Error for what is not [ object , object ... ] and no more. The object is there until the next call.
  bool next(Object& object) {
    skip_blanks();
    if (n_taken_ == 0) take("[");
    skip_blanks();
    if (text_.window().starts_with(']')) return end();
    if (n_taken_++ > 0) take(",");
    skip_blanks();
    require(text_.window().starts_with('{'), "{}: line {}: must be an object of the array, got '{}'", file_, line_,
            engine::excerpt(text_.window().substr(0, kShown)));
    const std::size_t size = length();
    object = {text_.window().substr(0, size), line_};
    drop(size);
    return true;
  }

 private:
  static constexpr std::size_t kShown = 20;  // bytes of what is wrong

  static std::size_t first_mark(const TextReader& text) { return text.window().find_first_not_of(" \t\r\n"); }

  // To the brace that closes the object, or all there is.
  std::size_t length() {
    for (;;) {
      if (const std::size_t found = length_in(text_.window()); found > 0) return found;
      if (text_.is_last()) return text_.window().size();
      text_.extend(line_);
    }
  }

  // 0: the object does not end in it.
  static std::size_t length_in(std::string_view text) {
    std::size_t depth = 0;
    bool in_string = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
      const char c = text[i];
      if (in_string) {
        if (c == '\\') ++i;
        in_string = c != '"';
      } else if (c == '"') {
        in_string = true;
      } else if (c == '{') {
        ++depth;
      } else if (c == '}' && --depth == 0) {
        return i + 1;
      }
    }
    return 0;
  }

  bool end() {
    take("]");
    skip_blanks();
    require(text_.window().empty(), "{}: line {}: must end with the array, got '{}'", file_, line_,
            engine::excerpt(text_.window().substr(0, kShown)));
    return false;
  }

  void take(std::string_view mark) {
    require(text_.window().starts_with(mark), "{}: line {}: must be '{}' of a JSON array, got '{}'", file_, line_, mark,
            text_.window().empty() ? "the end of the file" : engine::excerpt(text_.window().substr(0, kShown)));
    text_.drop(1);
  }

  // To what is no blank, with as much behind it as a message may show.
  void skip_blanks() {
    drop(std::min(first_mark(text_), text_.window().size()));
    while (text_.window().size() < kShown && !text_.is_last()) {
      text_.extend(line_);
      drop(std::min(first_mark(text_), text_.window().size()));
    }
  }

  void drop(std::size_t n) {
    const std::string_view dropped = text_.window().substr(0, n);
    line_ += static_cast<std::size_t>(std::count(dropped.begin(), dropped.end(), '\n'));
    text_.drop(n);
  }

  TextReader& text_;
  const std::string& file_;
  std::size_t line_ = 1, n_taken_ = 0;
};

Object first_object(std::string_view start, const std::string& file) {
  TextReader text(start);
  Object object{{}, 1};
  if (Elements::is_array(text)) {
    Elements elements(text, file);
    require(elements.next(object), "{}: must hold at least one text, got an empty array", file);
    return object;
  }
  for (; text.next_line(object.source); ++object.line) {
    if (!without_blanks(object.source).empty()) return object;
  }
  fail("{}: must hold at least one text, is empty", file);
}

}  // namespace

std::vector<std::pair<std::string, std::string_view>> members_of(std::string_view object) {
  std::vector<std::pair<std::string, std::string_view>> members;
  const auto skip_blanks = [&] { object.remove_prefix(std::min(object.find_first_not_of(" \t\r\n"), object.size())); };
  // From a quote to the one that ends the string.
  const auto string_length = [](std::string_view text) {
    std::size_t i = 1;
    while (text[i] != '"') i += text[i] == '\\' ? 2 : 1;
    return i + 1;
  };
  skip_blanks();
  object.remove_prefix(1);  // {
  for (skip_blanks(); !object.starts_with('}'); skip_blanks()) {
    if (object.starts_with(',')) object.remove_prefix(1);
    skip_blanks();
    const std::string_view name = object.substr(0, string_length(object));
    object.remove_prefix(name.size());
    skip_blanks();
    object.remove_prefix(1);  // :
    skip_blanks();
    std::size_t length = 0;
    for (int depth = 0; depth > 0 || (object[length] != ',' && object[length] != '}');) {
      const char c = object[length];
      depth += c == '{' || c == '[' ? 1 : c == '}' || c == ']' ? -1 : 0;
      length += c == '"' ? string_length(object.substr(length)) : 1;
    }
    std::string_view value = object.substr(0, length);
    value = value.substr(0, value.find_last_not_of(" \t\r\n") + 1);
    members.emplace_back(Json::parse(name).text(), value);
    object.remove_prefix(length);
  }
  return members;
}

std::vector<std::string> first_keys(std::string_view start, const std::string& file) {
  std::vector<std::string> keys;
  for (auto& [name, value] : members_of(first_object(start, file).source)) keys.push_back(std::move(name));
  return keys;
}

Layout look_at_json(std::string_view start, const std::string& file, Labels labels, const ReadingOptions& options) {
  const Object object = first_object(start, file);
  Layout layout{.separator = 0, .names = keys_of(parse_object(object, file)), .columns = {}};
  layout.columns = choose_columns(layout.names, options, labels, fmt::format("{}: line {}", file, object.line));
  return layout;
}

std::vector<std::string> parse_jsonl(TextReader& text, const std::string& file, const Layout& layout,
                                     const TakeRow& take) {
  text.rewind();
  Parser parser(file, layout, take);
  std::string_view source;
  for (std::size_t line = 1; text.next_line(source); ++line) {
    if (without_blanks(source).empty()) {
      parser.skip_blank(line);
    } else {
      parser.parse({source, line});
    }
  }
  return parser.notes();
}

std::vector<std::string> parse_json_file(TextReader& text, const std::string& file, const Layout& layout,
                                         const TakeRow& take) {
  text.rewind();
  if (!Elements::is_array(text)) return parse_jsonl(text, file, layout, take);
  Parser parser(file, layout, take);
  Elements elements(text, file);
  for (Object object; elements.next(object);) parser.parse(object);
  return {};
}

}  // namespace ingot::data
