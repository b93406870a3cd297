#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>

#include "bert/checkpoint.h"
#include "bert/heads/masked_lm.h"
#include "bert/model.h"
#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/base/memory.h"
#include "engine/io/safetensors.h"
#include "tests/support/error_text.h"
#include "tests/support/small_disk.h"
#include "tests/support/temporary_folder.h"

using namespace ingot;
using namespace ingot::bert;
using namespace ingot::test;
using engine::read_file;
using engine::Safetensors;
using engine::SafetensorsEntry;
namespace fs = std::filesystem;

namespace {

fs::path golden(const std::string& task) { return fs::path(INGOT_GOLDEN) / "bert" / task; }

Config golden_config(const std::string& task) { return read_config(golden(task) / "config.json"); }

std::vector<TensorView> views_of(const std::vector<CheckpointTensor>& tensors) {
  std::vector<TensorView> views;
  for (const CheckpointTensor& tensor : tensors) views.push_back({tensor.name, tensor.shape, tensor.values.data()});
  return views;
}

bool same_tensors(const std::vector<CheckpointTensor>& a, const std::vector<CheckpointTensor>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const CheckpointTensor& x, const CheckpointTensor& y) {
    return x.name == y.name && x.shape == y.shape && x.values.size() == y.values.size() &&
           std::memcmp(x.values.data(), y.values.data(), x.values.size() * sizeof(float)) == 0;
  });
}

// A golden checkpoint with its tensors changed by `edit`, in a folder of its own.
template <class Edit>
void put_edited(const TemporaryFolder& folder, const std::string& task, Edit edit) {
  const Safetensors file(golden(task) / "model.safetensors");
  std::vector<SafetensorsEntry> entries = file.entries();
  edit(entries);
  engine::write_safetensors(folder / "model.safetensors", entries, file.metadata());
}

SafetensorsEntry& entry_of(std::vector<SafetensorsEntry>& entries, const std::string& name) {
  const auto at = std::find_if(entries.begin(), entries.end(), [&](const auto& entry) { return entry.name == name; });
  REQUIRE(at != entries.end());
  return *at;
}

bool replace(std::string& text, const std::string& part, const std::string& with) {
  const std::size_t at = text.find(part);
  if (at != std::string::npos) text.replace(at, part.size(), with);
  return at != std::string::npos;
}

// What reading says after the file's name.
std::string complaint(const TemporaryFolder& folder, const Config& config, bool body_only = false) {
  const std::string message = error_text([&] { read_checkpoint(folder.path(), config, body_only); });
  const std::string subject = (folder / "model.safetensors").string() + ": ";
  return message.starts_with(subject) ? message.substr(subject.size()) : message;
}

const char* const kTasks[] = {"masked-lm", "sequence-classification"};
const char* const kWords = "bert.embeddings.word_embeddings.weight";

}  // namespace

TEST_CASE("the parameters of a model are the tensors of its golden file") {
  for (const char* task : kTasks) {
    const Safetensors file(golden(task) / "model.safetensors");
    const std::vector<ParameterSpec> specs = parameter_specs(golden_config(task));
    CHECK(specs.size() == file.entries().size());
    for (const ParameterSpec& spec : specs) CHECK(file.get(spec.name, "F32").shape == spec.shape);
  }
}

TEST_CASE("parameters come in the order of the model's definition") {
  const std::vector<ParameterSpec> specs = parameter_specs(golden_config("sequence-classification"));
  CHECK(specs[0].name == kWords);
  CHECK(specs[1].name == "bert.embeddings.position_embeddings.weight");
  CHECK(specs[3].name == "bert.embeddings.LayerNorm.weight");
  CHECK(specs[5].name == "bert.encoder.layer.0.attention.self.query.weight");
  CHECK(specs[21].name == "bert.encoder.layer.1.attention.self.query.weight");
  CHECK(specs[37].name == "bert.pooler.dense.weight");
  CHECK(specs[39].name == "classifier.weight");
  CHECK(specs[40].name == "classifier.bias");
}

TEST_CASE("a golden checkpoint, read and written, is the same file byte for byte") {
  const TemporaryFolder folder;
  for (const char* task : kTasks) {
    const Config config = golden_config(task);
    const std::vector<CheckpointTensor> tensors = read_checkpoint(golden(task), config);
    const fs::path out = folder / task / "deeper";
    write_checkpoint(out, config, views_of(tensors));
    CHECK(read_file(out / "model.safetensors") == read_file(golden(task) / "model.safetensors"));
    CHECK(read_config(out / "config.json") == config);
    CHECK(same_tensors(read_checkpoint(out, config), tensors));
    std::size_t n_files = 0;
    for ([[maybe_unused]] const auto& item : fs::directory_iterator(out)) ++n_files;
    CHECK(n_files == 2);
  }
}

TEST_CASE("bare names and the gamma and beta of old layer norms read as today's names") {
  const TemporaryFolder folder;
  for (const char* task : kTasks) {
    const Config config = golden_config(task);
    put_edited(folder, task, [](std::vector<SafetensorsEntry>& entries) {
      int n_renamed = 0;
      for (SafetensorsEntry& entry : entries) {
        n_renamed += replace(entry.name, "LayerNorm.weight", "LayerNorm.gamma");
        n_renamed += replace(entry.name, "LayerNorm.bias", "LayerNorm.beta");
        n_renamed += replace(entry.name, "bert.", "");
      }
      CHECK(n_renamed > 40);
    });
    CHECK(same_tensors(read_checkpoint(folder.path(), config), read_checkpoint(golden(task), config)));
  }
}

TEST_CASE("an encoder is saved under bare names, as Hugging Face saves it, and reads back") {
  const TemporaryFolder folder;
  Config config = golden_config("sequence-classification");
  const std::vector<CheckpointTensor> body = read_checkpoint(golden("sequence-classification"), config, true);
  config.head = &kEncoder;
  write_checkpoint(folder.path(), config, views_of(body));
  const Safetensors file(folder / "model.safetensors");
  CHECK(file.find("embeddings.word_embeddings.weight") != nullptr);
  CHECK(file.find("pooler.dense.bias") != nullptr);
  CHECK(file.find(kWords) == nullptr);
  CHECK(same_tensors(read_checkpoint(folder.path(), read_config(folder / "config.json")), body));
}

TEST_CASE("a body is read from the file of any head, with its pooler where there is one") {
  Config config = golden_config("masked-lm");
  config.head = &kSequenceClassification;
  config.label_names = {"a", "b", "c", "d", "e"};
  const std::vector<CheckpointTensor> bare = read_checkpoint(golden("masked-lm"), config, true);
  const std::vector<CheckpointTensor> pooled = read_checkpoint(golden("sequence-classification"), config, true);
  CHECK(bare.size() == 37);
  CHECK(bare.back().name == "bert.encoder.layer.1.output.LayerNorm.bias");
  CHECK(pooled.size() == 39);
  CHECK(pooled.back().name == "bert.pooler.dense.bias");
}

TEST_CASE("halves and bfloat16 are widened") {
  const TemporaryFolder folder;
  const Config config = golden_config("sequence-classification");
  const std::vector<std::uint16_t> halves = {0x3c00, 0xc000, 0x0001};  // 1, -2, 2^-24
  const std::vector<std::uint16_t> bfloats(3 * 32, 0x4049);            // 3.140625
  put_edited(folder, "sequence-classification", [&](std::vector<SafetensorsEntry>& entries) {
    entry_of(entries, "classifier.bias") = {"classifier.bias", "F16", {3}, std::as_bytes(std::span(halves))};
    entry_of(entries, "classifier.weight") = {"classifier.weight", "BF16", {3, 32}, std::as_bytes(std::span(bfloats))};
  });
  const std::vector<CheckpointTensor> tensors = read_checkpoint(folder.path(), config);
  CHECK(tensors[40].values == std::vector<float>{1, -2, 0x1p-24f});
  CHECK(tensors[39].values == std::vector<float>(96, 3.140625f));
}

TEST_CASE("what carries no information is passed over") {
  const TemporaryFolder folder;
  const Config config = golden_config("masked-lm");
  const std::vector<std::int64_t> ids(48);
  const std::vector<float> zeros(32 * 32);
  const auto floats = [&](std::size_t n) { return std::as_bytes(std::span(zeros).first(n)); };
  put_edited(folder, "masked-lm", [&](std::vector<SafetensorsEntry>& entries) {
    SafetensorsEntry decoder = entry_of(entries, kWords), bias = entry_of(entries, "cls.predictions.bias");
    decoder.name = "cls.predictions.decoder.weight";
    bias.name = "cls.predictions.decoder.bias";
    entries.push_back({"bert.embeddings.position_ids", "I64", {1, 48}, std::as_bytes(std::span(ids))});
    entries.push_back({"cls.seq_relationship.weight", "F32", {2, 32}, floats(64)});
    entries.push_back({"cls.seq_relationship.bias", "F32", {2}, floats(2)});
    entries.push_back({"bert.pooler.dense.weight", "F32", {32, 32}, floats(1024)});
    entries.push_back({"bert.pooler.dense.bias", "F32", {32}, floats(32)});
    entries.push_back(decoder);
    entries.push_back(bias);
  });
  CHECK(same_tensors(read_checkpoint(folder.path(), config), read_checkpoint(golden("masked-lm"), config)));
  CHECK(read_checkpoint(folder.path(), config, true).back().name == "bert.pooler.dense.bias");
}

TEST_CASE("a decoder that differs from the word embedding is an error") {
  const TemporaryFolder folder;
  const Config config = golden_config("masked-lm");
  for (const auto& [original, copy] : {std::pair(kWords, "cls.predictions.decoder.weight"),
                                       std::pair("cls.predictions.bias", "cls.predictions.decoder.bias")}) {
    std::vector<std::byte> bytes;
    put_edited(folder, "masked-lm", [&](std::vector<SafetensorsEntry>& entries) {
      SafetensorsEntry entry = entry_of(entries, original);
      bytes.assign(entry.bytes.begin(), entry.bytes.end());
      bytes.back() ^= std::byte{1};
      entry.name = copy;
      entry.bytes = bytes;
      entries.push_back(entry);
    });
    CHECK(complaint(folder, config) == fmt::format("{} must be tied to {}, but differs from it", copy, original));
    CHECK(complaint(folder, config, true) == "");
  }
}

TEST_CASE("a tensor missing, unknown, twice, of another shape or dtype is an error that names it") {
  const TemporaryFolder folder;
  const std::string task = "sequence-classification";
  const Config config = golden_config(task);
  const std::string query = "bert.encoder.layer.1.attention.self.query.weight";
  using Entries = std::vector<SafetensorsEntry>;
  const auto about = [&](auto edit) {
    put_edited(folder, task, edit);
    return complaint(folder, config);
  };
  CHECK(about([&](Entries& all) { std::erase_if(all, [&](const auto& e) { return e.name == query; }); }) ==
        query + " is missing");
  CHECK(about([&](Entries& all) {
          SafetensorsEntry extra = entry_of(all, query);
          extra.name = "bert.encoder.layer.2.attention.self.query.weight";
          all.push_back(extra);
        }) ==
        "bert.encoder.layer.2.attention.self.query.weight of shape [32,32] is not a parameter of "
        "BertForSequenceClassification with 2 layers");
  CHECK(about([&](Entries& all) {
          SafetensorsEntry again = entry_of(all, "bert.embeddings.LayerNorm.weight");
          again.name = "embeddings.LayerNorm.gamma";
          all.push_back(again);
        }) == "bert.embeddings.LayerNorm.weight and embeddings.LayerNorm.gamma are the same parameter");
  CHECK(about([&](Entries& all) {
          entry_of(all, query).shape = {16, 64};
        }) == query + ": expected shape [32,32], got [16,64]");
  CHECK(about([&](Entries& all) { entry_of(all, query).dtype = "I32"; }) ==
        "tensor " + query + ": expected F32, F16 or BF16, got I32");
  CHECK(about([](Entries&) {}) == "");
  Config other = config;
  other.head = &kMaskedLm;
  CHECK(complaint(folder, other) == "cls.predictions.bias is missing");
  other.head = &kEncoder;
  CHECK(complaint(folder, other) == "classifier.bias of shape [3] is not a parameter of BertModel with 2 layers");
}

TEST_CASE("a folder without tensors is an error that says what to do") {
  const TemporaryFolder folder;
  const Config config = golden_config("masked-lm");
  const std::string subject = folder.path().string();
  CHECK(complaint(folder, config) == subject + ": no model.safetensors or pytorch_model.bin in this folder");
  put(folder / "packed.safetensors", "x");
  CHECK(complaint(folder, config).starts_with(subject + ": holds packed codes, not the weights that this needs"));
}

TEST_CASE("tensors that do not make the model are not written") {
  const TemporaryFolder folder;
  const Config config = golden_config("masked-lm");
  const std::vector<CheckpointTensor> tensors = read_checkpoint(golden("masked-lm"), config);
  const fs::path out = folder / "out";
  const auto about = [&](std::vector<TensorView> views) {
    return error_text([&] { write_checkpoint(out, config, views); })
        .substr((out / "model.safetensors").string().size());
  };
  std::vector<TensorView> views = views_of(tensors);
  views.pop_back();
  CHECK(about(views) == ": cls.predictions.transform.LayerNorm.bias is missing");
  views = views_of(tensors);
  views.push_back(views.front());
  CHECK(about(views) == std::string(": ") + kWords + " is given twice or not a parameter of BertForMaskedLM");
  views = views_of(tensors);
  views[0].shape = {32, 120};
  CHECK(about(views) == std::string(": ") + kWords + ": expected shape [120,32], got [32,120]");
  CHECK(folder.names().empty());
  put(out, "a file");
  CHECK(error_text([&] {
          write_checkpoint(out, config, views_of(tensors));
        }).starts_with(out.string() + ": cannot make this folder: "));
}

TEST_CASE("a disk that fills up leaves the previous checkpoint whole and no temporary file") {
  const TemporaryFolder folder;
  const Config config = golden_config("masked-lm");
  std::vector<CheckpointTensor> tensors = read_checkpoint(golden("masked-lm"), config);
  write_checkpoint(folder.path(), config, views_of(tensors));
  const std::string before = read_file(folder / "model.safetensors");
  const std::string config_before = read_file(folder / "config.json");
  for (CheckpointTensor& tensor : tensors) tensor.values.assign(tensor.values.size(), 0.5f);
  Config renamed = config;
  renamed.label_names = {"other"};
  for (const std::uint64_t n_bytes : {0, 1000, 50000}) {
    std::string message;
    {
      const SmallDisk disk(n_bytes);
      message = error_text([&] { write_checkpoint(folder.path(), renamed, views_of(tensors)); });
    }
    CHECK(message == (folder / "model.safetensors").string() + ": cannot write: File too large");
    CHECK(read_file(folder / "model.safetensors") == before);
    CHECK(read_file(folder / "config.json") == config_before);
    CHECK(folder.names() == std::vector<std::string>{"config.json", "model.safetensors"});
  }
}

TEST_CASE("an encoder without a pooler is read and written without one, and a classifier needs one") {
  const TemporaryFolder folder;
  Config config = golden_config("sequence-classification");
  const auto without_pooler = [](std::vector<SafetensorsEntry>& entries) {
    std::erase_if(entries, [](const SafetensorsEntry& entry) {
      return entry.name.starts_with("bert.pooler.") || entry.name.starts_with("classifier.");
    });
  };
  put_edited(folder, "sequence-classification", without_pooler);
  write_config(folder / "config.json", config);
  CHECK(contains(error_text([&] { load_model(folder.path()); }), "bert.pooler.dense.weight is missing"));
  config.head = &kEncoder;
  write_config(folder / "config.json", config);
  CHECK(!has_pooler(folder.path()));
  const Model model = load_model(folder.path());
  CHECK(!model.config.pooler);
  save_model(folder / "again", model);
  CHECK(!read_config(folder / "again/config.json").pooler);
  CHECK(read_file(folder / "again/model.safetensors").find("pooler") == std::string::npos);
  CHECK(load_model(folder / "again").parameters().size() == model.parameters().size());
  // Half a pooler is none.
  put_edited(folder, "sequence-classification", [](std::vector<SafetensorsEntry>& entries) {
    std::erase_if(entries, [](const SafetensorsEntry& entry) {
      return entry.name == "bert.pooler.dense.bias" || entry.name.starts_with("classifier.");
    });
  });
  CHECK(contains(error_text([&] { load_model(folder.path()); }), "bert.pooler.dense.bias is missing"));
}

TEST_CASE("reading that runs out of memory names the file, as a failure at work") {
  const auto full = [](const auto& read) {
    return failure_text([&] { engine::naming_file("m/model.safetensors", read); });
  };
  CHECK(full([]() -> int { throw std::bad_alloc(); }) == "m/model.safetensors: there is not enough memory to read it");
  const std::string message = full([] { return engine::Tensor::zeros({std::int64_t{1} << 40}).size(); });
  CHECK(message.starts_with("m/model.safetensors: there is not enough memory to read it: memory: "));
  CHECK(engine::naming_file("m", [] { return 7; }) == 7);
}
