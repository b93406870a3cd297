#include <algorithm>
#include <optional>

#include "data/table.h"
#include "data/utf8.h"
#include "engine/base/error.h"

namespace ingot::data {
using engine::require;

namespace {

// Reads records one after another, counting lines.
class Records {
 public:
  Records(std::string_view bytes, char separator, const std::string& file)
      : rest_(bytes), separator_(separator), file_(file) {}

  bool done() const { return rest_.empty(); }
  std::size_t line() const { return line_; }  // where the next record begins

  // The fields of the next record. The strings are reused: a large file has many short fields.
  void next(std::vector<std::string>& fields) {
    std::size_t n_fields = 0;
    bool more = true;
    while (more) {
      if (n_fields == fields.size()) fields.emplace_back();
      std::string& field = fields[n_fields++];
      field.clear();
      more = rest_.starts_with('"') ? take_quoted(field) : take_plain(field);
    }
    fields.resize(n_fields);
  }

 private:
  // Both return whether a separator, not the end of the record, follows the field.
  bool take_plain(std::string& field) {
    const char ends[] = {separator_, '\n'};
    const std::size_t length = std::min(rest_.find_first_of({ends, 2}), rest_.size());
    field = rest_.substr(0, length);
    rest_.remove_prefix(length);
    if (rest_.starts_with('\n') && field.ends_with('\r')) field.pop_back();
    return take_end();
  }

  bool take_quoted(std::string& field) {
    const std::size_t opened = line_;
    rest_.remove_prefix(1);
    for (;;) {
      const std::size_t quote = rest_.find('"');
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
    if (rest_.starts_with("\r\n")) rest_.remove_prefix(1);
    const bool ended = rest_.empty() || rest_.front() == separator_ || rest_.front() == '\n';
    require(ended, "{}: line {}: a quote inside a quoted field must be doubled, got '{}' after one", file_, line_,
            ended ? "" : excerpt(rest_.substr(0, 1)));
    return take_end();
  }

  bool take_end() {
    if (rest_.empty()) return false;
    const bool more = rest_.front() == separator_;
    if (!more) ++line_;
    rest_.remove_prefix(1);
    return more;
  }

  std::string_view rest_;
  std::size_t line_ = 1;
  char separator_;
  const std::string& file_;
};

std::optional<std::size_t> find_column(const std::vector<std::string>& header, std::string_view name,
                                       const std::string& file) {
  const auto n_found = std::count(header.begin(), header.end(), name);
  require(n_found <= 1, "{}: line 1: the header must name each column once, got {} {} times", file, name, n_found);
  if (n_found == 0) return std::nullopt;
  return static_cast<std::size_t>(std::find(header.begin(), header.end(), name) - header.begin());
}

std::string listed(const std::vector<std::string>& header) {
  std::string names;
  for (const std::string& name : header) names += (names.empty() ? "" : ", ") + name;
  return excerpt(names);
}

std::vector<Row> parse_delimited(std::string_view bytes, char separator, const std::string& file, Labels labels) {
  Records records(bytes, separator, file);
  std::vector<std::string> fields;
  records.next(fields);
  const auto text = find_column(fields, "text", file);
  const auto label = find_column(fields, "label", file);
  require(text.has_value(), "{}: line 1: the header must name a column text, got '{}'", file, listed(fields));
  require(label.has_value() || labels == Labels::ignored, "{}: line 1: the header must name a column label, got '{}'",
          file, listed(fields));
  const std::size_t n_columns = fields.size();
  std::vector<Row> rows;
  while (!records.done()) {
    const std::size_t line = records.line();
    records.next(fields);
    require(fields.size() == n_columns, "{}: line {}: a row must have {} fields as the header has, got {}", file, line,
            n_columns, fields.size());
    Row row{.text = fields[*text], .label = {}, .line = line};
    if (labels == Labels::required) {
      row.label = fields[*label];
      require(!row.label.empty(), "{}: line {}: a row must have a label, got none", file, line);
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace

std::vector<Row> parse_csv(std::string_view bytes, const std::string& file, Labels labels) {
  return parse_delimited(bytes, ',', file, labels);
}

std::vector<Row> parse_tsv(std::string_view bytes, const std::string& file, Labels labels) {
  return parse_delimited(bytes, '\t', file, labels);
}

}  // namespace ingot::data
