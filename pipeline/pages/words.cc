// Words shaded by what they add to the answer.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "pipeline/pages/model_at_work.h"
#include "report/html.h"

namespace ingot::pipeline {
namespace {

constexpr std::size_t kMostBytes = 300'000;  // of markup, before further texts are left out
constexpr double kStrongest = 0.6;           // opacity: text stays readable on it, light and dark

double largest_share(const InspectedText& text) {
  double largest = 0;
  for (const WordShare& word : text.words) largest = std::max(largest, std::abs(word.share));
  return largest;
}

std::string shaded(const InspectedText& text) {
  const double largest = largest_share(text);
  std::string markup = "<p class=\"words\">";
  for (const WordShare& word : text.words) {
    const double opacity = largest > 0 ? kStrongest * std::abs(word.share) / largest : 0;
    markup += fmt::format("<span{} style=\"background:rgb({}/{:.2f})\" title=\"{:+.4g}\">{}</span> ",
                          word.share < 0 ? " class=\"against\"" : "", word.share < 0 ? "213 94 0" : "0 114 178",
                          opacity, word.share, report::escaped(word.word));
  }
  return markup + "</p>";
}

std::string csv_of(const InspectedText& text) {
  std::string csv = "word,share\n";
  for (const WordShare& word : text.words) csv += fmt::format("{},{:.6g}\n", report::csv_field(word.word), word.share);
  return csv;
}

std::string caption_of(const ModelAtWork& model, const InspectedText& text) {
  return fmt::format(
      "{}: {}predicted {}. Blue words speak for {}, orange and underlined ones against it: gradient x input, summed "
      "over a word's pieces; the strongest has {:.3g}.{}",
      model.name, text.truth.empty() ? "" : fmt::format("the text that it did worst on (truth: {}) is ", text.truth),
      text.prediction, text.explained, largest_share(text),
      text.is_truncated ? " What is beyond the model's length is not shown." : "");
}

}  // namespace

std::string words_markup(std::span<const ModelAtWork> models) {
  std::string markup;
  std::size_t n_left_out = 0;
  for (const ModelAtWork& model : models) {
    for (const InspectedText& text : model.inspected) {
      if (markup.size() > kMostBytes) {
        ++n_left_out;
        continue;
      }
      markup += report::figure(shaded(text), caption_of(model, text), "words", csv_of(text));
    }
  }
  if (n_left_out > 0)
    markup += report::paragraph(fmt::format("{} texts more are left out, to keep the page small.", n_left_out), "soft");
  return markup;
}

}  // namespace ingot::pipeline
