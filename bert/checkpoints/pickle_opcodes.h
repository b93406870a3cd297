// The opcodes of Python's pickles by name (Lib/pickletools.py), for messages.
#pragma once

#include <string_view>

namespace ingot::bert {

// "unknown" if there is none of that code.
std::string_view pickle_opcode_name(unsigned char code);

}  // namespace ingot::bert
