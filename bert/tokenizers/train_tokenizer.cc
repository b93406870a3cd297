#include "bert/tokenizers/train_tokenizer.h"

#include <sentencepiece_trainer.h>
#include <utf8proc.h>

#include <algorithm>
#include <charconv>
#include <numeric>
#include <unordered_map>
#include <utility>

#include "bert/tokenizers/sentencepiece_tokenizer.h"
#include "engine/base/error.h"
#include "engine/base/rng.h"
#include "engine/base/utf8.h"

namespace ingot::bert {
namespace {

using engine::fail;
using engine::require;

constexpr std::int32_t kSpecialTokens = 5;

// Longer texts are given to the trainer in parts, cut at whitespace: it would skip what exceeds its limit, and its
// memory grows with the longest sentence.
constexpr std::size_t kMaxSentenceBytes = 16384;

constexpr std::string_view kAsciiSpace = " \t\n\r\f\v";

// The trainer keeps U+2585 for itself and skips sentences that hold it.
constexpr std::string_view kReservedBlock = "\u2585";

// The texts, one sentence after another.
class Sentences final : public sentencepiece::SentenceIterator {
 public:
  explicit Sentences(std::vector<std::string_view> texts) : texts_(std::move(texts)) { Next(); }

  bool done() const override { return done_; }
  const std::string& value() const override { return sentence_; }
  sentencepiece::util::Status status() const override { return {}; }

  void Next() override {
    while (rest_.empty() && at_ < texts_.size()) rest_ = texts_[at_++];
    done_ = rest_.empty();
    if (done_) return;
    const std::size_t length = sentence_length();
    sentence_ = rest_.substr(0, length);
    rest_.remove_prefix(length);
    for (std::size_t i = sentence_.find(kReservedBlock); i != std::string::npos;
         i = sentence_.find(kReservedBlock, i)) {
      sentence_.replace(i, kReservedBlock.size(), 1, ' ');
    }
  }

 private:
  std::size_t sentence_length() const {
    if (rest_.size() <= kMaxSentenceBytes) return rest_.size();
    const std::size_t space = rest_.find_last_of(kAsciiSpace, kMaxSentenceBytes - 1);
    if (space != std::string_view::npos) return space + 1;
    std::size_t end = kMaxSentenceBytes;  // text without spaces: between two characters
    while ((rest_[end] & 0xC0) == 0x80) --end;
    return end;
  }

  std::vector<std::string_view> texts_;
  std::size_t at_ = 0;
  std::string_view rest_;
  std::string sentence_;
  bool done_ = false;
};

// Something that normalisation leaves. The trainer ends the process when nothing is left of all texts.
bool has_letter_or_digit(std::string_view text) {
  for (const char *at = text.data(), *end = at + text.size(); at < end;) {
    const auto category = utf8proc_category(static_cast<utf8proc_int32_t>(engine::next_code_point(at)));
    const bool letter = category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO;
    const bool number = category >= UTF8PROC_CATEGORY_ND && category <= UTF8PROC_CATEGORY_NO;
    if (letter || number) return true;
  }
  return false;
}

// The whole number after the last `mark`, -1 if there is none.
int number_after(std::string_view text, std::string_view mark) {
  const std::size_t at = text.rfind(mark);
  int number = -1;
  if (at != std::string_view::npos) {
    std::from_chars(text.data() + at + mark.size(), text.data() + text.size(), number);
  }
  return number;
}

constexpr std::string_view kMost = "Please set it to a value <= ", kLeast = " vs ";

// What to try instead of the default size that the trainer refused; 0 if its message does not tell.
std::int32_t other_size(std::string_view message) {
  if (const int most = number_after(message, kMost); most > kSpecialTokens) return most;
  if (const int least = number_after(message, kLeast); least >= 0) return least + kDefaultPieces;
  return 0;
}

// The trainer's message in our words: "Vocabulary size too high (8000). Please set it to a value <= 55." and
// "Vocabulary size is smaller than required_chars. 6 vs 13. Increase ...".
[[noreturn]] void fail_training(std::int32_t n_pieces, std::string_view message) {
  const int most = number_after(message, kMost);
  if (most >= 0) fail("--pieces: must be at most {}, all that these texts hold, got {}", most, n_pieces);
  const int least = number_after(message, kLeast);
  if (least >= 0) {
    fail("--pieces: must be at least {}, the characters of these texts and the special tokens, got {}", least,
         n_pieces);
  }
  fail("tokenizer: training failed: {}", message);
}

// One run of the trainer. Returns its message if it refuses.
std::string learn(const std::string& algorithm, std::int32_t n_pieces, std::vector<std::string_view> texts,
                  std::string& model) {
  const std::unordered_map<std::string, std::string> arguments{
      {"model_type", algorithm},
      {"vocab_size", std::to_string(n_pieces)},
      {"normalization_rule_name", "nmt_nfkc_cf"},
      {"pad_id", "0"},
      {"unk_id", "1"},
      {"bos_id", "2"},
      {"eos_id", "3"},
      {"pad_piece", "[PAD]"},
      {"unk_piece", "[UNK]"},
      {"bos_piece", "[CLS]"},
      {"eos_piece", "[SEP]"},
      {"control_symbols", "[MASK]"},
      {"max_sentence_length", std::to_string(64 * kMaxSentenceBytes)},
      {"num_threads", "2"},  // sums of floats are split by it: another number gives another model
      {"minloglevel", "3"}};
  Sentences sentences(std::move(texts));
  const auto status = sentencepiece::SentencePieceTrainer::Train(arguments, &sentences, &model);
  return status.ok() ? std::string() : std::string(status.message());
}

}  // namespace

std::vector<std::size_t> training_sample(const TokenizerTraining& options, const std::vector<std::uint32_t>& sizes) {
  const std::size_t max_bytes = options.max_bytes > 0 ? options.max_bytes : kDefaultTrainingBytes;
  std::vector<std::size_t> order(sizes.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::size_t n_bytes = 0;
  for (const std::uint32_t size : sizes) n_bytes += size;
  if (n_bytes <= max_bytes) return order;
  engine::Rng rng(options.seed, static_cast<std::uint64_t>(engine::Stream::tokenizer));
  engine::shuffle(order, rng);
  std::size_t n_texts = 1;
  n_bytes = sizes[order[0]];
  while (n_texts < order.size() && n_bytes + sizes[order[n_texts]] <= max_bytes) {
    n_bytes += sizes[order[n_texts++]];
  }
  order.resize(n_texts);
  std::sort(order.begin(), order.end());
  return order;
}

std::unique_ptr<Tokenizer> train_tokenizer(const TokenizerTraining& options,
                                           const std::vector<std::string_view>& texts) {
  require(options.algorithm == "unigram" || options.algorithm == "bpe",
          "tokenizer: algorithm must be unigram or bpe, got '{}'", options.algorithm);
  require(options.n_pieces == 0 || options.n_pieces > kSpecialTokens,
          "--pieces: must be greater than {}, the special tokens, got {}", kSpecialTokens, options.n_pieces);
  std::vector<std::string_view> sample;
  std::vector<std::uint32_t> sizes;
  for (const std::string_view text : texts) sizes.push_back(static_cast<std::uint32_t>(text.size()));
  for (const std::size_t i : training_sample(options, sizes)) {
    engine::require_utf8(texts[i], fmt::format("tokenizer: training text {}", i));
    sample.push_back(texts[i]);
  }
  require(std::any_of(sample.begin(), sample.end(), has_letter_or_digit),
          "tokenizer: needs text with letters or digits to learn from, got {} texts without", sample.size());
  const std::int32_t n_pieces = options.n_pieces == 0 ? kDefaultPieces : options.n_pieces;
  std::string model;
  std::string problem = learn(options.algorithm, n_pieces, sample, model);
  // What the trainer takes is known only once it has refused; it may find fewer still when it is asked for fewer.
  for (std::int32_t size = n_pieces; !problem.empty() && options.n_pieces == 0;) {
    const std::int32_t other = other_size(problem);
    if (other == 0 || other == size || (size < n_pieces && other > size)) break;
    size = other;
    problem = learn(options.algorithm, size, sample, model);
  }
  if (!problem.empty()) fail_training(n_pieces, problem);
  return std::make_unique<SentencePieceTokenizer>(std::move(model), "tokenizer");
}

}  // namespace ingot::bert
