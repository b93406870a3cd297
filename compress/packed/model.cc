#include "compress/packed/model.h"

#include <fmt/format.h>

#include <cstring>
#include <map>

#include "bert/checkpoint.h"
#include "compress/effective.h"
#include "compress/encoder_functions.h"
#include "compress/packed/tensor.h"
#include "engine/base/error.h"
#include "engine/base/memory.h"
#include "engine/base/system_error.h"
#include "engine/io/safetensors.h"

namespace ingot::compress {
namespace fs = std::filesystem;
namespace {

using engine::require;
using engine::Safetensors;
using engine::SafetensorsEntry;
using engine::Shape;
using engine::Tensor;

constexpr const char* kFile = "packed.safetensors";
constexpr const char* kKind = "ingot packed";  // metadata "format"
constexpr const char* kVersion = "1";          // metadata "version"
constexpr std::uintmax_t kSlack = 4 << 20;
constexpr const char* kParts[] = {".mask", ".codes", ".exponents"};

std::vector<std::uint8_t>& part(PackedTensor& tensor, std::size_t i) {
  return i == 0 ? tensor.mask : i == 1 ? tensor.codes : tensor.exponents;
}

// The quantizer of a parameter: the weight of a Linear or of a table, or the bias of a Linear.
std::optional<Quantizer> quantizer_of(const Compression& compression, const std::string& parameter) {
  for (const auto& [ending, role] : {std::pair{".weight", Role::weight}, std::pair{".bias", Role::bias}}) {
    if (!parameter.ends_with(ending)) continue;
    const auto found = compression.find(parameter.substr(0, parameter.size() - std::strlen(ending)));
    if (found != compression.end()) return found->second[role];
  }
  return {};
}

struct Packed {
  std::vector<std::pair<std::string, PackedTensor>> tensors;
  std::vector<SafetensorsEntry> entries;  // views into them

  void add_entries(const std::string& name, PackedTensor& tensor, const Shape& shape, bool is_float) {
    for (std::size_t i = 0; i < std::size(kParts); ++i) {
      const std::vector<std::uint8_t>& bytes = part(tensor, i);
      if (!bytes.empty())
        entries.push_back(
            {name + kParts[i], "U8", {static_cast<std::int64_t>(bytes.size())}, std::as_bytes(std::span(bytes))});
    }
    const std::span<const std::byte> floats = std::as_bytes(std::span(tensor.floats));
    if (is_float && tensor.mask.empty()) {
      entries.push_back({name, "F32", {shape.dims().begin(), shape.dims().end()}, floats});
    } else if (!floats.empty()) {
      entries.push_back({name + ".floats", "F32", {static_cast<std::int64_t>(tensor.floats.size())}, floats});
    }
  }
};

Packed pack(const bert::Model& model, const Compression& compression) {
  Packed packed;
  const std::map<std::string, Tensor> values = effective_parameters(model);
  packed.tensors.reserve(values.size());  // entries are views into them
  for (const auto& [name, tensor] : values) {
    const std::optional<Quantizer> quantizer = quantizer_of(compression, name);
    packed.tensors.emplace_back(name, pack_tensor(name, quantizer, tensor.shape(), tensor.span()));
    packed.add_entries(name, packed.tensors.back().second, tensor.shape(), !quantizer);
  }
  return packed;
}

std::map<std::string, std::string> metadata_of(const Compression& compression) {
  return {{"format", kKind}, {"version", kVersion}, {"compression", fmt::format("{:016x}", fingerprint(compression))}};
}

Compression without_masks(Compression compression) {
  for (auto& [name, layer] : compression) layer.weight_mask.clear();
  return compression;
}

// What is left to do once weights and biases are as they should be.
Compression activations_only(Compression compression) {
  for (auto& [name, layer] : compression) {
    layer[Role::weight] = layer[Role::bias] = std::nullopt;
    layer.is_cheap = false;
  }
  return compression;
}

// A number takes at least a bit, unless all of a tensor are the same one, for which there is kSlack.
void require_room(const std::string& subject, std::uintmax_t n_bytes, const bert::Config& config) {
  const std::int64_t n = bert::n_parameters(config);
  require(static_cast<std::uintmax_t>(n) <= 8 * n_bytes + kSlack,
          "{}: {} bytes cannot hold the {} parameters of config.json: at most {} a byte and {} more", subject, n_bytes,
          n, 8, kSlack);
}

// The packed file, of which every tensor must be taken.
class Reader {
 public:
  explicit Reader(const fs::path& path) : path_(path.string()), file_(path) {
    const auto& metadata = file_.metadata();
    const auto is = [&](const char* key, const char* value) {
      return metadata.contains(key) && metadata.at(key) == value;
    };
    require(is("format", kKind) && is("version", kVersion), "{}: is not a file of packed codes of version {}", path_,
            kVersion);
  }

  // Before memory is taken for what config.json claims.
  void check_size(const bert::Config& config) const { require_room(path_, fs::file_size(path_), config); }

  void check_compression(const Compression& compression) const {
    const std::map<std::string, std::string> expected = metadata_of(compression);
    require(file_.metadata() == expected, "{}: was not packed with the formats of compression.json beside it", path_);
  }

  void fill(Tensor& values, const bert::ParameterSpec& spec, const std::optional<Quantizer>& quantizer) {
    const std::string subject = fmt::format("{}: {}", path_, spec.name);
    PackedTensor tensor;
    for (std::size_t i = 0; i < std::size(kParts); ++i) {
      const SafetensorsEntry* entry = take(spec.name + kParts[i], "U8", nullptr);
      if (entry == nullptr) continue;
      const auto* bytes = reinterpret_cast<const std::uint8_t*>(entry->bytes.data());
      part(tensor, i).assign(bytes, bytes + entry->bytes.size());
    }
    const bool whole = !quantizer && tensor.mask.empty();
    if (const auto* entry = take(whole ? spec.name : spec.name + ".floats", "F32", whole ? &spec.shape : nullptr))
      tensor.floats = file_.floats(*entry);
    unpack_tensor(subject, quantizer, values.shape(), tensor, values.span());
  }

  void check_all_taken() const {
    require(n_taken_ == file_.entries().size(), "{}: holds {} tensors, of which the model needs {}", path_,
            file_.entries().size(), n_taken_);
  }

 private:
  const SafetensorsEntry* take(const std::string& name, const char* dtype, const std::vector<std::int64_t>* shape) {
    const SafetensorsEntry* entry = file_.find(name);
    if (entry == nullptr) return nullptr;
    ++n_taken_;
    if (shape != nullptr) return &file_.get(name, dtype, *shape);
    require(entry->shape.size() == 1 && entry->size() > 0, "{}: tensor {}: must have one dimension", path_, name);
    return &file_.get(name, dtype);
  }

  std::string path_;
  Safetensors file_;
  std::size_t n_taken_ = 0;
};

bert::Model unfilled_model(const bert::Config& config) {
  std::map<std::string, Tensor> tensors;
  for (const bert::ParameterSpec& spec : bert::parameter_specs(config))
    tensors[spec.name] = Tensor::zeros(Shape(std::span<const std::int64_t>(spec.shape)));
  return bert::model_of(config, tensors);
}

PackedModel read_packed(const fs::path& folder) {
  const bert::Config config = bert::read_config(folder / "config.json");
  Reader reader(folder / kFile);
  reader.check_size(config);
  PackedModel packed{unfilled_model(config), {}};
  packed.compression = load_compression(folder, packed.model);
  reader.check_compression(packed.compression);
  std::map<std::string, Tensor> tensors;
  for (const engine::Parameter& p : packed.model.parameters()) tensors[p.name] = p.variable.value();
  for (const bert::ParameterSpec& spec : bert::parameter_specs(config))
    reader.fill(tensors.at(spec.name), spec, quantizer_of(packed.compression, spec.name));
  reader.check_all_taken();
  attach(packed.model, activations_only(packed.compression));
  attach_encoder(packed.model, packed.compression);  // looks at all formats, and changes no parameter
  return packed;
}

}  // namespace

bool is_packed(const fs::path& folder) { return fs::exists(folder / kFile); }

void save_packed(const fs::path& folder, const bert::Model& model, const Compression& compression) {
  const Compression kept = without_masks(compression);
  const Packed packed = pack(model, kept);
  std::error_code error;
  fs::create_directories(folder, error);
  engine::require_done(error, folder, "make this folder");
  const std::map<std::string, std::string> metadata = metadata_of(kept);
  const auto n_bytes = static_cast<std::uintmax_t>(engine::safetensors_bytes(packed.entries, metadata));
  require_room((folder / kFile).string(), n_bytes, model.config);
  engine::write_safetensors(folder / kFile, packed.entries, metadata);
  save_compression(folder, kept);
  bert::write_config(folder / "config.json", model.config);
}

std::optional<std::int64_t> packed_bytes(const bert::Model& model, const Compression& compression) {
  const Compression kept = without_masks(compression);
  try {
    return engine::safetensors_bytes(pack(model, kept).entries, metadata_of(kept));
  } catch (const engine::Error&) {
    return {};
  }
}

PackedModel load_packed(const fs::path& folder) {
  return engine::naming_file(folder / kFile, [&] { return read_packed(folder); });
}

}  // namespace ingot::compress
