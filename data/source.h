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

// `where`: an IMDb archive or folder, a .tsv, .csv or .jsonl file (or a folder holding train.* and test.* of these), or
// the word glosses. Relative paths are also looked for in the folder that the environment variable INGOT_DATA names.
std::unique_ptr<Source> open_source(const std::string& where);

}  // namespace ingot::data
