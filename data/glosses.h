// WordNet's noun glosses (definitions and, in quotes, examples), labelled with the 26 lexicographer files they are
// from.
#pragma once

#include <string>
#include <string_view>

#include "data/source.h"

namespace ingot::data {

// Parses data.noun as wndb(5WN) describes it: licence lines begin with two blanks, every other line is
// `synset_offset lex_filenum n ... | gloss`. Labels are named as in lexnames(5WN) and cover all 26 categories even when
// `bytes` does not. About a tenth of the glosses are the test part, a pure function of the offsets; equal glosses
// (1% of them) are on the same side, so that no test text is trained on. Throws Error naming `file` and line.
Corpus parse_glosses(std::string_view bytes, const std::string& file);

}  // namespace ingot::data
