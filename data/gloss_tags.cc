#include "data/gloss_tags.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "data/readers.h"
#include "data/table.h"
#include "engine/base/error.h"
#include "engine/base/printable.h"

namespace ingot::data {
using engine::require;

namespace {

constexpr const char* kWord = "gloss-tags";
constexpr std::string_view kFiles[] = {"data.noun", "data.verb", "data.adj", "data.adv",
                                       "noun.exc",  "verb.exc",  "adj.exc",  "adv.exc"};
constexpr std::size_t kPartsOfSpeech = 4;
constexpr std::size_t kVerb = 1;  // index into kFiles

// An ending of inflected words, and what the word itself has in its place.
struct Detachment {
  std::string_view ending, replacement;
};
constexpr Detachment kNounRules[] = {{"s", ""},      {"ses", "s"},   {"xes", "x"},   {"zes", "z"},
                                     {"ches", "ch"}, {"shes", "sh"}, {"men", "man"}, {"ies", "y"}};
constexpr Detachment kVerbRules[] = {{"s", ""},   {"ies", "y"}, {"es", "e"},  {"es", ""},
                                     {"ed", "e"}, {"ed", ""},   {"ing", "e"}, {"ing", ""}};
constexpr Detachment kAdjectiveRules[] = {{"er", ""}, {"est", ""}, {"er", "e"}, {"est", "e"}};
constexpr std::span<const Detachment> kRules[kPartsOfSpeech] = {kNounRules, kVerbRules, kAdjectiveRules, {}};

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || static_cast<signed char>(c) < 0;
}

std::string lower(std::string_view text) {
  std::string low(text);
  for (char& c : low) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return low;
}

// The words that the exceptions of a part of speech are inflections of.
using Exceptions = std::unordered_map<std::string_view, std::vector<std::string_view>>;

Exceptions parse_exceptions(const WordNetFile& file) {
  Exceptions exceptions;
  std::string_view bytes = file.bytes;
  for (std::size_t line_number = 1; !bytes.empty(); ++line_number) {
    std::string_view line = take_line(bytes);
    std::size_t blank = line.find(' ');
    require(blank != line.npos && blank > 0 && blank + 1 < line.size(),
            "{}: line {}: must be an inflected word and its base forms, got '{}'", file.name, line_number,
            engine::excerpt(line));
    std::vector<std::string_view>& bases = exceptions[line.substr(0, blank)];
    while (blank != line.npos) {
      line.remove_prefix(blank + 1);
      blank = line.find(' ');
      bases.push_back(line.substr(0, blank));
    }
  }
  return exceptions;
}

bool is_inflected(const std::string& word, const std::string& base, std::span<const Detachment> rules,
                  const Exceptions& exceptions) {
  if (const auto at = exceptions.find(word); at != exceptions.end())
    return std::find(at->second.begin(), at->second.end(), base) != at->second.end();
  return std::any_of(rules.begin(), rules.end(), [&](const Detachment& rule) {
    const std::size_t n = word.size() - std::min(word.size(), rule.ending.size());
    return n > 0 && word.ends_with(rule.ending) && base.size() == n + rule.replacement.size() &&
           base.starts_with(std::string_view(word).substr(0, n)) && base.ends_with(rule.replacement);
  });
}

std::vector<std::string> lower_words(std::string_view text) {
  std::vector<std::string> words;
  for (const std::string_view word : split_words(text)) words.push_back(lower(word));
  return words;
}

// What stands in quotes; an opening quote without its closing one begins nothing.
std::vector<std::string_view> sentences_of(std::string_view gloss) {
  std::vector<std::string_view> sentences;
  for (std::size_t open = gloss.find('"'); open != gloss.npos;) {
    const std::size_t close = gloss.find('"', open + 1);
    if (close == gloss.npos) break;
    sentences.push_back(gloss.substr(open + 1, close - open - 1));
    open = gloss.find('"', close + 1);
  }
  return sentences;
}

std::string_view definition_of(std::string_view gloss) {
  const std::string_view before = gloss.substr(0, gloss.find('"'));
  return before.substr(0, before.find_last_not_of(" ;:,") + 1);
}

struct Tags {
  std::int32_t begin, inside, outside;
};

class Marker {
 public:
  Marker(std::size_t part, const WordNetFile& exceptions) : part_(part), exceptions_(parse_exceptions(exceptions)) {}

  // Tags of the words of a sentence: of the places where one of `phrases` stands, from left to right, of several the
  // longest.
  std::vector<std::int32_t> mark(const std::vector<std::string>& words,
                                 const std::vector<std::vector<std::string>>& phrases, const Tags& tags) const {
    std::vector<std::int32_t> marks(words.size(), tags.outside);
    for (std::size_t at = 0; at < words.size();) {
      std::size_t longest = 0;
      for (const std::vector<std::string>& phrase : phrases) {
        if (phrase.size() > longest && stands_at(std::span(words).subspan(at), phrase)) longest = phrase.size();
      }
      for (std::size_t i = 0; i < longest; ++i) marks[at + i] = i == 0 ? tags.begin : tags.inside;
      at += std::max<std::size_t>(longest, 1);
    }
    return marks;
  }

 private:
  bool stands_at(std::span<const std::string> words, const std::vector<std::string>& phrase) const {
    if (words.size() < phrase.size()) return false;
    const std::size_t inflected = part_ == kVerb ? 0 : phrase.size() - 1;
    for (std::size_t i = 0; i < phrase.size(); ++i) {
      const bool fits =
          words[i] == phrase[i] || (i == inflected && is_inflected(words[i], phrase[i], kRules[part_], exceptions_));
      if (!fits) return false;
    }
    return true;
  }

  std::size_t part_;
  Exceptions exceptions_;
};

void append_words(std::string_view text, const std::vector<std::int32_t>& tags, Example& example) {
  const std::vector<std::string_view> words = split_words(text);
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (!example.text.empty()) example.text += ' ';
    example.text += words[i];
    example.words.push_back({static_cast<std::uint32_t>(example.text.size()), tags.size() > 1 ? tags[i] : tags[0]});
  }
}

// Names of all tags, sorted.
std::vector<std::string> tag_names() {
  std::vector<std::string> names;
  for (const std::string_view file : kLexicographerFiles) {
    for (const char prefix : {'B', 'I'}) names.push_back(fmt::format("{}-{}", prefix, file));
  }
  names.emplace_back("O");
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

std::vector<std::string_view> split_words(std::string_view text) {
  std::vector<std::string_view> words;
  for (std::size_t begin = 0; begin < text.size();) {
    std::size_t end = begin;
    while (end < text.size() && (is_letter(text[end]) || (text[end] == '\'' && end > begin && end + 1 < text.size() &&
                                                          is_letter(text[end + 1]))))
      ++end;
    const bool is_blank = text[begin] == ' ' || text[begin] == '_' || text[begin] == '\t';
    end = std::max(end, begin + 1);
    if (!is_blank) words.push_back(text.substr(begin, end - begin));
    begin = end;
  }
  return words;
}

Corpus parse_gloss_tags(std::span<const WordNetFile> files, Answers answers) {
  Corpus corpus;
  corpus.answers = answers;
  corpus.label_names = tag_names();
  const auto number = [&](const std::string& name) {
    return static_cast<std::int32_t>(std::find(corpus.label_names.begin(), corpus.label_names.end(), name) -
                                     corpus.label_names.begin());
  };
  std::unordered_set<std::string> seen;
  for (std::size_t part = 0; part < kPartsOfSpeech; ++part) {
    const Marker marker(part, files[kPartsOfSpeech + part]);
    for (const Synset& synset : parse_synsets(files[part].bytes, files[part].name)) {
      const std::vector<std::string_view> sentences = sentences_of(synset.gloss);
      if (sentences.empty()) continue;
      std::vector<std::vector<std::string>> phrases;
      for (const std::string_view word : synset.words) phrases.push_back(lower_words(word));
      const std::string_view file = kLexicographerFiles[synset.file];
      const Tags tags{number(fmt::format("B-{}", file)), number(fmt::format("I-{}", file)), number("O")};
      for (const std::string_view sentence : sentences) {
        const std::vector<std::int32_t> marks = marker.mark(lower_words(sentence), phrases, tags);
        const bool is_marked = std::find(marks.begin(), marks.end(), tags.begin) != marks.end();
        if (!is_marked || !seen.emplace(sentence).second) continue;
        Example example;
        append_words(sentence, marks, example);
        append_words(":", {tags.outside}, example);
        append_words(definition_of(synset.gloss), {tags.outside}, example);
        (is_test_synset(synset.offset) ? corpus.test : corpus.train).push_back(std::move(example));
      }
    }
  }
  require(!corpus.train.empty(), "{}: must hold example sentences with words of their synonym sets, got none",
          files[0].name);
  return corpus;
}

std::unique_ptr<Source> open_gloss_tags(const ReadingOptions& options) {
  const Answers answers = options.answers.value_or(Answers::tags);
  require(answers == Answers::tags, "{}: has tags of words to learn, no {}", kWord, name(answers));
  return open_wordnet(kWord, kFiles, answers, parse_gloss_tags);
}

}  // namespace ingot::data
