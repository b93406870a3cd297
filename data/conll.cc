// Words with tags, a line each.
#include <algorithm>

#include "data/table.h"
#include "engine/base/error.h"
#include "engine/base/printable.h"

namespace ingot::data {
using engine::require;

namespace {

constexpr std::string_view kBlanks = " \t";

// The columns of a line. With tabs in it they are separated by single tabs: a word may then hold blanks.
std::vector<std::string_view> columns_of(std::string_view line) {
  std::vector<std::string_view> columns;
  const bool tabs = line.find('\t') != line.npos;
  while (!line.empty()) {
    const std::size_t end = std::min(line.find_first_of(tabs ? "\t" : kBlanks), line.size());
    if (tabs || end > 0) columns.push_back(without_blanks(line.substr(0, end)));
    line.remove_prefix(std::min(end + 1, line.size()));
  }
  return columns;
}

// Whether a line is no word: the mark between documents, or a comment, which has another number of columns than words.
bool is_mark(const std::vector<std::string_view>& columns, std::size_t n_columns) {
  return columns.front() == "-DOCSTART-" || (columns.front().starts_with('#') && columns.size() == 1) ||
         (columns.front() == "#" && columns.size() != (n_columns == 0 ? 2 : n_columns));
}

}  // namespace

Layout look_at_conll(std::string_view, const std::string& file, Labels, const ReadingOptions& options) {
  require(options.text.empty() && options.pair.empty() && options.label.empty() && options.separator.empty(),
          "{}: has a word in its first column and a tag in its last; --text, --pair, --label and --separator are about "
          "other tables",
          file);
  Layout layout;
  layout.names = {"words", "tags"};
  layout.columns = {.text = {0}, .second = {}, .labels = {1}, .note = {}};
  return layout;
}

std::vector<std::string> parse_conll(TextReader& text, const std::string& file, const Layout&, const TakeRow& take) {
  Row row;
  std::size_t n_columns = 0;
  const auto end_text = [&] {
    if (!row.word_ends.empty()) take(std::move(row));
    row = Row();
  };
  text.rewind();
  std::string_view line;
  for (std::size_t line_number = 1; text.next_line(line); ++line_number) {
    const std::vector<std::string_view> columns = columns_of(line);
    if (columns.empty() || (columns.size() == 1 && columns.front().empty())) {
      end_text();
      continue;
    }
    if (is_mark(columns, n_columns)) continue;
    if (n_columns == 0) n_columns = columns.size();
    require(n_columns >= 2, "{}: line {}: a line must have a word and a tag, got '{}'", file, line_number,
            engine::excerpt(line));
    require(columns.size() == n_columns, "{}: line {}: a line must have {} columns as the first has, got {}", file,
            line_number, n_columns, columns.size());
    require(!columns.front().empty() && !columns.back().empty(),
            "{}: line {}: a line must have a word and a tag, got '{}'", file, line_number, engine::excerpt(line));
    if (row.word_ends.empty()) row.line = line_number;
    if (!row.text.empty()) row.text += ' ';
    row.text += columns.front();
    row.word_ends.push_back(static_cast<std::uint32_t>(row.text.size()));
    row.labels.emplace_back(columns.back());
    row.is_list = true;
  }
  end_text();
  return {};
}

}  // namespace ingot::data
