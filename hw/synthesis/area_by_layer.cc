#include "hw/synthesis/area_by_layer.h"

#include "hw/synthesis/divided_netlist.h"

namespace ingot::hw {
namespace {

// The layer that a signal's name begins with.
std::optional<std::size_t> layer_of(std::string_view name, const std::vector<std::string>& layers) {
  std::optional<std::size_t> found;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    const std::string& layer = layers[i];
    const bool fits = name.size() > layer.size() && name.starts_with(layer) &&
                      (name[layer.size()] == '_' || name[layer.size()] == '.');
    if (fits && (!found || layer.size() > layers[*found].size())) found = i;
  }
  return found;
}

}  // namespace

std::vector<LayerArea> area_by_layer(const engine::Json& netlist, const std::string& top,
                                     const std::vector<std::string>& layers, const Area& whole) {
  // Of a signal that two layers name, the one before gives it; streams are named by both.
  const std::vector<Area> parts =
      divide(netlist, top, layers.size(), [&](std::string_view signal, std::int64_t) -> std::optional<Claim> {
        const std::optional<std::size_t> layer = layer_of(signal, layers);
        if (!layer) return std::nullopt;
        return Claim{*layer, static_cast<int>(*layer)};
      });
  std::vector<LayerArea> areas;
  for (std::size_t i = 0; i < layers.size(); ++i) areas.push_back({parts[i], layers[i]});
  if (const std::optional<Area> rest = rest_of(whole, parts)) areas.push_back({*rest, ""});
  return areas;
}

std::string layer_named(std::string_view signal, const std::vector<std::string>& layers) {
  const std::optional<std::size_t> layer = layer_of(plain_name(signal), layers);
  return layer ? layers[*layer] : "";
}

}  // namespace ingot::hw
