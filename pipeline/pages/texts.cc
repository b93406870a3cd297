// Texts that a model does worst on, as tables.
#include <fmt/format.h>

#include <algorithm>

#include "pipeline/pages/model_at_work.h"
#include "report/html.h"

namespace ingot::pipeline {
namespace {

constexpr std::size_t kLongest = 300;  // characters

std::string table_of(const std::vector<JudgedText>& texts, const std::string& measure, const std::string& caption) {
  report::TextTable table{
      .headers = {measure, "text", "second text", "truth", "prediction", "probabilities"}, .rows = {}, .n_left = 6};
  bool is_cut = false;
  for (const JudgedText& text : texts) {
    const std::string first = shortened(text.example.text, kLongest), second = shortened(text.example.second, kLongest);
    is_cut = is_cut || first.ends_with("...") || second.ends_with("...");
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

std::string shortened(const std::string& text, std::size_t n_characters) {
  std::string out;
  std::size_t n = 0;
  bool is_blank = false;
  for (const char c : text) {
    if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
      is_blank = !out.empty();
      continue;
    }
    const bool begins = (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;  // a character of UTF-8
    n += static_cast<std::size_t>(begins) + static_cast<std::size_t>(is_blank);
    if (begins && n > n_characters) return out + "...";
    if (is_blank) out += ' ';
    is_blank = false;
    out += c;
  }
  return out;
}

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
