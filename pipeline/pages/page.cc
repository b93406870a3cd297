#include <fmt/format.h>

#include "engine/base/error.h"
#include "pipeline/pages/panel.h"
#include "report/html.h"

namespace ingot::pipeline {

std::string page_of(std::span<const RunFolder> folders, std::span<const Panel> panels, int reload_seconds) {
  engine::require(!folders.empty(), "report: needs a folder of a run");
  std::string names;
  for (const RunFolder& folder : folders) names += (names.empty() ? "" : ", ") + folder.name;
  report::Page page{
      .title = names,
      .introduction = report::paragraph("Written by ingot report. Figures offer their data as CSV.", "soft"),
      .sections = {},
      .reload_seconds = reload_seconds};
  for (const Panel& panel : panels) {
    std::string markup = panel.markup(folders);
    if (!markup.empty()) page.sections.push_back({panel.title, std::move(markup)});
  }
  return report::html(page);
}

}  // namespace ingot::pipeline
