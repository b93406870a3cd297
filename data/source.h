// Labelled text from any source: one interface over the readers.
//
// Files come from strangers, so memory has limits, stated here for all readers. B is the size of what is read,
// unpacked, and R that of the longest row; all parts of a corpus together may have most_bytes (--data-limit).
//
//   reader            visit() holds at most        further limits
//   .csv .tsv .txt    8 R + 64 MiB                 64 MiB a row; 4,096 columns, 10,000 labels (table.h, labels.h)
//   .conll            the same, R that of a text   64 MiB a line
//   .jsonl .json      the same + 1 GiB             16 MiB an object, nested 64 deep; 10,000 labels
//   *.gz of these     the same                     unpacked as it is read
//   IMDb archive      the packed file + 2 B        members one after another, never on disk
//   IMDb folder       2 B                          256 MiB a review
//   glosses           6 B, 256 MiB a file
//   gloss-...         12 B, the same
//
// So a table may be larger than memory: only read() holds it, in up to 14 B (41 B of empty lines in .txt; 2 B of texts
// of 100 bytes). A table is read several times: once to see that it is right, once to see the labels of the training
// part, and, if fields are separated by tabs, once to see what its quotes mean.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ingot::data {

inline constexpr std::int32_t kUnlabelled = -1;

// What is known of each text, and so what a model can learn to answer.
enum class Answers {
  none,     // nothing: texts to pretrain on, or pairs of texts that belong together
  label,    // one of the label names
  labels,   // any number of the label names
  numbers,  // a number for each of the label names
  tags,     // one of the label names for each word
};

// A word of Example::text: from behind the blank that follows the word before to `end`.
struct Word {
  std::uint32_t end;
  std::int32_t tag;  // index into the label names
};

struct Example {
  std::string text;                  // valid UTF-8
  std::int32_t label = kUnlabelled;  // Answers::label: index into the label names
  std::string second{};              // of a pair of texts
  std::vector<float> numbers{};      // Answers::labels (0 or 1) and numbers: one for each label name
  std::vector<Word> words{};         // Answers::tags: all words of the text, one blank between two of them
};

enum class Part { train, test, unlabelled, validation };
inline constexpr std::array kParts{Part::train, Part::test, Part::unlabelled, Part::validation};

// What is said of a corpus beside its examples.
struct CorpusFacts {
  std::vector<std::string> label_names;  // of labels and tags sorted; of numbers in the order of their columns
  std::vector<std::string> notes;        // what a user should know about the content, such as lines that were skipped
  Answers answers = Answers::label;
  bool has_pairs = false;  // every example has a second text
};

struct Corpus : CorpusFacts {
  // The examples of the parts. All but train can be empty; without validation some of train is held out.
  std::vector<Example> train, test, unlabelled, validation;

  std::vector<Example>& part(Part part);
};

// How tables are read if their column names and form do not tell, and how much may be read.
struct ReadingOptions {
  std::string text;                // column of the text; "a+b": both, joined with a blank; empty: by its usual names
  std::string pair;                // column of the second text of a pair
  std::string label;               // column of the label; "a,b": several columns
  std::string separator;           // of fields: one character, or "tab"; empty: what makes sense of the header
  std::optional<Answers> answers;  // what to read the labels as; empty: by what they are
  std::uint64_t most_bytes = 0;    // of one corpus, unpacked; 0: 4 GiB, or half of the machine's memory if that is less

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

  // Gives all examples to `take`, part by part in the order of Part, in a fixed order within (not that of the file
  // system). Throws Error naming file, line and rule, and Failure naming the file if memory does not suffice.
  using Take = std::function<void(Part part, Example&& example)>;
  virtual CorpusFacts visit(const Take& take) const = 0;

  // How far visit() has come, in bytes of the files as they lie on the disk; of 0 if that is not known.
  struct Reading {
    std::uint64_t done = 0, of = 0;
  };
  virtual Reading reading() const { return {}; }

  // The same as visit() with all examples in memory.
  Corpus read() const;
};

// The answers under the names that options and files have for them: label, labels, numbers, tags, none.
std::string_view name(Answers answers);

// The path `where`, or that in the folder INGOT_DATA. Throws Error if there is nothing.
std::filesystem::path locate(const std::string& where);

// `where` is one of
// - an IMDb archive (aclImdb.tar.gz), the folder aclImdb extracted from it, or the folder above that: imdb.h;
// - a .csv, .tsv, .jsonl or .json file with texts and labels (training part alone) or a .txt file with one unlabelled
//   text a line: table.h. A file named unlabelled.* has no labels in any format. All may be under gzip (.csv.gz);
// - a folder holding train.* and, optionally, validation.* (or valid.*, dev.*, val.*), test.* and unlabelled.* of
//   these; or unlabelled.* alone;
// - one of the words glosses, gloss-pairs, gloss-kinds and gloss-tags (./glosses for a folder of that name): glosses.h,
//   gloss_pairs.h, gloss_kinds.h, gloss_tags.h.
// Relative paths are also looked for in the folder that the environment variable INGOT_DATA names. Throws Error if
// there is nothing at `where` or no reader knows it.
std::unique_ptr<Source> open_source(const std::string& where, const ReadingOptions& options = {});

// Files that are the parts of one corpus. Empty: there is none.
struct PartFiles {
  std::string train, validation, test;
};

// The words that open_source knows, each for data of its own.
std::vector<std::string_view> source_words();

// The parts as such a folder has them: `train` alone is what open_source(train) is. Each is looked for as `where` is.
// Throws Error for a file that is no table with labels, and for a test part without them.
std::unique_ptr<Source> open_parts(const PartFiles& files, const ReadingOptions& options = {});

}  // namespace ingot::data
