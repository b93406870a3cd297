#include "compress/quantize/plan.h"

#include <fmt/format.h>
#include <fnmatch.h>

#include <algorithm>

#include "compress/encoder_formats.h"
#include "compress/formats/fixed.h"
#include "compress/formats/scale_bits.h"
#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/io/json.h"
#include "engine/io/toml.h"

namespace ingot::compress {
namespace {

using engine::Json;
using engine::require;
using engine::shown;

std::string text_in(const std::string& where, const Json& value) {
  require(value.is_string(), "{}: must be a text, got {}", where, shown(value));
  return value.get<std::string>();
}

// Error messages of `parse` with the place in front.
template <class Parse>
auto placed(const std::string& where, const Json& value, const Parse& parse) {
  const std::string text = text_in(where, value);
  return engine::with_subject(where, [&] { return parse(text); });
}

std::optional<Role> role_of(std::string_view key) {
  const auto* const found = std::find_if(kRoles.begin(), kRoles.end(), [&](Role role) { return name(role) == key; });
  return found == kRoles.end() ? std::nullopt : std::optional(*found);
}

struct PartName {
  const char* name;
  const char* of_one;  // in messages
  std::vector<Role> roles;
  const CheapForm* cheap = nullptr;  // null: there is none
};
const PartName kParts[] = {{"layers", "Linear layers", {kRoles.begin(), kRoles.end()}},
                           {"embeddings", "embeddings", {Role::weight}},
                           {"norms", "layer norms", {Role::weight, Role::bias, Role::output}, &kCheapNorm},
                           {"softmaxes", "softmaxes", {Role::input, Role::output}, &kCheapSoftmax}};
const PartName& named(PlanPart part) { return kParts[static_cast<std::size_t>(part)]; }

PlanEntry parse_entry(const std::string& where, const Json& object, PlanPart part) {
  require(object.is_object(), "{}: must be a table, got {}", where, shown(object));
  PlanEntry entry{.part = part};
  Mode mode = Mode::standard;
  bool clip = false, per_channel = false;
  for (const auto& [key, value] : object.items()) {
    const std::string place = where + "." + key;
    if (const std::optional<Role> role = role_of(key)) {
      const std::vector<Role>& roles = named(part).roles;
      require(std::find(roles.begin(), roles.end(), *role) != roles.end(), "{}: {} have no {}", place,
              named(part).of_one, key);
      const QuantizerRequest request = placed(place, value, parse_request);
      require(*role == Role::bias || !request.is_of_sums, "{}: only a bias has the fraction bits of sums", place);
      entry.requests[*role] = request;
    } else if (const CheapForm* cheap = named(part).cheap; cheap != nullptr && key == cheap->key) {
      const std::string form = text_in(place, value);
      require(form == cheap->value || form == "exact", "{}: must be {} or exact, got '{}'", place, cheap->value, form);
      entry.requests.is_cheap = form == cheap->value;
    } else if (key == "name") {
      entry.pattern = text_in(place, value);
    } else if (key == "mode") {
      mode = placed(place, value, parse_mode);
    } else if (key == "per") {
      const std::string per = text_in(place, value);
      require(per == "channel" || per == "tensor", "{}: must be channel or tensor, got '{}'", place, per);
      per_channel = per == "channel";
    } else if (key == "clip") {
      require(value.is_boolean(), "{}: must be true or false, got {}", place, shown(value));
      clip = value.get<bool>();
    } else {
      engine::fail(
          "{}: unknown name; there are name, input, weight, bias, output, per, mode, clip, of layer norms root, of "
          "softmaxes table",
          place);
    }
  }
  require(!entry.pattern.empty(), "{}: needs the name of a layer, or a pattern", where);
  for (std::optional<QuantizerRequest>& request : entry.requests.tensors) {
    if (!request || !request->quantizer) continue;
    request->quantizer->mode = mode;
    request->quantizer->clip = clip;
    request->per_channel = per_channel;
  }
  if (const auto& weight = entry.requests[Role::weight]; per_channel && weight && weight->is_calibrated) {
    require(as_fixed(weight->quantizer->format).has_value(),
            "{}.per: channel goes with fixed point; {} has one exponent bias for a tensor", where,
            weight->quantizer->format.name());
  }
  return entry;
}

template <class Layers>
void apply(const PlanEntry& entry, const Layers& layers, std::map<std::string, LayerRequest>& all) {
  bool found = false;
  for (const auto& [name, layer] : layers) {
    if (!matches(entry.pattern, name)) continue;
    found = true;
    LayerRequest& requests = all[name];
    for (const Role role : kRoles) {
      if (entry.requests[role]) requests[role] = entry.requests[role];
    }
    if (entry.requests.is_cheap) requests.is_cheap = entry.requests.is_cheap;
  }
  require(found, "plan: '{}' matches none of the {} {} of the model, the first of which is {}", entry.pattern,
          layers.size(), named(entry.part).of_one, layers.front().first);
}

// Whether the exponent bias is to be calibrated; then the text gets one that every such format can have.
bool with_bias(std::string& text) {
  constexpr std::string_view kCalibrated = ",calibrated)";
  if (text.starts_with("fixed(") || text.starts_with("ufixed(") || !text.ends_with(kCalibrated)) return false;
  const std::string name = text.substr(0, text.find('('));
  const std::vector<std::string> all = format_names(), biased = biased_formats();
  if (std::find(all.begin(), all.end(), name) == all.end()) return false;  // which is said as of any other text
  require(std::find(biased.begin(), biased.end(), name) != biased.end(),
          "{}: has nothing that is calibrated; fixed point has, and {}", shown(text), fmt::join(biased, ", "));
  const std::string before = text.substr(0, text.size() - kCalibrated.size());
  require(before.find(",b") == std::string::npos, "{}: gives the exponent bias that is to be calibrated", shown(text));
  require(before.find("calibrated") == std::string::npos, "{}: says calibrated twice", shown(text));
  text = before + ",b0)";
  return true;
}

}  // namespace

QuantizerRequest parse_request(std::string_view text) {
  std::string plain;
  for (const char c : text) {
    if (c != ' ') plain += c;
  }
  if (plain == "float32") return {};
  QuantizerRequest request;
  const bool is_fixed = plain.starts_with("fixed(") || plain.starts_with("ufixed(");
  const auto of_signs = plain.find("_pow2(calibrated)");
  const auto replace = [&](std::string_view word) {
    const auto at = plain.find(word);
    const bool there = is_fixed && at != std::string::npos && at == plain.find(',');
    if (there) plain = plain.substr(0, at) + ",0" + plain.substr(at + word.size());
    return there;
  };
  const bool half = replace(",half");
  if (of_signs != std::string::npos) plain = plain.substr(0, of_signs) + "_pow2(0)";
  const bool is_biased = with_bias(plain);
  request.is_calibrated = is_biased || of_signs != std::string::npos || replace(",calibrated");
  request.is_of_sums = replace(",sums");
  request.quantizer = Quantizer{.format = parse_format(plain)};
  Format& format = request.quantizer->format;
  if (half) format = with_frac_bits(format, as_fixed(format)->width / 2);
  return request;
}

Plan read_plan(const std::filesystem::path& path) {
  const std::string subject = path.string(), text = engine::read_file(path);
  const Json root = path.extension() == ".json" ? engine::parse_json(text, subject) : engine::parse_toml(text, subject);
  require(root.is_object(), "{}: must be an object, got {}", subject, shown(root));
  Plan plan;
  for (const auto& [key, entries] : root.items()) {
    const auto* const found = std::find_if(std::begin(kParts), std::end(kParts),
                                           [&, &key = key](const PartName& p) { return p.name == key; });
    require(found != std::end(kParts), "{}: unknown name '{}'; there are layers, embeddings, norms and softmaxes",
            subject, key);
    require(entries.is_array(), "{}: {} must be an array of tables, got {}", subject, key, shown(entries));
    for (const Json& entry : entries) {
      const std::string where = fmt::format("{}: {}[{}]", subject, key, &entry - &entries[0]);
      plan.push_back(parse_entry(where, entry, static_cast<PlanPart>(found - std::begin(kParts))));
    }
  }
  require(!plan.empty(), "{}: names no layers", subject);
  return plan;
}

std::map<std::string, LayerRequest> requests_by_layer(bert::Model& model, const Plan& plan) {
  std::vector<std::pair<std::string, std::nullptr_t>> softmaxes;
  for (const std::string& name : softmax_names(model.config)) softmaxes.emplace_back(name, nullptr);
  std::map<std::string, LayerRequest> all;
  for (const PlanEntry& entry : plan) {
    switch (entry.part) {
      case PlanPart::layers:
        apply(entry, model.linears(), all);
        break;
      case PlanPart::embeddings:
        apply(entry, model.tables(), all);
        break;
      case PlanPart::norms:
        apply(entry, model.norms(), all);
        break;
      case PlanPart::softmaxes:
        apply(entry, softmaxes, all);
        break;
    }
  }
  return all;
}

bool matches(const std::string& pattern, const std::string& name) {
  return ::fnmatch(pattern.c_str(), name.c_str(), 0) == 0;
}

}  // namespace ingot::compress
