// The rules are those of conlleval, the script of the CoNLL shared tasks, which seqeval (Nakayama, 2018) keeps.
#include "bert/heads/entities.h"

#include <algorithm>
#include <string_view>

namespace ingot::bert {
namespace {

struct Tag {
  char prefix = 'O';
  std::string_view type;
};

Tag parse(std::string_view tag) {
  const std::size_t dash = tag.find('-');
  const char prefix = tag.empty() ? 'O' : tag.front();
  if (dash == tag.npos) return {prefix, prefix == 'O' ? std::string_view() : std::string_view("_")};
  return {prefix, tag.substr(dash + 1)};
}

// Whether an entity that `before` is in ends before `now`.
bool ends(const Tag& before, const Tag& now) {
  if (before.prefix == 'E' || before.prefix == 'S') return true;
  if ((before.prefix == 'B' || before.prefix == 'I') && (now.prefix == 'B' || now.prefix == 'S' || now.prefix == 'O'))
    return true;
  return before.prefix != 'O' && before.prefix != '.' && before.type != now.type;
}

bool begins(const Tag& before, const Tag& now) {
  if (now.prefix == 'B' || now.prefix == 'S') return true;
  const bool outside = before.prefix == 'E' || before.prefix == 'S' || before.prefix == 'O';
  if (outside && (now.prefix == 'E' || now.prefix == 'I')) return true;
  return now.prefix != 'O' && now.prefix != '.' && before.type != now.type;
}

}  // namespace

std::vector<Entity> entities_of(std::span<const std::string* const> tags) {
  std::vector<Entity> entities;
  Tag before;
  std::size_t first = 0;
  for (std::size_t i = 0; i <= tags.size(); ++i) {
    const Tag now = i < tags.size() ? parse(*tags[i]) : Tag();
    if (ends(before, now)) entities.push_back({std::string(before.type), first, i - 1});
    if (begins(before, now)) first = i;
    before = now;
  }
  return entities;
}

bool are_entity_tags(std::span<const std::string> names) {
  return std::any_of(names.begin(), names.end(),
                     [](const std::string& name) { return name.starts_with("B-") || name.starts_with("I-"); });
}

}  // namespace ingot::bert
