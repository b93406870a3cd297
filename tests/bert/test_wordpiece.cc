#include <archive.h>
#include <archive_entry.h>
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "bert/tokenizers/basic_words.h"
#include "bert/tokenizers/tokenizer.h"
#include "bert/tokenizers/utf8.h"
#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/base/rng.h"

using namespace ingot;
using bert::make_tokenizer;
using engine::Error;
namespace fs = std::filesystem;

namespace {

const fs::path kGolden = fs::path(INGOT_GOLDEN) / "bert";
const std::string kSpecial = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n";

using Ids = std::vector<std::int32_t>;
using Words = std::vector<std::string>;

Words words_of(std::string_view text, bool lower_case) {
  Words words;
  bert::BasicWords reader(text, lower_case);
  for (std::string_view word = reader.next(); !word.empty(); word = reader.next()) words.emplace_back(word);
  return words;
}

std::string random_bytes(engine::Rng& rng, std::size_t n_bytes) {
  std::string bytes(n_bytes, '\0');
  for (char& c : bytes) c = static_cast<char>(rng.below(256));
  return bytes;
}

std::string message_of(const auto& action) {
  try {
    action();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

// The first of the folders where data that is not part of the project may lie.
fs::path shared_file(const fs::path& relative) {
  const char* data = std::getenv("INGOT_DATA");
  for (const fs::path& root : {data != nullptr ? fs::path(data) / ".." : fs::path(), fs::path("../shared"),
                               fs::path(INGOT_GOLDEN) / "../../../shared"}) {
    if (!root.empty() && fs::exists(root / relative)) return root / relative;
  }
  return {};
}

// Longest match by trying every length against a map: slow and plainly right.
Ids match_slowly(const std::map<std::string, std::int32_t>& vocabulary, const std::string& word) {
  Ids ids;
  for (std::size_t begin = 0; begin < word.size();) {
    std::size_t length = word.size() - begin;
    for (; length > 0; --length) {
      const auto found = vocabulary.find((begin > 0 ? "##" : "") + word.substr(begin, length));
      if (found == vocabulary.end()) continue;
      ids.push_back(found->second);
      break;
    }
    if (length == 0) return {1};
    begin += length;
  }
  return ids;
}

}  // namespace

TEST_CASE("wordpiece ids are those of Hugging Face's tokenizers on awkward strings") {
  const auto tokenizer = bert::load_tokenizer(kGolden / "wordpiece-vocab.txt");
  const nlohmann::json golden = nlohmann::json::parse(engine::read_file(kGolden / "wordpiece.json"));
  REQUIRE(golden.size() == 26);
  for (const auto& entry : golden) {
    const auto text = entry["text"].get<std::string>();
    CAPTURE(text);
    CHECK(tokenizer->encode(text) == entry["ids"].get<Ids>());
  }
}

TEST_CASE("wordpiece ids are those of Hugging Face's tokenizers on 300 film reviews") {
  const fs::path golden_file = shared_file("golden/bert/wordpiece-imdb.json");
  const fs::path vocabulary = shared_file("data/bert-base-uncased-vocab.txt");
  const fs::path reviews = shared_file("data/aclImdb.tar.gz");
  if (golden_file.empty() || vocabulary.empty() || reviews.empty()) {
    MESSAGE("skipped: needs wordpiece-imdb.json, bert-base-uncased-vocab.txt and aclImdb.tar.gz beside $INGOT_DATA");
    return;
  }
  std::map<std::string, Ids> expected;
  for (const auto& entry : nlohmann::json::parse(engine::read_file(golden_file))) {
    expected.emplace(entry["file"].get<std::string>(), entry["ids"].get<Ids>());
  }
  const auto tokenizer = bert::load_tokenizer(vocabulary);
  CHECK(tokenizer->size() == 30522);
  archive* reader = archive_read_new();
  archive_read_support_filter_gzip(reader);
  archive_read_support_format_tar(reader);
  REQUIRE(archive_read_open_filename(reader, reviews.c_str(), 1 << 16) == ARCHIVE_OK);
  std::size_t n_found = 0;
  for (archive_entry* entry; n_found < expected.size() && archive_read_next_header(reader, &entry) == ARCHIVE_OK;) {
    const std::string name = archive_entry_pathname(entry);
    const auto found = expected.find(name);
    if (found == expected.end()) continue;
    std::string text(static_cast<std::size_t>(archive_entry_size(entry)), '\0');
    REQUIRE(archive_read_data(reader, text.data(), text.size()) == static_cast<la_ssize_t>(text.size()));
    CAPTURE(name);
    CHECK(tokenizer->encode(text) == found->second);
    ++n_found;
  }
  archive_read_free(reader);
  CHECK(n_found == 300);
}

// Made with tokenizers 0.22: random mixtures of marks, scripts, spaces and ASCII, of characters that Unicode 3.2 knew.
TEST_CASE("words are those of Hugging Face's BertNormalizer and BertPreTokenizer on random strings") {
  const nlohmann::json golden = nlohmann::json::parse(engine::read_file(kGolden / "basic-words.json"));
  REQUIRE(golden.size() == 400);
  for (const auto& entry : golden) {
    const auto text = entry["text"].get<std::string>();
    CAPTURE(text);
    CHECK(words_of(text, true) == entry["lower"].get<Words>());
    CHECK(words_of(text, false) == entry["cased"].get<Words>());
  }
}

TEST_CASE("the ideographs of BERT's CJK blocks stand apart, first and last of each, and their neighbours do not") {
  struct Block {
    char32_t first, last;
  };
  for (const Block block : {Block{0x3400, 0x4DBF}, Block{0x4E00, 0x9FFF}, Block{0xF900, 0xFAFF},
                            Block{0x20000, 0x2A6DF}, Block{0x2A700, 0x2CEAF}, Block{0x2F800, 0x2FA1F}}) {
    for (const std::int32_t offset : {-1, 0}) {
      for (const char32_t edge : {block.first, static_cast<char32_t>(block.last + 1)}) {
        const char32_t code = edge + static_cast<char32_t>(offset);
        const bool apart = code >= block.first && code <= block.last;
        std::string middle;
        if (code != 0xF8FF) bert::append_utf8(middle, code);  // private use: would be removed
        CAPTURE(static_cast<std::uint32_t>(code));
        CHECK(words_of("a" + middle + "b", false) == (apart ? Words{"a", middle, "b"} : Words{"a" + middle + "b"}));
      }
    }
  }
}

TEST_CASE("wordpiece takes the longest piece at every place") {
  engine::Rng rng(3, static_cast<std::uint64_t>(engine::Stream::test));
  const auto random_word = [&](std::uint64_t longest, std::uint64_t n_letters) {
    std::string word(1 + rng.below(longest), 'a');
    for (char& c : word) c = static_cast<char>('a' + rng.below(n_letters));
    return word;
  };
  std::map<std::string, std::int32_t> vocabulary;
  std::string bytes = kSpecial;
  for (std::int32_t id = 5; vocabulary.size() < 60;) {
    const std::string piece = (rng.below(2) == 0 ? "##" : "") + random_word(5, 3);
    if (vocabulary.emplace(piece, id).second) bytes += piece + "\n", ++id;
  }
  const auto tokenizer = make_tokenizer("vocab.txt", bytes);
  std::size_t n_unknown = 0;
  for (int i = 0; i < 2000; ++i) {
    const std::string word = random_word(12, i % 4 == 0 ? 4 : 3);
    const Ids ids = tokenizer->encode(word);
    CAPTURE(word);
    CHECK(ids == match_slowly(vocabulary, word));
    n_unknown += ids == Ids{1} ? 1 : 0;
  }
  CHECK(n_unknown > 0);
  CHECK(n_unknown < 2000);
}

TEST_CASE("a cased vocabulary keeps case and accents, and its settings travel with it") {
  const std::string bytes = kSpecial + "The\nthe\nCaf\xC3\xA9\ncafe\n";
  CHECK(make_tokenizer("vocab.txt", bytes)->encode("The Caf\xC3\xA9") == Ids{6, 8});
  const auto cased = make_tokenizer("vocab.txt", bytes, R"({"do_lower_case": false, "strip_accents": null})");
  CHECK(cased->encode("The Caf\xC3\xA9 the cafe") == Ids{5, 7, 6, 8});
  CHECK(bert::fingerprint(*cased) != bert::fingerprint(*make_tokenizer("vocab.txt", bytes)));

  const fs::path folder = fs::temp_directory_path() / "ingot-test-wordpiece";
  fs::remove_all(folder);
  bert::save_tokenizer(*cased, folder);
  const auto loaded = bert::load_tokenizer(folder);
  CHECK(loaded->encode("The Caf\xC3\xA9 the cafe") == Ids{5, 7, 6, 8});
  CHECK(bert::fingerprint(*loaded) == bert::fingerprint(*cased));
  engine::write_file(folder / "tokenizer.model", "x");
  CHECK(message_of([&] { bert::load_tokenizer(folder); }) ==
        folder.string() + ": must hold one tokenizer, got vocab.txt and tokenizer.model");
  fs::remove_all(folder);
}

TEST_CASE("serialized wordpiece bytes make the same tokenizer") {
  const auto tokenizer = bert::load_tokenizer(kGolden / "wordpiece-vocab.txt");
  CHECK(tokenizer->serialized() == engine::read_file(kGolden / "wordpiece-vocab.txt"));
  const auto again = make_tokenizer(tokenizer->file_name(), tokenizer->serialized(), tokenizer->config());
  REQUIRE(again->size() == tokenizer->size());
  for (std::int32_t id = 0; id < again->size(); ++id) CHECK(again->piece(id) == tokenizer->piece(id));
  CHECK(again->encode("The kilns melt") == tokenizer->encode("The kilns melt"));
  CHECK(again->special().mask == 4);
  CHECK(make_tokenizer("vocab.txt", "[PAD]\r\n[UNK]\r\n[CLS]\r\n[SEP]\r\nab\r\n")->encode("AB") == Ids{4});
  CHECK(make_tokenizer("vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]")->special().mask == -1);
  CHECK_THROWS_AS(again->piece(-1), Error);
  CHECK_THROWS_AS(again->piece(again->size()), Error);
}

TEST_CASE("a faulty vocab.txt is refused with the line and the rule") {
  const auto message = [](const std::string& bytes, std::string_view config = {}) {
    return message_of([&] { make_tokenizer("v.txt", bytes, config); });
  };
  CHECK(message("") == "v.txt: must hold one piece a line, is empty");
  CHECK(message(kSpecial + "a\nb\na\n") == "v.txt: line 8 repeats the piece 'a'");
  CHECK(message(kSpecial + "\nb\n") == "v.txt: line 6 must hold a piece, is empty");
  CHECK(message(kSpecial + "ab\xFF\n") == "v.txt: must be UTF-8, got byte 0xff at offset 33");
  CHECK(message("[PAD]\n[UNK]\n[SEP]\na\n") == "v.txt: must hold the piece [CLS], which none of its 4 lines does");
  CHECK(message(kSpecial, "{") == "tokenizer_config.json: must be a JSON object, is not");
  CHECK(message(kSpecial, R"({"do_lower_case": 1})") ==
        "tokenizer_config.json: do_lower_case must be true or false, got number");
  CHECK(message(kSpecial, R"({"do_lower_case": false, "strip_accents": true})") ==
        "tokenizer_config.json: strip_accents must equal do_lower_case, which is false");
  CHECK(message_of([] { make_tokenizer("vocab.json", "{}"); }) ==
        "vocab.json: a tokenizer's name must end in .txt (WordPiece) or .model (SentencePiece)");
}

TEST_CASE("text that is not UTF-8 is refused with the offset of the byte") {
  const auto tokenizer = make_tokenizer("vocab.txt", kSpecial + "a\n");
  for (const std::string bad : {"\x80", "\xC3", "\xC0\xAF", "\xE0\x80\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xF5",
                                "\xF0\x9F\x98", "\xFE", "\xE2\x28\xA1"}) {
    for (const std::size_t n_before : {0, 1, 7, 8, 9, 30}) {
      const std::string text = std::string(n_before, 'a') + bad + "a";
      CHECK(bert::find_invalid_utf8(text) == n_before);
      CHECK(message_of([&] { tokenizer->encode(text); }).ends_with(fmt::format("at offset {}", n_before)));
    }
  }
  CHECK(bert::find_invalid_utf8("a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\xED\x9F\xBF\xF4\x8F\xBF\xBF") ==
        std::string_view::npos);
}

TEST_CASE("random bytes as vocabulary or text give an error or ids of the vocabulary") {
  engine::Rng rng(11, static_cast<std::uint64_t>(engine::Stream::test));
  const auto tokenizer = bert::load_tokenizer(kGolden / "wordpiece-vocab.txt");
  for (int i = 0; i < 2000; ++i) {
    const std::string noise = random_bytes(rng, rng.below(40));
    message_of([&] { make_tokenizer("vocab.txt", noise); });
    message_of([&] { make_tokenizer("vocab.txt", kSpecial + noise)->encode("a b" + noise); });
    message_of([&] { tokenizer->encode(noise); });
    std::string text;  // valid UTF-8
    for (std::uint64_t n = rng.below(20); n > 0; --n) {
      const auto code = static_cast<char32_t>(rng.below(rng.below(2) == 0 ? 0x80 : 0x110000));
      if (code < 0xD800 || code > 0xDFFF) bert::append_utf8(text, code);
    }
    for (const std::int32_t id : tokenizer->encode(text)) CHECK((id >= 0 && id < tokenizer->size()));
  }
}
