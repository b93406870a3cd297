// Parses delimited files. Quotes are what makes them hard. By RFC 4180 one missing quote swallows all rows up to the
// next quote, in silence; and many files with tabs use quotes as ordinary characters.
//
// So no convention is trusted before the file confirms it. A file with tabs is first read line by line, which is right
// if every line has as many fields as the header. Otherwise records are read by RFC 4180, and a quoted field that holds
// what would be a whole row is an Error. The price is that a text which quotes a whole row of its own file is refused.
// data/table.h states the rules.
#include <algorithm>
#include <array>
#include <functional>
#include <optional>
#include <unordered_set>

#include "data/table.h"
#include "engine/base/error.h"
#include "engine/base/printable.h"

namespace ingot::data {
using engine::fail;
using engine::require;

namespace {

// Reads records by RFC 4180 one after another, counting lines. A record that reaches the end of the window may go on
// behind it: it is read again in a larger one.
class Records {
 public:
  Records(TextReader& text, char separator, const std::string& file)
      : text_(text), separator_(separator), file_(file) {}

  bool done() {
    while (text_.window().empty() && !text_.is_last()) text_.extend(line_);
    return text_.window().empty();
  }
  std::size_t line() const { return line_; }  // where the next record begins

  // Takes a line off that has nothing but blanks on it.
  bool skip_blank_line() {
    const char* const blanks = separator_ == '\t' ? " \r" : " \t\r";
    std::size_t end = text_.window().find_first_not_of(blanks);
    for (; end == std::string_view::npos && !text_.is_last(); end = text_.window().find_first_not_of(blanks))
      text_.extend(line_);
    if (end != std::string_view::npos && text_.window()[end] != '\n') return false;
    text_.drop(end == std::string_view::npos ? text_.window().size() : end + 1);
    ++line_;
    return true;
  }

  // The first `most` fields of the next record, and how many it has. The strings are reused: a large file has many
  // short fields.
  std::size_t next(std::vector<std::string>& fields, std::size_t most) {
    const std::size_t line = line_;
    std::size_t n_fields = look(fields, most);
    while ((is_cut_ || rest_.empty()) && !text_.is_last()) {
      line_ = line;
      text_.extend(line);
      n_fields = look(fields, most);
    }
    source_ = text_.window().substr(0, text_.window().size() - rest_.size());
    text_.drop(source_.size());
    return n_fields;
  }

  // The last record as it is in the file, with its line end.
  std::string_view source() const { return source_; }

 private:
  // Reads the record at the beginning of the window.
  std::size_t look(std::vector<std::string>& fields, std::size_t most) {
    std::size_t n_fields = 0;
    rest_ = text_.window();
    is_cut_ = false;
    for (bool more = true; more; ++n_fields) {
      if (n_fields < most && n_fields == fields.size()) fields.emplace_back();
      std::string& field = n_fields < most ? fields[n_fields] : surplus_;
      field.clear();
      more = rest_.starts_with('"') ? take_quoted(field) : take_plain(field);
    }
    fields.resize(std::min(n_fields, most));
    return n_fields;
  }

  // Both return whether a separator, not the end of the record, follows the field.
  bool take_plain(std::string& field) {
    const char ends[] = {separator_, '\n'};
    const std::size_t length = std::min(rest_.find_first_of({ends, 2}), rest_.size());
    field = rest_.substr(0, length);
    rest_.remove_prefix(length);
    if ((rest_.empty() || rest_.front() == '\n') && field.ends_with('\r')) field.pop_back();
    return take_end();
  }

  bool take_quoted(std::string& field) {
    const std::size_t opened = line_;
    rest_.remove_prefix(1);
    for (;;) {
      const std::size_t quote = rest_.find('"');
      if (quote == rest_.npos && !text_.is_last()) return cut();
      require(quote != rest_.npos, "{}: line {}: a quoted field must end with a quote, got the end of the file", file_,
              opened);
      const std::string_view part = rest_.substr(0, quote);
      line_ += static_cast<std::size_t>(std::count(part.begin(), part.end(), '\n'));
      field += part;
      rest_.remove_prefix(quote + 1);
      if (!rest_.starts_with('"')) break;
      field += '"';
      rest_.remove_prefix(1);
    }
    if (rest_.size() < 2 && !text_.is_last()) return cut();
    if (rest_.starts_with("\r\n") || rest_ == "\r") rest_.remove_prefix(1);
    const bool ended = rest_.empty() || rest_.front() == separator_ || rest_.front() == '\n';
    if (!ended) {
      require(opened == line_,
              "{}: line {}: the quoted field that begins here has a quote in line {} with '{}' behind "
              "it; a quote inside must be doubled",
              file_, opened, line_, engine::excerpt(rest_.substr(0, 1)));
      fail("{}: line {}: a quote inside a quoted field must be doubled, got '{}' after one", file_, line_,
           engine::excerpt(rest_.substr(0, 1)));
    }
    return take_end();
  }

  bool take_end() {
    if (rest_.empty()) return false;
    const bool more = rest_.front() == separator_;
    if (!more) ++line_;
    rest_.remove_prefix(1);
    return more;
  }

  bool cut() {
    is_cut_ = true;
    return false;
  }

  TextReader& text_;
  std::string_view rest_, source_;  // of the window
  bool is_cut_ = false;
  std::size_t line_ = 1;
  char separator_;
  const std::string& file_;
  std::string surplus_;
};

// A field between two separators, quotes and all.
std::string_view nth_field(std::string_view line, char separator, std::size_t n) {
  for (; n > 0; --n) line.remove_prefix(std::min(line.find(separator), line.size() - 1) + 1);
  return line.substr(0, line.find(separator));
}

std::size_t n_fields_of(std::string_view line, char separator) {
  return 1 + static_cast<std::size_t>(std::count(line.begin(), line.end(), separator));
}

// Whether all of a field is in quotes, and those inside are doubled.
bool is_quoted(std::string_view field) {
  if (field.size() < 2 || !field.ends_with('"')) return false;
  field = field.substr(1, field.size() - 2);
  for (std::size_t at = field.find('"'); at != field.npos; at = field.find('"', at + 2)) {
    if (!field.substr(at + 1).starts_with('"')) return false;
  }
  return true;
}

std::string unquoted(std::string_view field) {
  if (!field.starts_with('"')) return std::string(field);
  std::string text;
  for (std::size_t i = 1; i + 1 < field.size(); ++i) {
    text += field[i];
    i += field[i] == '"' ? 1 : 0;
  }
  return text;
}

constexpr std::size_t kMostSuspects = 1000;  // lines that are looked at again

class Parser {
 public:
  Parser(TextReader& text, const std::string& file, const Layout& layout, const TakeRow& take)
      : text_(text), file_(file), layout_(layout), take_(take), n_columns_(layout.names.size()) {}

  std::vector<std::string> parse() {
    if (layout_.separator != '\t' || !parse_as_lines()) parse_records();
    return blank_lines_.notes(file_);
  }

 private:
  void take_row(const std::vector<std::string>& fields, std::size_t line) {
    blank_lines_.end_row();
    Row row{.text = {}, .line = line, .fields = fields};
    for (const std::size_t i : layout_.columns.text) {
      if (i != layout_.columns.text.front()) row.text += ' ';
      row.text += fields[i];
    }
    if (layout_.columns.second) row.second = fields[*layout_.columns.second];
    for (const std::size_t i : layout_.columns.labels) {
      row.labels.emplace_back(without_blanks(fields[i]));
      require(!row.labels.back().empty(), "{}: line {}: a row must have a label, got none{}", file_, line,
              layout_.columns.labels.size() > 1 ? " in column " + engine::printable(layout_.names[i], 100) : "");
    }
    take_(std::move(row));
  }

  void check_count(std::size_t n_fields, std::size_t line) const {
    require(n_fields == n_columns_, "{}: line {}: a row must have {} fields as the header has, got {}", file_, line,
            n_columns_, n_fields);
  }

  // RFC 4180.
  void parse_records() {
    text_.rewind();
    Records records(text_, layout_.separator, file_);
    std::vector<std::string> fields;
    records.next(fields, kMostColumns);
    while (!records.done()) {
      const std::size_t line = records.line();
      if (records.skip_blank_line()) {
        blank_lines_.skip(line);
        continue;
      }
      check_count(records.next(fields, n_columns_), line);
      if (has_labels()) labels_.emplace(without_blanks(fields[layout_.columns.labels.front()]));
      look_for_rows_in(records.source(), line);
      take_row(fields, line);
    }
    for (const Suspect& suspect : suspects_) check(suspect);
  }

  // A line in a quoted field that would be a row. It is one if other rows have its label; where the field begins in a
  // line that would be a row too, both labels count.
  struct Suspect {
    std::size_t line, inside;  // of the record, and the suspect itself
    std::vector<std::string> labels;
  };

  void check(const Suspect& suspect) const {
    for (const std::string& label : suspect.labels) {
      if (!labels_.contains(label)) return;
    }
    fail(
        "{}: line {}: the quoted field that begins here holds line {}, which would be a row of its own with the label "
        "{}: is a quote missing?",
        file_, suspect.line, suspect.inside, suspect.labels.back());
  }

  // Of a record of several lines: those inside, and the last if the first would be a row too. The labels of later rows
  // are not known yet: what is suspect is looked at again at the end.
  void look_for_rows_in(std::string_view record, std::size_t record_line) {
    std::string_view rest = record;
    std::string_view first;
    for (std::size_t i = 0; !rest.empty(); ++i) {
      const std::string_view line = take_line(rest);
      const bool is_row = n_fields_of(line, layout_.separator) == n_columns_;
      if (i == 0 && is_row) first = line;
      const bool is_last = rest.empty();
      if (i == 0 || !is_row || (is_last && first.empty())) continue;
      require(layout_.separator != '\t',
              "{}: line {}: the quoted field that begins here holds line {}, which would be a row of its own: is a "
              "quote missing, or are quotes no quotes in this file?",
              file_, record_line, record_line + i);
      if (!has_labels()) continue;
      Suspect suspect{record_line, record_line + i, {label_in(line)}};
      if (is_last) suspect.labels.insert(suspect.labels.begin(), label_in(first));
      check(suspect);
      if (suspects_.size() < kMostSuspects) suspects_.push_back(std::move(suspect));
    }
  }

  bool has_labels() const { return !layout_.columns.labels.empty(); }

  std::string label_in(std::string_view line) const {
    const std::string_view field = without_blanks(nth_field(line, layout_.separator, layout_.columns.labels.front()));
    return is_quoted(field) ? unquoted(field) : std::string(field);
  }

  // Whether every line is a row, which then are taken.
  bool parse_as_lines() {
    bool begins_quoted = false, all_quoted = true, is_header_quoted = false;
    std::size_t wrong_line = 0, wrong_count = 0, line_number = 0;
    text_.rewind();
    for (std::string_view line; text_.next_line(line);) {
      ++line_number;
      const std::size_t n_fields = n_fields_of(line, '\t');
      if (line_number == 1) is_header_quoted = !is_header(line);
      if (wrong_line == 0 && !is_blank(line) && n_fields != n_columns_) {
        wrong_line = line_number;
        wrong_count = n_fields;
      }
      for_each_field(line, [&](std::string_view field) {
        begins_quoted |= field.starts_with('"');
        all_quoted &= !field.starts_with('"') || is_quoted(field);
      });
    }
    if (wrong_line > 0) {
      if (!begins_quoted) check_count(wrong_count, wrong_line);
      return false;
    }
    require(n_columns_ > 1 || all_quoted,
            "{}: one column with quotes that do not end in their line: texts of several "
            "lines, or quotes that are none? Write one text a line as .txt, or texts in quotes as .csv",
            file_);
    if (is_header_quoted && !all_quoted) return false;
    take_lines(all_quoted);
    return true;
  }

  // Whether the line has the names of the columns as they are, without quotes around any.
  bool is_header(std::string_view line) const {
    std::size_t i = 0;
    bool is_same = true;
    for_each_field(line, [&](std::string_view field) { is_same &= i < n_columns_ && field == layout_.names[i++]; });
    return is_same && i == n_columns_;
  }

  bool is_blank(std::string_view line) const { return line.find_first_not_of(" \r") == line.npos; }

  template <class Look>
  static void for_each_field(std::string_view line, const Look& look) {
    for (;;) {
      const std::size_t end = line.find('\t');
      look(line.substr(0, end));
      if (end == line.npos) break;
      line.remove_prefix(end + 1);
    }
  }

  void take_lines(bool quoted) {
    std::vector<std::string> fields(n_columns_);
    text_.rewind();
    std::string_view line;
    text_.next_line(line);  // the header
    for (std::size_t line_number = 2; text_.next_line(line); ++line_number) {
      if (is_blank(line)) {
        blank_lines_.skip(line_number);
        continue;
      }
      for (std::string& field : fields) {
        const std::string_view part = line.substr(0, line.find('\t'));
        if (quoted) {
          field = unquoted(part);
        } else {
          field = part;
        }
        line.remove_prefix(std::min(part.size() + 1, line.size()));
      }
      take_row(fields, line_number);
    }
  }

  TextReader& text_;
  const std::string& file_;
  const Layout& layout_;
  const TakeRow& take_;
  std::size_t n_columns_;
  BlankLines blank_lines_;
  std::unordered_set<std::string> labels_;
  std::vector<Suspect> suspects_;
};

constexpr std::string_view kSeparators = ",;\t|";

std::vector<std::string> header_of(std::string_view start, char separator, const std::string& file) {
  TextReader text(start);
  Records records(text, separator, file);
  std::vector<std::string> names;
  const std::size_t n = records.next(names, kMostColumns);
  require(n <= kMostColumns, "{}: line 1: must have at most {} columns, got more", file, kMostColumns);
  return names;
}

char separator_from(const std::string& name) {
  if (name == "tab" || name == "\\t") return '\t';
  require(
      name.size() == 1 && name != "\"" && name != "\n" && name != "\r" && static_cast<unsigned char>(name[0]) < 0x80,
      "--separator: must be one character or tab, got '{}'", name);
  return name[0];
}

// The header under the separator that makes most sense of it; the first wins ties.
void choose_separator(std::string_view start, const std::string& separators, const std::string& file, Labels labels,
                      const ReadingOptions& options, Layout& layout) {
  std::pair<int, bool> best{-1, false};
  std::optional<engine::Error> first_error;
  for (const char separator : separators) {
    try {
      std::vector<std::string> names = header_of(start, separator, file);
      const std::pair score{n_recognised(names, options, labels), names.size() > 1};
      if (score <= best) continue;
      best = score;
      layout.separator = separator;
      layout.names = std::move(names);
    } catch (const engine::Error& error) {  // quotes that are none under this separator, or too many columns
      if (!first_error) first_error = error;
    }
  }
  if (first_error && best.first <= 0) throw *first_error;
}

Layout look_at_delimited(std::string_view start, char usual, const std::string& file, Labels labels,
                         const ReadingOptions& options) {
  Layout layout{.separator = usual, .names = {}, .columns = {}};
  require(!without_blanks(start.substr(0, start.find('\n'))).empty(),
          "{}: must begin with a line that names the columns, got {}", file,
          start.empty() ? "nothing" : "a blank line");
  if (!options.separator.empty()) {
    layout.separator = separator_from(options.separator);
    layout.names = header_of(start, layout.separator, file);
  } else {
    choose_separator(start, std::string(1, usual) + std::string(kSeparators), file, labels, options, layout);
  }
  layout.columns = choose_columns(layout.names, options, labels, file + ": line 1");
  std::string& note = layout.columns.note;
  if (layout.separator != usual && options.separator.empty()) {
    const std::string shown = layout.separator == '\t' ? "tab" : std::string(1, layout.separator);
    note = "fields are separated by " + shown + (note.empty() ? "" : ", " + note);
  }
  return layout;
}

}  // namespace

Layout look_at_csv(std::string_view start, const std::string& file, Labels labels, const ReadingOptions& options) {
  return look_at_delimited(start, ',', file, labels, options);
}

Layout look_at_tsv(std::string_view start, const std::string& file, Labels labels, const ReadingOptions& options) {
  return look_at_delimited(start, '\t', file, labels, options);
}

std::vector<std::string> parse_delimited(TextReader& text, const std::string& file, const Layout& layout,
                                         const TakeRow& take) {
  return Parser(text, file, layout, take).parse();
}

}  // namespace ingot::data
