#include "engine/base/error.h"

namespace ingot::engine {

void fail_formatted(fmt::string_view text, fmt::format_args args) { throw Error(fmt::vformat(text, args)); }

}  // namespace ingot::engine
