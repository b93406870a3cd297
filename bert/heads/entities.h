// Entities in sequences of tags, as seqeval counts them.
#pragma once

#include <compare>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

namespace ingot::bert {

struct Entity {
  std::string type;
  std::size_t first, last;  // words

  auto operator<=>(const Entity&) const = default;
};

// The entities of a text by its tags (B-PER, I-PER, O; also E- and S-), as seqeval's get_entities with its default,
// lenient scheme: an I- tag begins an entity if the tag before it has another type or is O. Ascending by `first`.
std::vector<Entity> entities_of(std::span<const std::string* const> tags);

// Whether the names are tags of entities: some begin with B- or I-.
bool are_entity_tags(std::span<const std::string> names);

}  // namespace ingot::bert
