#include "data/glosses.h"

#include <algorithm>
#include <charconv>
#include <span>
#include <unordered_map>

#include "data/readers.h"
#include "data/wordnet.h"
#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/base/printable.h"
#include "engine/base/utf8.h"

namespace ingot::data {
namespace fs = std::filesystem;
using engine::require;

namespace {

constexpr const char* kFile = "/usr/share/wordnet/data.noun";

constexpr std::span kCategories = std::span(kLexicographerFiles).subspan(kFirstNounFile, kNounFiles);

struct Gloss {
  std::uint32_t offset;  // of the synset: its name in WordNet
  std::int32_t label;
  std::string_view text;
};

// The number that fills all of `digits`.
bool parse_number(std::string_view digits, std::uint32_t& number) {
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return error == std::errc() && end == digits.data() + digits.size();
}

Gloss parse_line(std::string_view line, const std::string& file, std::size_t line_number) {
  constexpr std::string_view kShape = "DDDDDDDD DD n ";
  const std::size_t bar = line.find(" | ");
  std::uint32_t offset = 0;
  std::uint32_t file_number = 0;
  const bool well_formed = line.size() > kShape.size() && line[8] == ' ' && line.substr(11, 3) == " n " &&
                           bar != line.npos && parse_number(line.substr(0, 8), offset) &&
                           parse_number(line.substr(9, 2), file_number);
  require(well_formed, "{}: line {}: must be 'synset_offset lex_filenum n ... | gloss', got '{}'", file, line_number,
          engine::excerpt(line));
  require(file_number >= kFirstNounFile && file_number - kFirstNounFile < kCategories.size(),
          "{}: line {}: lex_filenum of a noun must be 03 to 28, got {:02}", file, line_number, file_number);
  const std::string_view gloss = line.substr(bar + 3);
  const std::size_t end = gloss.find_last_not_of(" \r");
  require(end != gloss.npos, "{}: line {}: must hold a gloss, got none", file, line_number);
  return {offset, static_cast<std::int32_t>(file_number - kFirstNounFile), gloss.substr(0, end + 1)};
}

class Glosses final : public Source {
 public:
  std::string name() const override { return "glosses"; }
  std::uint64_t fingerprint() const override { return file_fingerprint("glosses", kFile, engine::kMostBytes); }
  CorpusFacts visit(const Take& take) const override {
    return deliver(parse_glosses(engine::read_file(kFile), kFile), take);
  }
};

}  // namespace

Corpus parse_glosses(std::string_view bytes, const std::string& file) {
  engine::require_utf8_file(bytes, file);
  Corpus corpus;
  corpus.label_names.assign(kCategories.begin(), kCategories.end());
  std::unordered_map<std::string_view, std::uint32_t> first_offset;  // of each gloss: it decides for the equal ones
  std::size_t line_number = 0;
  while (!bytes.empty()) {
    const std::size_t length = std::min(bytes.find('\n'), bytes.size());
    const std::string_view line = bytes.substr(0, length);
    bytes.remove_prefix(std::min(length + 1, bytes.size()));
    ++line_number;
    if (line.substr(0, 2) == "  ") continue;
    const Gloss gloss = parse_line(line, file, line_number);
    const std::uint32_t offset = first_offset.try_emplace(gloss.text, gloss.offset).first->second;
    (is_test_synset(offset) ? corpus.test : corpus.train).push_back({std::string(gloss.text), gloss.label});
  }
  require(!corpus.train.empty(), "{}: must hold glosses, got none", file);
  return corpus;
}

std::unique_ptr<Source> open_glosses(const ReadingOptions&) {
  require(type_of(kFile) != fs::file_type::not_found, "glosses: {} is missing: install the Debian package wordnet-base",
          kFile);
  return std::make_unique<Glosses>();
}

}  // namespace ingot::data
