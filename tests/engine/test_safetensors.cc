#include <doctest/doctest.h>

#include <bit>
#include <chrono>
#include <cmath>
#include <cstring>
#include <limits>

#include "engine/base/error.h"
#include "engine/base/rng.h"
#include "engine/io/safetensors.h"
#include "tests/support/error_text.h"
#include "tests/support/small_disk.h"
#include "tests/support/temporary_folder.h"

using namespace ingot::engine;
using namespace ingot::test;
namespace fs = std::filesystem;

namespace {

const fs::path kGoldenFile = fs::path(INGOT_GOLDEN) / "bert" / "masked-lm" / "model.safetensors";

template <class T>
std::span<const std::byte> bytes_of(const std::vector<T>& values) {
  return std::as_bytes(std::span(values));
}

std::string file_of(std::string_view header, std::size_t n_data, std::int64_t n_header = -1) {
  const std::uint64_t length = n_header < 0 ? header.size() : static_cast<std::uint64_t>(n_header);
  std::string text(8, '\0');
  std::memcpy(text.data(), &length, 8);
  return text + std::string(header) + std::string(n_data, '\1');
}

// What opening the file says after its name.
std::string complaint(const TemporaryFolder& folder, const std::string& text) {
  const fs::path path = put(folder / "a.safetensors", text);
  const std::string message = error_text([&] { Safetensors file(path); });
  const std::string subject = path.string() + ": ";
  if (!message.starts_with(subject)) return message;
  return message.substr(subject.size());
}

double half_value(std::uint32_t half) {  // IEEE 754-2008, 3.4
  const double sign = (half & 0x8000) != 0 ? -1 : 1;
  const int exponent = static_cast<int>(half >> 10 & 31);
  const double fraction = half & 1023;
  if (exponent == 31) return fraction == 0 ? sign * INFINITY : NAN;
  return sign * (exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(1024 + fraction, exponent - 25));
}

double bfloat_value(std::uint32_t bits) {
  const double sign = (bits & 0x8000) != 0 ? -1 : 1;
  const int exponent = static_cast<int>(bits >> 7 & 255);
  const double fraction = bits & 127;
  if (exponent == 255) return fraction == 0 ? sign * INFINITY : NAN;
  return sign * (exponent == 0 ? std::ldexp(fraction, -133) : std::ldexp(128 + fraction, exponent - 134));
}

bool same(float a, double b) { return std::isnan(a) ? std::isnan(b) : a == b && std::signbit(a) == std::signbit(b); }

void open_whatever_it_is(const fs::path& path) {
  try {
    const Safetensors file(path);
    for (const SafetensorsEntry& entry : file.entries()) {
      CHECK(file.find(entry.name) == &entry);
      if (entry.dtype == "F32" || entry.dtype == "F16") CHECK(file.floats(entry).size() == std::size_t(entry.size()));
    }
  } catch (const Error& error) {
    CHECK(std::string(error.what()).starts_with(path.string()));
  }
}

}  // namespace

TEST_CASE("tensors of every dtype, scalars and empty ones come back as they were written") {
  const TemporaryFolder folder;
  const std::vector<std::byte> bytes = [] {
    std::vector<std::byte> all(512);
    for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<std::byte>(i * 7);
    return all;
  }();
  std::vector<SafetensorsEntry> entries;
  const std::pair<const char*, std::size_t> dtypes[] = {{"BOOL", 1}, {"U8", 1},   {"I8", 1},  {"I16", 2}, {"U16", 2},
                                                        {"F16", 2},  {"BF16", 2}, {"I32", 4}, {"U32", 4}, {"F32", 4},
                                                        {"F64", 8},  {"I64", 8},  {"U64", 8}};
  for (const auto& [dtype, n_bytes] : dtypes) {
    const std::string name = dtype;
    entries.push_back({name + " matrix", dtype, {3, 5}, std::span(bytes).first(15 * n_bytes)});
    entries.push_back({name + " scalar", dtype, {}, std::span(bytes).first(n_bytes)});
    entries.push_back({name + " empty \"\xc3\xbc\"\n", dtype, {4, 0, 2}, {}});
  }
  const std::map<std::string, std::string> metadata = {{"format", "pt"}, {"note", "\xe2\x82\xac \"quoted\""}};
  write_safetensors(folder / "f", entries, metadata);
  const Safetensors file(folder / "f");
  CHECK(file.metadata() == metadata);
  REQUIRE(file.entries().size() == entries.size());
  for (const SafetensorsEntry& entry : entries) {
    const SafetensorsEntry& read = file.get(entry.name, entry.dtype, entry.shape);
    CHECK(read.size() == entry.size());
    CHECK(std::equal(read.bytes.begin(), read.bytes.end(), entry.bytes.begin(), entry.bytes.end()));
  }
  std::uint64_t n_header = 0;
  std::memcpy(&n_header, read_file(folder / "f").data(), 8);
  CHECK(n_header % 8 == 0);
}

TEST_CASE("a file without tensors, with or without metadata, is a file") {
  const TemporaryFolder folder;
  write_safetensors(folder / "f", {});
  CHECK(Safetensors(folder / "f").entries().empty());
  write_safetensors(folder / "f", {}, {{"format", "pt"}});
  CHECK(Safetensors(folder / "f").metadata().at("format") == "pt");
}

TEST_CASE("a file of the reference implementation, read and written again, is the same bytes") {
  const TemporaryFolder folder;
  for (const char* task : {"masked-lm", "sequence-classification"}) {
    for (const char* name : {"model.safetensors", "reference.safetensors"}) {
      const fs::path golden = fs::path(INGOT_GOLDEN) / "bert" / task / name;
      const Safetensors file(golden);
      write_safetensors(folder / name, file.entries(), file.metadata());
      CHECK(read_file(folder / name) == read_file(golden));
    }
  }
}

TEST_CASE("every half and every bfloat16 becomes its exact float") {
  const TemporaryFolder folder;
  std::vector<std::uint16_t> all(65536);
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<std::uint16_t>(i);
  const SafetensorsEntry entries[] = {{"half", "F16", {256, 256}, bytes_of(all)},
                                      {"bfloat", "BF16", {65536}, bytes_of(all)}};
  write_safetensors(folder / "f", entries);
  const Safetensors file(folder / "f");
  const std::vector<float> halves = file.floats(file.get("half", "F16"));
  const std::vector<float> bfloats = file.floats(file.get("bfloat", "BF16"));
  int n_wrong = 0;
  for (std::uint32_t i = 0; i < 65536; ++i)
    n_wrong += !same(halves[i], half_value(i)) + !same(bfloats[i], bfloat_value(i));
  CHECK(n_wrong == 0);
}

TEST_CASE("floats keep their bits and integers their values, however the data is aligned") {
  const TemporaryFolder folder;
  const std::vector<std::uint32_t> patterns = {0x00000000, 0x80000000, 0x7f800001, 0xffc12345, 0x00000001, 0x3f800000};
  const std::vector<std::int64_t> i64 = {INT64_MIN, -1, INT64_MAX};
  const std::vector<std::int32_t> i32 = {INT32_MIN, -1, INT32_MAX};
  const std::vector<std::uint8_t> u8 = {0, 1, 255};
  const SafetensorsEntry entries[] = {{"u8", "U8", {3}, bytes_of(u8)},
                                      {"f32", "F32", {2, 3}, bytes_of(patterns)},
                                      {"i64", "I64", {3}, bytes_of(i64)},
                                      {"i32", "I32", {3}, bytes_of(i32)},
                                      {"bool", "BOOL", {2}, bytes_of(u8).first(2)},
                                      {"no bool", "BOOL", {3}, bytes_of(u8)}};
  write_safetensors(folder / "f", entries);
  const Safetensors file(folder / "f");
  const std::vector<float> floats = file.floats(file.get("f32", "F32"));
  CHECK(std::memcmp(floats.data(), patterns.data(), 24) == 0);
  CHECK(file.integers(file.get("i64", "I64")) == i64);
  CHECK(file.integers(file.get("i32", "I32")) == std::vector<std::int64_t>{INT32_MIN, -1, INT32_MAX});
  CHECK(file.integers(file.get("u8", "U8")) == std::vector<std::int64_t>{0, 1, 255});
  CHECK(file.integers(file.get("bool", "BOOL")) == std::vector<std::int64_t>{0, 1});
  CHECK(contains(error_text([&] { file.integers(file.get("no bool", "BOOL")); }),
                 "f: tensor no bool: a BOOL must be 0 or 1, got 255"));
  CHECK(contains(error_text([&] { file.integers(file.get("f32", "F32")); }),
                 "f: tensor f32: expected I64, I32, U8 or BOOL, got F32"));
  CHECK(contains(error_text([&] { file.floats(file.get("i64", "I64")); }),
                 "f: tensor i64: expected F32, F16 or BF16, got I64"));
}

TEST_CASE("a tensor that is missing or of another dtype or shape is an error with both values") {
  const Safetensors file(kGoldenFile);
  const std::int64_t shape[] = {32, 1};
  const std::string subject = kGoldenFile.string() + ": tensor ";
  const std::string bias = "cls.predictions.transform.dense.bias";
  CHECK(file.find("cls") == nullptr);
  CHECK(error_text([&] { file.get("cls", "F32"); }) == subject + "cls is missing");
  CHECK(error_text([&] { file.get(bias, "F16"); }) == subject + bias + ": expected F16, got F32");
  CHECK(error_text([&] { file.get(bias, "F32", shape); }) == subject + bias + ": expected shape [32,1], got [32]");
}

TEST_CASE("tensors may stand in the header in another order than in the data") {
  const TemporaryFolder folder;
  const std::string header =
      R"({"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]},"z":{"dtype":"U8","shape":[0],"data_offsets":[1,1]},)"
      R"("a":{"shape":[1],"data_offsets":[0,1],"dtype":"U8"}}   )";
  const Safetensors file(put(folder / "f", file_of(header, 3)));
  REQUIRE(file.entries().size() == 3);
  CHECK(file.entries()[0].name == "a");
  CHECK(file.entries()[1].name == "z");
  CHECK(file.entries()[2].name == "b");
}

TEST_CASE("every malformed file is an error that says what is wrong") {
  const TemporaryFolder folder;
  const auto tensor = [&](const std::string& info, std::size_t n_data) {
    return complaint(folder, file_of("{\"t\":" + info + "}", n_data));
  };
  CHECK(complaint(folder, "") == "a safetensors file has at least 8 bytes, got 0");
  CHECK(complaint(folder, "1234567") == "a safetensors file has at least 8 bytes, got 7");
  CHECK(complaint(folder, file_of("{}", 0, 3)) == "header of 3 bytes is longer than the rest of the file, 2 bytes");
  CHECK(complaint(folder, file_of("{}", 0, (16 << 20) + 1)) ==
        "header must not be longer than 16777216 bytes, got 16777217");
  CHECK(complaint(folder, file_of("{}", 0, INT64_MAX)) ==
        "header must not be longer than 16777216 bytes, got 9223372036854775807");
  CHECK(complaint(folder, file_of("", 2)) == "header must begin with {");
  CHECK(complaint(folder, file_of(" {}", 0)) == "header must begin with {");
  CHECK(complaint(folder, file_of("[]", 0)) == "header must begin with {");
  CHECK(contains(complaint(folder, file_of("{\"a\":", 0)), "header: not valid JSON: parse error at line 1, column 6"));
  CHECK(contains(complaint(folder, file_of("{} {}", 0)), "header: not valid JSON: parse error"));
  CHECK(contains(complaint(folder, file_of("{\"\xff\":1}", 0)), "ill-formed UTF-8 byte"));
  CHECK(contains(complaint(folder, file_of("{\"t\":1e999}", 0)), "beyond the range of double precision"));
  CHECK(complaint(folder, file_of("{\"t\":" + std::string(70, '[') + std::string(70, ']') + "}", 0)) ==
        "header: JSON must not nest deeper than 64 levels");
  const std::string info = R"({"dtype":"U8","shape":[1],"data_offsets":[0,1]})";
  CHECK(complaint(folder, file_of("{\"t\":" + info + ",\"t\":" + info + "}", 1)) ==
        "header: name t appears twice in one JSON object");
  CHECK(tensor(R"({"dtype":"U8","dtype":"U8","shape":[1],"data_offsets":[0,1]})", 1) ==
        "header: name dtype appears twice in one JSON object");
  CHECK(complaint(folder, file_of(R"({"__metadata__":[]})", 0)) == "__metadata__ must be an object, got an array");
  CHECK(complaint(folder, file_of(R"({"__metadata__":{"a":1}})", 0)) == "__metadata__: a must be a string, got 1");

  CHECK(tensor("7", 0) == "tensor t: must be an object with dtype, shape and data_offsets, got 7");
  CHECK(tensor(R"({"shape":[1],"data_offsets":[0,1]})", 1) == "tensor t: dtype is missing");
  CHECK(tensor(R"({"dtype":"U8","data_offsets":[0,1]})", 1) == "tensor t: shape is missing");
  CHECK(tensor(R"({"dtype":"U8","shape":[1]})", 1) == "tensor t: data_offsets is missing");
  CHECK(tensor(R"({"dtype":"U8","shape":[1],"data_offsets":[0,1],"x":0})", 1) ==
        "tensor t: must have dtype, shape and data_offsets only, got x");
  CHECK(tensor(R"({"dtype":8,"shape":[1],"data_offsets":[0,1]})", 1) == "tensor t: dtype must be a string, got 8");
  CHECK(tensor(R"({"dtype":"F8_E4M3","shape":[1],"data_offsets":[0,1]})", 1) ==
        "tensor t: dtype must be BOOL, U8, I8, I16, U16, F16, BF16, I32, U32, F32, F64, I64 or U64, got F8_E4M3");
  CHECK(tensor(R"({"dtype":"U8","shape":1,"data_offsets":[0,1]})", 1) == "tensor t: shape must be an array, got 1");
  CHECK(tensor(R"({"dtype":"U8","shape":[1.5],"data_offsets":[0,1]})", 1) ==
        "tensor t: shape must hold integers, got 1.5");
  CHECK(tensor(R"({"dtype":"U8","shape":[-1,-1],"data_offsets":[0,1]})", 1) ==
        "tensor t: shape must not be negative, got [-1,-1]");
  CHECK(tensor(R"({"dtype":"U8","shape":[9223372036854775808],"data_offsets":[0,1]})", 1) ==
        "tensor t: shape must hold integers below 2^63, got 9223372036854775808");
  CHECK(tensor(R"({"dtype":"U8","shape":[4294967296,4294967296],"data_offsets":[0,0]})", 0) ==
        "tensor t: shape [4294967296,4294967296] of U8 overflows 63 bits of bytes");
  CHECK(tensor(R"({"dtype":"F64","shape":[2305843009213693952],"data_offsets":[0,0]})", 0) ==
        "tensor t: shape [2305843009213693952] of F64 overflows 63 bits of bytes");
  CHECK(tensor(R"({"dtype":"U8","shape":[1],"data_offsets":[0]})", 1) ==
        "tensor t: data_offsets must be two integers from 0, got [0]");
  CHECK(tensor(R"({"dtype":"U8","shape":[1],"data_offsets":[-1,0]})", 1) ==
        "tensor t: data_offsets must be two integers from 0, got [-1,0]");
  CHECK(tensor(R"({"dtype":"U8","shape":[1],"data_offsets":[1,0]})", 1) ==
        "tensor t: data_offsets must not end before they begin, got [1,0]");
  CHECK(tensor(R"({"dtype":"U8","shape":[2],"data_offsets":[0,2]})", 1) ==
        "tensor t: data_offsets [0,2] end beyond the 1 bytes of data in the file");
  CHECK(
      tensor(R"({"dtype":"U8","shape":[1],"data_offsets":[18446744073709551614,18446744073709551615]})", 1) ==
      "tensor t: data_offsets [18446744073709551614,18446744073709551615] end beyond the 1 bytes of data in the file");
  CHECK(tensor(R"({"dtype":"F32","shape":[2,3],"data_offsets":[0,25]})", 25) ==
        "tensor t: shape [2,3] of F32 takes 24 bytes, data_offsets hold 25");
  CHECK(tensor(R"({"dtype":"U8","shape":[1],"data_offsets":[1,2]})", 2) ==
        "tensor t: data leaves a gap of 1 bytes after the start of the data");
  CHECK(tensor(info, 3) == "tensors take 1 bytes of data, the file holds 3");
  CHECK(complaint(folder, file_of(R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},)"
                                  R"("b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}})",
                                  3)) == "tensor b: data overlaps a by 1 bytes");
  CHECK(complaint(folder, file_of(R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},)"
                                  R"("b":{"dtype":"U8","shape":[1],"data_offsets":[3,4]}})",
                                  4)) == "tensor b: data leaves a gap of 1 bytes after a");
  CHECK(contains(error_text([&] { Safetensors file(folder / "none"); }), "none: cannot read: No such file"));
}

TEST_CASE(
    "a header of 100,000 tensors is read in a moment and searched by name; one of more than the limit is refused") {
  const TemporaryFolder folder;
  const auto many = [](std::size_t n) {
    std::string header = "{";
    for (std::size_t i = 0; i < n; ++i)
      header +=
          fmt::format(R"({}"t{}":{{"dtype":"U8","shape":[1],"data_offsets":[{},{}]}})", i > 0 ? "," : "", i, i, i + 1);
    return file_of(header + "}", n);
  };
  const auto start = std::chrono::steady_clock::now();
  const Safetensors file(put(folder / "many", many(100'000)));
  for (int i = 0; i < 100'000; ++i) REQUIRE(file.find(fmt::format("t{}", i)) == &file.entries()[std::size_t(i)]);
  CHECK(file.find("t100000") == nullptr);
  CHECK(file.find("") == nullptr);
  CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(300));  // quadratic: longer
  CHECK(complaint(folder, many(kMostTensors + 1)) == "must have at most 131072 tensors, has 131073");
}

TEST_CASE("a golden file cut anywhere is an error") {
  const TemporaryFolder folder;
  const std::string golden = read_file(kGoldenFile);
  for (std::size_t n = 0; n < golden.size(); n += n < 64 ? 1 : 211)
    CHECK(!complaint(folder, golden.substr(0, n)).empty());
  CHECK(complaint(folder, golden).empty());
  CHECK(!complaint(folder, golden + "x").empty());
}

TEST_CASE("mutated, shuffled and random files are read or refused, never worse") {
  const TemporaryFolder folder;
  const fs::path path = folder / "f";
  const std::string golden =
      file_of(R"({"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},)"
              R"("b":{"dtype":"I64","shape":[],"data_offsets":[24,32]},"c":{"dtype":"F16","shape":[0],)"
              R"("data_offsets":[32,32]},"d":{"dtype":"BOOL","shape":[1,1,3],"data_offsets":[32,35]}})",
              35);
  const char* const words[] = {"0",       "1",        "-1",     "4294967296", "18446744073709551615",
                               "1e99",    "null",     "[",      "{}",         "\"a\"",
                               "\"F64\"", "\"BF16\"", "[0,24]", ",",          ":",
                               "\\u0000"};
  Rng rng(1, static_cast<std::uint64_t>(Stream::test));
  for (int round = 0; round < 4000; ++round) {
    std::string text = golden;
    for (std::uint64_t n = 1 + rng.below(3); n > 0; --n) {
      const std::size_t at = rng.below(text.size());
      const std::string word = words[rng.below(std::size(words))];
      const std::uint64_t kind = rng.below(5);
      if (kind == 0) text[at] = static_cast<char>(rng.bits());
      if (kind == 1) text.resize(at + 1);
      if (kind == 2) text.insert(at, word);
      if (kind == 3) text.replace(at, std::min(word.size(), text.size() - at), word);
      if (kind == 4) text.erase(at, 1 + rng.below(8));
      if (text.empty()) text.push_back('x');
    }
    const std::uint64_t n_header = golden.size() - 8 - 35 + text.size() - golden.size();
    if (text.size() > 43 && rng.below(4) != 0) std::memcpy(text.data(), &n_header, 8);
    open_whatever_it_is(put(path, text));
  }
  for (int round = 0; round < 500; ++round) {
    std::string text(rng.below(200), '\0');
    for (char& c : text) c = static_cast<char>(rng.bits());
    open_whatever_it_is(put(path, file_of("{" + text, rng.below(9))));
  }
}

TEST_CASE("what cannot be written is an error before a file is touched") {
  const TemporaryFolder folder;
  const std::vector<float> six(6);
  const auto complaint_about = [&](std::vector<SafetensorsEntry> entries) {
    return error_text([&] { write_safetensors(folder / "f", entries); }).substr((folder / "f").string().size());
  };
  const SafetensorsEntry good = {"a", "F32", {2, 3}, bytes_of(six)};
  CHECK(complaint_about({good, good}) == ": tensor a: the name is given twice");
  CHECK(complaint_about({{"__metadata__", "F32", {2, 3}, bytes_of(six)}}) ==
        ": tensor __metadata__: the name is reserved");
  CHECK(complaint_about({{"a", "F32", {2, 2}, bytes_of(six)}}) ==
        ": tensor a: shape [2,2] of F32 takes 16 bytes, got 24");
  CHECK(complaint_about({{"a", "F32", {-2, -3}, bytes_of(six)}}) ==
        ": tensor a: shape must not be negative, got [-2,-3]");
  CHECK(contains(complaint_about({{"a", "F31", {2, 3}, bytes_of(six)}}), "got F31"));
  CHECK(complaint_about({{"\xff", "F32", {2, 3}, bytes_of(six)}}) == ": names and metadata must be UTF-8 text");
  CHECK(folder.names().empty());
}

TEST_CASE("a disk that fills up while tensors are written leaves the previous file whole") {
  const TemporaryFolder folder;
  const std::vector<float> values(5000, 1.5f);
  const SafetensorsEntry entry = {"a", "F32", {5000}, bytes_of(values)};
  put(folder / "f", "old");
  std::string message;
  {
    const SmallDisk disk(4096);
    message = error_text([&] { write_safetensors(folder / "f", {&entry, 1}); });
  }
  CHECK(message == (folder / "f").string() + ": cannot write: File too large");
  CHECK(read_file(folder / "f") == "old");
  CHECK(folder.names() == std::vector<std::string>{"f"});
}
