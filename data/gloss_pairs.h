// Pairs of WordNet's noun glosses: do two things have the same direct hypernym (are both dogs, both debts)?
#pragma once

#include "data/wordnet.h"

namespace ingot::data {

// Pairs of the glosses of data.noun (files[0]).
//
// Glosses are grouped by hypernym, the first pointer @ of each synonym set, and by lexicographer file; a gloss that
// stood before is left out. Of each group up to four pairs are taken, disjoint, by a hash of the offsets. A tenth of
// the hypernyms, by the same hash as of the words `glosses`, are the test part.
//
// Answers::label: each pair is there as "same" and, with the second gloss of a pair of the same part and lexicographer
// file but another hypernym, as "other": every gloss is as often in pairs of the one label as of the other, on the same
// side. Pairs for which there is no such second gloss are left out.
// Answers::none: the pairs that belong together alone.
//
// Throws Error as parse_synsets does, for other answers, and if there is no pair.
Corpus parse_gloss_pairs(std::span<const WordNetFile> files, Answers answers);

}  // namespace ingot::data
