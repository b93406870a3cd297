#include "data/table_file.h"

#include "data/readers.h"
#include "data/text_file.h"
#include "engine/base/error.h"
#include "engine/base/printable.h"
#include "engine/io/json.h"

namespace ingot::data {
namespace {

using engine::require;

TableKind kind_of(const FileFormat& format) {
  if (format.look == look_at_json) return TableKind::jsonl;
  return format.extension == ".tsv" ? TableKind::tsv : TableKind::csv;
}

Field field_of(std::string_view json) {
  if (!json.starts_with('"')) return {std::string(json), true};
  if (json.find('\\') == json.npos) return {std::string(json.substr(1, json.size() - 2)), false};
  return {engine::Json::parse(json).text(), false};
}

}  // namespace

TableFile::TableFile(std::filesystem::path file, ReadingOptions options)
    : file_(std::move(file)), options_(std::move(options)), format_(format_of(file_)) {
  require(
      type_of(file_) != std::filesystem::file_type::directory && format_ != nullptr && format_->look != look_at_conll,
      "{}: must be a .csv, .tsv, .jsonl, .json or .txt file, each also .gz", file_.string());
  kind_ = kind_of(*format_);
  within_memory(file_.string(), [&] {
    const std::string start = read_start(file_, kStartBytes, options_.limit());
    layout_ = format_->look(start, file_.string(), Labels::ignored, options_);
    names_ = layout_.names;
    if (kind_ == TableKind::jsonl) names_ = first_keys(start, file_.string());
    if (names_.empty()) names_.emplace_back("text");
  });
}

std::vector<std::string> TableFile::notes() const {
  const auto shown = [&](std::size_t i) { return engine::printable(layout_.names[i], 100); };
  const Columns& columns = layout_.columns;
  if (columns.text.empty()) return {};
  if (columns.second)
    return {
        fmt::format("{}: pairs are columns {} and {}", file_.string(), shown(columns.text[0]), shown(*columns.second))};
  std::string texts;
  for (const std::size_t i : columns.text) {
    if (!texts.empty()) texts += " and ";
    texts += shown(i);
  }
  if (texts == "text") return {};
  return {fmt::format("{}: texts are column {}", file_.string(), texts)};
}

TableRow TableFile::row_of(Row&& row) const {
  TableRow table{.text = std::move(row.text),
                 .second = std::move(row.second),
                 .word_ends = std::move(row.word_ends),
                 .line = row.line,
                 .names = {},
                 .fields = {}};
  if (!row.source.empty()) {
    for (auto& [name, value] : members_of(row.source)) {
      table.names.push_back(std::move(name));
      table.fields.push_back(field_of(value));
    }
  } else if (row.fields.empty()) {
    table.fields.push_back({table.text});
  } else {
    for (const std::string& field : row.fields) table.fields.push_back({field});
  }
  return table;
}

std::vector<std::string> TableFile::read(const std::function<void(TableRow&& row)>& take) const {
  return within_memory(file_.string(), [&] {
    TextReader text(file_, options_.limit());
    std::size_t n_rows = 0;
    auto notes = format_->parse(text, file_.string(), layout_, [&](Row&& row) {
      ++n_rows;
      take(row_of(std::move(row)));
    });
    require(n_rows > 0, "{}: must hold at least one text, got none", file_.string());
    return notes;
  });
}

}  // namespace ingot::data
