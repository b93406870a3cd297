#include "cli/version.h"

#include <fmt/format.h>

#include "engine/base/isa.h"
#include "engine/base/threads.h"

namespace ingot::cli {

nlohmann::json build_description() {
  return {{"version", INGOT_VERSION},
          {"compiler", INGOT_COMPILER},
          {"build_type", INGOT_BUILD_TYPE},
          {"instruction_set", std::string(engine::name(engine::active_isa()))},
          {"instruction_set_detected", std::string(engine::name(engine::detected_isa()))},
          {"threads", engine::threads()}};
}

std::string version_text() {
  return fmt::format("ingot {}\n{} {}, kernels: {} (this processor: {}), {} threads", INGOT_VERSION, INGOT_COMPILER,
                     INGOT_BUILD_TYPE, engine::name(engine::active_isa()), engine::name(engine::detected_isa()),
                     engine::threads());
}

}  // namespace ingot::cli
