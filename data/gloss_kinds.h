// WordNet's noun glosses with all that a thing is: a dog is an animal, an organism, an object.
#pragma once

#include "data/wordnet.h"

namespace ingot::data {

// The glosses of data.noun (files[0]) with several labels each (Answers::labels): the ancestors of the synonym set over
// pointers @ and @i, at any distance. A label is an ancestor of at least 1 in 100 of all synonym sets, but no root, and
// is named by its first word; names that would be equal are followed by a slash and the offset. The parts are those of
// the word `glosses`. Throws Error as parse_synsets does, and if there is no label.
Corpus parse_gloss_kinds(std::span<const WordNetFile> files, Answers answers);

}  // namespace ingot::data
