// Files and folders of tables: which file is which part, and what the labels are called.
#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <optional>

#include "data/readers.h"
#include "data/table.h"
#include "data/utf8.h"
#include "engine/base/error.h"
#include "engine/base/files.h"

namespace ingot::data {
namespace fs = std::filesystem;
using engine::fail;
using engine::require;

namespace {

// One row a format.
struct Format {
  std::string_view extension;
  bool has_labels;
  std::vector<Row> (*parse)(std::string_view bytes, const std::string& file, Labels labels);
};
constexpr std::array kFormats{
    Format{".csv", true, parse_csv},
    Format{".tsv", true, parse_tsv},
    Format{".jsonl", true, parse_jsonl},
    Format{".txt", false, parse_lines},
};

const Format* format_of(const fs::path& file) {
  const std::string extension = lower_extension(file);
  const auto* found = std::find_if(kFormats.begin(), kFormats.end(),
                                   [&](const Format& format) { return format.extension == extension; });
  return found == kFormats.end() ? nullptr : found;
}

std::vector<Row> read_rows(const fs::path& file, Labels labels) {
  const engine::MappedFile mapped(file);
  const auto bytes = mapped.bytes();
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  require_utf8(text, file.string());
  std::vector<Row> rows = format_of(file)->parse(without_bom(text), file.string(), labels);
  require(!rows.empty(), "{}: must hold at least one text, got none", file.string());
  return rows;
}

std::optional<std::int64_t> as_integer(std::string_view name) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), value);
  if (error != std::errc() || end != name.data() + name.size()) return std::nullopt;
  return value;
}

// The different labels of `rows`, in the order of their numbers if all are integers, else of their bytes.
std::vector<std::string> label_names(const std::vector<Row>& rows) {
  std::map<std::string_view, std::optional<std::int64_t>> found;
  for (const Row& row : rows) {
    if (!found.contains(row.label)) found.emplace(row.label, as_integer(row.label));
  }
  std::vector<std::string> names;
  for (const auto& [name, value] : found) names.emplace_back(name);
  const bool numeric = std::all_of(found.begin(), found.end(), [](const auto& entry) { return entry.second; });
  if (numeric) {
    std::stable_sort(names.begin(), names.end(),
                     [](const std::string& a, const std::string& b) { return *as_integer(a) < *as_integer(b); });
  }
  return names;
}

// The files of a corpus; an empty path is a part that it does not have.
struct Parts {
  fs::path train;
  fs::path test;
  fs::path unlabelled;
};

class Tables final : public Source {
 public:
  Tables(fs::path path, Parts parts) : path_(std::move(path)), parts_(std::move(parts)) {}

  std::string name() const override { return path_.string(); }

  std::uint64_t fingerprint() const override {
    if (type_of(path_) != fs::file_type::directory) return file_fingerprint(lower_extension(path_), path_);
    std::uint64_t hash = engine::content_hash("tables");
    for (const fs::path& part : {parts_.train, parts_.test, parts_.unlabelled}) {
      if (!part.empty()) hash = stamp_fingerprint(part, path_, hash);
    }
    return hash;
  }

  Corpus read() const override {
    Corpus corpus;
    if (!parts_.train.empty()) {
      std::vector<Row> rows = read_rows(parts_.train, Labels::required);
      corpus.label_names = label_names(rows);
      corpus.train = labelled(std::move(rows), parts_.train, corpus.label_names);
    }
    if (!parts_.test.empty()) {
      corpus.test = labelled(read_rows(parts_.test, Labels::required), parts_.test, corpus.label_names);
    }
    if (!parts_.unlabelled.empty()) {
      for (Row& row : read_rows(parts_.unlabelled, Labels::ignored)) {
        corpus.unlabelled.push_back({std::move(row.text), kUnlabelled});
      }
    }
    return corpus;
  }

 private:
  static std::vector<Example> labelled(std::vector<Row> rows, const fs::path& file,
                                       const std::vector<std::string>& names) {
    std::map<std::string_view, std::int32_t> index;
    for (const std::string& name : names) index.emplace(name, static_cast<std::int32_t>(index.size()));
    std::vector<Example> examples;
    examples.reserve(rows.size());
    for (Row& row : rows) {
      const auto found = index.find(row.label);
      require(found != index.end(), "{}: line {}: a label must be one of the {} of the training part, got '{}'",
              file.string(), row.line, names.size(), excerpt(row.label));
      examples.push_back({std::move(row.text), found->second});
    }
    return examples;
  }

  fs::path path_;
  Parts parts_;
};

// The one file `stem`.* of a known format in `folder`; an empty path if there is none.
fs::path find_part(const fs::path& folder, std::string_view stem, bool needs_labels) {
  fs::path found;
  for (const Format& format : kFormats) {
    const fs::path file = folder / fmt::format("{}{}", stem, format.extension);
    if ((needs_labels && !format.has_labels) || type_of(file) != fs::file_type::regular) continue;
    require(found.empty(), "{}: must hold one file {}.*, got {} and {}", folder.string(), stem,
            found.filename().string(), file.filename().string());
    found = file;
  }
  return found;
}

}  // namespace

std::unique_ptr<Source> open_tables(const fs::path& path) {
  if (type_of(path) != fs::file_type::directory) {
    const Format* format = format_of(path);
    if (format == nullptr) return nullptr;
    Parts parts;
    (format->has_labels && path.stem() != "unlabelled" ? parts.train : parts.unlabelled) = path;
    return std::make_unique<Tables>(path, parts);
  }
  const Parts parts{.train = find_part(path, "train", true),
                    .test = find_part(path, "test", true),
                    .unlabelled = find_part(path, "unlabelled", false)};
  if (parts.train.empty() && parts.test.empty() && parts.unlabelled.empty()) return nullptr;
  require(!parts.train.empty() || parts.test.empty(), "{}: must hold train.* beside {}, got none", path.string(),
          parts.test.filename().string());
  return std::make_unique<Tables>(path, parts);
}

}  // namespace ingot::data
