#include "pipeline/searches/whole_formats.h"

#include <fmt/format.h>

#include <algorithm>

#include "bert/structure.h"
#include "compress/encoder_formats.h"
#include "compress/quantize/calibration.h"
#include "compress/quantize/integer_plan.h"
#include "pipeline/searches/options.h"

namespace ingot::pipeline {
namespace {

using compress::PlanPart;
using compress::Role;

constexpr const char* kCalibrated = "fixed({width},calibrated)";
constexpr std::int64_t kScoreWidths[] = {8, 10, 12}, kExponentialWidths[] = {8, 12, 16};
constexpr std::int64_t kWidestEdge = 10;  // activation functions are tables of so many bits

// Lists the axes of a model in the order in which it computes.
class Axes {
 public:
  Axes(bert::Model& model, const WholeWidths& w)
      : model_(model),
        weights_(integers_of("--widths", w.weights, 2, 16)),
        edges_(integers_of("--edge-widths", w.edges, 2, kWidestEdge)),
        residuals_(integers_of("--residual-widths", w.residuals, 2, 16)) {
    for (std::vector<std::int64_t>* list : {&weights_, &edges_, &residuals_}) std::sort(list->begin(), list->end());
  }

  std::vector<WidthAxis> all() {
    for (const auto& [name, table] : model_.tables())
      add(name, kCalibrated, {{PlanPart::embeddings, name, Role::weight}}, weights_);
    for (const auto& [name, linear] : model_.linears())
      add(name + ".weight", kCalibrated, {{PlanPart::layers, name, Role::weight}}, weights_);
    std::string before = "bert.embeddings.LayerNorm";
    for (std::int64_t i = 0; i < model_.config.num_hidden_layers; ++i) before = layer(i, before);
    head(before);
    return std::move(axes_);
  }

 private:
  void add(std::string name, const char* notation, std::vector<PlanTensor> tensors,
           const std::vector<std::int64_t>& widths) {
    for (const std::string_view part : {"bert.", "encoder."}) {
      if (name.starts_with(part)) name = name.substr(part.size());
    }
    axes_.push_back({std::move(name), notation, std::move(tensors), widths});
  }

  static PlanTensor input(const std::string& linear) { return {PlanPart::layers, linear, Role::input}; }
  static PlanTensor output(const std::string& linear) { return {PlanPart::layers, linear, Role::output}; }
  static PlanTensor norm(const std::string& name) { return {PlanPart::norms, name, Role::output}; }

  // Returns the layer norm that ends the layer.
  std::string layer(std::int64_t i, const std::string& before) {
    const std::string prefix = fmt::format("bert.encoder.layer.{}.", i), self = prefix + "attention.self.",
                      dense = prefix + "attention.output.dense", first = prefix + "attention.output.LayerNorm",
                      up = prefix + "intermediate.dense", down = prefix + "output.dense",
                      last = prefix + "output.LayerNorm", softmax = compress::softmax_name(i);
    const std::string q = self + "query", k = self + "key", v = self + "value";
    add(before, kCalibrated, {norm(before), input(q), input(k), input(v)}, edges_);
    add(self + "output", kCalibrated, {output(q), output(k), output(v)}, edges_);
    add(softmax + ".scores", "fixed({width},4)", {{PlanPart::softmaxes, softmax, Role::input}},
        {std::begin(kScoreWidths), std::end(kScoreWidths)});
    add(softmax + ".exponentials", "ufixed({width},{width})", {{PlanPart::softmaxes, softmax, Role::output}},
        {std::begin(kExponentialWidths), std::end(kExponentialWidths)});
    add(dense + ".input", kCalibrated, {input(dense)}, edges_);
    add(dense + ".output", kCalibrated, {output(dense)}, residuals_);
    add(first, kCalibrated, {norm(first), input(up)}, edges_);
    add(up + ".output", kCalibrated, {output(up)}, edges_);
    add(down + ".input", kCalibrated, {input(down)}, edges_);
    add(down + ".output", kCalibrated, {output(down)}, residuals_);
    return last;
  }

  void head(const std::string& last) {
    std::vector<PlanTensor> read{norm(last)};
    const std::vector<bert::Part> parts = bert::parts(model_.config);
    if (model_.config.has_pooler()) {
      add(last, kCalibrated, read, edges_);
      add("pooler.input", kCalibrated, {input(bert::kPooler)}, edges_);
      add("pooler.output", kCalibrated, {output(bert::kPooler)}, edges_);
      read.clear();
    }
    // What the head's Linear reads: the pooler, or the last layer norm itself.
    for (const bert::Part& part : parts) {
      if (part.kind == bert::Kind::linear && part.layer < 0 && part.name != bert::kPooler)
        read.push_back(input(part.name));
    }
    add(model_.config.has_pooler() ? "classifier.input" : last, kCalibrated, read, edges_);
  }

  bert::Model& model_;
  std::vector<std::int64_t> weights_, edges_, residuals_;
  std::vector<WidthAxis> axes_;
};

std::string filled(std::string notation, std::int64_t width) {
  constexpr std::string_view kPlace = "{width}";
  for (std::size_t at = notation.find(kPlace); at != notation.npos; at = notation.find(kPlace))
    notation.replace(at, kPlace.size(), std::to_string(width));
  return notation;
}

std::vector<search::Choice> items_of(const WidthAxis& axis) { return {axis.widths.begin(), axis.widths.end()}; }

}  // namespace

std::vector<WidthAxis> whole_axes(bert::Model& model, const WholeWidths& widths) { return Axes(model, widths).all(); }

std::vector<TensorFormat> pick_formats(const std::vector<WidthAxis>& axes, const Pick& pick) {
  std::vector<TensorFormat> formats;
  for (const WidthAxis& axis : axes) {
    const std::size_t i =
        axis.widths.size() == 1
            ? 0
            : static_cast<std::size_t>(pick(axis.name, search::Distribution::ordinal(items_of(axis))));
    for (const PlanTensor& tensor : axis.tensors) formats.push_back({tensor, filled(axis.notation, axis.widths[i])});
  }
  return formats;
}

std::vector<std::pair<std::string, std::vector<search::Choice>>> grid_of(const std::vector<WidthAxis>& axes) {
  std::vector<std::pair<std::string, std::vector<search::Choice>>> grid;
  for (const WidthAxis& axis : axes) {
    if (axis.widths.size() > 1) grid.emplace_back(axis.name, items_of(axis));
  }
  return grid;
}

std::string whole_plan_text(const std::vector<TensorFormat>& formats) {
  std::string text = R"toml(
[[layers]]
name = "*"
bias = "fixed(24,sums)"

[[norms]]
name = "bert.*"
weight = "fixed(16,calibrated)"
bias = "fixed(16,calibrated)"
)toml";
  constexpr const char* kParts[] = {"layers", "embeddings", "norms", "softmaxes"};
  for (const TensorFormat& f : formats) {
    text += fmt::format("\n[[{}]]\nname = \"{}\"\n{} = \"{}\"\n", kParts[static_cast<std::size_t>(f.tensor.part)],
                        f.tensor.layer, name(f.tensor.role), f.format);
    if (f.tensor.role == Role::weight) text += "per = \"channel\"\n";
  }
  return text;
}

WholeQuantizers::WholeQuantizers(const CompressedModel& start, const std::vector<bert::Input>& batches)
    : start_(start), batches_(batches) {}

const compress::Compression& WholeQuantizers::in(const std::string& format) {
  const auto known = by_format_.find(format);
  if (known != by_format_.end()) return known->second;
  compress::Plan plan = compress::integer_plan({});
  if (!format.empty()) {
    compress::QuantizerRequest request = compress::parse_request(format), by_row = request;
    by_row.per_channel = true;
    const auto set = [&](PlanPart part, const char* pattern, Role role, const compress::QuantizerRequest& wanted) {
      compress::PlanEntry& entry = plan.emplace_back(compress::PlanEntry{.pattern = pattern, .part = part});
      entry.requests[role] = wanted;
    };
    for (const Role role : {Role::input, Role::output}) set(PlanPart::layers, "*", role, request);
    set(PlanPart::layers, "*", Role::weight, by_row);
    set(PlanPart::embeddings, "*", Role::weight, by_row);
    set(PlanPart::norms, "bert.*", Role::output, request);
  }
  bert::Model model = start_.model;
  return by_format_
      .emplace(format, compress::calibrate(model, {}, compress::requests_by_layer(model, plan), batches_, {}))
      .first->second;
}

compress::Compression WholeQuantizers::compression(const std::vector<TensorFormat>& formats) {
  compress::Compression all = in("");
  for (const TensorFormat& f : formats) {
    std::optional<compress::Quantizer>& quantizer = all[f.tensor.layer][f.tensor.role];
    if (f.tensor.part == PlanPart::softmaxes) {
      quantizer = compress::parse_request(f.format).quantizer;
    } else {
      quantizer = in(f.format).at(f.tensor.layer)[f.tensor.role];
    }
  }
  bert::Model model = start_.model;
  compress::set_bits_of_sums(compress::requests_by_layer(model, compress::integer_plan({})), model, all);
  return all;
}

}  // namespace ingot::pipeline
