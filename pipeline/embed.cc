#include "pipeline/embed.h"

#include "data/readers.h"
#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/io/matrix_file.h"
#include "pipeline/predict.h"

namespace ingot::pipeline {
namespace {

class Matrix final : public VectorFile {
 public:
  Matrix(const std::string& path, engine::MatrixFormat format, std::int64_t size) : file_(path, format, size) {}
  void add(const std::string&, std::span<const float> vector) override { file_.write(vector); }
  void commit() override { file_.commit(); }

 private:
  engine::MatrixFile file_;
};

class Lines final : public VectorFile {
 public:
  explicit Lines(const std::string& path) : file_(path) {}
  void add(const std::string& text, std::span<const float> vector) override {
    file_.write(embedding_json(text, vector).dump() + "\n");
  }
  void commit() override { file_.commit(); }

 private:
  engine::AtomicFile file_;
};

}  // namespace

std::unique_ptr<VectorFile> make_vector_file(const std::string& path, std::int64_t size) {
  const std::string extension = data::lower_extension(path);
  if (extension == ".npy") return std::make_unique<Matrix>(path, engine::MatrixFormat::npy, size);
  if (extension == ".safetensors") return std::make_unique<Matrix>(path, engine::MatrixFormat::safetensors, size);
  engine::require(extension == ".jsonl" || extension == ".ndjson",
                  "--out: must end with .npy, .safetensors or .jsonl, got '{}'", path);
  return std::make_unique<Lines>(path);
}

engine::Json embedding_json(const std::string& text, std::span<const float> vector) {
  engine::Json numbers = engine::Json::array();
  for (const float value : vector) numbers.push_back(bert::short_number(value));
  return {{"text", text}, {"embedding", std::move(numbers)}};
}

std::int64_t embed_table(const DataOptions& o, Predictor& predictor, VectorFile& out,
                         const std::function<void()>& flush) {
  const data::TableFile table = open_table(o);
  engine::require(!table.has_pairs(), "{}: has pairs of texts; name the column to embed with --text",
                  table.path().string());
  std::int64_t n = 0;
  for_each_batch(table, "embed", [&](std::vector<data::TableRow>&& rows) {
    std::vector<data::Example> texts;
    for (data::TableRow& row : rows) texts.push_back({.text = std::move(row.text)});
    const std::vector<Predicted> all = predictor.predict(texts);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      engine::require(all[i].fault.empty(), "{}: line {}: {}", table.path().string(), rows[i].line, all[i].fault);
      out.add(texts[i].text, all[i].values);
    }
    n += std::ssize(rows);
    if (flush) flush();
  });
  predictor.say_truncation();
  return n;
}

}  // namespace ingot::pipeline
