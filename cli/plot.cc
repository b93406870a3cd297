// ingot plot: curves of runs, in the terminal.
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cli/command.h"
#include "cli/commands.h"
#include "engine/base/error.h"
#include "pipeline/pages/curves.h"
#include "report/terminal_chart.h"

namespace ingot::cli {
namespace {

struct PlotOptions {
  std::vector<std::string> folders, metrics;
};

std::string_view variable(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr ? value : "";
}

// What the first of these variables that is set says of characters, as the C library has it.
bool is_locale_utf8() {
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const std::string_view locale = variable(name);
    if (locale.empty()) continue;
    std::string code(locale.substr(std::min(locale.find('.'), locale.size())));
    std::transform(code.begin(), code.end(), code.begin(), [](char c) { return c >= 'a' && c <= 'z' ? c - 32 : c; });
    return code.starts_with(".UTF-8") || code.starts_with(".UTF8");
  }
  return false;
}

report::TerminalStyle style_of_output() {
  report::TerminalStyle style{.is_utf8 = is_locale_utf8()};
  if (::isatty(STDOUT_FILENO) != 1) return style;
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) style.columns = size.ws_col;
  // The last column stays free: some terminals would go on to the next line.
  style.columns -= 1;
  style.has_colour = variable("NO_COLOR").empty() && !variable("TERM").empty() && variable("TERM") != "dumb";
  return style;
}

std::vector<std::string> chosen(const PlotOptions& o, const std::vector<pipeline::RunFolder>& folders) {
  if (o.metrics.empty()) return pipeline::chief_metric_names(folders);
  const std::vector<std::string> known = pipeline::metric_names(folders);
  for (const std::string& name : o.metrics) {
    engine::require(std::find(known.begin(), known.end(), name) != known.end(),
                    "--metric: must be in metrics.jsonl ({}), got {}", fmt::join(known, ", "), name);
  }
  return o.metrics;
}

// [{"run": NAME, "points": [[step, value], ...]}, ...]
engine::Json series_of(const report::Chart& chart) {
  engine::Json all = engine::Json::array();
  for (const report::Series& series : chart.series) {
    engine::Json points = engine::Json::array();
    for (const report::Point& p : series.points) points.push_back(engine::Json{p.x, p.y});
    all.push_back({{"run", series.name}, {"points", points}});
  }
  return all;
}

void plot(const PlotOptions& o, Command& command, const Common& common) {
  std::vector<pipeline::RunFolder> folders;
  for (const std::string& folder : o.folders) folders.push_back(pipeline::read_run_folder(folder));
  const bool has_metrics =
      std::any_of(folders.begin(), folders.end(), [](const auto& folder) { return !folder.metrics.empty(); });
  engine::require(has_metrics, "{}: has no line of metrics.jsonl to plot", fmt::join(o.folders, ", "));
  const report::TerminalStyle style = style_of_output();
  std::string text;
  engine::Json result = engine::Json::object();
  for (const std::string& name : chosen(o, folders)) {
    const report::Chart chart = pipeline::metric_chart(folders, name);
    text += (text.empty() ? "" : "\n") + report::terminal_chart(chart, style);
    result[name] = series_of(chart);
  }
  if (!common.json) return print_out(text);
  finish(command, common, {}, {{"metrics", result}}, "");
}

}  // namespace

void add_plot(Command& program) {
  Command& command = program.add_subcommand("plot", "curves of runs, in the terminal");
  const auto common = add_common(command);
  const auto options = std::make_shared<PlotOptions>();
  command.add_option("folders", options->folders, "folders of runs; several are drawn over each other")
      .required()
      .type_name("DIR...")
      .repeatable();
  command
      .add_option("--metric", options->metrics,
                  "what to draw, by its name in metrics.jsonl; can be given several times; default: loss, and the "
                  "measure on the validation texts by which the best model is chosen")
      .type_name("NAME")
      .repeatable();
  set_action(command, "ingot plot runs/a runs/b --metric loss --metric validation_loss", common,
             [&command, options, common] { plot(*options, command, *common); });
}

}  // namespace ingot::cli
