#include <doctest/doctest.h>
#include <sentencepiece_trainer.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "bert/tokenizers/sentencepiece_model.h"
#include "bert/tokenizers/tokenizer.h"
#include "bert/tokenizers/train_tokenizer.h"
#include "engine/base/error.h"
#include "engine/base/rng.h"
#include "engine/base/threads.h"

using namespace ingot;
using bert::TokenizerTraining;
using engine::Error;

namespace {

using Ids = std::vector<std::int32_t>;

std::string message_of(const auto& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

engine::Rng test_rng(std::uint64_t seed) { return engine::Rng(seed, static_cast<std::uint64_t>(engine::Stream::test)); }

// Sentences of made-up words: syllables put together, frequent ones more often.
std::vector<std::string> made_up_texts(std::size_t n_texts) {
  constexpr std::string_view kSyllables[] = {"ka",  "lo", "mi",  "ter", "un",  "ing",
                                             "bra", "so", "pel", "vi",  "dor", "e"};
  engine::Rng rng = test_rng(5);
  std::vector<std::string> texts(n_texts);
  for (std::string& text : texts) {
    for (std::uint64_t n_words = 5 + rng.below(20); n_words > 0; --n_words) {
      for (std::uint64_t n = 1 + rng.below(3); n > 0; --n) {
        text += kSyllables[std::min(rng.below(std::size(kSyllables)), rng.below(std::size(kSyllables)))];
      }
      text += n_words > 1 ? " " : ".";
    }
  }
  return texts;
}

std::unique_ptr<bert::Tokenizer> train(const TokenizerTraining& options, const std::vector<std::string>& texts) {
  return bert::train_tokenizer(options, {texts.begin(), texts.end()});
}

const bert::Tokenizer& trained(const std::string& algorithm) {
  static const auto unigram = train({.algorithm = "unigram", .n_pieces = 120}, made_up_texts(300));
  static const auto bpe = train({.algorithm = "bpe", .n_pieces = 120}, made_up_texts(300));
  return algorithm == "bpe" ? *bpe : *unigram;
}

bool has_piece(const bert::Tokenizer& tokenizer, std::string_view piece) {
  for (std::int32_t id = 0; id < tokenizer.size(); ++id) {
    if (tokenizer.piece(id) == piece) return true;
  }
  return false;
}

std::string joined(const bert::Tokenizer& tokenizer, const Ids& ids) {
  std::string text;
  for (const std::int32_t id : ids) text += tokenizer.piece(id);
  for (std::size_t i; (i = text.find("\u2581")) != std::string::npos;) text.replace(i, 3, 1, ' ');
  return text;
}

}  // namespace

TEST_CASE("a trained model has the size asked for and the special tokens first") {
  for (const char* algorithm : {"unigram", "bpe"}) {
    CAPTURE(algorithm);
    const bert::Tokenizer& tokenizer = trained(algorithm);
    CHECK(tokenizer.size() == 120);
    CHECK(tokenizer.file_name() == "tokenizer.model");
    const std::vector<std::string> names{"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"};
    for (std::int32_t id = 0; id < 5; ++id) CHECK(tokenizer.piece(id) == names[static_cast<std::size_t>(id)]);
    CHECK(tokenizer.special().pad == 0);
    CHECK(tokenizer.special().unknown == 1);
    CHECK(tokenizer.special().cls == 2);
    CHECK(tokenizer.special().sep == 3);
    CHECK(tokenizer.special().mask == 4);
    CHECK_THROWS_AS(tokenizer.piece(120), Error);
    CHECK_THROWS_AS(tokenizer.piece(-1), Error);
  }
}

TEST_CASE("pieces joined give the text, lower-cased, with single spaces") {
  for (const char* algorithm : {"unigram", "bpe"}) {
    const bert::Tokenizer& tokenizer = trained(algorithm);
    for (const std::string& text : made_up_texts(50)) {
      const Ids ids = tokenizer.encode(text);
      CHECK(joined(tokenizer, ids) == " " + text);
      CHECK(ids.size() < text.size() / 2);
    }
    CHECK(joined(tokenizer, tokenizer.encode(" \tKalo\n\n  MITER\r\n")) == " kalo miter");
    CHECK(tokenizer.encode("").empty());
    CHECK(tokenizer.encode(" \n\t").empty());
  }
}

TEST_CASE("plain text cannot make special tokens of a sentencepiece model") {
  for (const char* algorithm : {"unigram", "bpe"}) {
    const bert::Tokenizer& tokenizer = trained(algorithm);
    for (const char* text : {"[MASK]", "[CLS] kalo [SEP]", "[PAD][UNK]", "<s></s><unk>", "kalo[MASK]"}) {
      const Ids ids = tokenizer.encode(text);
      CHECK(!ids.empty());
      CHECK(std::none_of(ids.begin(), ids.end(), [](std::int32_t id) { return id < 5 && id != 1; }));
    }
  }
}

TEST_CASE("the same texts give the same model on any number of threads") {
  const int n_threads = engine::threads();
  for (const char* algorithm : {"unigram", "bpe"}) {
    for (const int n : {1, 3}) {
      engine::set_threads(n);
      const auto again = train({.algorithm = algorithm, .n_pieces = 120}, made_up_texts(300));
      CHECK(again->serialized() == trained(algorithm).serialized());
    }
  }
  engine::set_threads(n_threads);
}

TEST_CASE("serialized models make the same tokenizer") {
  for (const char* algorithm : {"unigram", "bpe"}) {
    const bert::Tokenizer& tokenizer = trained(algorithm);
    const auto again = bert::make_tokenizer(tokenizer.file_name(), tokenizer.serialized(), tokenizer.config());
    CHECK(bert::fingerprint(*again) == bert::fingerprint(tokenizer));
    REQUIRE(again->size() == tokenizer.size());
    for (std::int32_t id = 0; id < again->size(); ++id) CHECK(again->piece(id) == tokenizer.piece(id));
    for (const std::string& text : made_up_texts(20)) CHECK(again->encode(text) == tokenizer.encode(text));
  }
  CHECK(bert::fingerprint(trained("bpe")) != bert::fingerprint(trained("unigram")));
}

TEST_CASE("training says what is wrong with the number of pieces") {
  const std::vector<std::string> texts{"hello world"};  // 7 letters, the space mark, 5 special tokens
  for (const char* algorithm : {"unigram", "bpe"}) {
    const auto message = [&](std::int32_t n_pieces) {
      return message_of([&] { train({.algorithm = algorithm, .n_pieces = n_pieces}, texts); });
    };
    CHECK(message(5) == "--pieces: must be greater than 5, the special tokens, got 5");
    CHECK(message(-1) == "--pieces: must be greater than 5, the special tokens, got -1");
    CHECK(message(6) == "--pieces: must be at least 13, the characters of these texts and the special tokens, got 6");
    const std::string too_many = message(8000);
    CHECK(too_many.starts_with("--pieces: must be at most "));
    CHECK(too_many.ends_with(", all that these texts hold, got 8000"));
    CHECK(message(std::stoi(too_many.substr(std::string("--pieces: must be at most ").size()))) == "no error");
  }
  CHECK(message_of([&] { train({.algorithm = "word"}, texts); }) ==
        "tokenizer: algorithm must be unigram or bpe, got 'word'");
}

TEST_CASE("without a number of pieces there are 8000, or as many as the texts hold") {
  for (const char* algorithm : {"unigram", "bpe"}) {
    const std::vector<std::vector<std::string>> few{{"a"},
                                                    {"a", "b", "c"},
                                                    {"good film", "bad film", "fine"},
                                                    {"hello world"},
                                                    {"\u4e2d\u6587", "\u65e5"},
                                                    made_up_texts(30)};
    for (const auto& texts : few) {
      CAPTURE(algorithm);
      CAPTURE(texts[0]);
      const auto tokenizer = train({.algorithm = algorithm}, texts);
      CHECK(tokenizer->size() > 5);
      CHECK(tokenizer->size() < 8000);
      for (const std::string& text : texts) {
        for (const std::int32_t id : tokenizer->encode(text)) CHECK(id != tokenizer->special().unknown);
      }
      // All that is there: one piece more is refused.
      CHECK(message_of([&] { train({.algorithm = algorithm, .n_pieces = tokenizer->size() + 1}, texts); }) ==
            fmt::format("--pieces: must be at most {}, all that these texts hold, got {}", tokenizer->size(),
                        tokenizer->size() + 1));
    }
  }
}

TEST_CASE("training refuses texts without content, and those that are not UTF-8") {
  for (const char* algorithm : {"unigram", "bpe"}) {
    for (const auto& texts : std::vector<std::vector<std::string>>{
             {}, {""}, {" ", "\n"}, {"\u3000\u200B"}, {"\u2585"}, {"\u2581"}, {std::string(3, '\0')}}) {
      CHECK(message_of([&] { train({.algorithm = algorithm, .n_pieces = 20}, texts); }) ==
            fmt::format("tokenizer: needs text with letters or digits to learn from, got {} texts without",
                        texts.size()));
    }
  }
  CHECK(message_of([&] {
          train({}, {"good", "b\xC3"});
        }) == "tokenizer: training text 1 must be UTF-8, got byte 0xc3 at offset 1");
}

TEST_CASE("training learns from every part of every text") {
  // Behind the length at which texts are cut, and next to the character that the trainer reserves: letters that occur
  // nowhere else, often enough not to be dropped as rare.
  const auto repeated = [](std::string_view part, std::size_t n) {
    std::string text;
    while (n-- > 0) text += part;
    return text;
  };
  const std::vector<std::string> texts{repeated("a\u2585b ", 200), repeated("kalo ", 4000) + repeated("q ", 200),
                                       repeated("\u6F22", 8000) + repeated("z", 200), repeated("x\ny\tw\r\n", 200)};
  const auto tokenizer = train({.algorithm = "bpe", .n_pieces = 40}, texts);
  for (const char* letter : {"a", "b", "k", "q", "\u6F22", "z", "x", "y", "w"}) {
    CAPTURE(letter);
    CHECK(has_piece(*tokenizer, letter));
  }
}

TEST_CASE("a sample of texts keeps to the limit, depends on the seed only, and is whole when all fit") {
  const std::vector<std::string> texts = made_up_texts(100);
  std::vector<std::uint32_t> sizes;
  for (const std::string& text : texts) sizes.push_back(static_cast<std::uint32_t>(text.size()));
  CHECK(bert::training_sample({}, sizes).size() == 100);
  CHECK(bert::training_sample({}, {}).empty());
  const auto sample = bert::training_sample({.max_bytes = 2000}, sizes);
  std::size_t n_bytes = 0;
  for (const std::size_t i : sample) n_bytes += texts[i].size();
  CHECK(n_bytes <= 2000);
  CHECK(n_bytes > 1500);
  CHECK(std::is_sorted(sample.begin(), sample.end()));
  CHECK(std::adjacent_find(sample.begin(), sample.end()) == sample.end());
  CHECK(bert::training_sample({.max_bytes = 2000}, sizes) == sample);
  CHECK(bert::training_sample({.seed = 2, .max_bytes = 2000}, sizes) != sample);
  CHECK(bert::training_sample({.max_bytes = 1}, sizes).size() == 1);
  CHECK(bert::training_sample({.max_bytes = 1}, {2}).size() == 1);
}

TEST_CASE("other models' own begin and end stand for CLS and SEP, and symbols that text can produce do not") {
  const auto train_raw = [](std::unordered_map<std::string, std::string> arguments) {
    struct Lines final : sentencepiece::SentenceIterator {
      std::vector<std::string> texts = made_up_texts(100);
      std::size_t at = 0;
      bool done() const override { return at == texts.size(); }
      void Next() override { ++at; }
      const std::string& value() const override { return texts[at]; }
      sentencepiece::util::Status status() const override { return {}; }
    } lines;
    arguments.insert({{"vocab_size", "60"}, {"minloglevel", "3"}});
    std::string model;
    REQUIRE(sentencepiece::SentencePieceTrainer::Train(arguments, &lines, &model).ok());
    return model;
  };
  const auto plain = bert::make_tokenizer("m.model", train_raw({}));
  CHECK(plain->special().unknown == 0);
  CHECK(plain->special().cls == 1);
  CHECK(plain->special().sep == 2);
  CHECK(plain->special().pad == -1);
  CHECK(plain->special().mask == -1);
  CHECK(message_of([&] {
          bert::make_tokenizer("m.model", train_raw({{"user_defined_symbols", "[MASK]"}}));
        }) == "m.model: [MASK] must be a control symbol, piece 3 is one that text can produce");
  CHECK(message_of([&] {
          bert::make_tokenizer("m.model", train_raw({{"bos_id", "-1"}}));
        }) == "m.model: must have a piece [CLS] or a begin-of-sentence symbol, has neither");
}

TEST_CASE("a word of a megabyte that the model does not know is encoded in parts, quickly") {
  const auto tokenizer = bert::train_tokenizer({.n_pieces = 22}, {"the iron number one is small here", "a plum"});
  const std::vector<std::int32_t> part = tokenizer->encode(std::string(100, 'q'));
  std::vector<std::int32_t> expected;
  for (int i = 0; i < 64; ++i) expected.insert(expected.end(), part.begin(), part.end());
  CHECK(tokenizer->encode(std::string(64 * 16384, 'q')) == expected);
}

TEST_CASE("text that is not UTF-8 is refused by a sentencepiece model with the offset of the byte") {
  CHECK(message_of([] { trained("unigram").encode("kalo \xFFmi"); }) ==
        "encode: text must be UTF-8, got byte 0xff at offset 5");
}

TEST_CASE("pieces that are no UTF-8, or have no finite score, are refused by their number") {
  const auto message = [](const auto& change) {
    bert::SentencePieceModel model = bert::parse_sentencepiece_model(trained("unigram").serialized(), "m");
    change(model);
    return message_of([&] { bert::make_tokenizer("m.model", to_bytes(model)); });
  };
  using Model = bert::SentencePieceModel;
  CHECK(message([](Model&) {}) == "no error");
  CHECK(message([](Model& m) { m.pieces[9].text = "ka\xC3"; }) == "m.model: piece 9 must be UTF-8, is 'ka\\xc3'");
  CHECK(message([](Model& m) { m.pieces[9].score = std::nanf(""); }) ==
        "m.model: piece 9 must have a finite score, has nan");
  CHECK(message([](Model& m) { m.pieces[9].score = -INFINITY; }) ==
        "m.model: piece 9 must have a finite score, has -inf");
  for (std::string Model::*name :
       {&Model::unknown_piece, &Model::begin_piece, &Model::end_piece, &Model::padding_piece}) {
    CHECK(message([&](Model& m) { m.*name = "\xFF"; }) == "m.model: special pieces must be UTF-8, one is '\\xff'");
  }
}

TEST_CASE("a file with fields of a kind that protocol buffers no longer have is no model") {
  for (const char* group : {"\x0B", "\x0C", "\x0E"}) {  // field 1 of wire types 3, 4 and 6
    CHECK(message_of([&] { bert::make_tokenizer("m.model", trained("unigram").serialized() + group); }) ==
          "m.model: must be a SentencePiece model, is no protocol buffer");
  }
}

TEST_CASE("a model that is written names the ids of its special pieces, and -1 for those it lacks") {
  bert::SentencePieceModel model = bert::parse_sentencepiece_model(trained("unigram").serialized(), "m");
  model.padding_piece = "not a piece";
  const auto id_of = [&](const std::string& text) {
    const auto has_text = [&](const auto& piece) { return piece.text == text; };
    return static_cast<char>(std::ranges::find_if(model.pieces, has_text) - model.pieces.begin());
  };
  // Fields 40 to 43 of sentencepiece_model.proto's TrainerSpec: unk_id, bos_id, eos_id and pad_id, int32.
  const std::string ids = std::string("\xC0\x02") + id_of(model.unknown_piece) + "\xC8\x02" + id_of(model.begin_piece) +
                          "\xD0\x02" + id_of(model.end_piece) + "\xD8\x02" + std::string(9, '\xFF') + "\x01";
  CHECK(to_bytes(model).find(ids) != std::string::npos);
}

TEST_CASE("damaged models and random bytes give an error or a tokenizer that works") {
  engine::Rng rng = test_rng(9);
  const std::string& model = trained("unigram").serialized();
  const std::size_t table = model.find("nmt_nfkc_cf") + 11;  // behind it: the normalisation table
  std::size_t n_refused = 0;
  for (int i = 0; i < 400; ++i) {
    std::string bytes = model;
    const bool in_table = i % 2 == 0;
    for (std::uint64_t n = 1 + rng.below(4); n > 0; --n) {
      const std::size_t at = in_table ? table + rng.below(4096) : rng.below(table);
      bytes[at] = static_cast<char>(rng.below(256));
    }
    if (i % 7 == 0) bytes.resize(rng.below(bytes.size()));
    const std::string message = message_of(
        [&] { bert::make_tokenizer("m.model", bytes)->encode("Kalo e\u0301 \uFF21\uFB01 \U0001F600 miter"); });
    if (message != "no error") ++n_refused;
  }
  CHECK(n_refused > 40);
  CHECK(n_refused < 400);
  for (int i = 0; i < 500; ++i) {
    std::string noise(rng.below(60), '\0');
    for (char& c : noise) c = static_cast<char>(rng.below(256));
    CHECK_THROWS_AS(bert::make_tokenizer("m.model", noise), Error);
    message_of([&] { trained("bpe").encode(noise); });
  }
  using namespace std::string_literals;
  const std::string zero_in_piece = "\x0a\x09\x0a\x05<unk>\x18\x02"s + "\x0a\x05\x0a\x03\0ab"s;
  CHECK(message_of([&] { bert::make_tokenizer("m.model", zero_in_piece); }).find("must not hold a zero byte") !=
        std::string::npos);
}
