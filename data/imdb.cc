#include "data/imdb.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <set>
#include <tuple>

#include "data/readers.h"
#include "data/tar_reader.h"
#include "data/text_file.h"
#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/base/printable.h"
#include "engine/base/system_error.h"
#include "engine/base/utf8.h"

namespace ingot::data {
namespace fs = std::filesystem;
using engine::fail;
using engine::require;

namespace {

struct Reviews {
  std::string_view folder;
  std::int32_t label;
  std::vector<Example> Corpus::*examples;
  bool required;
};
// In the order of reading.
constexpr std::array kFolders{
    Reviews{"train/neg", 0, &Corpus::train, true},
    Reviews{"train/pos", 1, &Corpus::train, true},
    Reviews{"test/neg", 0, &Corpus::test, true},
    Reviews{"test/pos", 1, &Corpus::test, true},
    Reviews{"train/unsup", kUnlabelled, &Corpus::unlabelled, false},
};

struct ReviewName {
  std::uint32_t id;
  std::uint32_t rating;
  auto operator<=>(const ReviewName&) const = default;
};

// ID_RATING.txt
std::optional<ReviewName> parse_name(std::string_view name) {
  ReviewName parsed{};
  const char* end = name.data() + name.size();
  const auto id = std::from_chars(name.data(), end, parsed.id);
  if (id.ec != std::errc() || id.ptr == end || *id.ptr != '_') return std::nullopt;
  const auto rating = std::from_chars(id.ptr + 1, end, parsed.rating);
  if (rating.ec != std::errc() || std::string_view(rating.ptr, end) != ".txt") return std::nullopt;
  return parsed;
}

struct Review {
  ReviewName name;
  std::string text;
};

constexpr std::size_t kMostNotes = 10;

// Reviews as they come, to be put in order.
class Collector {
 public:
  Collector(std::string file, Answers answers) : file_(std::move(file)), answers_(answers) {}

  // Whether `path` is that of a review, which take() is to follow with. Throws Error for a stranger among reviews.
  bool wants(std::string_view path) {
    const std::size_t slash = path.rfind('/');
    const std::string_view name = path.substr(slash == path.npos ? 0 : slash + 1);
    const std::string_view folder = path.substr(0, path.size() - name.size());
    if (name.starts_with('.')) return false;
    for (part_ = 0; part_ < kFolders.size(); ++part_) {
      if (is_in(folder, kFolders[part_].folder)) break;
    }
    if (part_ == kFolders.size()) {
      note_unused(folder);
      return false;
    }
    const std::optional<ReviewName> parsed = parse_name(name);
    require(parsed.has_value(), "{}: {}: a review must be named ID_RATING.txt, got '{}'", file_, path,
            engine::excerpt(name));
    name_ = *parsed;
    path_ = path;
    return true;
  }

  void take(std::string text) {
    const std::size_t invalid = engine::find_invalid_utf8(text);
    require(invalid == text.npos, "{}: {}: must be UTF-8, got byte 0x{:02x} at byte offset {}", file_, path_,
            invalid < text.size() ? static_cast<unsigned char>(text[invalid]) : 0, invalid);
    reviews_[part_].push_back({name_, std::move(text)});
  }

  Corpus finish() {
    Corpus corpus;
    corpus.answers = answers_;
    corpus.label_names = {"neg", "pos"};
    if (answers_ == Answers::numbers) corpus.label_names = {"stars"};
    std::string missing;
    for (std::size_t i = 0; i < kFolders.size(); ++i) {
      if (kFolders[i].required && reviews_[i].empty()) missing += fmt::format(" {}", kFolders[i].folder);
    }
    require(missing.empty(), "{}: must hold reviews in train/neg, train/pos, test/neg and test/pos, got none in{}",
            file_, missing);
    for (std::size_t i = 0; i < kFolders.size(); ++i) move_part(i, corpus.*kFolders[i].examples);
    for (const std::string& folder : unused_) corpus.notes.push_back(fmt::format("{}: not used: {}", file_, folder));
    return corpus;
  }

 private:
  // Whether `folder` (empty or ending with a slash) is `part`, or ends with it below other folders.
  static bool is_in(std::string_view folder, std::string_view part) {
    if (!folder.ends_with('/')) return false;
    folder.remove_suffix(1);
    if (!folder.ends_with(part)) return false;
    folder.remove_suffix(part.size());
    return folder.empty() || folder.ends_with('/');
  }

  // A part that is not one of ours, such as valid/pos/.
  void note_unused(std::string_view folder) {
    const bool looks_like_one = is_in(folder, "pos") || is_in(folder, "neg");
    if (looks_like_one && unused_.size() < kMostNotes) unused_.emplace(folder);
  }

  void move_part(std::size_t part, std::vector<Example>& examples) {
    std::vector<Review> reviews = std::move(reviews_[part]);
    std::sort(reviews.begin(), reviews.end(), [](const Review& a, const Review& b) { return a.name < b.name; });
    const auto twice = std::adjacent_find(reviews.begin(), reviews.end(),
                                          [](const Review& a, const Review& b) { return a.name == b.name; });
    require(twice == reviews.end(), "{}: {}: a review must be there once, got {}_{}.txt twice", file_,
            kFolders[part].folder, twice == reviews.end() ? 0 : twice->name.id,
            twice == reviews.end() ? 0 : twice->name.rating);
    examples.reserve(examples.size() + reviews.size());
    for (Review& review : reviews) {
      Example example{std::move(review.text), kFolders[part].label};
      if (answers_ == Answers::numbers && example.label != kUnlabelled) {
        example.numbers = {static_cast<float>(review.name.rating)};
        example.label = kUnlabelled;
      }
      examples.push_back(std::move(example));
    }
  }

  std::string file_;
  Answers answers_;
  std::array<std::vector<Review>, kFolders.size()> reviews_;
  std::size_t part_ = 0;  // of the review that is being read
  ReviewName name_{};
  std::string path_;
  std::set<std::string> unused_;
};

std::vector<fs::path> sorted_files(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code error;
  for (auto entry = fs::directory_iterator(folder, error); entry != fs::directory_iterator(); entry.increment(error)) {
    if (error) break;
    files.push_back(entry->path());
  }
  engine::require_done(error, folder, "read");
  std::sort(files.begin(), files.end());
  return files;
}

Answers answers_of(const fs::path& path, const ReadingOptions& options) {
  const Answers answers = options.answers.value_or(Answers::label);
  require(answers == Answers::label || answers == Answers::numbers,
          "{}: reviews have a label (neg, pos) or a number of stars to learn, no {}", path.string(), name(answers));
  return answers;
}

std::string_view kind_of(Answers answers) { return answers == Answers::numbers ? "imdb stars" : "imdb"; }

class Archive final : public Source {
 public:
  Archive(fs::path path, const ReadingOptions& options)
      : path_(std::move(path)), most_bytes_(options.limit()), answers_(answers_of(path_, options)) {}
  std::string name() const override { return path_.string(); }
  std::uint64_t fingerprint() const override { return file_fingerprint(kind_of(answers_), path_, most_bytes_); }
  CorpusFacts visit(const Take& take) const override {
    return within_memory(name(), [&] {
      return deliver(read_imdb_archive(read_bytes(path_, most_bytes_), name(), most_bytes_, answers_), take);
    });
  }

 private:
  fs::path path_;
  std::uint64_t most_bytes_;
  Answers answers_;
};

class Folder final : public Source {
 public:
  Folder(fs::path path, const ReadingOptions& options)
      : path_(std::move(path)), most_bytes_(options.limit()), answers_(answers_of(path_, options)) {}
  std::string name() const override { return path_.string(); }
  std::uint64_t fingerprint() const override {
    std::uint64_t hash = engine::content_hash(kind_of(answers_));
    for (const Reviews& part : kFolders) {
      if (!part.required && type_of(path_ / part.folder) != fs::file_type::directory) continue;
      for (const fs::path& file : sorted_files(path_ / part.folder)) hash = stamp_fingerprint(file, path_, hash);
    }
    return hash;
  }
  CorpusFacts visit(const Take& take) const override {
    return within_memory(name(), [&] { return deliver(read_imdb_folder(path_, most_bytes_, answers_), take); });
  }

 private:
  fs::path path_;
  std::uint64_t most_bytes_;
  Answers answers_;
};

}  // namespace

Corpus read_imdb_archive(std::string_view bytes, const std::string& file, std::uint64_t most_bytes, Answers answers) {
  Collector collector(file, answers);
  read_tar(
      bytes, file, most_bytes, [&](std::string_view path) { return collector.wants(path); },
      [&](std::string content) { collector.take(std::move(content)); });
  return collector.finish();
}

Corpus read_imdb_folder(const fs::path& folder, std::uint64_t most_bytes, Answers answers) {
  std::uint64_t n_bytes = 0;
  Collector collector(folder.string(), answers);
  for (const Reviews& part : kFolders) {
    if (type_of(folder / part.folder) != fs::file_type::directory) continue;
    for (const fs::path& file : sorted_files(folder / part.folder)) {
      if (!collector.wants(file.lexically_relative(folder).string())) continue;
      std::string text = engine::read_file(file);
      text.shrink_to_fit();  // it was grown to look for more behind its end
      n_bytes += text.size();
      if (n_bytes > most_bytes) fail_limit(folder.string(), "have", most_bytes);
      collector.take(std::move(text));
    }
  }
  return collector.finish();
}

std::unique_ptr<Source> open_imdb(const fs::path& path, const ReadingOptions& options) {
  if (type_of(path) != fs::file_type::directory)
    return is_tar_name(path) ? std::make_unique<Archive>(path, options) : nullptr;
  for (const fs::path& folder : {path, path / "aclImdb"}) {
    const bool is_imdb = std::any_of(kFolders.begin(), kFolders.end(), [&](const Reviews& part) {
      return type_of(folder / part.folder) == fs::file_type::directory;
    });
    if (is_imdb) return std::make_unique<Folder>(folder, options);
  }
  return nullptr;
}

}  // namespace ingot::data
