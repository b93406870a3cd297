// Files and folders of tables: which file is which part, and what the labels are called.
#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "data/labels.h"
#include "data/readers.h"
#include "data/table.h"
#include "data/text_file.h"
#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/base/printable.h"

namespace ingot::data {
namespace fs = std::filesystem;
using engine::fail;
using engine::require;

namespace {

// One row a format. Each may also be compressed by gzip, with .gz behind its extension.
struct Format {
  std::string_view extension;
  bool has_labels;
  Layout (*look)(std::string_view start, const std::string& file, Labels labels, const ReadingOptions& options);
  std::vector<std::string> (*parse)(std::string_view text, const std::string& file, const Layout& layout,
                                    const TakeRow& take);
};
constexpr std::array kFormats{
    Format{".csv", true, look_at_csv, parse_delimited},   Format{".tsv", true, look_at_tsv, parse_delimited},
    Format{".jsonl", true, look_at_json, parse_jsonl},    Format{".ndjson", true, look_at_json, parse_jsonl},
    Format{".json", true, look_at_json, parse_json_file}, Format{".txt", false, look_at_lines, parse_lines},
};

// Other files that may hold texts: named when they are not used.
constexpr std::array<std::string_view, 12> kOtherData{".parquet", ".arrow", ".feather", ".xlsx", ".xls", ".zip",
                                                      ".tar",     ".tgz",   ".bz2",     ".xz",   ".zst", ".gz"};

const Format* format_of(const fs::path& file) {
  const std::string extension = lower_extension(without_gzip(file));
  const auto* found = std::find_if(kFormats.begin(), kFormats.end(),
                                   [&](const Format& format) { return format.extension == extension; });
  return found == kFormats.end() ? nullptr : found;
}

// The names that a part may have.
struct Stems {
  std::array<std::string_view, 4> names;
  bool needs_labels;
};
constexpr Stems kTrain{{"train"}, true}, kTest{{"test"}, true};
constexpr Stems kValidation{{"validation", "valid", "dev", "val"}, true}, kNoLabels{{"unlabelled"}, false};

// What read_start takes: more than one JSON object may have.
constexpr std::size_t kStartBytes = kMostJsonBytes + (std::size_t{1} << 20);

// Labels of a part, spelled otherwise than in the training part, that a note names.
constexpr std::size_t kMostMatches = 10;

// A file and how it is read.
struct Part {
  fs::path file;  // empty: there is none
  Labels labels = Labels::required;
  Layout layout = {};

  bool is_there() const { return !file.empty(); }
};

Part look_at(const fs::path& file, Labels labels, const ReadingOptions& options) {
  Part part{.file = file, .labels = labels};
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
    const std::string how = fmt::format("tables 3/{}/{}/{}", options_.text, options_.label, options_.separator);
    if (type_of(path_) != fs::file_type::directory) {
      const fs::path plain = without_gzip(path_);
      return file_fingerprint(how + lower_extension(plain), path_, options_.limit());
    }
    std::uint64_t hash = engine::content_hash(how);
    for (const Part* part : {&train_, &test_, &unlabelled_, &validation_}) {
      if (part->is_there()) hash = stamp_fingerprint(part->file, path_, hash);
    }
    return hash;
  }

  std::vector<std::string> notes() const override {
    std::vector<std::string> all;
    for (const Part* part : {&train_, &validation_, &test_, &unlabelled_}) {
      if (part->is_there() && !part->layout.columns.note.empty())
        all.push_back(fmt::format("{}: {}", part->file.string(), part->layout.columns.note));
    }
    all.insert(all.end(), notes_.begin(), notes_.end());
    return all;
  }

  Corpus read() const override {
    return within_memory(name(), [&] { return read_parts(); });
  }

  // A file by itself.
  void open_file(const Format& format) {
    if (format.has_labels && without_gzip(path_).stem() != "unlabelled") {
      train_ = look_at(path_, Labels::required, options_);
    } else {
      unlabelled_ = look_at(path_, Labels::ignored, options_);
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
    if (test_.is_there() && !test_.layout.columns.label) {
      notes_.push_back(fmt::format("{}: has no column of labels and is not used", test.string()));
      test_ = {};
    }
    note_unused({train, test, unlabelled, train.empty() ? fs::path() : validation});
    return true;
  }

 private:
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
    if (error) fail("{}: cannot read: {}", path_.string(), error.message());
    if (!names.empty()) notes_.push_back(fmt::format("{}: not used: {}", path_.string(), fmt::join(names, ", ")));
  }

  Corpus read_parts() const {
    Corpus corpus;
    LabelTable labels;
    std::uint64_t room = options_.limit();
    if (train_.is_there()) {
      read_part(train_, corpus.train, corpus.notes, room,
                [&](const Row& row) { return labels.add(row.label, train_.file.string(), row.line); });
      corpus.label_names = labels.finish(corpus.train);
      for (const std::string& note : labels.notes()) corpus.notes.push_back(train_.file.string() + ": " + note);
    }
    const std::pair<const Part*, std::vector<Example>*> labelled[] = {{&test_, &corpus.test},
                                                                      {&validation_, &corpus.validation}};
    for (const auto& [part, examples] : labelled) {
      if (!part->is_there()) continue;
      std::map<std::string, std::int32_t> matched;
      read_part(*part, *examples, corpus.notes, room, [&, file = part->file.string()](const Row& row) {
        const std::int32_t label = labels.find(row.label);
        require(label >= 0, "{}: line {}: a label must be one of the {} of the training part, got '{}'", file, row.line,
                corpus.label_names.size(), engine::excerpt(row.label));
        const bool same = row.label == corpus.label_names[static_cast<std::size_t>(label)];
        if (!same && matched.size() <= kMostMatches) matched.emplace(row.label, label);
        return label;
      });
      note_matches(part->file.string(), matched, corpus);
    }
    if (unlabelled_.is_there())
      read_part(unlabelled_, corpus.unlabelled, corpus.notes, room, [](const Row&) { return kUnlabelled; });
    return corpus;
  }

  // Says which labels of a part are other spellings of those of the training part.
  static void note_matches(const std::string& file, const std::map<std::string, std::int32_t>& matched,
                           Corpus& corpus) {
    std::vector<std::string> pairs;
    for (const auto& [label, number] : matched) {
      const std::string& name = corpus.label_names[static_cast<std::size_t>(number)];
      pairs.push_back(pairs.size() == kMostMatches
                          ? "..."
                          : fmt::format("{} is {}", engine::excerpt(label), engine::excerpt(name)));
    }
    if (!pairs.empty())
      corpus.notes.push_back(
          fmt::format("{}: labels and those of the training part: {}", file, fmt::join(pairs, ", ")));
  }

  // `room`: bytes that this file and those behind it may have.
  template <class LabelOf>
  static void read_part(const Part& part, std::vector<Example>& examples, std::vector<std::string>& notes,
                        std::uint64_t& room, const LabelOf& label_of) {
    const std::string text = read_text(part.file, room);
    room -= text.size();
    const auto found = format_of(part.file)->parse(text, part.file.string(), part.layout, [&](Row&& row) {
      const std::int32_t label = label_of(row);
      // As many as there can be: growing step by step would hold them twice. What is not filled is not in memory. Not
      // before one row is right: a file of rows that are all wrong may have more of them than there is room for.
      if (examples.empty()) examples.reserve(static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')) + 1);
      row.text.shrink_to_fit();
      examples.push_back({std::move(row.text), label});
    });
    notes.insert(notes.end(), found.begin(), found.end());
    require(!examples.empty(), "{}: must hold at least one text, got none", part.file.string());
  }

  fs::path path_;
  ReadingOptions options_;
  Part train_, test_, unlabelled_, validation_;
  std::vector<std::string> notes_;
};

}  // namespace

std::unique_ptr<Source> open_tables(const fs::path& path, const ReadingOptions& options) {
  auto tables = std::make_unique<Tables>(path, options);
  if (type_of(path) == fs::file_type::directory) return tables->open_folder() ? std::move(tables) : nullptr;
  const Format* format = format_of(path);
  if (format == nullptr) return nullptr;
  within_memory(path.string(), [&] { tables->open_file(*format); });
  return tables;
}

}  // namespace ingot::data
