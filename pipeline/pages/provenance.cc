#include <fmt/format.h>

#include "pipeline/pages/panel.h"
#include "report/html.h"

namespace ingot::pipeline {
namespace {

using engine::Json;

report::TextTable table_of(const Json& object, const std::string& header) {
  report::TextTable table{.headers = {header, "value"}, .rows = {}, .n_left = 2};
  for (const auto& [name, value] : object.items()) {
    // Options that were left empty say nothing.
    if (value.is_string() && value.get<std::string>().empty()) continue;
    table.rows.push_back({name, shown_value(value)});
  }
  return table;
}

}  // namespace

std::string provenance_markup(std::span<const RunFolder> folders) {
  std::string markup;
  for (const RunFolder& folder : folders) {
    if (!folder.is_finished()) continue;
    const Json options = folder.result.value("options", Json::object()),
               build = folder.result.value("build", Json::object());
    std::string tables;
    if (options.is_object())
      tables += report::table(table_of(options, "option"), fmt::format("Options of ingot {}", folder.command));
    if (build.is_object()) tables += report::table(table_of(build, "build"), "Version and machine");
    const std::string seed = folder.result.contains("seed") ? folder.result["seed"].dump() : "not known";
    markup += report::folded(fmt::format("{}: ingot {}, seed {}", folder.name, folder.command, seed), tables);
  }
  return markup;
}

}  // namespace ingot::pipeline
