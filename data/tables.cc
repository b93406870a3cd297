// Files and folders of tables: which file is which part, and what the labels are called.
#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <tuple>

#include "data/answers.h"
#include "data/readers.h"
#include "data/spellings.h"
#include "data/table.h"
#include "data/text_file.h"
#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/base/printable.h"
#include "engine/base/system_error.h"

namespace ingot::data {
namespace fs = std::filesystem;
using engine::fail;
using engine::require;

namespace {

using Format = FileFormat;

// One row a format. Each may also be compressed by gzip, with .gz behind its extension.
constexpr std::array kFormats{
    Format{".csv", true, look_at_csv, parse_delimited},   Format{".tsv", true, look_at_tsv, parse_delimited},
    Format{".jsonl", true, look_at_json, parse_jsonl},    Format{".ndjson", true, look_at_json, parse_jsonl},
    Format{".json", true, look_at_json, parse_json_file}, Format{".conll", true, look_at_conll, parse_conll},
    Format{".bio", true, look_at_conll, parse_conll},     Format{".iob2", true, look_at_conll, parse_conll},
    Format{".txt", false, look_at_lines, parse_lines},
};

// Other files that may hold texts: named when they are not used.
constexpr std::array<std::string_view, 12> kOtherData{".parquet", ".arrow", ".feather", ".xlsx", ".xls", ".zip",
                                                      ".tar",     ".tgz",   ".bz2",     ".xz",   ".zst", ".gz"};

// The names that a part may have.
struct Stems {
  std::array<std::string_view, 4> names;
  bool needs_labels;
};
constexpr Stems kTrain{{"train"}, true}, kTest{{"test"}, true};
constexpr Stems kValidation{{"validation", "valid", "dev", "val"}, true}, kNoLabels{{"unlabelled"}, false};

// Labels of a part, spelled otherwise than in the training part, that a note names.
constexpr std::size_t kMostNamed = 10;

// A file and how it is read.
struct File {
  fs::path file;  // empty: there is none
  Labels labels = Labels::required;
  Layout layout = {};

  bool is_there() const { return !file.empty(); }
};

File look_at(const fs::path& file, Labels labels, const ReadingOptions& options) {
  File part{.file = file, .labels = labels};
  if (part.is_there()) {
    const std::string start = read_start(file, kStartBytes, options.limit());
    part.layout = format_of(file)->look(start, file.string(), labels, options);
  }
  return part;
}

class Tables final : public Source {
 public:
  Tables(fs::path path, ReadingOptions options) : path_(std::move(path)), options_(std::move(options)) {}

  std::string name() const override { return path_.string(); }

  std::uint64_t fingerprint() const override {
    const std::string how = fmt::format("tables 4/{}/{}/{}/{}/{}", options_.text, options_.pair, options_.label,
                                        options_.separator, answers_key());
    if (are_files_) return files_fingerprint(how);
    if (type_of(path_) != fs::file_type::directory) {
      const fs::path plain = without_gzip(path_);
      return file_fingerprint(how + lower_extension(plain), path_, options_.limit());
    }
    std::uint64_t hash = engine::content_hash(how);
    for (const File* part : {&train_, &test_, &unlabelled_, &validation_}) {
      if (part->is_there()) hash = stamp_fingerprint(part->file, path_, hash);
    }
    return hash;
  }

  std::vector<std::string> notes() const override {
    std::vector<std::string> all;
    for (const File* part : {&train_, &validation_, &test_, &unlabelled_}) {
      if (part->is_there() && !part->layout.columns.note.empty())
        all.push_back(fmt::format("{}: {}", part->file.string(), part->layout.columns.note));
    }
    all.insert(all.end(), notes_.begin(), notes_.end());
    return all;
  }

  CorpusFacts visit(const Take& take) const override {
    return within_memory(name(), [&] { return visit_parts(take); });
  }

  Reading reading() const override { return reading_; }

  // A file by itself.
  void open_file(const Format& format) {
    if (format.has_labels && without_gzip(path_).stem() != "unlabelled") {
      train_ = look_at(path_, Labels::required, options_);
    } else {
      unlabelled_ = look_at(path_, Labels::ignored, options_);
    }
  }

  // Files of these parts. Who names a file wants it read: one without labels is no test part, and an Error.
  void open_files(const fs::path& validation, const fs::path& test) {
    are_files_ = true;
    const std::pair<File*, fs::path> parts[] = {{&train_, path_}, {&validation_, validation}, {&test_, test}};
    for (const auto& [part, file] : parts) {
      require(file.empty() || format_of(file)->has_labels, "{}: must be a table with labels, is a list of texts",
              file.string());
      *part = look_at(file, Labels::required, options_);
    }
  }

  // The parts in a folder; false if there are none.
  bool open_folder() {
    const fs::path train = find(kTrain), test = find(kTest), unlabelled = find(kNoLabels);
    const fs::path validation = find(kValidation);
    if (train.empty() && test.empty() && unlabelled.empty()) return false;
    require(!train.empty() || test.empty(), "{}: must hold train.* beside {}, got none", path_.string(),
            test.filename().string());
    train_ = look_at(train, Labels::required, options_);
    if (!train.empty()) validation_ = look_at(validation, Labels::required, options_);
    test_ = look_at(test, Labels::optional, options_);
    unlabelled_ = look_at(unlabelled, Labels::ignored, options_);
    if (test_.is_there() && test_.layout.columns.labels.empty() && !train_.layout.columns.labels.empty()) {
      notes_.push_back(fmt::format("{}: has no column of labels and is not used", test.string()));
      test_ = {};
    }
    note_unused({train, test, unlabelled, train.empty() ? fs::path() : validation});
    return true;
  }

 private:
  // Of the content, wherever the files lie.
  std::uint64_t files_fingerprint(const std::string& how) const {
    std::uint64_t hash = engine::content_hash(how);
    const std::pair<const char*, const File*> parts[] = {
        {"train", &train_}, {"validation", &validation_}, {"test", &test_}};
    for (const auto& [name, part] : parts) {
      if (!part->is_there()) continue;
      const std::string extension = lower_extension(without_gzip(part->file));
      hash = file_fingerprint(fmt::format("{:x}/{}{}", hash, name, extension), part->file, options_.limit());
    }
    return hash;
  }

  // Classes and tags are what they are, asked for or not.
  std::string_view answers_key() const {
    const bool same = !options_.answers || options_.answers == Answers::label || options_.answers == Answers::tags;
    return same ? "" : data::name(*options_.answers);
  }

  // The one file of a known format under one of these names; an empty path if there is none.
  fs::path find(const Stems& stems) const {
    fs::path found;
    for (const std::string_view stem : stems.names) {
      for (const Format& format : kFormats) {
        for (const char* packed : {"", ".gz"}) {
          const fs::path file = path_ / fmt::format("{}{}{}", stem, format.extension, packed);
          const bool usable = !stem.empty() && (format.has_labels || !stems.needs_labels);
          if (!usable || type_of(file) == fs::file_type::not_found || type_of(file) == fs::file_type::directory)
            continue;
          require(found.empty(), "{}: must hold one file {}.*, got {} and {}", path_.string(), stems.names[0],
                  found.filename().string(), file.filename().string());
          found = file;
        }
      }
    }
    return found;
  }

  // Names what looks like data and is not among the parts.
  void note_unused(const std::set<fs::path>& used) {
    std::set<std::string> names;
    std::error_code error;
    for (auto entry = fs::directory_iterator(path_, error); !error && entry != fs::directory_iterator();
         entry.increment(error)) {
      const fs::path& file = entry->path();
      if (used.contains(file) || file.filename().string().starts_with('.')) continue;
      const std::string extension = lower_extension(file);
      const bool other = std::find(kOtherData.begin(), kOtherData.end(), extension) != kOtherData.end();
      std::error_code ignored;
      const bool folder = entry->is_directory(ignored);
      if (folder || other || format_of(file) != nullptr) names.insert(file.filename().string() + (folder ? "/" : ""));
    }
    engine::require_done(error, path_, "read");
    if (!names.empty()) notes_.push_back(fmt::format("{}: not used: {}", path_.string(), fmt::join(names, ", ")));
  }

  // The training part is read twice: only the whole of it says what its labels are.
  CorpusFacts visit_parts(const Take& take) const {
    CorpusFacts facts;
    std::vector<std::string> columns;
    for (const std::size_t i : train_.layout.columns.labels) columns.push_back(train_.layout.names[i]);
    AnswerTable answers(columns, options_.answers);
    facts.has_pairs = (train_.is_there() ? train_ : unlabelled_).layout.columns.second.has_value();
    std::uint64_t room = options_.limit();
    begin_reading();
    if (train_.is_there()) {
      const std::string file = train_.file.string();
      TextReader text(train_.file, room);
      std::vector<std::string> first;  // what is noted is noted again below
      parse(train_, text, first, [&](Row&& row) { answers.see(row, file); });
      answers.finish(file);
      give_part(Part::train, train_, text, answers, facts.notes, facts, take);
      for (const std::string& note : answers.notes()) facts.notes.push_back(file + ": " + note);
      room -= text.size();
    }
    facts.answers = answers.answers();
    facts.label_names = answers.names();
    const std::tuple<Part, const File*> others[] = {
        {Part::test, &test_}, {Part::unlabelled, &unlabelled_}, {Part::validation, &validation_}};
    for (const auto& [part, file] : others) {
      if (!file->is_there()) continue;
      TextReader text(file->file, room);
      room -= text.size();
      give_part(part, *file, text, answers, facts.notes, facts, take);
      note_matches(file->file.string(), answers.take_matches(), facts);
    }
    return facts;
  }

  // Says which labels of a part are other spellings of those of the training part.
  static void note_matches(const std::string& file, const std::map<std::string, std::string>& matched,
                           CorpusFacts& facts) {
    std::vector<std::string> pairs;
    for (const auto& [label, name] : matched)
      pairs.push_back(
          pairs.size() == kMostNamed ? "..." : fmt::format("{} is {}", engine::excerpt(label), engine::excerpt(name)));
    if (!pairs.empty())
      facts.notes.push_back(fmt::format("{}: labels and those of the training part: {}", file, fmt::join(pairs, ", ")));
  }

  static void parse(const File& file, TextReader& text, std::vector<std::string>& notes, const TakeRow& take) {
    std::size_t n_rows = 0;
    const auto found = format_of(file.file)->parse(text, file.file.string(), file.layout, [&](Row&& row) {
      ++n_rows;
      take(std::move(row));
    });
    notes.insert(notes.end(), found.begin(), found.end());
    require(n_rows > 0, "{}: must hold at least one text, got none", file.file.string());
  }

  void give_part(Part part, const File& file, TextReader& text, AnswerTable& answers, std::vector<std::string>& notes,
                 const CorpusFacts& facts, const Take& take) const {
    const std::string name = file.file.string();
    const std::uint64_t n_before = reading_.done;
    const bool has_pairs = file.layout.columns.second.has_value();
    require(has_pairs == facts.has_pairs, "{}: must have {} as the training part has, got {}", name,
            facts.has_pairs ? "a column of second texts" : "single texts", has_pairs ? "pairs" : "none");
    std::size_t n_apart = 0;
    parse(file, text, notes, [&](Row&& row) {
      reading_.done = n_before + text.position();
      if (has_pairs) check_pair(row, name);
      if (answers.answers() == Answers::none && !row.labels.empty() && !is_together(row, name)) {
        ++n_apart;
        return;
      }
      Example example{.text = std::move(row.text), .second = std::move(row.second)};
      if (part != Part::unlabelled) answers.give(row, name, example);
      take(part, std::move(example));
    });
    if (n_apart > 0)
      notes.push_back(fmt::format("{}: {} pairs that do not belong together are not used", name, n_apart));
  }

  void begin_reading() const {
    reading_ = {};
    for (const File* part : {&train_, &test_, &unlabelled_, &validation_}) {
      std::error_code error;
      const std::uintmax_t size = part->is_there() ? fs::file_size(part->file, error) : 0;
      if (!error) reading_.of += size;
    }
  }

  // Where pairs are read for what belongs together, a label can say that two texts do not.
  static bool is_together(const Row& row, const std::string& file) {
    const std::optional<Boolean> value = row.labels.size() == 1 ? as_boolean(row.labels.front()) : std::nullopt;
    require(value.has_value(),
            "{}: line {}: the label of a pair must say whether its texts belong together, 0 or 1, got '{}'", file,
            row.line, engine::excerpt(row.labels.empty() ? "" : row.labels.front()));
    return value->value;
  }

  static void check_pair(const Row& row, const std::string& file) {
    for (const std::string* side : {&row.text, &row.second})
      require(!without_blanks(*side).empty(), "{}: line {}: both texts of a pair must have content, the {} has none",
              file, row.line, side == &row.text ? "first" : "second");
  }

  fs::path path_;
  ReadingOptions options_;
  bool are_files_ = false;  // each part was named by itself
  File train_, test_, unlabelled_, validation_;
  std::vector<std::string> notes_;
  mutable Reading reading_;  // of the visit that goes on
};

}  // namespace

const FileFormat* format_of(const fs::path& file) {
  const std::string extension = lower_extension(without_gzip(file));
  const auto* found = std::find_if(kFormats.begin(), kFormats.end(),
                                   [&](const Format& format) { return format.extension == extension; });
  return found == kFormats.end() ? nullptr : found;
}

std::unique_ptr<Source> open_tables(const fs::path& path, const ReadingOptions& options) {
  auto tables = std::make_unique<Tables>(path, options);
  if (type_of(path) == fs::file_type::directory) return tables->open_folder() ? std::move(tables) : nullptr;
  const Format* format = format_of(path);
  if (format == nullptr) return nullptr;
  within_memory(path.string(), [&] { tables->open_file(*format); });
  return tables;
}

std::unique_ptr<Source> open_table_parts(const fs::path& train, const fs::path& validation, const fs::path& test,
                                         const ReadingOptions& options) {
  auto tables = std::make_unique<Tables>(train, options);
  within_memory(train.string(), [&] { tables->open_files(validation, test); });
  return tables;
}

}  // namespace ingot::data
