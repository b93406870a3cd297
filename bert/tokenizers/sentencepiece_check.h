// What the SentencePiece library takes on trust in a model file, checked before it sees the file.
#pragma once

#include <string_view>

namespace ingot::bert {

// Throws Error, beginning with `subject`, unless the bytes are a protocol buffer whose pieces hold no zero byte and
// whose normalisation tables point nowhere outside themselves: the library would read past their end.
void check_sentencepiece_model(std::string_view bytes, std::string_view subject);

}  // namespace ingot::bert
