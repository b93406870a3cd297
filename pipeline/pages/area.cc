#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "hw/modules/module.h"
#include "pipeline/pages/fields.h"
#include "pipeline/pages/hardware.h"
#include "report/html.h"

namespace ingot::pipeline {
namespace {

using engine::Json;

struct Resource {
  const char *name, *title;
  double hw::Cost::*estimate;
};
constexpr Resource kResources[] = {{"lut", "LUT", &hw::Cost::lut},
                                   {"ff", "flip-flops", &hw::Cost::ff},
                                   {"dsp", "DSP", &hw::Cost::dsp},
                                   {"bram", "block RAM", &hw::Cost::bram}};

struct Part {
  std::string name;
  std::array<double, std::size(kResources)> counts{};
};

// Bars of each resource, as long as its share of the whole.
std::string figure(const std::vector<Part>& parts, const std::string& title) {
  std::vector<report::Bar> bars;
  std::string csv = "part";
  for (const Resource& resource : kResources) csv += fmt::format(",{}", resource.name);
  csv += "\n";
  for (const Part& part : parts) {
    csv += report::csv_field(part.name);
    for (const double count : part.counts) csv += fmt::format(",{}", count);
    csv += "\n";
  }
  for (std::size_t i = 0; i < std::size(kResources); ++i) {
    double whole = 0;
    for (const Part& part : parts) whole += part.counts[i];
    for (const Part& part : parts) {
      if (part.counts[i] > 0)
        bars.push_back({.label = fmt::format("{}: {}", kResources[i].title, part.name),
                        .share = part.counts[i] / whole,
                        .shown = fmt::format("{:.0f} of {:.0f}", part.counts[i], whole),
                        .colour = i});
    }
  }
  return bars.empty() ? "" : report::figure(report::bar_chart(bars, title), title + ".", "area", csv);
}

std::vector<Part> parts_of(const Json& synthesis) {
  std::vector<Part> parts;
  const Json& layers = field(synthesis, "layers");
  if (!layers.is_array()) return parts;
  for (const Json& layer : layers) {
    const std::string name = text_of(field(layer, "layer"));
    Part part{.name = name.empty() ? "packing and carries" : name};
    for (std::size_t i = 0; i < std::size(kResources); ++i) {
      const Json& count = field(layer, kResources[i].name);
      part.counts[i] = count.is_number() ? std::max(0.0, count.get<double>()) : 0;
    }
    parts.push_back(part);
  }
  return parts;
}

std::string estimate(const RunFolder& folder, const hw::EmittedRtl& rtl) {
  std::vector<Part> parts;
  for (const hw::Layer& layer : hw::layers(rtl.graph)) {
    const hw::Cost cost = hw::module_for(layer).cost(layer, hw::Target::xilinx, true);
    Part part{.name = layer.name()};
    for (std::size_t i = 0; i < std::size(kResources); ++i) part.counts[i] = cost.*kResources[i].estimate;
    parts.push_back(part);
  }
  return figure(parts, fmt::format("{}: what each layer would take of a Xilinx 7, by the cost model: an estimate, no "
                                   "synthesis of this folder says it; `ingot synth` does",
                                   folder.name));
}

}  // namespace

std::string area_figures(const RunFolder& folder, const hw::EmittedRtl& rtl, const std::vector<Json>& syntheses) {
  std::string figures;
  for (const hw::TargetInfo& target : hw::targets()) {
    const std::string name(target.name);
    const auto last = std::find_if(syntheses.rbegin(), syntheses.rend(), [&](const Json& synthesis) {
      return text_of(field(synthesis, "target")) == name && !parts_of(synthesis).empty();
    });
    if (last == syntheses.rend()) continue;
    figures += figure(parts_of(*last), fmt::format("{}: what each layer takes on {}, by synthesis{}", folder.name, name,
                                                   field(*last, "no_dsp") == true ? " without DSP" : ""));
  }
  return figures.empty() ? estimate(folder, rtl) : report::side_by_side(figures);
}

}  // namespace ingot::pipeline
