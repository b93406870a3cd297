// Text to token ids: bytes and tokens per second over the glosses of WordNet, or over generated sentences where that
// package is missing (a label says which).
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "bert/tokenizers/tokenizer.h"
#include "bert/tokenizers/train_tokenizer.h"
#include "data/source.h"
#include "engine/base/error.h"
#include "engine/base/rng.h"
#include "engine/base/threads.h"

namespace ingot::bench {
namespace {

constexpr std::size_t kTexts = 20'000;

struct Texts {
  std::string kind;
  std::vector<std::string> lines;
  std::size_t n_bytes = 0;
};

std::vector<std::string> generated() {
  constexpr const char* kSyllables[] = {"ba", "con", "der", "fi", "gra", "lo", "men", "nis", "o", "par", "ste", "tur"};
  engine::Rng rng(1);
  std::vector<std::string> lines(kTexts);
  for (std::string& line : lines) {
    for (std::uint64_t word = 5 + rng.below(15); word-- > 0; line += ' ')
      for (std::uint64_t part = 1 + rng.below(3); part-- > 0;) line += kSyllables[rng.below(std::size(kSyllables))];
  }
  return lines;
}

const Texts& texts() {
  static const Texts all = [] {
    Texts t{"glosses", {}};
    try {
      for (data::Example& example : data::open_source("glosses")->read().train) {
        if (t.lines.size() < kTexts) t.lines.push_back(std::move(example.text));
      }
    } catch (const engine::Error& error) {
      fmt::print(stderr, "tokenizers run over generated text: {}\n", error.what());
      t = {"generated", generated()};
    }
    for (const std::string& line : t.lines) t.n_bytes += line.size();
    return t;
  }();
  return all;
}

// The most frequent words of the texts, whole and as continuations, and every letter: about 8,000 pieces.
std::unique_ptr<bert::Tokenizer> wordpiece() {
  std::map<std::string, std::size_t> counts;
  for (const std::string& line : texts().lines) {
    for (std::size_t at = 0, end; at < line.size(); at = end + 1) {
      end = std::min(line.find(' ', at), line.size());
      const std::string word = line.substr(at, end - at);
      if (!word.empty() && std::all_of(word.begin(), word.end(), [](char c) { return c >= 'a' && c <= 'z'; }))
        ++counts[word];
    }
  }
  std::vector<std::pair<std::size_t, std::string>> words;
  for (const auto& [word, count] : counts)
    if (word.size() > 1) words.emplace_back(count, word);
  std::sort(words.rbegin(), words.rend());
  words.resize(std::min<std::size_t>(words.size(), 4000));
  std::string vocabulary = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n,\n.\n;\n'\n-\n(\n)\n";
  for (char c = 'a'; c <= 'z'; ++c) vocabulary += fmt::format("{0}\n##{0}\n", c);
  for (char c = '0'; c <= '9'; ++c) vocabulary += fmt::format("{0}\n##{0}\n", c);
  for (const auto& [count, word] : words) vocabulary += fmt::format("{0}\n##{0}\n", word);
  return bert::make_tokenizer("vocab.txt", vocabulary);
}

std::unique_ptr<bert::Tokenizer> sentencepiece() {
  const std::vector<std::string_view> views(texts().lines.begin(), texts().lines.end());
  return bert::train_tokenizer({.algorithm = "bpe", .n_pieces = 1000, .max_bytes = 200'000}, views);
}

void bench_tokenizer(benchmark::State& state, std::unique_ptr<bert::Tokenizer> (*make)()) {
  engine::set_threads(static_cast<int>(state.range(0)));
  const std::unique_ptr<bert::Tokenizer> tokenizer = make();
  const std::vector<std::string>& lines = texts().lines;
  std::vector<std::size_t> lengths(lines.size());
  for (auto pass : state) {
    engine::parallel_for(static_cast<std::int64_t>(lines.size()), 64, [&](std::int64_t begin, std::int64_t end) {
      for (auto i = static_cast<std::size_t>(begin); i < static_cast<std::size_t>(end); ++i)
        lengths[i] = tokenizer->encode(lines[i]).size();
    });
  }
  std::size_t n_tokens = 0;
  for (const std::size_t length : lengths) n_tokens += length;
  if (n_tokens == 0) state.SkipWithError("no token in any text");
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(texts().n_bytes));
  state.SetLabel(texts().kind);
  state.counters["tokens/s"] =
      benchmark::Counter(static_cast<double>(n_tokens), benchmark::Counter::kIsIterationInvariantRate);
}

BENCHMARK_CAPTURE(bench_tokenizer, wordpiece, wordpiece)
    ->Name("tokenizer/wordpiece")
    ->ArgName("threads")
    ->Arg(1)
    ->Arg(2)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(bench_tokenizer, sentencepiece, sentencepiece)
    ->Name("tokenizer/sentencepiece")
    ->ArgName("threads")
    ->Arg(1)
    ->Arg(2)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace ingot::bench
