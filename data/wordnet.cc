#include "data/wordnet.h"

#include <algorithm>
#include <charconv>

#include "data/readers.h"
#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/base/printable.h"
#include "engine/base/rng.h"
#include "engine/base/utf8.h"

namespace ingot::data {
namespace fs = std::filesystem;
using engine::require;

namespace {

constexpr const char* kFolder = "/usr/share/wordnet";

// Takes the fields of a line, which are separated by single blanks.
class Fields {
 public:
  explicit Fields(std::string_view line) : rest_(line) {}

  std::string_view take() {
    const std::size_t end = std::min(rest_.find(' '), rest_.size());
    const std::string_view field = rest_.substr(0, end);
    rest_.remove_prefix(std::min(end + 1, rest_.size()));
    good_ = good_ && !field.empty();
    return field;
  }
  std::uint32_t number(int base = 10) {
    const std::string_view digits = take();
    std::uint32_t value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
    good_ = good_ && error == std::errc() && end == digits.data() + digits.size();
    return good_ ? value : 0;
  }
  bool good() const { return good_; }

 private:
  std::string_view rest_;
  bool good_ = true;
};

// "afraid" of "afraid(p)": where an adjective stands.
std::string_view without_mark(std::string_view word) {
  return word.ends_with(')') ? word.substr(0, std::min(word.rfind('('), word.size())) : word;
}

Synset parse_line(std::string_view line, const std::string& file, std::size_t line_number) {
  const std::size_t bar = std::min(line.find(" | "), line.size());
  Fields fields(line.substr(0, bar));
  Synset synset{};
  synset.offset = fields.number();
  synset.file = fields.number();
  fields.take();
  const std::uint32_t n_words = fields.number(16);
  for (std::uint32_t i = 0; i < n_words && fields.good(); ++i) {
    synset.words.push_back(without_mark(fields.take()));
    fields.take();
  }
  const std::uint32_t n_pointers = fields.number();
  for (std::uint32_t i = 0; i < n_pointers && fields.good(); ++i) {
    const std::string_view symbol = fields.take();
    const std::uint32_t offset = fields.number();
    fields.take();
    fields.take();
    if (symbol == "@") synset.hypernyms.push_back(offset);
    if (symbol == "@i") synset.classes.push_back(offset);
  }
  require(fields.good() && bar < line.size() && !synset.words.empty(),
          "{}: line {}: must be 'synset_offset lex_filenum ss_type w_cnt word lex_id ... p_cnt ... | gloss', got '{}'",
          file, line_number, engine::excerpt(line));
  require(synset.file < kLexicographerFiles.size(), "{}: line {}: lex_filenum must be 00 to 44, got {}", file,
          line_number, synset.file);
  synset.gloss = line.substr(bar + 3);
  synset.gloss = synset.gloss.substr(0, synset.gloss.find_last_not_of(" \r") + 1);
  require(!synset.gloss.empty(), "{}: line {}: must hold a gloss, got none", file, line_number);
  return synset;
}

class WordNet final : public Source {
 public:
  WordNet(std::string_view word, std::span<const std::string_view> files, Answers answers, ParseWordNet parse)
      : word_(word),
        files_(files.begin(), files.end()),
        folder_(wordnet_folder(word, files)),
        answers_(answers),
        parse_(parse) {}

  std::string name() const override { return word_; }
  std::uint64_t fingerprint() const override {
    std::uint64_t hash = engine::content_hash(fmt::format("{} {}", word_, data::name(answers_)));
    for (const std::string_view file : files_) hash = engine::content_hash(engine::read_file(folder_ / file), hash);
    return hash;
  }
  CorpusFacts visit(const Take& take) const override {
    std::vector<std::string> bytes;
    for (const std::string_view file : files_) bytes.push_back(engine::read_file(folder_ / file));
    std::vector<WordNetFile> files;
    for (std::size_t i = 0; i < files_.size(); ++i) files.push_back({bytes[i], (folder_ / files_[i]).string()});
    return deliver(parse_(files, answers_), take);
  }

 private:
  std::string word_;
  std::vector<std::string_view> files_;
  fs::path folder_;
  Answers answers_;
  ParseWordNet parse_;
};

}  // namespace

std::vector<Synset> parse_synsets(std::string_view bytes, const std::string& file) {
  engine::require_utf8_file(bytes, file);
  std::vector<Synset> synsets;
  for (std::size_t line_number = 1; !bytes.empty(); ++line_number) {
    const std::size_t length = std::min(bytes.find('\n'), bytes.size());
    const std::string_view line = bytes.substr(0, length);
    bytes.remove_prefix(std::min(length + 1, bytes.size()));
    if (!line.starts_with("  ")) synsets.push_back(parse_line(line, file, line_number));
  }
  require(!synsets.empty(), "{}: must hold synonym sets, got none", file);
  return synsets;
}

bool is_test_synset(std::uint32_t offset) { return engine::philox({offset, 0, 0, 0}, 0)[0] % 10 == 0; }

fs::path wordnet_folder(std::string_view word, std::span<const std::string_view> files) {
  for (const std::string_view file : files) {
    const fs::path path = fs::path(kFolder) / file;
    require(type_of(path) != fs::file_type::not_found, "{}: {} is missing: install the Debian package wordnet-base",
            word, path.string());
  }
  return kFolder;
}

std::unique_ptr<Source> open_wordnet(std::string_view word, std::span<const std::string_view> files, Answers answers,
                                     ParseWordNet parse) {
  return std::make_unique<WordNet>(word, files, answers, parse);
}

}  // namespace ingot::data
