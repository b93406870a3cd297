#include "hw/emit/sources.h"

#include <algorithm>

#include "engine/base/error.h"

namespace ingot::hw {

std::string_view rtl_source(std::string_view name) {
  const std::span<const RtlSource> all = rtl_sources();
  const auto found = std::find_if(all.begin(), all.end(), [&](const RtlSource& s) { return s.name == name; });
  engine::require(found != all.end(), "rtl/{}: is not part of this program", name);
  return found->text;
}

}  // namespace ingot::hw
