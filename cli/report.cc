// ingot report: what runs did, as one page.
#include <memory>
#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/commands.h"
#include "engine/base/files.h"
#include "labs/page.h"
#include "pipeline/pages/panel.h"

namespace ingot::cli {
namespace {

struct ReportOptions {
  std::vector<std::string> folders;
  std::string out = "page.html";
};

// In the order of the page.
const pipeline::Panel kPanels[] = {
    {"Results", pipeline::results_markup},
    {"Training", pipeline::curves_markup},
    {"Classes", pipeline::classes_markup},
    {"Search", pipeline::search_markup},
    {"Lab", labs::lab_markup},
    {"Hardware", pipeline::hardware_markup},
    {"How it was made", pipeline::provenance_markup},
};

void report(const ReportOptions& o, Command& command, const Common& common) {
  std::vector<pipeline::RunFolder> folders;
  for (const std::string& folder : o.folders) folders.push_back(pipeline::read_run_folder(folder));
  const std::string page = pipeline::page_of(folders, kPanels);
  engine::write_file(o.out, page);
  finish(command, common, {}, {{"page", o.out}, {"bytes", page.size()}}, "page: " + o.out + "\n");
}

}  // namespace

void add_report(Command& program) {
  Command& command = program.add_subcommand("report", "what runs did, as one page of HTML that needs nothing else");
  const auto common = add_common(command);
  const auto options = std::make_shared<ReportOptions>();
  command.add_option("folders", options->folders, "folders of runs; several are drawn over each other")
      .required()
      .type_name("DIR...")
      .repeatable();
  command.add_option("--out", options->out, "page to write").type_name("FILE");
  set_action(command, "ingot report runs/a runs/b --out page.html", common,
             [&command, options, common] { report(*options, command, *common); });
}

}  // namespace ingot::cli
