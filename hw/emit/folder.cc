#include "hw/emit/folder.h"

#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/io/safetensors.h"
#include "hw/emit/sources.h"
#include "hw/emit/top.h"
#include "hw/passes/metadata.h"
#include "hw/passes/parallelism.h"

namespace ingot::hw {
namespace fs = std::filesystem;
namespace {

using engine::require;

constexpr const char kVectorsFile[] = "vectors.safetensors", kMetadataFile[] = "metadata.json";

// What commands leave in an emitted folder, beside what the manifest knows: a name, or all that begins so.
constexpr std::string_view kLeft[] = {"manifest.json", "config.toml", "result.json", "synth", "simulation"};

bool is_left(const std::string& name) {
  return std::any_of(std::begin(kLeft), std::end(kLeft), [&](std::string_view l) { return name.starts_with(l); });
}

// A folder that becomes the final one, or nothing.
class NewFolder {
 public:
  explicit NewFolder(const fs::path& folder) : folder_(fs::absolute(folder).lexically_normal()) {
    if (!folder_.has_filename()) folder_ = folder_.parent_path();
    new_ = folder_.string() + fmt::format(".new{}", ::getpid());
    std::error_code error;
    fs::create_directories(new_, error);
    require(!error, "{}: cannot make the folder: {}", new_.string(), error.message());
  }
  ~NewFolder() {
    std::error_code ignored;
    fs::remove_all(new_, ignored);
  }
  NewFolder(const NewFolder&) = delete;
  NewFolder& operator=(const NewFolder&) = delete;

  fs::path operator/(const std::string& name) const { return new_ / name; }

  void commit() {
    const fs::path old = folder_.string() + fmt::format(".old{}", ::getpid());
    std::error_code error;
    if (fs::exists(folder_)) {
      const fs::path history = folder_ / "synth.jsonl";  // of syntheses, to compare with
      if (fs::exists(history)) fs::copy_file(history, new_ / "synth.jsonl", error);
      fs::rename(folder_, old, error);
      require(!error, "{}: cannot be replaced: {}", folder_.string(), error.message());
    }
    fs::rename(new_, folder_, error);
    if (error) fs::rename(old, folder_);
    require(!error, "{}: cannot be written: {}", folder_.string(), error.message());
    fs::remove_all(old, error);
  }

 private:
  fs::path folder_, new_;
};

// Writes files and takes down what they hold.
class Writer {
 public:
  Writer(const NewFolder& folder, Manifest& manifest) : folder_(folder), manifest_(manifest) {}

  void write(const std::string& name, std::string_view text) {
    engine::write_file(folder_ / name, text);
    note(name, text);
  }

  void write_vectors(const Vectors& vectors, const Graph& graph) {
    const auto entry = [&](const char* name, const std::vector<std::int32_t>& codes, std::int64_t size) {
      return engine::SafetensorsEntry{
          .name = name, .dtype = "I32", .shape = {vectors.n, size}, .bytes = std::as_bytes(std::span(codes))};
    };
    const engine::SafetensorsEntry entries[] = {entry("input", vectors.input, graph.n_in()),
                                                entry("output", vectors.output, graph.n_out())};
    engine::write_safetensors(folder_ / kVectorsFile, entries);
    note(kVectorsFile, engine::read_file(folder_ / kVectorsFile));
    manifest_.vectors = kVectorsFile;
  }

  void finish() {
    std::sort(manifest_.files.begin(), manifest_.files.end(),
              [](const EmittedFile& a, const EmittedFile& b) { return a.name < b.name; });
    engine::write_file(folder_ / kManifestFile, to_text(manifest_));
  }

 private:
  void note(const std::string& name, std::string_view text) {
    manifest_.files.push_back({name, static_cast<std::int64_t>(text.size()), engine::content_hash(text)});
  }

  const NewFolder& folder_;
  Manifest& manifest_;
};

}  // namespace

void check_replaceable(const fs::path& folder) {
  std::error_code error;
  if (!fs::exists(folder, error)) return;
  require(fs::is_directory(folder, error), "{}: is a file, not a folder", folder.string());
  if (fs::is_empty(folder, error)) return;
  const fs::path path = folder / kManifestFile;
  std::set<std::string> known;
  if (fs::exists(path, error)) {
    for (const EmittedFile& file : manifest_of(engine::read_file(path), path.string()).files) known.insert(file.name);
  }
  for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    require(!known.empty() && (known.contains(name) || is_left(name)),
            "{}: holds {}, which `ingot emit` did not write; choose another folder", folder.string(), name);
  }
}

Manifest write_rtl(const fs::path& folder, const Graph& graph, const std::optional<Vectors>& vectors) {
  check(graph);
  const Verilog verilog = write_top(graph);
  check_replaceable(folder);
  Manifest manifest{.input = {"data_in_0", graph.input(), graph.n_in(), graph.nodes.front().parallelism.in},
                    .output = {"data_out_0", graph.output(), graph.n_out(), graph.nodes.back().parallelism.out},
                    .interval = interval(graph)};
  NewFolder target(folder);
  Writer writer(target, manifest);
  for (const std::string& name : verilog.dependences) {
    writer.write(name, rtl_source(name));
    manifest.sources.push_back(name);
  }
  writer.write("top.sv", verilog.top);
  manifest.sources.emplace_back("top.sv");
  for (const Image& image : verilog.images) {
    writer.write(image.file(), image.text());
    manifest.images.push_back(image.file());
  }
  writer.write(kGraphFile, to_json(graph).dump() + "\n");
  writer.write(kMetadataFile, metadata(graph).dump(2) + "\n");
  if (vectors) writer.write_vectors(*vectors, graph);
  writer.finish();
  target.commit();
  return manifest;
}

}  // namespace ingot::hw
