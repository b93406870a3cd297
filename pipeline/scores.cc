#include "pipeline/scores.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <limits>

#include "engine/base/printable.h"
#include "engine/io/json.h"

namespace ingot::pipeline {
namespace {

using compress::LayerFootprint;
using compress::Role;
using engine::Json;
using engine::Saved;

std::string validation_key(const bert::Metric& metric) { return fmt::format("validation_{}", metric.name); }

Json as_json(const compress::Footprint& footprint) {
  Json layers = Json::array();
  for (const LayerFootprint& layer : footprint.layers) {
    Json row{{"name", layer.name}, {"weights", layer.weights}, {"zeros", layer.zeros}};
    for (const Role role : compress::kRoles) {
      row[std::string(compress::name(role))] = layer.formats[static_cast<std::size_t>(role)];
    }
    layers.push_back(std::move(row));
  }
  return {{"sparsity", footprint.sparsity},
          {"average_bits", footprint.average_bits},
          {"packed_bytes", footprint.packed_bytes},
          {"float_bytes", footprint.float_bytes},
          {"layers", layers}};
}

compress::Footprint footprint_from_json(const Saved& result) {
  compress::Footprint footprint{.average_bits = result.get<double>("average_bits"),
                                .packed_bytes = result.get<std::int64_t>("packed_bytes"),
                                .float_bytes = result.get<std::int64_t>("float_bytes"),
                                .sparsity = result.get<double>("sparsity"),
                                .layers = {}};
  for (const Saved& row : result.objects("layers")) {
    LayerFootprint layer{.name = row.get<std::string>("name"),
                         .formats = {},
                         .weights = row.get<std::int64_t>("weights"),
                         .zeros = row.get<std::int64_t>("zeros")};
    for (const Role role : compress::kRoles) {
      layer.formats[static_cast<std::size_t>(role)] = row.get<std::string>(std::string(compress::name(role)));
    }
    footprint.layers.push_back(std::move(layer));
  }
  return footprint;
}

// Whether the result has all that is read of it: one of an older ingot may not.
bool is_whole(const Saved& result, const bert::Head& head) {
  std::vector<std::string> names{"examples",    "evaluated_on", validation_key(head.metrics.front()),
                                 "sparsity",    "average_bits", "packed_bytes",
                                 "float_bytes", "layers",       "labels"};
  for (const bert::Metric& metric : head.metrics) names.emplace_back(metric.name);
  return std::all_of(names.begin(), names.end(), [&](const std::string& name) { return result.has(name); });
}

}  // namespace

Scores scores_of(const bert::Evaluation& e, const std::string& part, const bert::Head& head,
                 const std::vector<std::string>& labels) {
  Scores scores{.n_texts = e.n, .part = part, .measured = {}, .classes = report::class_report(e.scores, labels)};
  for (const bert::Metric& metric : head.metrics) scores.measured.push_back({&metric, metric.value(e)});
  return scores;
}

Json as_json(const Scores& scores) {
  Json result = report::as_json(scores.classes);
  result["examples"] = scores.n_texts;
  result["evaluated_on"] = scores.part;
  for (const auto& [metric, value] : scores.measured) result[metric->name] = value;
  return result;
}

std::string data_fingerprint(const data::Source& source) { return fmt::format("{:016x}", source.fingerprint()); }

Json as_json(const ModelScores& all) {
  Json result = as_json(all.scores);
  if (!all.data_fingerprint.empty()) result["data_fingerprint"] = all.data_fingerprint;
  result.update(as_json(all.footprint));
  result[validation_key(*all.scores.measured.front().metric)] = all.validation;
  result["labels"] = all.labels;
  return result;
}

std::optional<ModelScores> model_scores_from_json(const Saved& result, const bert::Head& head) {
  if (!is_whole(result, head)) return std::nullopt;
  Scores scores{.n_texts = result.get<std::int64_t>("examples"),
                .part = result.get<std::string>("evaluated_on"),
                .measured = {},
                .classes = report::class_report_from_json(result)};
  ModelScores all{.scores = std::move(scores),
                  .validation = result.get<double>(validation_key(head.metrics.front())),
                  .labels = result.get<std::vector<std::string>>("labels"),
                  .footprint = footprint_from_json(result),
                  .data_fingerprint = result.find<std::string>("data_fingerprint").value_or("")};
  constexpr double kNone = std::numeric_limits<double>::quiet_NaN();  // JSON says null
  for (const bert::Metric& metric : head.metrics)
    all.scores.measured.push_back({&metric, result.find<double>(metric.name).value_or(kNone)});
  return all;
}

std::string to_text(const std::vector<Score>& measured) {
  std::string text;
  for (const auto& [metric, value] : measured)
    text += fmt::format("{}{} {:.4f}", text.empty() ? "" : ", ", metric->title, value);
  return text;
}

std::string summary(const ModelScores& all, const std::string& out) {
  const Scores& s = all.scores;
  return fmt::format("{} {} on {} texts (validation {} {:.4f})\n{}model: {}\n", s.part, to_text(s.measured), s.n_texts,
                     s.measured.front().metric->title, all.validation, report::to_text(s.classes),
                     engine::printable((std::filesystem::path(out) / "best").string()));
}

}  // namespace ingot::pipeline
