// What a call throws, as text.
#pragma once

#include <string>

#include "engine/base/error.h"

namespace ingot::test {

// The message of the Error or Failure that `call` throws; empty if it throws none.
template <class Call>
std::string error_text(Call&& call) {
  try {
    call();
  } catch (const engine::Message& error) {
    return error.what();
  }
  return "";
}

// The same of a Failure alone: what failed at work, through no fault of what was asked for.
template <class Call>
std::string failure_text(Call&& call) {
  try {
    call();
  } catch (const engine::Failure& failure) {
    return failure.what();
  }
  return "";
}

inline bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace ingot::test
