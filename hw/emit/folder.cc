#include "hw/emit/folder.h"

#include <fcntl.h>
#include <stdio.h>

#include <algorithm>
#include <cerrno>
#include <set>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/base/system_error.h"
#include "engine/base/temporary_folder.h"
#include "engine/io/safetensors.h"
#include "hw/emit/core_description.h"
#include "hw/emit/description.h"
#include "hw/emit/top.h"
#include "hw/names.h"
#include "hw/passes/metadata.h"
#include "hw/passes/parallelism.h"
#include "hw/rtl_sources.h"

namespace ingot::hw {
namespace fs = std::filesystem;
namespace {

using engine::require;

constexpr const char kVectorsFile[] = "vectors.safetensors", kMetadataFile[] = "metadata.json";

constexpr const char kHistoryFile[] = "synth.jsonl";
constexpr std::size_t kMostHistoryBytes = std::size_t{16} << 20;

// Files that commands leave in an emitted folder and the manifest does not list. A killed process can leave them with
// the ending .tmpPID.
constexpr std::string_view kLeft[] = {kManifestFile, "config.toml", "result.json", kHistoryFile,
                                      "simulation",  "build",       "__pycache__"};

bool is_left(const std::string& name) {
  return std::any_of(std::begin(kLeft), std::end(kLeft),
                     [&](std::string_view l) { return name == l || name.starts_with(std::string(l) + ".tmp"); });
}

// The absolute path of a folder without links, ending in the folder's name.
fs::path resolved(const fs::path& folder) {
  std::error_code error;
  fs::path path = fs::weakly_canonical(fs::absolute(folder, error), error);
  if (error) engine::fail_of_system(folder, "write", error.value());
  if (!path.has_filename()) path = path.parent_path();
  require(path.has_filename(), "{}: cannot be replaced by a folder of RTL", folder.string());
  return path;
}

// A new version of a folder, written beside it as FOLDER.new-xxxxxx/new. commit() puts it in place; without commit()
// nothing of it stays.
class NewFolder {
 public:
  explicit NewFolder(const fs::path& folder)
      : folder_(resolved(folder)), aside_(parent_of(folder_), folder_.filename().string() + ".new-") {
    std::error_code error;
    if (!fs::create_directory(aside_ / "new", error)) engine::fail_of_system(aside_ / "new", "make", error.value());
    new_ = aside_ / "new";
  }

  fs::path operator/(const std::string& name) const { return new_ / name; }

  // Exchanges the two folders in one step, so that at any time a whole folder has the name. Some file systems cannot
  // exchange (NFS, FUSE). There the earlier folder is moved away first, and a kill in between leaves it in
  // FOLDER.new-xxxxxx.
  void commit() {
    keep_history();
    put_in_place();
    engine::sync_folder(folder_.parent_path());
  }

 private:
  void put_in_place() {
    if (::renameat2(AT_FDCWD, new_.c_str(), AT_FDCWD, folder_.c_str(), RENAME_EXCHANGE) == 0) return;
    const int reason = errno;
    const bool is_first = reason == ENOENT, exchanges = reason != EINVAL && reason != ENOSYS;
    if (!is_first && exchanges) engine::fail_of_system(folder_, "replace", reason);
    std::error_code error;
    if (!is_first) fs::rename(folder_, aside_ / "old", error);
    if (error) engine::fail_of_system(folder_, "replace", error.value());
    fs::rename(new_, folder_, error);
    if (!error) return;
    std::error_code ignored;
    if (!is_first) fs::rename(aside_ / "old", folder_, ignored);
    engine::fail_of_system(folder_, "write", error.value());
  }

  static fs::path parent_of(const fs::path& folder) {
    std::error_code error;
    fs::create_directories(folder.parent_path(), error);
    if (error) engine::fail_of_system(folder.parent_path(), "make the folder", error.value());
    return folder.parent_path();
  }

  // The history of syntheses stays, for comparison with later ones.
  void keep_history() const {
    std::error_code error;
    if (!fs::exists(fs::symlink_status(folder_ / kHistoryFile, error))) return;
    engine::write_file(new_ / kHistoryFile, engine::read_file(folder_ / kHistoryFile, kMostHistoryBytes));
  }

  const fs::path folder_;
  const engine::TemporaryFolder aside_;
  fs::path new_;
};

// Writes files and lists them in the manifest with their checksums.
class Writer {
 public:
  Writer(const NewFolder& folder, Manifest& manifest) : folder_(folder), manifest_(manifest) {}

  void write(const std::string& name, std::string_view text) {
    require(is_plain(name, kMaxFileName), "{}: cannot be the name of an emitted file", name);
    engine::write_file(folder_ / name, text);
    note(name, text);
  }

  void write_vectors(const Vectors& vectors, const Graph& graph) {
    write_codes({entry("input", vectors.input, {vectors.n, graph.n_in()}),
                 entry("output", vectors.output, {vectors.n, graph.n_out()})});
  }

  void write_texts(const Texts& texts) {
    const auto row = [](const char* name, const std::vector<std::int32_t>& codes) {
      return entry(name, codes, {static_cast<std::int64_t>(codes.size())});
    };
    std::vector<engine::SafetensorsEntry> entries{row("offsets", texts.offsets), row("answers", texts.answers)};
    if (texts.rows.empty()) {
      entries.push_back(row("ids", texts.ids));
      entries.push_back(row("types", texts.types));
    } else {
      entries.push_back(row("rows", texts.rows));
    }
    write_codes(entries);
  }

  void finish() {
    std::sort(manifest_.files.begin(), manifest_.files.end(),
              [](const EmittedFile& a, const EmittedFile& b) { return a.name < b.name; });
    engine::write_file(folder_ / kManifestFile, to_text(manifest_));
  }

 private:
  static engine::SafetensorsEntry entry(const char* name, const std::vector<std::int32_t>& codes,
                                        std::vector<std::int64_t> shape) {
    return {.name = name, .dtype = "I32", .shape = std::move(shape), .bytes = std::as_bytes(std::span(codes))};
  }

  void write_codes(const std::vector<engine::SafetensorsEntry>& entries) {
    engine::write_safetensors(folder_ / kVectorsFile, entries);
    note(kVectorsFile, engine::read_file(folder_ / kVectorsFile));
    manifest_.vectors = kVectorsFile;
  }

  void note(const std::string& name, std::string_view text) {
    manifest_.files.push_back({name, static_cast<std::int64_t>(text.size()), engine::content_hash(text)});
  }

  const NewFolder& folder_;
  Manifest& manifest_;
};

// What lies in a folder, but for the vectors: the module, and what package/ writes beside it.
struct Contents {
  Verilog verilog;
  Manifest manifest;
  std::string metadata;
  PackageInfo package;
};

Manifest manifest_of(const Verilog& verilog, const std::string& name) {
  Manifest manifest{.top = name, .sources = verilog.dependences};
  manifest.sources.push_back(name + ".sv");
  for (const Image& image : verilog.images) manifest.images.push_back(image.file());
  return manifest;
}

Contents block_contents(const Graph& graph, const std::optional<Vectors>& vectors, const std::string& name) {
  Verilog verilog = write_top(graph, name);
  Manifest manifest = manifest_of(verilog, name);
  manifest.input = {"data_in_0", graph.input(), graph.n_in(), graph.nodes.front().parallelism.in};
  manifest.output = {"data_out_0", graph.output(), graph.n_out(), graph.nodes.back().parallelism.out};
  manifest.interval = interval(graph);
  PackageInfo package = description(graph, verilog, name, vectors);
  return {std::move(verilog), std::move(manifest), metadata(graph).dump(2) + "\n", std::move(package)};
}

Contents core_contents(const Graph& graph, const CoreSize& size, const std::optional<Texts>& texts,
                       const std::string& name, std::int64_t clock_mhz) {
  Verilog verilog = write_core(graph, size, name);
  Manifest manifest = manifest_of(verilog, name);
  manifest.core = size;
  manifest.clock_mhz = clock_mhz;
  PackageInfo package = core_description(graph, size, verilog, name, texts, clock_mhz);
  return {std::move(verilog), std::move(manifest), core_metadata(graph, size).dump(2) + "\n", std::move(package)};
}

template <class WriteVectors>
Manifest write_folder(const fs::path& folder, const Graph& graph, Contents contents,
                      const WriteVectors& write_vectors) {
  check_replaceable(folder);
  Manifest& manifest = contents.manifest;
  NewFolder target(folder);
  Writer writer(target, manifest);
  for (const std::string& source : contents.verilog.dependences) writer.write(source, licensed(rtl_source(source)));
  writer.write(manifest.top + ".sv", licensed(contents.verilog.top));
  if (has_memories_outside(manifest))
    writer.write(with_memory(manifest.top) + ".sv", licensed(contents.verilog.with_memory));
  for (const Image& image : contents.verilog.images) writer.write(image.file(), image.text());
  writer.write(kGraphFile, to_json(graph).dump() + "\n");
  writer.write(kMetadataFile, contents.metadata);
  write_vectors(writer);
  for (const PackageFile& file : package_files(contents.package)) writer.write(file.name, file.text);
  writer.finish();
  target.commit();
  return manifest;
}

}  // namespace

void check_replaceable(const fs::path& folder) {
  std::error_code error;
  if (!fs::exists(folder, error)) return;
  require(fs::is_directory(folder, error), "{}: is a file, not a folder", folder.string());
  const fs::path path = folder / kManifestFile;
  std::set<std::string> known;
  if (fs::exists(path, error)) {
    const std::string text = engine::read_file(path, kMostManifestBytes);
    for (const EmittedFile& file : manifest_of(text, path.string()).files) known.insert(file.name);
  }
  fs::directory_iterator entry(folder, error);
  if (error) engine::fail_of_system(folder, "read", error.value());
  for (const fs::directory_iterator end; entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    require(!known.empty() && (known.contains(name) || is_left(name)),
            "{}: holds {}, which `ingot emit` did not write; choose another folder", folder.string(), name);
  }
}

Manifest write_rtl(const fs::path& folder, const Graph& graph, const std::optional<Vectors>& vectors,
                   const std::string& name) {
  return write_folder(folder, graph, block_contents(graph, vectors, name), [&](Writer& writer) {
    if (vectors) writer.write_vectors(*vectors, graph);
  });
}

Manifest write_core_rtl(const fs::path& folder, const Graph& graph, const CoreSize& size,
                        const std::optional<Texts>& texts, const std::string& name, std::int64_t clock_mhz) {
  return write_folder(folder, graph, core_contents(graph, size, texts, name, clock_mhz), [&](Writer& writer) {
    if (texts) writer.write_texts(*texts);
  });
}

EmittedRtl open_emitted(const fs::path& folder) {
  EmittedRtl rtl = open_rtl(folder);
  const auto require_made = [](bool is_made, const fs::path& path) {
    require(is_made, "{}: is not what this version of ingot makes of {}; emit the folder again", path.string(),
            kGraphFile);
  };
  const auto made_of_graph = [&] {
    if (rtl.manifest.core) {
      const std::optional<Texts> texts = rtl.manifest.vectors ? std::optional(load_texts(rtl)) : std::nullopt;
      return core_contents(rtl.graph, *rtl.manifest.core, texts, rtl.manifest.top, rtl.manifest.clock_mhz);
    }
    const std::optional<Vectors> vectors = rtl.manifest.vectors ? std::optional(load_vectors(rtl)) : std::nullopt;
    return block_contents(rtl.graph, vectors, rtl.manifest.top);
  };
  const Contents made = made_of_graph();
  require_made(rtl.manifest.sources == made.manifest.sources && rtl.manifest.images == made.manifest.images &&
                   rtl.manifest.interval == made.manifest.interval,
               folder / kManifestFile);
  for (const std::string& source : made.manifest.sources) {
    const std::string_view text =
        source == made.manifest.sources.back() ? std::string_view(made.verilog.top) : rtl_source(source);
    require_made(engine::read_file(folder / source) == licensed(text), folder / source);
  }
  if (has_memories_outside(made.manifest)) {
    const fs::path file = folder / (with_memory(made.manifest.top) + ".sv");
    require_made(engine::read_file(file) == licensed(made.verilog.with_memory), file);
  }
  for (const PackageFile& file : package_files(made.package)) {
    std::error_code error;
    require_made(fs::exists(folder / file.name, error) && engine::read_file(folder / file.name) == file.text,
                 folder / file.name);
  }
  return rtl;
}

}  // namespace ingot::hw
