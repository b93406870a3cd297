#include "bench/startup.h"

#include <fmt/format.h>
#include <stdlib.h>

#include <chrono>

#include "bench/child.h"
#include "bert/model.h"
#include "engine/base/error.h"
#include "engine/base/files.h"

namespace ingot::bench {
namespace {

constexpr std::int64_t kPieces = 30522;

std::string vocabulary() {
  std::string text = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\nquiet\nbeautiful\nfilm\n.\n";
  for (std::int64_t i = 10; i < kPieces; ++i) text += fmt::format("piece{}\n", i);
  return text;
}

}  // namespace

ModelFolder::ModelFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "ingot-bench-XXXXXX").string();
  engine::require(::mkdtemp(name.data()) != nullptr, "{}: cannot be made", name);
  path_ = name;
  bert::Config config = bert::named_config("tiny");
  config.vocab_size = kPieces;
  config.label_names = {"neg", "pos"};
  bert::save_model(path_, bert::make_model(config, 1));
  engine::write_file(path_ / "vocab.txt", vocabulary());
}

ModelFolder::~ModelFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

double ModelFolder::predict() const {
  const auto begin = std::chrono::steady_clock::now();
  Child child({built("cli/ingot").string(), "predict", path_.string(), "a quiet, beautiful film."},
              Child::Errors::merge);
  const std::string line = child.read_line().value_or("");
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  engine::require(line.starts_with("neg\t") || line.starts_with("pos\t"), "ingot predict: must print a label, got '{}'",
                  line);
  child.wait();
  return seconds;
}

}  // namespace ingot::bench
