// No file makes the program ask for more memory than docs/limits.md states for its reader. Each case is the worst shape
// of a file that is known for it; what is measured is the largest resident set of the whole process.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <zlib.h>

#include "engine/io/json.h"
#include "tests/support/program.h"
#include "tests/support/torch_archive.h"

using namespace ingot;
using engine::Json;
using test::Workplace;
namespace fs = std::filesystem;

namespace {

constexpr double kMiB = 1 << 20;
constexpr double kProgram = 24 * kMiB;  // what it takes before it reads anything

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kIsMeasured = false;  // shadow memory and red zones would be measured
#else
constexpr bool kIsMeasured = true;
#endif

struct Peak {
  int code;
  double bytes;
};

Peak run(const Workplace& place, const std::string& words) {
  const pid_t child = place.start(words);
  int status = 0;
  rusage used{};
  ::wait4(child, &status, 0, &used);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), static_cast<double>(used.ru_maxrss) * 1024};
}

std::string repeated(std::string_view part, std::size_t n_bytes) {
  std::string text;
  while (text.size() < n_bytes) text += part;
  return text;
}

std::string numbered(const std::string& before, const std::string& after, std::size_t n_bytes) {
  std::string text;
  for (int i = 0; text.size() < n_bytes; ++i) text += before + std::to_string(i) + after;
  return text;
}

// Runs `ingot WORDS` over a file of these bytes: the exit code is one of the two for what is wrong or done, and the
// memory at most `multiple` times the file.
void check(const Workplace& place, const std::string& file, const std::string& bytes, const std::string& words,
           double multiple) {
  place.write(file, bytes);
  const Peak peak = run(place, words);
  const double times = (peak.bytes - kProgram) / static_cast<double>(bytes.size());
  INFO(words, ": exit code ", peak.code, ", ", peak.bytes / kMiB, " MiB, ", times, " times the file; ",
       test::text_of_file(place / "stderr").substr(0, 200));
  CHECK((peak.code == 0 || peak.code == 2));
  CHECK(times <= multiple);
}

std::string train(const std::string& data) {
  return "train --tokenizer vocab.txt --layers 1 --hidden 16 --heads 2 --ffn 16 --length 16 --threads 1 --quiet --out "
         "run-" +
         data.substr(0, data.find(' ')) + " --data " + data;
}

std::string gzip(const std::string& bytes) {
  std::string packed(compressBound(bytes.size()) + 64, '\0');
  z_stream stream{};
  deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

// Files of PyTorch with pickles of about `n` bytes. One is made at a time: a peak counts what this program held when it
// started the other one.
void check_torch_files(const Workplace& place, std::size_t n) {
  fs::copy(place / "hf", place / "torch");
  fs::remove(place / "torch/model.safetensors");
  const auto check_pickle = [&](const std::string& pickle) {
    check(place, "torch/pytorch_model.bin", test::torch_file_of(pickle, {""}), "import torch --out c", 64);
  };
  using namespace std::literals;
  const std::string start = "\x80\x02}q"s + '\0';
  for (const std::string_view part :
       {"("sv, ")"sv, "\x85"sv, "}"sv, "N\x94"sv, "h\0\x94"sv, "ccollections\nOrderedDict\n)R"sv})
    check_pickle(start + repeated(part, n));
  // Tensors by the memo: the function is its value 1, the arguments 2.
  std::string tensor = test::pickled(test::PickledView{.n_values = 0, .shape = {0, 1, 1, 1}, .strides = {1, 1, 1, 1}});
  tensor.insert(tensor.find("(("), "q\x01");
  tensor.insert(tensor.size() - 1, "q\x02");
  check_pickle(start + tensor + repeated("h\x01h\x02R", n));
  std::string views = start + "\x8c\x01x" + tensor + "s";
  for (int i = 0; i < 131000; ++i) views += fmt::format("\x8c\x06{:06}h\x01h\x02Rs", i);
  check_pickle(views + ".");
  std::vector<test::ZipMember> members;
  for (std::size_t i = 0; i < n / 85; ++i) members.push_back({std::to_string(i), ""});
  check(place, "torch/pytorch_model.bin", test::zip_of(members), "import torch --out c", 8);
}

}  // namespace

TEST_CASE("what a reader may ask of memory is a stated multiple of its file") {
  if (!kIsMeasured) return;
  const Workplace place;
  const std::size_t n = 4 << 20;
  check(place, "commas.csv", "text" + std::string(n, ',') + "label\n", train("commas.csv"), 8);
  check(place, "quotes.csv", "text,label\n\"" + repeated("a,b\n", n), train("quotes.csv"), 8);
  check(place, "rows.csv", "text,label\n" + repeated("a,b\nc,d\n", n), train("rows.csv"), 64);
  check(place, "list.jsonl", "{\"label\":\"a\",\"text\":[" + repeated("{},", n) + "{}]}\n", train("list.jsonl"), 48);
  check(place, "deep.jsonl", "{\"label\":\"a\",\"text\":" + std::string(n, '['), train("deep.jsonl"), 8);
  check(place, "keys.toml", repeated("[[layers]]\n", n), "emit keys.toml --out rtl", 64);
  check(place, "deep.toml", "a = " + std::string(n, '['), "emit deep.toml --out rtl", 64);
  check(place, "config.toml", numbered("a", " = 1\n", n), train("train.csv --config config.toml"), 64);
  check(place, "plan.json", "{\"layers\":[" + repeated("[],", n) + "[]]}",
        "quantize run-rows.csv --data train.csv --plan plan.json --out q", 48);
  const std::string study = "{\"op_code\": 0, \"worker_id\": \"a\", \"study_name\": \"bench\", \"directions\": [1]}\n";
  check(place, "study.log", study + repeated("{\"op_code\":4,\"worker_id\":\"a\",\"study_id\":0}\n", n),
        "search bench --problem sphere_mixed --trials 2 --quiet --journal study.log", 60);
}

TEST_CASE("what baseline may ask of memory is a stated multiple of its file, and of the weights") {
  if (!kIsMeasured) return;
  const Workplace place;
  const std::size_t n = 4 << 20;
  std::string rows = "text,label\n";  // short ones that no regression can tell apart
  for (std::uint64_t i = 0; rows.size() < n; ++i) {
    const std::uint64_t draw = (i * 0x9e3779b97f4a7c15u) >> 40;
    rows += fmt::format("{}{} {}{},{}\n", char('a' + draw % 26), char('a' + draw / 26 % 26),
                        char('a' + draw / 676 % 26), char('a' + draw / 17576 % 26), draw / 456976 % 2);
  }
  check(place, "noise.csv", rows, "baseline --quiet --data noise.csv", 96);
  std::string labels = "text,label\n";
  for (int i = 0; i < 9000; ++i) labels += fmt::format("w{0} v{0} u{0} t{0} s{0} r{0} q{0} p{0} o{0} n{0},{0}\n", i);
  place.write("labels.csv", labels);
  const Peak refused = run(place, "baseline --quiet --data labels.csv");
  CHECK(refused.code == 2);
  CHECK(test::text_of_file(place / "stderr").find("take fewer buckets") != std::string::npos);
  CHECK(refused.bytes < kProgram + 100 * kMiB);
}

TEST_CASE("what a model's folder may ask of memory is a stated multiple of its files") {
  if (!kIsMeasured) return;
  const Workplace place;
  REQUIRE(place.run(Workplace::train("--out run")).code == 0);
  REQUIRE(place.run("export run hf").code == 0);
  REQUIRE(place.run("export run packed --packed").code == 0);
  const std::size_t n = 4 << 20;
  check(place, "hf/vocab.txt", numbered("", "\n", n), "import hf --out a", 32);
  check(place, "hf/vocab.txt", std::string(n, '\n'), "import hf --out a", 32);
  std::string vocabulary = "\"0\":0";  // as text: a peak counts what this program held when it started the other one
  for (int i = 1; i < 200000; ++i) vocabulary += fmt::format(",\"{0}\":{0}", i);
  fs::remove(place / "hf/vocab.txt");
  check(place, "hf/tokenizer.json",
        R"({"model":{"type":"WordPiece","vocab":{)" + vocabulary +
            R"(}},"post_processor":{"type":"BertProcessing","cls":["[CLS]",2],"sep":["[SEP]",3]}})",
        "import hf --out b", 48);
  check_torch_files(place, n);
  Json config = Json::parse(test::text_of_file(place / "packed/config.json"));
  for (const char* size : {"hidden_size", "intermediate_size"}) config[size] = 32768;
  place.write("packed/config.json", config.dump());
  const Peak claimed = run(place, "predict packed iron");
  CHECK(claimed.code == 2);
  CHECK(claimed.bytes < 2 * kProgram);
}

TEST_CASE("a bomb stops at the limit of what is unpacked") {
  if (!kIsMeasured) return;
  const Workplace place;
  const std::string row = repeated("a nice text,x\n", 64 << 20);
  place.write("bomb.csv.gz", gzip("text,label\n" + row));
  const Peak peak = run(place, train("bomb.csv.gz --data-limit 8"));
  INFO(test::text_of_file(place / "stderr").substr(0, 200));
  CHECK(peak.code == 2);
  CHECK(test::text_of_file(place / "stderr").find("--data-limit") != std::string::npos);
  CHECK(peak.bytes < kProgram + (64 + 15 * 8) * kMiB);
}
