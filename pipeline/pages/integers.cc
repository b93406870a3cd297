#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "compress/lower/whole_model.h"
#include "pipeline/pages/model_at_work.h"
#include "report/html.h"

namespace ingot::pipeline {
namespace {

using compress::Codes;

constexpr double kWidest = 80;  // bits of a whole bar: room for what stands beside it

// What some texts' codes of an edge came to.
void see(const Codes& codes, const compress::FixedPoint& format, EdgeUse& use) {
  const engine::CodeRange range = format.codes();
  for (const std::int32_t code : codes) {
    use.largest = std::max(use.largest, code < 0 ? ~code : code);
    use.n_at_end += code == range.lowest || code == range.highest;
  }
  use.n_codes += static_cast<std::int64_t>(codes.size());
}

// Bits of the largest code seen, its sign included; in two's complement -128 has 8.
int used_bits(const EdgeUse& use) {
  return std::bit_width(static_cast<std::uint32_t>(use.largest)) + (use.is_signed ? 1 : 0);
}

std::string figure_of(const ModelAtWork& model) {
  std::vector<report::Bar> bars;
  std::string csv = "node,operation,format,bits,bits_used,codes,at_an_end\n";
  for (const EdgeUse& use : model.edges) {
    const double share =
        static_cast<double>(use.n_at_end) / static_cast<double>(std::max<std::int64_t>(1, use.n_codes));
    bars.push_back({.label = use.node,
                    .share = use.width / kWidest,
                    .shown = fmt::format("{}, {} used{}", use.format, used_bits(use),
                                         share > 0 ? fmt::format(", {:.2g}% at an end", 100 * share) : "")});
    csv += fmt::format("{},{},\"{}\",{},{},{},{}\n", use.node, use.operation, use.format, use.width, used_bits(use),
                       use.n_codes, use.n_at_end);
  }
  const std::string title = fmt::format(
      "{}: bits of what each operation gives, in the order in which they run; how many the texts above use, and the "
      "share of numbers at an end of their range, where they may have saturated",
      model.name);
  return report::figure(report::bar_chart(bars, title), title + ".", "integers", csv);
}

}  // namespace

std::vector<EdgeUse> edge_uses(const Classifier& c, std::span<const data::Example> examples) {
  const CompressedModel& compressed = c.compressed;
  bert::Model model = compressed.model;
  if (!compress::is_all_integers(model, compressed.compression)) return {};
  compress::WholeModel whole(model, compressed.compression);
  const compress::Graph& graph = whole.graph();
  std::vector<EdgeUse> uses;
  for (const compress::Layer& layer : compress::layers(graph))
    uses.push_back({.node = layer.name(),
                    .operation = std::string(layer.kind().name),
                    .format = to_string(layer.output()),
                    .width = layer.output().width,
                    .is_signed = layer.output().is_signed});
  for (const data::Example& example : examples) {
    bool is_truncated = false;
    const std::vector<Codes> edges = whole.edges(input_of(c, example, is_truncated));
    for (std::size_t i = 0; i < uses.size(); ++i) {
      const std::size_t edge = graph.nodes[i].outputs.front();
      see(edges[edge], graph.edges[edge].format, uses[i]);
    }
  }
  return uses;
}

std::string integers_markup(std::span<const ModelAtWork> models) {
  std::string markup;
  for (const ModelAtWork& model : models) {
    if (!model.edges.empty()) markup += figure_of(model);
  }
  return markup;
}

}  // namespace ingot::pipeline
