// The library behind Json, for json*.cc alone: its header takes long to compile.
#pragma once

#include <nlohmann/json.hpp>

#include "engine/io/json.h"

namespace ingot::engine::detail {

// The same value as the library holds it.
nlohmann::json to_library(const Json& value);

}  // namespace ingot::engine::detail
