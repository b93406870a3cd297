// Labelled text from any source: one interface over the readers.
//
// Files come from strangers, so memory has limits, stated here for all readers. B is the size of what is read,
// unpacked; all parts of a corpus together may have most_bytes (--data-limit).
//
//   reader            in memory at most          further limits
//   .csv .tsv         B + 14 B + 64 MiB          4,096 columns, 10,000 labels (table.h, labels.h)
//   .jsonl .json      B + 14 B + 1 GiB           16 MiB an object, nested 64 deep; 10,000 labels
//   .txt              B + 41 B + 64 MiB          (empty lines are texts: 40 bytes each)
//   *.gz of these     the same                   and the packed file
//   IMDb archive      the packed file + 2 B      members one after another, never on disk
//   IMDb folder       2 B                        256 MiB a review
//   glosses           6 B, 256 MiB a file
//
// The factors are those of the shortest rows; texts of 100 bytes cost B + 2 B.
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
  std::vector<Example> validation;  // empty when the source has none: then some of train is held out
  std::vector<std::string> notes;   // what a user should know about the content, such as lines that were skipped
};

// How tables are read if their column names and form do not tell, and how much may be read.
struct ReadingOptions {
  std::string text;              // column of the text; "a+b": both, joined with a blank; empty: by its usual names
  std::string label;             // column of the label
  std::string separator;         // of fields: one character, or "tab"; empty: what makes sense of the header
  std::uint64_t most_bytes = 0;  // of one corpus, unpacked; 0: 4 GiB, or half of the machine's memory if that is less

  std::uint64_t limit() const;
};

// Where a corpus comes from. Opening is cheap; read() does the work.
class Source {
 public:
  virtual ~Source() = default;

  virtual std::string name() const = 0;  // for messages and result.json

  // Changes whenever the content does, or how it is read: the key of what is cached about it.
  virtual std::uint64_t fingerprint() const = 0;

  // What a user should know before the work: which columns and files are used, and which are not.
  virtual std::vector<std::string> notes() const { return {}; }

  // All examples in a fixed order (not that of the file system). Throws Error naming file, line and rule, and Failure
  // naming the file if memory does not suffice.
  virtual Corpus read() const = 0;
};

// `where` is one of
// - an IMDb archive (aclImdb.tar.gz), the folder aclImdb extracted from it, or the folder above that: imdb.h;
// - a .csv, .tsv, .jsonl or .json file with texts and labels (training part alone) or a .txt file with one unlabelled
//   text a line: table.h. A file named unlabelled.* has no labels in any format. All may be under gzip (.csv.gz);
// - a folder holding train.* and, optionally, validation.* (or valid.*, dev.*, val.*), test.* and unlabelled.* of
//   these; or unlabelled.* alone;
// - the word glosses (./glosses for a folder of that name): glosses.h.
// Relative paths are also looked for in the folder that the environment variable INGOT_DATA names. Throws Error if
// there is nothing at `where` or no reader knows it.
std::unique_ptr<Source> open_source(const std::string& where, const ReadingOptions& options = {});

}  // namespace ingot::data
