// A folder of emitted RTL: its layers as blocks with the streams between them, what they take on each family of FPGAs
// that it was synthesised for, how its simulation went, and what its ports did in it.
#include "pipeline/pages/hardware.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <sstream>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "pipeline/pages/fields.h"
#include "pipeline/pages/panel.h"
#include "report/html.h"
#include "report/shortened.h"

namespace ingot::pipeline {
namespace {

using engine::Json;

// Whole numbers without a point, others with four digits.
std::string number(const Json& value) {
  if (!value.is_number()) return {};
  const double x = value.get<double>();
  return std::abs(x) < 1e15 && x == std::floor(x) ? fmt::format("{:.0f}", x) : fmt::format("{:.4g}", x);
}

// "fixed(8,4) x 128": format and count of a stream.
std::string stream_text(const Json& port) {
  const Json &precision = field(port, "precision"), &shape = field(port, "shape");
  if (!precision.is_array() || precision.size() != 2 || !shape.is_array() || shape.empty()) return {};
  return fmt::format("fixed({},{}) x {}", number(precision[0]), number(precision[1]), number(shape[shape.size() - 1]));
}

std::vector<const Json*> nodes_of(const RunFolder& folder) {
  std::vector<const Json*> nodes;
  const Json& all = field(field(folder.result, "metadata"), "nodes");
  if (!all.is_array()) return nodes;
  for (const Json& node : all) {
    if (!text_of(field(node, "name")).empty()) nodes.push_back(&node);
  }
  return nodes;
}

std::string box(const Json& node, double x) {
  const Json& hardware = field(node, "hardware");
  const Json& parallelism = field(hardware, "parallelism");
  std::string lanes;
  if (parallelism.is_array() && parallelism.size() == 2)
    lanes = fmt::format("{} in, {} out a cycle", number(parallelism[0]), number(parallelism[1]));
  const std::string lines[] = {text_of(field(node, "name")), text_of(field(field(node, "common"), "op")), lanes,
                               fmt::format("{} cycles a vector", number(field(hardware, "cycles")))};
  std::string body = fmt::format(
      "<rect class=\"k0\" fill=\"none\" stroke-width=\"1.5\" x=\"{:.0f}\" y=\"10\" width=\"170\" height=\"84\" "
      "rx=\"6\"/>\n",
      x);
  double y = 30;
  for (const std::string& line : lines) {
    body += fmt::format("<text x=\"{:.0f}\" y=\"{:.0f}\" text-anchor=\"middle\"{}>{}</text>\n", x + 85, y,
                        y < 31 ? " font-weight=\"bold\"" : "", report::escaped(report::shortened(line, 24)));
    y += 19;
  }
  return body;
}

std::string arrow(const Json& port, double x) {
  return fmt::format(
      "<path class=\"axis\" d=\"M{0:.0f} 52h128m-7 -5l8 5l-8 5\"/><text x=\"{1:.0f}\" y=\"44\" "
      "text-anchor=\"middle\" font-size=\"12\">{2}</text>\n",
      x, x + 64, report::escaped(stream_text(port)));
}

std::string block_diagram(const RunFolder& folder, std::span<const Json* const> nodes) {
  constexpr double kArrow = 132, kStep = 170 + kArrow;
  std::string body, csv = "layer,operation,cycles,weight bits,multiply-adds\n";
  double x = 10;
  for (const Json* node : nodes) {
    body += arrow(field(field(field(*node, "common"), "args"), "data_in_0"), x) + box(*node, x + kArrow);
    const Json& software = field(*node, "software");
    csv += fmt::format("{},{},{},{},{}\n", report::csv_field(text_of(field(*node, "name"))),
                       report::csv_field(text_of(field(field(*node, "common"), "op"))),
                       number(field(field(*node, "hardware"), "cycles")), number(field(software, "weight_bits")),
                       number(field(software, "macs")));
    x += kStep;
  }
  body += arrow(field(field(field(*nodes.back(), "common"), "results"), "data_out_0"), x);
  const std::string title = fmt::format("{}: the layers as blocks, and the streams between them", folder.name);
  return report::figure(report::scrolling("Block diagram", report::drawing(x + kArrow + 10, 104, title, body)),
                        title + ".", "blocks", csv);
}

// The memories and tables of the layers.
std::string storage_table(const RunFolder& folder, std::span<const Json* const> nodes) {
  report::TextTable table{.headers = {"layer", "tensor", "in", "words", "bits a word"}, .rows = {}, .n_left = 3};
  for (const Json* node : nodes) {
    const Json& interface = field(field(*node, "hardware"), "interface");
    if (!interface.is_object()) continue;
    for (const auto& [name, port] : interface.items()) {
      if (text_of(field(port, "storage")).empty()) continue;
      table.rows.push_back({text_of(field(*node, "name")), name, text_of(field(port, "storage")),
                            number(field(port, "words")), number(field(port, "word_bits"))});
    }
  }
  return table.rows.empty() ? "" : report::table(table, folder.name + ": memories");
}

// The lines of synth.jsonl that can be read.
std::vector<Json> syntheses_of(const RunFolder& folder, std::size_t& n_damaged) {
  std::vector<Json> all;
  const std::filesystem::path path = folder.path / "synth.jsonl";
  if (!std::filesystem::exists(path)) return all;
  std::istringstream lines(engine::read_file(path));
  for (std::string line; std::getline(lines, line);) {
    Json synthesis = engine::parse_json_or_null(line);
    if (synthesis.is_null()) {
      ++n_damaged;
    } else {
      all.push_back(std::move(synthesis));
    }
  }
  return all;
}

std::string area_table(const RunFolder& folder, const std::vector<Json>& syntheses, std::size_t n_damaged) {
  report::TextTable table{.headers = {"target", "LUT", "FF", "DSP", "block RAM", "carries", "MHz", "cycles", "tool"},
                          .rows = {}};
  for (const Json& row : syntheses) {
    table.rows.push_back({text_of(field(row, "target")), number(field(row, "lut")), number(field(row, "ff")),
                          number(field(row, "dsp")), number(field(row, "bram")), number(field(row, "carry")),
                          number(field(row, "fmax_mhz")), number(field(row, "cycles")), text_of(field(row, "tool"))});
  }
  std::string markup = table.rows.empty() ? "" : report::table(table, folder.name + ": what synthesis leaves");
  if (n_damaged > 0)
    markup += report::paragraph(
        fmt::format("{}: {} lines of synth.jsonl cannot be read and are left out.", folder.name, n_damaged), "warning");
  return markup;
}

// Figures that need the folder as `ingot emit` wrote it.
std::string figures_of(const RunFolder& folder, const std::vector<Json>& syntheses) {
  if (!std::filesystem::exists(folder.path / hw::kManifestFile)) return {};
  try {
    const hw::EmittedRtl rtl = hw::open_rtl(folder.path);
    return area_figures(folder, rtl, syntheses) + simulation_figures(folder, rtl);
  } catch (const engine::Error& error) {
    return report::paragraph(fmt::format("{}: area by layer and waveform are left out: {}", folder.name, error.what()),
                             "warning");
  }
}

std::string simulation_table(const RunFolder& folder) {
  const std::filesystem::path path = folder.path / "simulation" / "result.json";
  if (!std::filesystem::exists(path)) return {};
  Json result;
  try {
    result = engine::parse_json(engine::read_file(path), path.string());
  } catch (const engine::Error& error) {
    return report::paragraph(error.what(), "warning");
  }
  report::TextTable table{.headers = {"simulation", "value"}, .rows = {}, .n_left = 2};
  for (const char* name : {"equal", "simulator", "vectors", "beats", "different_beats", "cycles", "latency_cycles",
                           "interval_cycles", "utilisation", "resets", "stalls", "source", "seed"}) {
    if (const Json& value = field(result, name); !value.is_null())
      table.rows.push_back({name, value.is_number() ? number(value) : shown_value(value)});
  }
  return report::table(table, folder.name + ": the design against the integers of the model");
}

}  // namespace

std::string hardware_markup(std::span<const RunFolder> folders) {
  std::string markup;
  for (const RunFolder& folder : folders) {
    const std::vector<const Json*> nodes = nodes_of(folder);
    if (nodes.empty()) continue;
    std::size_t n_damaged = 0;
    const std::vector<Json> syntheses = syntheses_of(folder, n_damaged);
    markup += block_diagram(folder, nodes) + figures_of(folder, syntheses) + area_table(folder, syntheses, n_damaged) +
              simulation_table(folder) + storage_table(folder, nodes);
  }
  return markup;
}

}  // namespace ingot::pipeline
