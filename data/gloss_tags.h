// WordNet's example sentences: which word is meant by the definition, and of what class is it?
#pragma once

#include "data/wordnet.h"

namespace ingot::data {

// Words of a text: letters, digits and what is not ASCII, with hyphens' parts apart and apostrophes between letters
// inside; any other character but a blank is a word by itself.
std::vector<std::string_view> split_words(std::string_view text);

// Example sentences of data.noun, data.verb, data.adj and data.adv, with the definition behind them and a colon
// between, tagged (Answers::tags). `files`: those four and, in the same order, noun.exc, verb.exc, adj.exc and adv.exc.
//
// A sentence is what stands in quotes in a gloss; one that stood before is left out. Every place where a word of the
// synonym set stands in it has the tags B-X, I-X, with X the lexicographer file; all else has O. A word may be of
// several words. Its first (of a verb) or its last (of others) may be inflected, by the exceptions of the .exc files
// and else by the rules of detachment of morphy(7WN). Sentences without such a place are left out. The test part is a
// tenth of the synonym sets. Throws Error as parse_synsets does, for a line of an .exc file without two words, and if
// there is no sentence.
Corpus parse_gloss_tags(std::span<const WordNetFile> files, Answers answers);

}  // namespace ingot::data
