// Labelled text, wherever it lies: one interface over the readers.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace ingot::data {

inline constexpr std::int32_t kUnlabelled = -1;

struct Example {
  std::string text;                  // valid UTF-8
  std::int32_t label = kUnlabelled;  // index into Corpus::label_names
};

struct Corpus {
  std::vector<std::string> label_names;  // sorted
  std::vector<Example> train;
  std::vector<Example> test;        // empty when the source has no test part
  std::vector<Example> unlabelled;  // empty when the source has none
};

// Where a corpus comes from. Opening is cheap; read() does the work.
class Source {
 public:
  virtual ~Source() = default;

  virtual std::string name() const = 0;  // for messages and result.json

  // Changes whenever the content does: the key of what is cached about it.
  virtual std::uint64_t fingerprint() const = 0;

  // All examples in a fixed order (not that of the file system). Throws Error naming file, line and rule.
  virtual Corpus read() const = 0;
};

// `where` is one of
// - an IMDb archive (aclImdb.tar.gz), the folder aclImdb extracted from it, or the folder above that: imdb.h;
// - a .csv, .tsv or .jsonl file with texts and labels (training part alone) or a .txt file with one unlabelled text a
//   line: table.h. A file named unlabelled.* has no labels in any format;
// - a folder holding train.* and, optionally, test.* and unlabelled.* of these; or unlabelled.* alone;
// - the word glosses (./glosses for a folder of that name): glosses.h.
// Relative paths are also looked for in the folder that the environment variable INGOT_DATA names. Throws Error if
// there is nothing at `where` or no reader knows it.
std::unique_ptr<Source> open_source(const std::string& where);

}  // namespace ingot::data
