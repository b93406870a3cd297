// Parsers of texts with labels. Each takes the text of one file and the name for messages. Each format has two
// functions: `look` finds the columns in the start of a file, `parse` rewinds the text and reads the rows one by one.
#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "data/columns.h"
#include "data/text_reader.h"

namespace ingot::data {

// Limits of one file; source.h has those of memory, text_reader.h that of a row.
inline constexpr std::size_t kMostColumns = 4096;
inline constexpr std::size_t kMostJsonBytes = std::size_t{16} << 20;  // of one object

struct Row {
  std::string text;                   // words, where they are a list: joined with a blank
  std::string second{};               // of a pair
  std::vector<std::string> labels{};  // of each column of Columns::labels, or the items of the list that stands in the
                                      // one column; as written without blanks around them; numbers and booleans of
                                      // JSON as JSON writes them
  bool is_list = false;               // `labels` is a list
  std::vector<std::uint32_t> word_ends{};  // of words that were a list: where each ends in the text
  std::size_t line = 0;                    // where the row begins, from 1

  // All that the row is, for as long as it is looked at: the fields of a delimited file, the JSON of an object.
  std::span<const std::string> fields{};
  std::string_view source{};
};

using TakeRow = std::function<void(Row&& row)>;

// How one file is read.
struct Layout {
  char separator = 0;              // of delimited files; of words and tags, 0: blanks
  std::vector<std::string> names;  // of the columns, or the keys of the first object
  Columns columns;
};

// A format of files. A file has it by its extension, with or without .gz behind.
struct FileFormat {
  std::string_view extension;
  bool has_labels;
  Layout (*look)(std::string_view start, const std::string& file, Labels labels, const ReadingOptions& options);
  std::vector<std::string> (*parse)(TextReader& text, const std::string& file, const Layout& layout,
                                    const TakeRow& take);
};

// The format of a file; null if there is none of its extension.
const FileFormat* format_of(const std::filesystem::path& file);

// What data/text_file.h's read_start is to read for `look`: more than one JSON object may have.
inline constexpr std::size_t kStartBytes = kMostJsonBytes + (std::size_t{1} << 20);

// Delimited files: the first line names the columns, every row has as many fields. Blank lines are skipped. Lines end
// with LF or CRLF. The separator is the one of , ; | and tab under which the names of the header are recognised, the
// file's own first (comma for .csv, tab for .tsv).
//
// Quotes under , ; and |: RFC 4180. A field in quotes may hold separators, line ends and doubled quotes; quotes inside
// of a field that does not begin with one are ordinary characters. A quoted field that holds a line which would be a
// whole row, with a label that other rows have, is an Error that names the line where the quote began: a quote is
// missing.
//
// Quotes under tab: files are written with quotes (by spreadsheets and pandas) and without (GLUE, PAWS, SST). If every
// line has as many fields as the header, a line is a row; quotes are taken off if all fields that begin with one are
// whole quoted fields, else they are ordinary characters. If some line has not, or the names of the columns are in quotes
// and some other field has no whole ones, the file is read by RFC 4180, and a quoted field that holds a line which would
// be a whole row is an Error. So no row is ever swallowed, and none is torn apart.
//
// Both throw Error naming file and line. `parse` returns notes about what it skipped.
Layout look_at_csv(std::string_view start, const std::string& file, Labels labels, const ReadingOptions& options);
Layout look_at_tsv(std::string_view start, const std::string& file, Labels labels, const ReadingOptions& options);
std::vector<std::string> parse_delimited(TextReader& text, const std::string& file, const Layout& layout,
                                         const TakeRow& take);

// JSON lines: one object a line, with a string as text and, where labels are required, a string, a number or a boolean
// as label, under the keys that the first object has. A label may be a list of these, which is all labels that the text
// has; a text may be a list of words, and its label then a list of their tags. Other keys are ignored, repeated ones
// are an Error. Blank lines are skipped. parse_json takes these or one array of such objects.
Layout look_at_json(std::string_view start, const std::string& file, Labels labels, const ReadingOptions& options);
std::vector<std::string> parse_jsonl(TextReader& text, const std::string& file, const Layout& layout,
                                     const TakeRow& take);
std::vector<std::string> parse_json_file(TextReader& text, const std::string& file, const Layout& layout,
                                         const TakeRow& take);

// Names and values, as they are written, of a valid JSON object in their order.
std::vector<std::pair<std::string, std::string_view>> members_of(std::string_view object);

// The names of the first object of such a file, in their order.
std::vector<std::string> first_keys(std::string_view start, const std::string& file);

// One text a line, empty lines included: row i is line i + 1. Lines end with LF or CRLF.
Layout look_at_lines(std::string_view start, const std::string& file, Labels labels, const ReadingOptions& options);
std::vector<std::string> parse_lines(TextReader& text, const std::string& file, const Layout& layout,
                                     const TakeRow& take);

// Words with tags, as the shared tasks of CoNLL have them: a line a word, its first column the word and its last one
// the tag, columns separated by tabs or blanks; an empty line ends a text. Lines that begin with -DOCSTART- or, in a
// column by itself, with # are no words. Throws Error for a line with another number of columns than the first.
Layout look_at_conll(std::string_view start, const std::string& file, Labels labels, const ReadingOptions& options);
std::vector<std::string> parse_conll(TextReader& text, const std::string& file, const Layout& layout,
                                     const TakeRow& take);

// Takes the next line, without its LF or CRLF, off the front of `rest`, which must not be empty.
std::string_view take_line(std::string_view& rest);

// Without blanks and tabs around it.
std::string_view without_blanks(std::string_view text);

// Counts blank lines between rows; those at the end are not worth a word.
class BlankLines {
 public:
  void skip(std::size_t line);
  void end_row();
  std::vector<std::string> notes(const std::string& file) const;

 private:
  std::size_t n_ = 0, n_pending_ = 0, first_ = 0, first_pending_ = 0;
};

}  // namespace ingot::data
