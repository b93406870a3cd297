#include "bert/tokenizers/token_cache.h"

#include <algorithm>
#include <cstring>
#include <exception>
#include <filesystem>
#include <utility>

#include "bert/tokenizers/sentencepiece_tokenizer.h"
#include "bert/tokenizers/token_file.h"
#include "engine/base/cache.h"
#include "engine/base/error.h"
#include "engine/base/threads.h"

namespace ingot::bert {
namespace fs = std::filesystem;

namespace {

using engine::content_hash;
using engine::hash_of_value;

constexpr std::size_t kBatch = 2048;  // texts tokenized before their ids are written
constexpr std::int64_t kGrain = 16;   // texts to a thread at a time

using Ids = std::vector<std::int32_t>;

void encode_words(const Tokenizer& tokenizer, const data::Example& example, TokenRow& row) {
  std::size_t begin = 0;
  for (const data::Word& word : example.words) {
    Ids ids = tokenizer.encode(std::string_view(example.text).substr(begin, word.end - begin));
    if (ids.empty()) ids.push_back(std::max(0, tokenizer.special().unknown));  // every word has its place
    row.ids.insert(row.ids.end(), ids.begin(), ids.end());
    row.tags.push_back(word.tag);
    row.tags.resize(row.ids.size(), kInnerToken);
    begin = word.end + 1;
  }
}

// Consecutive texts of a part, tokenized with all threads and written in their order.
class PartWriter {
 public:
  PartWriter(TokenFileWriter& writer, const Tokenizer& tokenizer, std::string name, const TokenProgress& progress)
      : writer_(writer), tokenizer_(tokenizer), name_(std::move(name)), progress_(progress) {}

  void take(data::Part part, data::Example&& example) {
    while (part_ != part) end_part();
    batch_.push_back(std::move(example));
    if (batch_.size() == kBatch) write_batch();
  }

  void finish() {
    while (n_ended_ < kTokenParts) end_part();
  }

 private:
  void end_part() {
    write_batch();
    writer_.end_part();
    n_in_part_ = 0;
    if (++n_ended_ < kTokenParts) part_ = data::kParts[n_ended_];
  }

  // The first text (in order) that cannot be encoded is reported, on any number of threads.
  void write_batch() {
    std::vector<TokenRow> rows(batch_.size());
    std::vector<std::exception_ptr> failures(batch_.size());
    engine::parallel_for(static_cast<std::int64_t>(batch_.size()), kGrain, [&](std::int64_t begin, std::int64_t end) {
      for (auto i = static_cast<std::size_t>(begin); i < static_cast<std::size_t>(end); ++i) {
        try {
          rows[i] = encode_example(tokenizer_, batch_[i]);
        } catch (...) {
          failures[i] = std::current_exception();
        }
      }
    });
    const auto failed = std::find_if(failures.begin(), failures.end(), [](const auto& f) { return f != nullptr; });
    if (failed != failures.end()) {
      constexpr const char* kNames[] = {"train", "test", "unlabelled", "validation"};
      const std::size_t index = n_in_part_ + static_cast<std::size_t>(failed - failures.begin());
      engine::with_subject(fmt::format("{}: {} text {}", name_, kNames[static_cast<std::size_t>(part_)], index),
                           [&] { std::rethrow_exception(*failed); });
    }
    for (const TokenRow& row : rows) writer_.add(row);
    n_in_part_ += batch_.size();
    n_done_ += batch_.size();
    if (progress_ && !batch_.empty()) progress_(n_done_);
    batch_.clear();
  }

  TokenFileWriter& writer_;
  const Tokenizer& tokenizer_;
  std::string name_;
  const TokenProgress& progress_;
  data::Part part_ = data::Part::train;
  std::size_t n_ended_ = 0, n_in_part_ = 0, n_done_ = 0;
  std::vector<data::Example> batch_;
};

void make_token_file(const fs::path& path, const TokenKey& key, const data::Source& source, const Tokenizer& tokenizer,
                     const TokenProgress& progress) {
  TokenFileWriter writer(path);
  PartWriter parts(writer, tokenizer, source.name(), progress);
  const data::CorpusFacts facts =
      source.visit([&](data::Part part, data::Example&& example) { parts.take(part, std::move(example)); });
  parts.finish();
  writer.commit(key, facts);
}

// A trained model in the cache is preceded by its hash.
std::unique_ptr<Tokenizer> open_tokenizer_file(const fs::path& path, std::int32_t n_pieces) {
  std::error_code error;
  if (!fs::is_regular_file(path, error)) return nullptr;
  const std::string bytes = engine::read_file(path);
  std::uint64_t hash = 0;
  if (bytes.size() <= sizeof hash) return nullptr;
  std::memcpy(&hash, bytes.data(), sizeof hash);
  std::string model = bytes.substr(sizeof hash);
  if (content_hash(model) != hash) return nullptr;
  auto tokenizer = std::make_unique<SentencePieceTokenizer>(std::move(model), path.string());
  return n_pieces == 0 || tokenizer->size() == n_pieces ? std::move(tokenizer) : nullptr;
}

void write_tokenizer_file(const fs::path& path, const Tokenizer& tokenizer) {
  const std::uint64_t hash = content_hash(tokenizer.serialized());
  engine::AtomicFile file(path);
  file.write(&hash, sizeof hash);
  file.write(tokenizer.serialized());
  file.commit();
}

// Calls look(text) for each text that a tokenizer may learn from: labelled and unlabelled ones, both of a pair.
template <class Look>
void for_each_text(const data::Source& source, const Look& look) {
  source.visit([&](data::Part part, data::Example&& example) {
    if (part != data::Part::train && part != data::Part::unlabelled) return;
    look(std::move(example.text));
    if (!example.second.empty()) look(std::move(example.second));
  });
}

// The texts that training chooses. The corpus is read twice, so that no more of it is held.
std::vector<std::string> sampled_texts(const data::Source& source, const TokenizerTraining& options) {
  std::vector<std::uint32_t> sizes;
  for_each_text(source, [&](std::string&& text) { sizes.push_back(static_cast<std::uint32_t>(text.size())); });
  const std::vector<std::size_t> chosen = training_sample(options, sizes);
  std::vector<std::string> sample;
  std::size_t index = 0;
  for_each_text(source, [&](std::string&& text) {
    if (sample.size() < chosen.size() && chosen[sample.size()] == index) sample.push_back(std::move(text));
    ++index;
  });
  return sample;
}

}  // namespace

TokenRow encode_example(const Tokenizer& tokenizer, const data::Example& example) {
  TokenRow row{.label = example.label, .numbers = example.numbers, .hash = text_hash(example.text)};
  if (!example.words.empty()) {
    encode_words(tokenizer, example, row);
  } else {
    row.ids = tokenizer.encode(example.text);
  }
  if (!example.second.empty()) {
    const Ids second = tokenizer.encode(example.second);
    row.ids.insert(row.ids.end(), second.begin(), second.end());
    row.second_size = static_cast<std::uint32_t>(second.size());
    row.hash = hash_of_value(text_hash(example.second), row.hash);
  }
  return row;
}

std::uint64_t text_hash(std::string_view text) {
  std::string plain;
  plain.reserve(text.size());
  bool blank = false;
  for (const char c : text) {
    if (std::string_view(" \t\n\r\f\v").find(c) != std::string_view::npos) {
      blank = !plain.empty();
      continue;
    }
    if (blank) plain += ' ';
    blank = false;
    plain += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return content_hash(plain);
}

TokenCorpus tokenize(const data::Source& source, const Tokenizer& tokenizer, const TokenProgress& progress) {
  const TokenKey key{.source = source.fingerprint(), .tokenizer = fingerprint(tokenizer)};
  const std::uint64_t hash = hash_of_value(key.tokenizer, hash_of_value(key.source, content_hash("tokens")));
  const fs::path path = engine::cache_folder() / fmt::format("tokens-{:016x}.bin", hash);
  engine::touch_cache_entry(path);
  if (auto corpus = open_token_file(path, key, tokenizer.size())) return std::move(*corpus);
  make_token_file(path, key, source, tokenizer, progress);
  engine::trim_cache();
  auto corpus = open_token_file(path, key, tokenizer.size());
  engine::require(corpus.has_value(), "{}: was written but cannot be read back: the disk may be failing",
                  path.string());
  return std::move(*corpus);
}

std::unique_ptr<Tokenizer> tokenizer_for(const data::Source& source, const TokenizerTraining& options) {
  std::uint64_t hash = hash_of_value(source.fingerprint(), content_hash(options.algorithm, content_hash("tokenizer")));
  hash = hash_of_value(options.seed, hash_of_value(options.n_pieces, hash));
  hash = hash_of_value(options.max_bytes > 0 ? options.max_bytes : kDefaultTrainingBytes, hash);
  const fs::path path = engine::cache_folder() / fmt::format("tokenizer-{:016x}.bin", hash);
  engine::touch_cache_entry(path);
  if (auto tokenizer = open_tokenizer_file(path, options.n_pieces)) return tokenizer;
  const std::vector<std::string> sample = sampled_texts(source, options);
  auto tokenizer = train_tokenizer(options, {sample.begin(), sample.end()});
  write_tokenizer_file(path, *tokenizer);
  engine::trim_cache();
  return tokenizer;
}

}  // namespace ingot::bert
