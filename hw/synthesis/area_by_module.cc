#include "hw/synthesis/area_by_module.h"

#include <unordered_map>

#include "hw/synthesis/divided_netlist.h"

namespace ingot::hw {
namespace {

using engine::Json;

// "linear" of "$paramod$5a0f\\linear" and "$paramod\\linear\\IN=s32'...".
std::string written_name(const std::string& kind) {
  constexpr std::string_view kNamed = "$paramod\\";
  if (kind.starts_with(kNamed)) return kind.substr(kNamed.size(), kind.find('\\', kNamed.size()) - kNamed.size());
  return std::string(plain_name(kind));
}

// All instances below the top module.
class Hierarchy {
 public:
  Hierarchy(const Json& hierarchy, const Json& netlist, const std::string& top) : modules_(hierarchy.at("modules")) {
    add(top, "");
    for (const auto& [name, net] : netlist.at("modules").at(top).at("netnames").items()) {
      const auto input = inputs_.find(std::string(plain_name(name)));
      if (input == inputs_.end()) continue;
      for (const Json& bit : net.at("bits")) {
        if (bit.is_number()) entered_[bit.get<std::int64_t>()].push_back(input->second);
      }
    }
  }

  const std::vector<ModuleArea>& modules() const { return found_; }

  // A signal is the innermost instance's, but what enters an instance is driven outside it, whatever it is called
  // there.
  std::optional<Claim> claim(std::string_view signal, std::int64_t bit) const {
    if (const auto entered = entered_.find(bit); entered != entered_.end()) {
      for (const std::string& path : entered->second) {
        if (signal.size() > path.size() && signal[path.size()] == '.' && signal.starts_with(path)) return std::nullopt;
      }
    }
    for (std::size_t end = signal.rfind('.'); end != std::string_view::npos; end = signal.rfind('.', end - 1)) {
      const auto instance = instances_.find(std::string(signal.substr(0, end)));
      if (instance != instances_.end()) return Claim{instance->second, -static_cast<int>(end)};
      if (end == 0) break;
    }
    return std::nullopt;
  }

 private:
  void add(const std::string& kind, const std::string& path) {
    for (const auto& [name, cell] : modules_.at(kind).at("cells").items()) {
      const std::string inner = cell.at("type").get<std::string>();
      if (!modules_.contains(inner)) continue;
      const std::string inner_path = path + name;
      const std::size_t group = group_of(written_name(inner));
      ++found_[group].instances;
      instances_.emplace(inner_path, group);
      for (const auto& [port, what] : modules_.at(inner).at("ports").items()) {
        if (what.at("direction") == "input") inputs_.emplace(inner_path + "." + port, inner_path);
      }
      add(inner, inner_path + ".");
    }
  }

  std::size_t group_of(const std::string& module) {
    std::size_t i = 0;
    while (i < found_.size() && found_[i].module != module) ++i;
    if (i == found_.size()) found_.push_back({{}, module, 0});
    return i;
  }

  const Json& modules_;
  std::vector<ModuleArea> found_;
  std::unordered_map<std::string, std::size_t> instances_;              // by path
  std::unordered_map<std::string, std::string> inputs_;                 // of path and port, the path
  std::unordered_map<std::int64_t, std::vector<std::string>> entered_;  // paths of the instances that a bit enters
};

}  // namespace

std::vector<ModuleArea> area_by_module(const Json& netlist, const Json& hierarchy, const std::string& top,
                                       const Area& whole) {
  const Hierarchy all(hierarchy, netlist, top);
  std::vector<ModuleArea> areas = all.modules();
  const std::vector<Area> parts = divide(
      netlist, top, areas.size(), [&](std::string_view signal, std::int64_t bit) { return all.claim(signal, bit); });
  for (std::size_t i = 0; i < areas.size(); ++i) areas[i] += parts[i];
  if (const std::optional<Area> rest = rest_of(whole, parts)) areas.push_back({*rest, "", 0});
  return areas;
}

}  // namespace ingot::hw
