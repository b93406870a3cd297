// compression.json and masks.safetensors.
//
//   {"ingot_compression": 1,
//    "layers": {"classifier": {"input": {"format": "fixed(8,4)"},
//                              "weight": {"format": "fixed(8,6)", "mode": "standard", "clip": true,
//                                         "channel_frac_bits": [7, 6]},
//                              "input_sparsity": 0.5,
//                              "mask": true}}}
//
// Cheap layer norms have "root": "table", cheap softmaxes "table": "line".
//
// A mask is the tensor "classifier" of masks.safetensors: a bit a weight, row-major, the lowest bit of a byte first;
// the bits that fill up the last byte are 0.
#include <algorithm>
#include <set>

#include "compress/compression.h"
#include "compress/encoder_formats.h"
#include "compress/fits.h"
#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/io/json.h"
#include "engine/io/safetensors.h"

namespace ingot::compress {
namespace {

namespace fs = std::filesystem;
using engine::Json;
using engine::require;
using engine::SafetensorsEntry;
using engine::shown;

constexpr const char* kVersion = "ingot_compression";
constexpr std::size_t kMostBytes = 16 << 20;  // of compression.json
constexpr std::string_view kRoleNames[] = {"input", "weight", "bias", "output"};

fs::path json_path(const fs::path& folder) { return folder / "compression.json"; }
fs::path masks_path(const fs::path& folder) { return folder / "masks.safetensors"; }

Json to_json(const Quantizer& quantizer) {
  Json object{{"format", to_string(quantizer.format)}};
  if (quantizer.mode == Mode::mase) object["mode"] = "mase";
  if (quantizer.clip) object["clip"] = true;
  if (!quantizer.channel_frac_bits.empty()) object["channel_frac_bits"] = quantizer.channel_frac_bits;
  return object;
}

Json to_json(const Compression& compression) {
  Json layers = Json::object();
  for (const auto& [name, layer] : compression) {
    Json& object = layers[name] = Json::object();
    for (const Role role : kRoles) {
      if (layer[role]) object[std::string(compress::name(role))] = to_json(*layer[role]);
    }
    if (layer.input_sparsity != 0) object["input_sparsity"] = layer.input_sparsity;
    if (layer.is_cheap) object[cheap_form(name).key] = cheap_form(name).value;
    if (!layer.weight_mask.empty()) object["mask"] = true;
  }
  return {{kVersion, 1}, {"layers", layers}};
}

std::vector<std::uint8_t> packed(const std::vector<std::uint8_t>& mask) {
  std::vector<std::uint8_t> bytes((mask.size() + 7) / 8);
  for (std::size_t i = 0; i < mask.size(); ++i) bytes[i / 8] |= static_cast<std::uint8_t>(mask[i] << i % 8);
  return bytes;
}

void save_masks(const fs::path& path, const Compression& compression) {
  std::vector<std::vector<std::uint8_t>> masks;
  std::vector<SafetensorsEntry> entries;
  for (const auto& [name, layer] : compression) {
    if (layer.weight_mask.empty()) continue;
    masks.push_back(packed(layer.weight_mask));
    entries.push_back(
        {name, "U8", {static_cast<std::int64_t>(masks.back().size())}, std::as_bytes(std::span(masks.back()))});
  }
  if (!entries.empty()) return engine::write_safetensors(path, entries);
  std::error_code absent;
  fs::remove(path, absent);
}

// Parts of a JSON object, each taken once; what nobody took is unknown.
class Object {
 public:
  Object(std::string where, const Json& value) : where_(std::move(where)), value_(value) {
    require(value.is_object(), "{}: must be an object, got {}", where_, shown(value));
  }
  const Json* take(const char* key) {
    taken_.insert(key);
    const auto found = value_.find(key);
    return found == value_.end() ? nullptr : &*found;
  }
  std::string place(const char* key) const { return where_ + "." + key; }
  void end() const {
    for (const auto& [key, value] : value_.items()) {
      require(taken_.contains(key), "{}: unknown name '{}'", where_, key);
    }
  }

 private:
  std::string where_;
  const Json& value_;
  std::set<std::string, std::less<>> taken_;
};

bool true_if_there(Object& object, const char* key) {
  const Json* value = object.take(key);
  require(value == nullptr || (value->is_boolean() && value->get<bool>()), "{}: must be true or absent, got {}",
          object.place(key), value == nullptr ? "" : shown(*value));
  return value != nullptr;
}

template <class Parse>
auto parsed(const std::string& where, const Json* value, const Parse& parse) {
  require(value != nullptr && value->is_string(), "{}: must be a text, got {}", where,
          value == nullptr ? "none" : shown(*value));
  return engine::with_subject(where, [&] { return parse(value->get<std::string>()); });
}

std::vector<int> parse_frac_bits(const std::string& where, const Json& value) {
  require(value.is_array() && !value.empty(), "{}: must be an array of integers, got {}", where,
          value.is_array() ? "an empty one" : shown(value));
  std::vector<int> bits;
  for (const Json& item : value) {
    const bool fits = item.is_number_integer() && item.get<double>() >= -1000 && item.get<double>() <= 1000;
    require(fits, "{}: must hold integers between -1000 and 1000, got {}", where, shown(item));
    bits.push_back(item.get<int>());
  }
  return bits;
}

Quantizer parse_quantizer(const std::string& where, const Json& value) {
  Object object(where, value);
  Quantizer quantizer{.format = parsed(object.place("format"), object.take("format"), parse_format)};
  if (const Json* mode = object.take("mode")) quantizer.mode = parsed(object.place("mode"), mode, parse_mode);
  quantizer.clip = true_if_there(object, "clip");
  if (const Json* bits = object.take("channel_frac_bits")) {
    quantizer.channel_frac_bits = parse_frac_bits(object.place("channel_frac_bits"), *bits);
  }
  object.end();
  return quantizer;
}

// The mask of a weight of n elements; none for n = 0, a layer that the model lacks.
std::vector<std::uint8_t> load_mask(const std::string& subject, const engine::Safetensors& file,
                                    const std::string& name, std::int64_t n) {
  const std::int64_t n_bytes = (n + 7) / 8;
  const SafetensorsEntry& entry = file.get(name, "U8", std::array{n_bytes});
  std::vector<std::uint8_t> mask(static_cast<std::size_t>(8 * n_bytes));
  for (std::size_t i = 0; i < mask.size(); ++i)
    mask[i] = std::to_integer<std::uint8_t>(entry.bytes[i / 8] >> i % 8 & std::byte{1});
  const auto end = mask.begin() + n;
  require(std::all_of(end, mask.end(), [](std::uint8_t bit) { return bit == 0; }),
          "{}: {}: the bits behind the {} of the mask must be 0", subject, name, n);
  mask.resize(static_cast<std::size_t>(n));
  return mask;
}

std::map<std::string, std::int64_t> weight_sizes(bert::Model& model) {
  std::map<std::string, std::int64_t> sizes;
  for (const auto& [name, linear] : model.linears()) sizes[name] = linear->weight.value().size();
  for (const auto& [name, table] : model.tables()) sizes[name] = table->weight.value().size();
  return sizes;
}

struct ParsedLayer {
  LayerCompression layer;
  bool has_mask = false;
};

ParsedLayer parse_layer(const std::string& where, const std::string& layer, const Json& value) {
  Object object(where, value);
  ParsedLayer parsed;
  for (const Role role : kRoles) {
    const std::string key(name(role));
    if (const Json* quantizer = object.take(key.c_str())) {
      parsed.layer[role] = parse_quantizer(object.place(key.c_str()), *quantizer);
    }
  }
  if (const Json* sparsity = object.take("input_sparsity")) {
    require(sparsity->is_number(), "{}: must be a number, got {}", object.place("input_sparsity"), shown(*sparsity));
    parsed.layer.input_sparsity = sparsity->get<double>();
  }
  if (is_encoder_format(layer)) {
    const CheapForm& cheap = cheap_form(layer);
    const Json* form = object.take(cheap.key);
    require(form == nullptr || *form == cheap.value, "{}: must be \"{}\" or absent, got {}", object.place(cheap.key),
            cheap.value, form == nullptr ? "" : shown(*form));
    parsed.layer.is_cheap = form != nullptr;
  }
  parsed.has_mask = true_if_there(object, "mask");
  object.end();
  return parsed;
}

}  // namespace

std::string_view name(Role role) { return kRoleNames[static_cast<std::size_t>(role)]; }

std::uint64_t fingerprint(const Compression& compression) {
  std::uint64_t hash = engine::content_hash(to_json(compression).dump());
  for (const auto& [name, layer] : compression) {
    const std::vector<std::uint8_t> mask = packed(layer.weight_mask);
    hash = engine::content_hash({reinterpret_cast<const char*>(mask.data()), mask.size()}, hash);
  }
  return hash;
}

namespace {

// Members of objects on lines of their own, lists in one: there are as many fraction bits as rows of an embedding.
std::string lines_of(const Json& json, std::size_t depth) {
  if (!json.is_object() || json.empty()) return json.dump();
  std::string text = "{";
  for (const auto& [key, value] : json.items())
    text += (text.size() > 1 ? ",\n" : "\n") + std::string(depth + 1, ' ') + Json(key).dump() + ": " +
            lines_of(value, depth + 1);
  return text + "\n" + std::string(depth, ' ') + "}";
}

}  // namespace

void save_compression(const fs::path& folder, const Compression& compression) {
  save_masks(masks_path(folder), compression);
  if (!compression.empty()) return engine::write_file(json_path(folder), lines_of(to_json(compression), 0) + "\n");
  std::error_code absent;
  fs::remove(json_path(folder), absent);
}

Compression load_compression(const fs::path& folder, bert::Model& model) {
  const std::string subject = json_path(folder).string(), masks_subject = masks_path(folder).string();
  if (!fs::exists(subject)) {
    require(!fs::exists(masks_subject), "{}: has no compression.json beside it", masks_subject);
    return {};
  }
  const Json root = engine::parse_json(engine::read_file(subject, kMostBytes), subject);
  Object object(subject, root);
  const Json* version = object.take(kVersion);
  require(version != nullptr && *version == 1, "{}: {} must be 1, got {}", subject, kVersion,
          version == nullptr ? "none" : shown(*version));
  const Json* layers = object.take("layers");
  require(layers != nullptr && layers->is_object(), "{}: layers must be an object, got {}", subject,
          layers == nullptr ? "none" : shown(*layers));
  object.end();
  Compression compression;
  std::set<std::string> with_mask;
  for (const auto& [name, value] : layers->items()) {
    ParsedLayer layer = parse_layer(subject + ": " + name, name, value);
    compression[name] = std::move(layer.layer);
    if (layer.has_mask) with_mask.insert(name);
  }
  check_fits(subject, model, compression);
  if (with_mask.empty()) {
    require(!fs::exists(masks_subject), "{}: holds masks that {} does not name", masks_subject, subject);
    return compression;
  }
  const engine::Safetensors file(masks_path(folder));
  for (const SafetensorsEntry& entry : file.entries()) {
    require(with_mask.contains(entry.name), "{}: {}: {} says nothing of this mask", masks_subject, entry.name, subject);
  }
  const auto sizes = weight_sizes(model);
  for (const std::string& name : with_mask) {
    compression[name].weight_mask = load_mask(masks_subject, file, name, sizes.at(name));
  }
  return compression;
}

}  // namespace ingot::compress
