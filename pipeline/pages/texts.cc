// Texts that a model does worst on, as tables.
#include <fmt/format.h>

#include <algorithm>

#include "pipeline/pages/model_at_work.h"
#include "report/html.h"
#include "report/shortened.h"

namespace ingot::pipeline {
namespace {

constexpr std::size_t kLongest = 300;  // characters

std::string table_of(const std::vector<JudgedText>& texts, const std::string& measure, const std::string& caption) {
  report::TextTable table{
      .headers = {measure, "text", "second text", "truth", "prediction", "probabilities"}, .rows = {}, .n_left = 6};
  bool is_cut = false;
  for (const JudgedText& text : texts) {
    const std::string first = report::shortened(text.example.text, kLongest),
                      second = report::shortened(text.example.second, kLongest);
    const auto is_longer = [](const std::string& whole) {
      return report::n_characters(report::shortened(whole, whole.size())) > kLongest;
    };
    is_cut = is_cut || is_longer(text.example.text) || is_longer(text.example.second);
    table.rows.push_back(
        {fmt::format("{:.4g}", text.loss), first, second, text.truth, text.prediction, text.probabilities});
  }
  return "<div class=\"texts\">" +
         report::table(table,
                       caption + (is_cut ? fmt::format(" Texts end after {} characters (...).", kLongest) : "")) +
         "</div>\n";
}

bool has_one_number(const JudgedText& a, const JudgedText& b) { return a.number == b.number; }

}  // namespace

std::string texts_markup(std::span<const ModelAtWork> models) {
  std::string markup;
  for (const ModelAtWork& model : models) {
    for (const std::string& note : model.notes) markup += report::paragraph(model.name + ": " + note, "soft");
    const JudgedTexts& judged = model.judged;
    if (judged.worst.empty()) continue;
    // With two labels both orders are one.
    const bool is_same = std::equal(judged.worst.begin(), judged.worst.end(), judged.surprising.begin(),
                                    judged.surprising.end(), has_one_number);
    markup +=
        table_of(judged.worst, judged.measure,
                 fmt::format("{}: the largest {} {}on {}.", model.name, judged.measure,
                             is_same ? "(these are also the wrong answers that it is surest of) " : "", judged.of));
    if (!judged.surprising.empty() && !is_same)
      markup += table_of(judged.surprising, judged.measure,
                         fmt::format("{}: the wrong answers that it is surest of, on {}.", model.name, judged.of));
  }
  return markup;
}

}  // namespace ingot::pipeline
