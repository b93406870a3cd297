#include "bert/tokenizers/merges.h"

#include <algorithm>
#include <string_view>
#include <tuple>
#include <unordered_map>

namespace ingot::bert {

std::vector<Merge> merges_of(const SentencePieceModel& model) {
  std::unordered_map<std::string_view, std::size_t> ids;
  for (std::size_t i = 0; i < model.pieces.size(); ++i) {
    if (model.pieces[i].kind == SentencePieceModel::normal) ids.emplace(model.pieces[i].text, i);
  }
  struct Ranked {
    float score;
    std::size_t whole, left, right;
  };
  std::vector<Ranked> found;
  for (const auto& [text, whole] : ids) {
    for (std::size_t cut = 1; cut < text.size(); ++cut) {
      const auto left = ids.find(text.substr(0, cut)), right = ids.find(text.substr(cut));
      if (left != ids.end() && right != ids.end())
        found.push_back({model.pieces[whole].score, whole, left->second, right->second});
    }
  }
  std::sort(found.begin(), found.end(), [](const Ranked& a, const Ranked& b) {
    return std::tuple(-a.score, a.whole, a.left, a.right) < std::tuple(-b.score, b.whole, b.left, b.right);
  });
  std::vector<Merge> merges;
  for (const Ranked& r : found) merges.emplace_back(model.pieces[r.left].text, model.pieces[r.right].text);
  return merges;
}

}  // namespace ingot::bert
