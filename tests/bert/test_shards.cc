// Model folders with several files: which is read, and checkpoints that are split over shards.
#include <doctest/doctest.h>

#include <cstring>

#include "bert/checkpoint.h"
#include "bert/checkpoints/tensor_files.h"
#include "engine/base/files.h"
#include "engine/base/printable.h"
#include "engine/io/json.h"
#include "tests/support/error_text.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/torch_archive.h"

using namespace ingot;
using namespace ingot::bert;
using namespace ingot::test;
using engine::Json;
using engine::SafetensorsEntry;
namespace fs = std::filesystem;

namespace {

const fs::path kGolden = fs::path(INGOT_GOLDEN) / "bert" / "masked-lm";

// The tensors of a golden model in two shards of one kind, with their index.
struct Split {
  explicit Split(const std::string& kind) : kind_(kind) {
    const auto& all = file_.entries();
    halves_[0].assign(all.begin(), all.begin() + 10);
    halves_[1].assign(all.begin() + 10, all.end());
    for (int i : {0, 1})
      for (const SafetensorsEntry& entry : halves_[i]) map[entry.name] = shard(i);
    write();
  }
  std::string shard(int i) const { return fmt::format("{}-0000{}-of-00002.{}", stem(), i + 1, kind_); }
  std::string index() const { return fmt::format("{}.{}.index.json", stem(), kind_); }
  std::string stem() const { return kind_ == "bin" ? "pytorch_model" : "model"; }
  void write() const {
    for (int i : {0, 1}) {
      if (kind_ == "bin") {
        put(folder / shard(i), torch_file_of(halves_[i]));
      } else {
        engine::write_safetensors(folder / shard(i), halves_[i]);
      }
    }
    put_index({{"metadata", {{"total_size", 1}}}, {"weight_map", map}});
  }
  void put_index(const Json& json) const { put(folder / index(), json.dump()); }
  // What reading says after the index's name.
  std::string complaint() const {
    const std::string message = error_text([&] { const TensorFiles files(folder.path()); });
    const std::string subject = (folder / index()).string() + ": ";
    return message.starts_with(subject) ? message.substr(subject.size()) : message;
  }

  const TemporaryFolder folder;
  const engine::Safetensors file_{kGolden / "model.safetensors"};
  const std::string kind_;
  std::vector<SafetensorsEntry> halves_[2];
  std::map<std::string, std::string> map;
};

bool same_values(const fs::path& folder) {
  const Config config = read_config(kGolden / "config.json");
  const auto a = read_checkpoint(folder, config), b = read_checkpoint(kGolden, config);
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const CheckpointTensor& x, const CheckpointTensor& y) {
    return x.name == y.name && x.values.size() == y.values.size() &&
           std::memcmp(x.values.data(), y.values.data(), x.values.size() * sizeof(float)) == 0;
  });
}

}  // namespace

TEST_CASE("a checkpoint in shards of either kind is the checkpoint in one file") {
  for (const char* kind : {"safetensors", "bin"}) {
    const Split split(kind);
    CHECK(split.complaint() == "");
    CHECK(same_values(split.folder.path()));
    CHECK(!has_pooler(split.folder.path()));
  }
  const TemporaryFolder folder;
  const engine::Safetensors file(kGolden / "model.safetensors");
  put(folder / "pytorch_model.bin", torch_file_of(file.entries()));
  CHECK(same_values(folder.path()));
}

TEST_CASE("of several files that which Hugging Face prefers is read") {
  const TemporaryFolder folder;
  for (const char* name :
       {"pytorch_model.bin.index.json", "pytorch_model.bin", "model.safetensors.index.json", "model.safetensors"}) {
    put(folder / name, "x");
    CHECK(tensor_file(folder.path()) == folder / name);
  }
}

TEST_CASE("a shard is a plain name of its kind in the same folder") {
  const Split split("bin");
  const std::string name = "cls.predictions.bias";
  for (const std::string shard : {"../x.bin", "/etc/x.bin", "a/x.bin", "a\\x.bin", "..", "", ".bin", ".x.bin",
                                  "x.safetensors", "pytorch_model.bin.index.json"}) {
    std::map<std::string, std::string> map = split.map;
    map[name] = shard;
    split.put_index({{"weight_map", map}});
    CHECK(split.complaint() ==
          fmt::format("weight_map: {}: must be the name of a .bin file in the same folder, is '{}'", name, shard));
  }
  Json map = split.map;
  map[name] = 3;
  split.put_index({{"weight_map", map}});
  CHECK(split.complaint() == "weight_map: " + name + ": must be a file name, is 3");
  for (const Json& json : {Json{{"weight_map", 3}}, Json{{"metadata", 3}}, Json(3)}) {
    split.put_index(json);
    CHECK(split.complaint() == "must have an object weight_map with a file name for each tensor");
  }
  put(split.folder / split.index(), "{");
  CHECK(split.complaint() != "");
}

TEST_CASE("a shard or tensor that is missing, there twice or not in the index is an error that names it") {
  for (const char* kind : {"safetensors", "bin"}) {
    Split split(kind);
    const std::string name = split.halves_[0][3].name, other = split.halves_[1][2].name;
    fs::remove(split.folder / split.shard(1));
    CHECK(split.complaint() == split.shard(1) + " is missing in this folder");
    const auto halves = split.halves_[0];
    split.halves_[0].erase(split.halves_[0].begin() + 3);
    split.write();
    CHECK(split.complaint() == fmt::format("tensor {} is missing in {}", engine::excerpt(name), split.shard(0)));
    split.halves_[0] = halves;
    split.halves_[0].push_back(split.halves_[1][2]);
    split.write();
    CHECK(split.complaint() ==
          fmt::format("tensor {} is in {} and in {}", engine::excerpt(other), split.shard(0), split.shard(1)));
    split.halves_[0] = halves;
    split.map.erase(name);
    split.write();
    CHECK(split.complaint() ==
          fmt::format("tensor {} is in {}, but not in weight_map", engine::excerpt(name), split.shard(0)));
    split.map[name] = split.shard(1);
    split.write();
    CHECK(split.complaint() == fmt::format("tensor {} is missing in {}", engine::excerpt(name), split.shard(1)));
    split.map.clear();
    for (int i = 0; i < 1025; ++i) split.map[std::to_string(i)] = fmt::format("{}.{}", i, kind);
    split.put_index({{"weight_map", split.map}});
    CHECK(split.complaint() == "must name at most 1024 files, names 1025");
  }
}

TEST_CASE("the fingerprint of weights is that of model.safetensors, and of index and shards where there are several") {
  CHECK(weights_fingerprint(kGolden) == engine::content_hash(engine::read_file(kGolden / "model.safetensors")));
  Split split("safetensors");
  const std::uint64_t before = weights_fingerprint(split.folder.path());
  CHECK(weights_fingerprint(split.folder.path()) == before);
  std::vector<std::byte> bytes(split.halves_[1][0].bytes.size(), std::byte{1});
  split.halves_[1][0].bytes = bytes;
  split.write();
  CHECK(weights_fingerprint(split.folder.path()) != before);
}
