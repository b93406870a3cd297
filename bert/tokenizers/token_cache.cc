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

constexpr std::size_t kBatch = 2048;  // texts tokenized before their ids are written
constexpr std::int64_t kGrain = 16;   // texts to a thread at a time

template <class T>
std::uint64_t hash_value(const T& value, std::uint64_t hash) {
  return content_hash({reinterpret_cast<const char*>(&value), sizeof value}, hash);
}

using Ids = std::vector<std::int32_t>;

// Ids of consecutive texts. The first text (in order) that cannot be encoded is reported, on any number of threads.
std::vector<Ids> encode_all(const Tokenizer& tokenizer, std::span<const data::Example> examples,
                            const std::string& part, std::size_t first_index) {
  std::vector<Ids> ids(examples.size());
  std::vector<std::exception_ptr> failures(examples.size());
  engine::parallel_for(static_cast<std::int64_t>(examples.size()), kGrain, [&](std::int64_t begin, std::int64_t end) {
    for (auto i = static_cast<std::size_t>(begin); i < static_cast<std::size_t>(end); ++i) {
      try {
        ids[i] = tokenizer.encode(examples[i].text);
      } catch (...) {
        failures[i] = std::current_exception();
      }
    }
  });
  const auto failed = std::find_if(failures.begin(), failures.end(), [](const auto& f) { return f != nullptr; });
  if (failed == failures.end()) return ids;
  const std::size_t index = first_index + static_cast<std::size_t>(failed - failures.begin());
  return engine::with_subject(fmt::format("{} text {}", part, index),
                              [&]() -> std::vector<Ids> { std::rethrow_exception(*failed); });
}

void make_token_file(const fs::path& path, const TokenKey& key, const data::Source& source, const Tokenizer& tokenizer,
                     const TokenProgress& progress) {
  data::Corpus corpus = source.read();
  const std::size_t total =
      corpus.train.size() + corpus.test.size() + corpus.unlabelled.size() + corpus.validation.size();
  std::size_t done = 0;
  TokenFileWriter writer(path);
  const auto add_part = [&](std::vector<data::Example>& examples, const char* name) {
    const std::string part = source.name() + ": " + name;
    for (std::size_t begin = 0; begin < examples.size(); begin += kBatch) {
      const std::span batch = std::span(examples).subspan(begin, std::min(kBatch, examples.size() - begin));
      const std::vector<Ids> ids = encode_all(tokenizer, batch, part, begin);
      for (std::size_t i = 0; i < batch.size(); ++i) {
        writer.add(ids[i], batch[i].label, text_hash(batch[i].text));
        std::string().swap(batch[i].text);  // its memory is free for the ids of the next
      }
      done += batch.size();
      if (progress) progress(done, total);
    }
    writer.end_part();
  };
  add_part(corpus.train, "train");
  add_part(corpus.test, "test");
  add_part(corpus.unlabelled, "unlabelled");
  add_part(corpus.validation, "validation");
  writer.commit(key, corpus.label_names, corpus.notes);
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

// The texts that training would choose from all training texts; the rest of the corpus is gone when this returns, since
// training needs the memory.
std::vector<std::string> sampled_texts(const data::Source& source, const TokenizerTraining& options) {
  data::Corpus corpus = source.read();
  std::vector<std::string*> texts;
  for (auto* part : {&corpus.train, &corpus.unlabelled}) {
    for (data::Example& example : *part) texts.push_back(&example.text);
  }
  const std::vector<std::string_view> views = [&] {
    std::vector<std::string_view> all;
    for (const std::string* text : texts) all.push_back(*text);
    return all;
  }();
  std::vector<std::string> sample;
  for (const std::size_t i : training_sample(options, views)) sample.push_back(std::move(*texts[i]));
  return sample;
}

}  // namespace

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
  const std::uint64_t hash = hash_value(key.tokenizer, hash_value(key.source, content_hash("tokens")));
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
  std::uint64_t hash = hash_value(source.fingerprint(), content_hash(options.algorithm, content_hash("tokenizer")));
  hash = hash_value(options.seed, hash_value(options.n_pieces, hash));
  hash = hash_value(options.max_bytes > 0 ? options.max_bytes : kDefaultTrainingBytes, hash);
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
