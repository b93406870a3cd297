#include "pipeline/predict.h"

#include <fmt/format.h>

#include <optional>

#include "bert/head.h"
#include "data/table_writer.h"
#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/base/progress.h"

namespace ingot::pipeline {
namespace {

using engine::require;

constexpr std::size_t kRowsAtOnce = 2048;

data::Field field_of(const engine::Json& value) {
  if (value.is_string()) return {value.text(), false};
  return {value.dump(), true};
}

// Where a table goes: a file that replaces another only when it is whole, or what prints.
class Output {
 public:
  Output(const std::string& path, const Print& print) : print_(print) {
    if (!path.empty() && path != "-") file_.emplace(path);
  }

  void write(const std::string& text) {
    if (file_) {
      file_->write(text);
    } else {
      print_(text);
    }
  }
  void commit() {
    if (file_) file_->commit();
  }

 private:
  const Print& print_;
  std::optional<engine::AtomicFile> file_;
};

// Work on a row, whose errors name its place.
template <class Work>
auto at(const data::TableFile& table, const data::TableRow& row, const Work& work) {
  return engine::with_subject([&] { return fmt::format("{}: line {}", table.path().string(), row.line); }, work);
}

// Asks about rows and writes them with what is answered.
class TableAnswers {
 public:
  TableAnswers(const data::TableFile& table, data::TableKind kind, bert::Detail detail, Predictor& predictor)
      : table_(table), kind_(kind), detail_(detail), predictor_(predictor) {
    detail_.lists = kind == data::TableKind::jsonl;
  }

  // The lines of these rows; before the first ones that of the header.
  std::string lines(std::vector<data::TableRow>&& rows) {
    std::vector<data::Example> texts;
    for (data::TableRow& row : rows)
      texts.push_back(at(
          table_, row, [&] { return predictor_.question(std::move(row.text), std::move(row.second), row.word_ends); }));
    const std::vector<Predicted> all = predictor_.predict(texts);
    std::string text;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      at(table_, rows[i], [&] { require(all[i].fault.empty(), "{}", all[i].fault); });
      const auto columns = predictor_.head().columns(predictor_.as_prediction(all[i]), detail_);
      if (!writer_) text += begin(columns);
      std::vector<data::Field> fields;
      for (const bert::AnswerColumn& column : columns) fields.push_back(field_of(column.value));
      text += writer_->line(rows[i], fields);
    }
    return text;
  }

 private:
  std::string begin(const std::vector<bert::AnswerColumn>& columns) {
    std::vector<std::string> wanted;
    for (const bert::AnswerColumn& column : columns) wanted.push_back(column.name);
    writer_.emplace(kind_, table_.path().string(), table_.names(), data::free_names(table_.names(), wanted));
    return writer_->header();
  }

  const data::TableFile& table_;
  data::TableKind kind_;
  bert::Detail detail_;
  Predictor& predictor_;
  std::optional<data::TableWriter> writer_;
};

void check_pair(const data::TableRow& row, const std::string& file) {
  for (const std::string* side : {&row.text, &row.second})
    require(!data::without_blanks(*side).empty(),
            "{}: line {}: both texts of a pair must have content, the {} has none", file, row.line,
            side == &row.text ? "first" : "second");
}

}  // namespace

void check_detail(const bert::Head& head, const bert::Detail& detail) {
  require(head.describe != nullptr,
          "the task of the model is {}, which answers with vectors: `ingot embed` writes them", head.task);
  require(head.ranks_labels || detail.top_k == 0, "--top-k: is about labels of texts, the task of the model is {}",
          head.task);
  require(head.ranks_labels || !detail.probabilities,
          "--probabilities: is about labels of texts, the task of the model is {}", head.task);
}

data::TableFile open_table(const DataOptions& o) {
  data::TableFile table(data::locate(o.data), {.text = o.text,
                                               .pair = o.pair,
                                               .label = {},
                                               .separator = o.separator,
                                               .answers = {},
                                               .most_bytes = static_cast<std::uint64_t>(o.data_limit) << 20});
  say_notes(table.notes());
  return table;
}

void for_each_batch(const data::TableFile& table, const char* what,
                    const std::function<void(std::vector<data::TableRow>&& rows)>& take) {
  engine::Progress meter(what, 0);
  std::vector<data::TableRow> rows;
  std::int64_t n_done = 0;
  const auto end_batch = [&] {
    if (rows.empty()) return;
    n_done += std::ssize(rows);
    take(std::exchange(rows, {}));
    meter.update(n_done);
  };
  const std::vector<std::string> notes = table.read([&](data::TableRow&& row) {
    if (table.has_pairs()) check_pair(row, table.path().string());
    rows.push_back(std::move(row));
    if (rows.size() == kRowsAtOnce) end_batch();
  });
  end_batch();
  say_notes(notes);
}

engine::Json predict_table(const TableOptions& o, Predictor& predictor, const Print& print) {
  const data::TableFile table = open_table(o);
  require(!predictor.model().framing.pairs || table.has_pairs(),
          "{}: must have two columns of texts, as the model was trained on pairs; name the second with --pair",
          table.path().string());
  const bool to_file = !o.out.empty() && o.out != "-";
  const data::TableKind kind = to_file ? data::table_kind(o.out, "--out") : table.kind();
  Output output(o.out, print);
  TableAnswers answers(table, kind, o.detail, predictor);
  std::int64_t n_rows = 0;
  for_each_batch(table, "predict", [&](std::vector<data::TableRow>&& rows) {
    n_rows += std::ssize(rows);
    output.write(answers.lines(std::move(rows)));
  });
  output.commit();
  predictor.say_truncation();
  return {{"model", predictor.model().folder.string()},
          {"data", table.path().string()},
          {"rows", n_rows},
          {"out", to_file ? engine::Json(o.out) : engine::Json()}};
}

}  // namespace ingot::pipeline
