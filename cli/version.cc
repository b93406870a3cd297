#include "cli/version.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <string>
#include <vector>

#include "engine/base/isa.h"
#include "engine/base/threads.h"
#include "engine/io/json.h"

namespace ingot::cli {

namespace {

std::vector<std::string> executed_isas() {
  std::vector<std::string> names;
  for (const engine::Isa isa : engine::kIsas)
    if (engine::executes(isa)) names.emplace_back(engine::name(isa));
  return names;
}

}  // namespace

engine::Json build_description() {
  return {{"version", INGOT_VERSION},
          {"compiler", INGOT_COMPILER},
          {"build_type", INGOT_BUILD_TYPE},
          {"instruction_set", std::string(engine::name(engine::active_isa()))},
          {"instruction_set_detected", std::string(engine::name(engine::detected_isa()))},
          {"instruction_sets", executed_isas()},
          {"threads", engine::threads()}};
}

std::string version_text() {
  return fmt::format("ingot {}\n{} {}, kernels: {} (this processor executes {}), {} threads", INGOT_VERSION,
                     INGOT_COMPILER, INGOT_BUILD_TYPE, engine::name(engine::active_isa()),
                     fmt::join(executed_isas(), ", "), engine::threads());
}

}  // namespace ingot::cli
