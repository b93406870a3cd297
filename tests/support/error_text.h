// What a call throws, as text.
#pragma once

#include <string>

#include "engine/base/error.h"

namespace ingot::test {

// The message of the Error that `call` throws; empty if it throws none.
template <class Call>
std::string error_text(Call&& call) {
  try {
    call();
  } catch (const engine::Error& error) {
    return error.what();
  }
  return "";
}

inline bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace ingot::test
