// Attention as a small heat map for each layer and head.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "pipeline/pages/model_at_work.h"
#include "report/html.h"
#include "report/shortened.h"

namespace ingot::pipeline {
namespace {

constexpr std::size_t kMostTokens = 40, kLongestToken = 14;
constexpr std::size_t kMostBytes = 1'200'000;  // of markup, before further texts are left out
constexpr std::size_t kShades = 16;
constexpr double kCell = 10, kLeft = 78, kTop = 78;

std::size_t n_drawn(const InspectedText& text) { return std::min(text.tokens.size(), kMostTokens); }

float probability(const AttentionMap& map, std::size_t query, std::size_t key) {
  return map.probabilities
      .data()[static_cast<std::int64_t>(query) * map.probabilities.columns() + static_cast<std::int64_t>(key)];
}

std::string axes(const InspectedText& text) {
  std::string body;
  for (std::size_t i = 0; i < n_drawn(text); ++i) {
    const std::string token = report::escaped(report::shortened(text.tokens[i], kLongestToken));
    const double middle = (static_cast<double>(i) + 0.5) * kCell;
    body += fmt::format("<text x=\"{:.0f}\" y=\"{:.1f}\" text-anchor=\"end\">{}</text>\n", kLeft - 5, kTop + middle + 3,
                        token);
    body += fmt::format("<text transform=\"translate({:.1f} {:.0f}) rotate(-90)\">{}</text>\n", kLeft + middle + 3,
                        kTop - 5, token);
  }
  return body;
}

// Cells of one shade are one path, as a rectangle each would make the page several times as large.
std::string cells(const AttentionMap& map, std::size_t n) {
  float largest = 0;
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t k = 0; k < n; ++k) largest = std::max(largest, probability(map, i, k));
  std::array<std::string, kShades + 1> paths;
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t k = 0; k < n; ++k) {
      const float share = largest > 0 ? probability(map, i, k) / largest : 0;
      paths[static_cast<std::size_t>(share * kShades + 0.5f)] +=
          fmt::format("M{} {}h9v9h-9z", kLeft + static_cast<double>(k) * kCell, kTop + static_cast<double>(i) * kCell);
    }
  }
  std::string body;
  for (std::size_t shade = 1; shade <= kShades; ++shade) {
    if (paths[shade].empty()) continue;
    body += fmt::format("<path class=\"f0\" fill-opacity=\"{:.3f}\" d=\"{}\"/>\n", static_cast<double>(shade) / kShades,
                        paths[shade]);
  }
  return body;
}

std::string map_svg(const InspectedText& text, const AttentionMap& map) {
  const std::string title = fmt::format("layer {}, head {}", map.layer + 1, map.head + 1);
  const std::size_t n = n_drawn(text);
  const double size = static_cast<double>(n) * kCell;
  const std::string drawing = report::drawing(kLeft + size + 4, kTop + size + 4, "Attention of " + title,
                                              "<g style=\"font-size:10px\">" + axes(text) + cells(map, n) + "</g>");
  return fmt::format("<figure>{}\n<figcaption>{}</figcaption></figure>\n",
                     report::scrolling("Attention of " + title, drawing), title);
}

std::string csv_of(const InspectedText& text) {
  std::string csv = "layer,head,token";
  for (std::size_t k = 0; k < n_drawn(text); ++k) csv += "," + report::csv_field(text.tokens[k]);
  for (const AttentionMap& map : text.maps) {
    for (std::size_t i = 0; i < n_drawn(text); ++i) {
      csv += fmt::format("\n{},{},{}", map.layer + 1, map.head + 1, report::csv_field(text.tokens[i]));
      for (std::size_t k = 0; k < n_drawn(text); ++k) csv += fmt::format(",{:.4g}", probability(map, i, k));
    }
  }
  return csv + "\n";
}

std::string caption_of(const ModelAtWork& model, const InspectedText& text) {
  std::string caption = fmt::format(
      "{}: where the tokens of \"{}\" look: a row is a token that looks, a column one that is looked at, and a shade "
      "its probability, full at the largest of its map. A row sums to 1.",
      model.name, report::shortened(text.text, 60));
  if (text.tokens.size() > kMostTokens)
    caption += fmt::format(" Drawn are the first {} of {} tokens; the others have the rest of the sum.", kMostTokens,
                           text.tokens.size());
  if (!text.not_drawn.empty()) caption += fmt::format(" Not drawn: {}.", text.not_drawn);
  return caption;
}

}  // namespace

std::string attention_markup(std::span<const ModelAtWork> models) {
  std::string markup;
  std::size_t n_left_out = 0;
  for (const ModelAtWork& model : models) {
    for (const InspectedText& text : model.inspected) {
      if (text.maps.empty()) continue;
      if (markup.size() > kMostBytes) {
        ++n_left_out;
        continue;
      }
      std::string maps;
      for (const AttentionMap& map : text.maps) maps += map_svg(text, map);
      markup += report::figure("", caption_of(model, text), "attention", csv_of(text)) + report::side_by_side(maps);
    }
  }
  if (n_left_out > 0)
    markup += report::paragraph(fmt::format("{} texts more are left out, to keep the page small.", n_left_out), "soft");
  return markup;
}

}  // namespace ingot::pipeline
