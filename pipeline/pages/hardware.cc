// A folder of emitted RTL: its layers as blocks with the streams between them, what it takes on each family of FPGAs
// that it was synthesised for, and how its simulation went.
#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "pipeline/pages/panel.h"
#include "report/html.h"

namespace ingot::pipeline {
namespace {

using engine::Json;

// The member of an object, or null.
const Json& at(const Json& object, const char* name) {
  static const Json kNull;
  return object.is_object() && object.contains(name) ? object[name] : kNull;
}

std::string text_of(const Json& value) { return value.is_string() ? value.get<std::string>() : ""; }

// Whole numbers without a point, others with four digits.
std::string number(const Json& value) {
  if (!value.is_number()) return {};
  const double x = value.get<double>();
  return x == static_cast<double>(static_cast<std::int64_t>(x)) ? fmt::format("{:.0f}", x) : fmt::format("{:.4g}", x);
}

// "fixed(8,4) x 128": format and count of a stream.
std::string stream_text(const Json& port) {
  const Json &precision = at(port, "precision"), &shape = at(port, "shape");
  if (!precision.is_array() || precision.size() != 2 || !shape.is_array() || shape.empty()) return {};
  return fmt::format("fixed({},{}) x {}", number(precision[0]), number(precision[1]), number(shape[shape.size() - 1]));
}

std::vector<const Json*> nodes_of(const RunFolder& folder) {
  std::vector<const Json*> nodes;
  const Json& all = at(at(folder.result, "metadata"), "nodes");
  if (!all.is_array()) return nodes;
  for (const Json& node : all) {
    if (!text_of(at(node, "name")).empty()) nodes.push_back(&node);
  }
  return nodes;
}

std::string box(const Json& node, double x) {
  const Json& hardware = at(node, "hardware");
  const Json& parallelism = at(hardware, "parallelism");
  std::string lanes;
  if (parallelism.is_array() && parallelism.size() == 2)
    lanes = fmt::format("{} in, {} out a cycle", number(parallelism[0]), number(parallelism[1]));
  const std::string lines[] = {text_of(at(node, "name")), text_of(at(at(node, "common"), "op")), lanes,
                               fmt::format("{} cycles a vector", number(at(hardware, "cycles")))};
  std::string body = fmt::format(
      "<rect class=\"k0\" fill=\"none\" stroke-width=\"1.5\" x=\"{:.0f}\" y=\"10\" width=\"170\" height=\"84\" "
      "rx=\"6\"/>\n",
      x);
  double y = 30;
  for (const std::string& line : lines) {
    body += fmt::format("<text x=\"{:.0f}\" y=\"{:.0f}\" text-anchor=\"middle\"{}>{}</text>\n", x + 85, y,
                        y < 31 ? " font-weight=\"bold\"" : "", report::escaped(line.substr(0, 24)));
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
    body += arrow(at(at(at(*node, "common"), "args"), "data_in_0"), x) + box(*node, x + kArrow);
    const Json& software = at(*node, "software");
    csv += fmt::format("{},{},{},{},{}\n", report::csv_field(text_of(at(*node, "name"))),
                       report::csv_field(text_of(at(at(*node, "common"), "op"))),
                       number(at(at(*node, "hardware"), "cycles")), number(at(software, "weight_bits")),
                       number(at(software, "macs")));
    x += kStep;
  }
  body += arrow(at(at(at(*nodes.back(), "common"), "results"), "data_out_0"), x);
  const std::string title = fmt::format("{}: the layers as blocks, and the streams between them", folder.name);
  return report::figure(
      fmt::format(
          "<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"Block diagram\"><svg class=\"chart wide\" "
          "viewBox=\"0 0 {0:.0f} 104\" width=\"{0:.0f}\" height=\"104\" "
          "role=\"img\"><title>{1}</title>\n{2}</svg></div>",
          x + kArrow + 10, report::escaped(title), body),
      title + ".", "blocks", csv);
}

// The memories and tables of the layers.
std::string storage_table(const RunFolder& folder, std::span<const Json* const> nodes) {
  report::TextTable table{.headers = {"layer", "tensor", "in", "words", "bits a word"}, .rows = {}, .n_left = 3};
  for (const Json* node : nodes) {
    const Json& interface = at(at(*node, "hardware"), "interface");
    if (!interface.is_object()) continue;
    for (const auto& [name, port] : interface.items()) {
      if (text_of(at(port, "storage")).empty()) continue;
      table.rows.push_back({text_of(at(*node, "name")), name, text_of(at(port, "storage")), number(at(port, "words")),
                            number(at(port, "word_bits"))});
    }
  }
  return table.rows.empty() ? "" : report::table(table, folder.name + ": memories");
}

std::string area_table(const RunFolder& folder) {
  const std::filesystem::path path = folder.path / "synth.jsonl";
  if (!std::filesystem::exists(path)) return {};
  report::TextTable table{.headers = {"target", "LUT", "FF", "DSP", "block RAM", "carries", "MHz", "cycles", "tool"},
                          .rows = {}};
  std::istringstream lines(engine::read_file(path));
  std::size_t n_damaged = 0;
  for (std::string line; std::getline(lines, line);) {
    try {
      const Json row = engine::parse_json(line, "synth.jsonl");
      table.rows.push_back({text_of(at(row, "target")), number(at(row, "lut")), number(at(row, "ff")),
                            number(at(row, "dsp")), number(at(row, "bram")), number(at(row, "carry")),
                            number(at(row, "fmax")), number(at(row, "cycles")), text_of(at(row, "tool"))});
    } catch (const engine::Error&) {
      ++n_damaged;
    }
  }
  std::string markup = table.rows.empty() ? "" : report::table(table, folder.name + ": what synthesis leaves");
  if (n_damaged > 0)
    markup += report::paragraph(
        fmt::format("{}: {} lines of synth.jsonl cannot be read and are left out.", folder.name, n_damaged), "warning");
  return markup;
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
    if (const Json& value = at(result, name); !value.is_null())
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
    markup +=
        block_diagram(folder, nodes) + area_table(folder) + simulation_table(folder) + storage_table(folder, nodes);
  }
  return markup;
}

}  // namespace ingot::pipeline
