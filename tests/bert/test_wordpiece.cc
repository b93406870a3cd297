#include <archive.h>
#include <archive_entry.h>
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "bert/tokenizers/basic_words.h"
#include "bert/tokenizers/tokenizer.h"
#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/base/rng.h"
#include "engine/base/utf8.h"
#include "engine/io/json.h"
#include "tests/support/temporary_folder.h"

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
  bert::BasicWords reader(text, {.lower_case = lower_case, .strip_accents = lower_case});
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
  const engine::Json golden = engine::Json::parse(engine::read_file(kGolden / "wordpiece.json"));
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
  for (const auto& entry : engine::Json::parse(engine::read_file(golden_file))) {
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
  const engine::Json golden = engine::Json::parse(engine::read_file(kGolden / "basic-words.json"));
  REQUIRE(golden.size() == 400);
  for (const auto& entry : golden) {
    const auto text = entry["text"].get<std::string>();
    CAPTURE(text);
    CHECK(words_of(text, true) == entry["lower"].get<Words>());
    CHECK(words_of(text, false) == entry["cased"].get<Words>());
  }
}

// Made with tokenizers 0.23.3: all settings of BertNormalizer, with and without tokens added to the vocabulary, over a
// vocabulary of every character that any of them leaves of the texts.
TEST_CASE("wordpiece ids are those of Hugging Face's tokenizers under every setting, with and without added tokens") {
  const engine::Json golden = engine::Json::parse(engine::read_file(kGolden / "wordpiece-options.json"));
  REQUIRE(golden["cases"].size() == 24);
  for (const auto& entry : golden["cases"]) {
    const auto tokenizer = make_tokenizer("vocab.txt", golden["vocab"], entry["config"].dump());
    const auto again = make_tokenizer("vocab.txt", tokenizer->serialized(), tokenizer->config());
    CHECK(bert::fingerprint(*again) == bert::fingerprint(*tokenizer));
    for (std::size_t i = 0; i < golden["texts"].size(); ++i) {
      const auto text = golden["texts"][i].get<std::string>();
      CAPTURE(text);
      CAPTURE(entry["config"].dump());
      CHECK(tokenizer->encode(text) == entry["ids"][i].get<Ids>());
      CHECK(again->encode(text) == entry["ids"][i].get<Ids>());
    }
  }
}

TEST_CASE("a vocab.txt is read as Hugging Face reads it: byte order mark, empty lines, pieces on several lines") {
  CHECK(make_tokenizer("vocab.txt", "\xEF\xBB\xBF" + kSpecial + "ab\n")->encode("ab [PAD]") == Ids{5, 0});
  const auto empty_line = make_tokenizer("vocab.txt", kSpecial + "\nab\n\n");
  CHECK(empty_line->size() == 8);
  CHECK(empty_line->encode("ab") == Ids{6});
  CHECK(empty_line->piece(5).empty());
  const auto twice = make_tokenizer("vocab.txt", kSpecial + "ab\n##c\nab\n##c\n");
  CHECK(twice->encode("abc") == Ids{7, 8});  // the last one counts
  CHECK(twice->size() == 9);
  CHECK(make_tokenizer("vocab.txt", "[PAD]\r[UNK]\r[CLS]\r[SEP]\rab\rcd\r")->encode("cd") == Ids{5});
}

TEST_CASE("added tokens come from all files that may hold them, special tokens may have other names") {
  const test::TemporaryFolder folder;
  test::put(folder / "vocab.txt", "<p>\n<u>\n<s>\n</s>\nab\n##c\n");
  test::put(folder / "special_tokens_map.json",
            R"({"pad_token": "<p>", "unk_token": {"content": "<u>", "lstrip": true}, "cls_token": "<s>",
                "sep_token": "</s>", "mask_token": "<m>", "additional_special_tokens": ["<e1>"]})");
  test::put(folder / "added_tokens.json", R"({"<m>": 6, "<e1>": 7, "NewWord": 8})");
  const auto tokenizer = bert::load_tokenizer(folder.path());
  CHECK(tokenizer->size() == 9);
  CHECK(tokenizer->special().cls == 2);
  CHECK(tokenizer->special().sep == 3);
  CHECK(tokenizer->special().mask == 6);
  CHECK(tokenizer->piece(8) == "NewWord");
  CHECK(tokenizer->encode("abc<m>ab <e1><E1> newWORDS zz") == Ids{4, 5, 6, 4, 7, 1, 1, 1, 8, 1, 1});
  bert::save_tokenizer(*tokenizer, folder / "saved");
  const auto saved = bert::load_tokenizer(folder / "saved");
  CHECK(saved->encode("abc<m>ab <e1> newWORD") == tokenizer->encode("abc<m>ab <e1> newWORD"));
  CHECK(saved->special().mask == 6);
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
        if (code != 0xF8FF) engine::append_utf8(middle, code);  // private use: would be removed
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
  CHECK(message(kSpecial + "ab\xFF\n") == "v.txt: must be UTF-8, got byte 0xff at offset 33");
  CHECK(message("[PAD]\n[UNK]\n[SEP]\na\n") == "v.txt: must hold the piece [CLS], which none of its 4 lines does");
  CHECK(message(kSpecial, "{").starts_with("tokenizer_config.json: not valid JSON: parse error at line 1, column 2"));
  CHECK(message(kSpecial, "[]") == "tokenizer_config.json: must be a JSON object, is an array");
  CHECK(message(kSpecial, R"({"do_lower_case": 1})") ==
        "tokenizer_config.json: do_lower_case must be true or false, got 1");
  CHECK(message(kSpecial, R"({"tokenizer_class": "BertJapaneseTokenizer"})") ==
        "tokenizer_config.json: tokenizer_class: only BERT's WordPiece is supported, got \"BertJapaneseTokenizer\"");
  CHECK(message(kSpecial, R"({"do_basic_tokenize": false})") ==
        "tokenizer_config.json: do_basic_tokenize must be true, got false");
  CHECK(message(kSpecial, R"({"never_split": ["x"]})") == "tokenizer_config.json: never_split is not supported");
  const auto added = [&](const std::string& id, const std::string& token) {
    return message(kSpecial + "ab\n", R"({"added_tokens_decoder": {")" + id + "\": " + token + "}}");
  };
  CHECK(added("6", R"({"content": "x"})") == "no error");
  CHECK(added("x", R"({"content": "x"})") ==
        "tokenizer_config.json: added_tokens_decoder: x: its id must be from 0 to 16777215, got \"x\"");
  CHECK(added("-1", R"({"content": "x"})").find("must be from 0 to 16777215, got \"-1\"") != std::string::npos);
  CHECK(added("6", R"({"content": ""})").find("must have from 1 to 1024 bytes, got 0") != std::string::npos);
  CHECK(added("6", R"({"content": "x", "single_word": true})").find("single_word is not supported") !=
        std::string::npos);
  CHECK(added("5", R"({"content": "x"})") == "v.txt: added token 'x' has id 5, which is that of 'ab'");
  CHECK(added("6", R"({"content": "ab"})") == "v.txt: added token 'ab' must have the id of its piece, 5, got 6");
  CHECK(added("900", R"({"content": "x"})") == "v.txt: added token 'x' has id 900, far behind the 6 pieces");
  CHECK(message_of([] { make_tokenizer("vocab.json", "{}"); }) == "vocab.json: must have a model, has none");
}

TEST_CASE("a vocabulary that never ends or is far too long is refused") {
  const test::TemporaryFolder folder;
  fs::create_symlink("/dev/zero", folder / "vocab.txt");
  CHECK(message_of([&] { bert::load_tokenizer(folder.path()); }).ends_with("must be a regular file, is a device"));
  fs::remove(folder / "vocab.txt");
  test::put(folder / "vocab.txt", std::string((16 << 20) + 1, '\n'));
  CHECK(message_of([&] { bert::load_tokenizer(folder.path()); }).find("must have at most 16777216 bytes") !=
        std::string::npos);
  test::put(folder / "vocab.txt", kSpecial);
  fs::create_symlink("/dev/zero", folder / "added_tokens.json");
  CHECK(message_of([&] { bert::load_tokenizer(folder.path()); }).ends_with("must be a regular file, is a device"));
}

TEST_CASE("random settings beside a vocabulary give an error or a tokenizer that works") {
  engine::Rng rng(12, static_cast<std::uint64_t>(engine::Stream::test));
  const std::string golden =
      R"({"do_lower_case": true, "strip_accents": null, "tokenize_chinese_chars": false, "unk_token": "[UNK]",)"
      R"( "added_tokens_decoder": {"6": {"content": "<x>", "normalized": true}, "7": {"content": "y"}}})";
  const char* const words[] = {"null", "true", "[]", "{}", "\"\"", "-1", "1e9", "\"[PAD]\"", "5", "16777215"};
  std::size_t n_read = 0;
  for (int i = 0; i < 3000; ++i) {
    std::string text = golden;
    for (std::uint64_t n = 1 + rng.below(3); n > 0; --n) {
      const std::string word = words[rng.below(std::size(words))];
      const std::size_t at = rng.below(text.size());
      if (rng.below(2) == 0)
        text[at] = static_cast<char>(rng.below(256));
      else
        text.replace(at, std::min(rng.below(12), text.size() - at), word);
    }
    const std::string message = message_of([&] {
      const auto tokenizer = make_tokenizer("vocab.txt", kSpecial + "ab\n", text);
      for (const std::int32_t id : tokenizer->encode("ab<x> y [PAD] caf\xC3\xA9"))
        CHECK((id >= 0 && id < tokenizer->size()));
    });
    n_read += message == "no error" ? 1 : 0;
  }
  CHECK(n_read > 20);
  CHECK(n_read < 2900);
}

TEST_CASE("text that is not UTF-8 is refused with the offset of the byte") {
  const auto tokenizer = make_tokenizer("vocab.txt", kSpecial + "a\n");
  for (const std::string bad : {"\x80", "\xC3", "\xC0\xAF", "\xE0\x80\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xF5",
                                "\xF0\x9F\x98", "\xFE", "\xE2\x28\xA1"}) {
    for (const std::size_t n_before : {0, 1, 7, 8, 9, 30}) {
      const std::string text = std::string(n_before, 'a') + bad + "a";
      CHECK(engine::find_invalid_utf8(text) == n_before);
      CHECK(message_of([&] { tokenizer->encode(text); }).ends_with(fmt::format("at offset {}", n_before)));
    }
  }
  CHECK(engine::find_invalid_utf8("a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\xED\x9F\xBF\xF4\x8F\xBF\xBF") ==
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
      if (code < 0xD800 || code > 0xDFFF) engine::append_utf8(text, code);
    }
    for (const std::int32_t id : tokenizer->encode(text)) CHECK((id >= 0 && id < tokenizer->size()));
  }
}
