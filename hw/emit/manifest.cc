#include "hw/emit/manifest.h"

#include <algorithm>
#include <system_error>

#include "compress/integer/fields.h"
#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/base/named.h"
#include "engine/io/json.h"
#include "engine/io/safetensors.h"
#include "hw/names.h"
#include "hw/rtl_sources.h"

namespace ingot::hw {
namespace fs = std::filesystem;
namespace {

using compress::Fields;
using engine::Json;
using engine::require;

constexpr const char kFormat[] = "ingot-rtl-1";
constexpr std::int64_t kHuge = std::int64_t{1} << 62;

Json port_json(const Port& port) {
  return {{"name", port.name}, {"format", to_string(port.format)}, {"size", port.size}, {"lanes", port.lanes}};
}

FixedPoint fixed_in(Fields& fields, const std::string& name) {
  const std::string text = fields.text(name);
  const auto fixed =
      engine::with_subject(fields.place(name), [&] { return compress::as_fixed(compress::parse_format(text)); });
  if (fixed && fixed->rounding && fixed->set == compress::CodeSet::all) return *fixed;
  engine::fail("{} must be fixed point, got '{}'", fields.place(name), text);
}

Port port_in(const Json& object, const std::string& where) {
  Fields fields(object, where);
  Port port{.name = fields.text("name"),
            .format = fixed_in(fields, "format"),
            .size = fields.integer("size", 1, 65536),
            .lanes = fields.integer("lanes", 1, 65536)};
  require(port.size % port.lanes == 0, "{}: size must be a multiple of lanes, got {} and {}", where, port.size,
          port.lanes);
  fields.end();
  return port;
}

void read_ports(Fields& fields, const std::string& subject, Manifest& manifest) {
  manifest.input = port_in(fields.value("input"), fields.place("input"));
  manifest.output = port_in(fields.value("output"), fields.place("output"));
  manifest.interval = fields.integer("interval", 1, kHuge);
  require(manifest.input.name == "data_in_0" && manifest.output.name == "data_out_0",
          "{}: the module must go from data_in_0 to data_out_0, got {} to {}", subject, manifest.input.name,
          manifest.output.name);
}

Json core_json(const CoreSize& size) {
  Json object{{"pi", size.pi}, {"po", size.po}, {"lanes", size.lanes}, {"longest", size.longest}};
  if (size.streams_weights) object["weight_memory"] = kWeightMemories[1];
  return object;
}

// The sizes are checked with the graph: plan_core().
CoreSize core_in(const Json& object, const std::string& where) {
  Fields fields(object, where);
  CoreSize size{.pi = fields.integer("pi", 1, 64),
                .po = fields.integer("po", 1, 64),
                .lanes = fields.integer("lanes", 1, 64),
                .longest = fields.integer("longest", 1, 65536)};
  if (fields.has("weight_memory")) {
    const std::string memory = fields.text("weight_memory");
    size.streams_weights = engine::with_subject(fields.place("weight_memory"), [&] { return streams_weights(memory); });
  }
  fields.end();
  return size;
}

// A file of the folder: no path, which could lead out of it.
std::string file_name(const std::string& where, const Json& value) {
  require(value.is_string(), "{}: must be a file name, got {}", where, engine::shown(value));
  const auto name = value.get<std::string>();
  require(is_plain(name, kMaxFileName),
          "{}: must be a file name without a folder, of letters, digits, _ and '.', got {}", where, value.dump());
  return name;
}

std::vector<std::string> file_names(Fields& fields, const std::string& list) {
  std::vector<std::string> names;
  for (const Json& value : fields.array(list)) names.push_back(file_name(fields.place(list), value));
  return names;
}

std::uint64_t hash_in(Fields& fields) {
  const std::string text = fields.text("hash");
  const bool hex = text.size() == 16 && text.find_first_not_of("0123456789abcdef") == std::string::npos;
  require(hex, "{} must be 16 hexadecimal digits, got '{}'", fields.place("hash"), text);
  return std::stoull(text, nullptr, 16);
}

EmittedFile emitted_file(const Json& object, const std::string& where) {
  Fields fields(object, where);
  EmittedFile file{.name = file_name(where, fields.value("name")),
                   .bytes = fields.integer("bytes", 0, kHuge),
                   .hash = hash_in(fields)};
  fields.end();
  return file;
}

// What simulators and Yosys are given: the module of the manifest, and before it modules of rtl/.
void check_sources(const Manifest& manifest, const std::string& subject) {
  const std::string top = manifest.top + ".sv";
  for (const std::string& name : manifest.sources) {
    const auto is_it = [&](const RtlSource& source) { return source.name == name; };
    const bool known = name == top || std::any_of(rtl_sources().begin(), rtl_sources().end(), is_it);
    require(known, "{}: sources: must be {} and modules that `ingot emit` writes, got '{}'", subject, top, name);
  }
}

// Every file that the manifest speaks of has a checksum in it, once.
void check_files(const Manifest& manifest, const std::string& subject) {
  std::set<std::string> known;
  for (const EmittedFile& file : manifest.files)
    require(known.insert(file.name).second, "{}: files: {} appears twice", subject, file.name);
  std::vector<std::string> used{kGraphFile};
  used.insert(used.end(), manifest.sources.begin(), manifest.sources.end());
  used.insert(used.end(), manifest.images.begin(), manifest.images.end());
  if (manifest.vectors) used.push_back(*manifest.vectors);
  if (has_memories_outside(manifest)) used.push_back(with_memory(manifest.top) + ".sv");
  for (const std::string& name : used) require(known.contains(name), "{}: files: {} has no checksum", subject, name);
}

void check_contents(const fs::path& folder, const EmittedFile& file) {
  const fs::path path = folder / file.name;
  std::error_code error;
  const fs::file_status status = fs::symlink_status(path, error);
  require(fs::exists(status), "{}: is missing; emit the folder again", path.string());
  require(fs::is_regular_file(status), "{}: must be a regular file, no link to one; emit the folder again",
          path.string());
  const std::string text = engine::read_file(path);
  require(static_cast<std::int64_t>(text.size()) == file.bytes && engine::content_hash(text) == file.hash,
          "{}: is not what was emitted: {} bytes with hash {:016x} instead of {} with {:016x}; emit the folder again",
          path.string(), text.size(), engine::content_hash(text), file.bytes, file.hash);
}

void check_port(const std::string& subject, const Port& port, const FixedPoint& format, std::int64_t size,
                std::int64_t lanes) {
  require(port.format == format && port.size == size && port.lanes == lanes,
          "{}: {} must have {} codes of {} in beats of {}, as the graph has, got {} of {} in beats of {}", subject,
          port.name, size, to_string(format), lanes, port.size, to_string(port.format), port.lanes);
}

std::vector<std::int32_t> codes_in(const engine::Safetensors& file, const std::string& name, const Port& port,
                                   const std::string& subject) {
  const engine::SafetensorsEntry& entry = file.get(name, "I32");
  require(entry.shape.size() == 2 && entry.shape[1] == port.size, "{}: {} must have the shape [n,{}]", subject, name,
          port.size);
  const engine::CodeRange range = port.format.codes();
  std::vector<std::int32_t> codes;
  for (const std::int64_t code : file.integers(entry)) {
    require(code >= range.lowest && code <= range.highest, "{}: {} must be codes of {}, got {}", subject, name,
            to_string(port.format), code);
    codes.push_back(static_cast<std::int32_t>(code));
  }
  return codes;
}

}  // namespace

std::string to_text(const Manifest& manifest) {
  Json files = Json::array();
  for (const EmittedFile& file : manifest.files)
    files.push_back({{"name", file.name}, {"bytes", file.bytes}, {"hash", fmt::format("{:016x}", file.hash)}});
  Json object{{"format", kFormat},
              {"top", manifest.top},
              {"sources", manifest.sources},
              {"images", manifest.images},
              {"files", files}};
  if (manifest.core) {
    object.update({{"core", core_json(*manifest.core)}, {"clock_mhz", manifest.clock_mhz}});
  } else {
    object.update({{"input", port_json(manifest.input)},
                   {"output", port_json(manifest.output)},
                   {"interval", manifest.interval}});
  }
  if (manifest.vectors) object["vectors"] = *manifest.vectors;
  return object.dump(2) + "\n";
}

Manifest manifest_of(const std::string& text, const std::string& subject) {
  const Json object = engine::parse_json(text, subject);
  Fields fields(object, subject);
  require(fields.text("format") == kFormat, "{} must be {}, got '{}'", fields.place("format"), kFormat,
          fields.text("format"));
  Manifest manifest{
      .top = fields.text("top"), .sources = file_names(fields, "sources"), .images = file_names(fields, "images")};
  if (fields.has("core")) {
    manifest.core = core_in(fields.value("core"), fields.place("core"));
    manifest.clock_mhz = fields.integer("clock_mhz", kLeastClock, kMostClock);
  } else {
    read_ports(fields, subject, manifest);
  }
  if (fields.has("vectors")) manifest.vectors = file_name(fields.place("vectors"), fields.value("vectors"));
  const Json& files = fields.array("files");
  for (std::size_t i = 0; i < files.size(); ++i)
    manifest.files.push_back(emitted_file(files[i], fmt::format("{}: files[{}]", subject, i)));
  fields.end();
  check_module_name(fields.place("top"), manifest.top);
  check_sources(manifest, subject);
  check_files(manifest, subject);
  return manifest;
}

EmittedRtl open_rtl(const fs::path& folder) {
  const fs::path path = folder / kManifestFile;
  std::error_code error;
  require(fs::is_regular_file(path, error), "{}: is no folder of `ingot emit`: it has no {}", folder.string(),
          kManifestFile);
  EmittedRtl rtl{.folder = folder, .manifest = manifest_of(engine::read_file(path, kMostManifestBytes), path.string())};
  for (const EmittedFile& file : rtl.manifest.files) check_contents(folder, file);
  const std::string graph = (folder / kGraphFile).string();
  rtl.graph = graph_of(engine::parse_json(engine::read_file(graph), graph), graph);
  const Graph& g = rtl.graph;
  if (rtl.manifest.core) {
    engine::with_subject(graph, [&] { return plan_core(encoder_of(g), *rtl.manifest.core); });
    return rtl;
  }
  check_port(path.string(), rtl.manifest.input, g.input(), g.n_in(), g.nodes.front().parallelism.in);
  check_port(path.string(), rtl.manifest.output, g.output(), g.n_out(), g.nodes.back().parallelism.out);
  return rtl;
}

bool streams_weights(const std::string& name) {
  return &engine::row_named(kWeightMemories, name, "must be one of {}, got '{}'") == &kWeightMemories[1];
}

Design design_of(const EmittedRtl& rtl) {
  Design design = design_of_top(rtl);
  if (!has_memories_outside(rtl.manifest)) return design;
  design.top = with_memory(rtl.manifest.top);
  design.sources.push_back(design.top + ".sv");
  return design;
}

Design design_of_top(const EmittedRtl& rtl) {
  const auto port = [](const Port& p) {
    return StreamPort{p.name, static_cast<int>(p.bits()), static_cast<int>(p.beats())};
  };
  Design design{.top = rtl.manifest.top,
                .folder = rtl.folder,
                .sources = rtl.manifest.sources,
                .images = rtl.manifest.images,
                .channels = {}};
  if (rtl.manifest.core) {
    const Encoder encoder = encoder_of(rtl.graph);
    const CorePlan plan = plan_core(encoder, *rtl.manifest.core);
    design.channels.push_back({{"data_in_0", static_cast<int>(bits_in(encoder, plan)), 1},
                               {"data_out_0", static_cast<int>(bits_out(encoder, plan)), 1}});
    return design;
  }
  design.channels.push_back({port(rtl.manifest.input), port(rtl.manifest.output)});
  for (const Layer& layer : layers(rtl.graph)) design.layers.push_back(layer.name());
  return design;
}

std::vector<compress::Codes> Texts::inputs(std::int64_t text, std::int64_t row_size) const {
  const auto part = [&](const std::vector<std::int32_t>& all, std::int64_t size) {
    const auto at = static_cast<std::size_t>(text);
    return compress::Codes(all.begin() + offsets[at] * size, all.begin() + offsets[at + 1] * size);
  };
  if (!rows.empty()) return {part(rows, row_size)};
  return {part(ids, 1), part(types, 1)};
}

Texts load_texts(const EmittedRtl& rtl) {
  require(rtl.manifest.vectors.has_value(), "{}: holds no texts; emit it with --activations", rtl.folder.string());
  const fs::path path = rtl.folder / *rtl.manifest.vectors;
  const engine::Safetensors file(path);
  const auto read = [&](const char* name) {
    const std::vector<std::int64_t> codes = file.integers(file.get(name, "I32"));
    return std::vector<std::int32_t>(codes.begin(), codes.end());
  };
  Texts texts{.offsets = read("offsets"), .answers = read("answers")};
  const auto is_whole = [&](std::size_t n) {
    return !texts.offsets.empty() && texts.offsets.front() == 0 && static_cast<std::size_t>(texts.offsets.back()) == n;
  };
  if (const Encoder encoder = encoder_of(rtl.graph); encoder.takes_rows()) {
    texts.rows = read("rows");
    const auto size = static_cast<std::size_t>(encoder.hidden());
    require(texts.rows.size() % size == 0 && is_whole(texts.rows.size() / size),
            "{}: offsets must go from 0 to the number of rows of {} codes, got {} codes", path.string(), size,
            texts.rows.size());
  } else {
    texts.ids = read("ids");
    texts.types = read("types");
    require(is_whole(texts.ids.size()) && texts.types.size() == texts.ids.size(),
            "{}: offsets must go from 0 to the {} tokens, and each must have a type", path.string(), texts.ids.size());
  }
  for (std::size_t t = 1; t < texts.offsets.size(); ++t) {
    const std::int32_t length = texts.offsets[t] - texts.offsets[t - 1];
    require(length >= 1 && length <= rtl.manifest.core->longest, "{}: text {} must have 1 to {} tokens, got {}",
            path.string(), t - 1, rtl.manifest.core->longest, length);
  }
  return texts;
}

Vectors load_vectors(const EmittedRtl& rtl) {
  require(rtl.manifest.vectors.has_value(), "{}: holds no vectors; emit it with --activations", rtl.folder.string());
  const fs::path path = rtl.folder / *rtl.manifest.vectors;
  const engine::Safetensors file(path);
  Vectors vectors{.input = codes_in(file, "input", rtl.manifest.input, path.string()),
                  .output = codes_in(file, "output", rtl.manifest.output, path.string())};
  vectors.n = static_cast<std::int64_t>(vectors.input.size()) / rtl.manifest.input.size;
  const auto n_out = static_cast<std::int64_t>(vectors.output.size()) / rtl.manifest.output.size;
  require(vectors.n == n_out, "{}: has {} input vectors and {} output vectors", path.string(), vectors.n, n_out);
  return vectors;
}

}  // namespace ingot::hw
