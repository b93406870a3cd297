// ingot report: what runs did, as one page.
#include <fmt/format.h>

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/commands.h"
#include "cli/page_server.h"
#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/base/process.h"
#include "labs/page.h"
#include "pipeline/pages/model_at_work.h"
#include "pipeline/pages/panel.h"

namespace ingot::cli {
namespace {

struct ReportOptions {
  std::vector<std::string> folders;
  std::string out = "page.html";
  pipeline::PageOptions page;
  bool watch = false;
  int port = 8765;
};

constexpr int kReloadSeconds = 5;

using Models = std::vector<pipeline::ModelAtWork>;

// In the order of the page. The models are kept by reference.
std::vector<pipeline::Panel> panels_of(const Models& models) {
  const auto of_models = [&models](std::string (*markup)(std::span<const pipeline::ModelAtWork>)) {
    return [&models, markup](std::span<const pipeline::RunFolder>) { return markup(models); };
  };
  return {
      {"Results", pipeline::results_markup},
      {"Training", pipeline::curves_markup},
      {"Classes", pipeline::classes_markup},
      {"Texts", of_models(pipeline::texts_markup)},
      {"Words", of_models(pipeline::words_markup)},
      {"Attention", of_models(pipeline::attention_markup)},
      {"Integers", of_models(pipeline::integers_markup)},
      {"Search", pipeline::search_markup},
      {"Lab", labs::lab_markup},
      {"Hardware", pipeline::hardware_markup},
      {"How it was made", pipeline::provenance_markup},
  };
}

// A page that reloads itself leaves the models out: they would read their texts again each time.
std::string page_of(const ReportOptions& o, int reload_seconds = 0) {
  std::vector<pipeline::RunFolder> runs;
  for (const std::string& folder : o.folders) runs.push_back(pipeline::read_run_folder(folder));
  const Models models = o.watch ? Models() : pipeline::models_at_work(runs, o.page);
  return pipeline::page_of(runs, panels_of(models), reload_seconds);
}

void watch(const ReportOptions& o, const Common& common) {
  page_of(o);  // what is wrong with them is said at once
  engine::catch_interrupts();
  const auto started = [&](int port) {
    if (port != o.port) say(fmt::format("port {} is taken; this is the next one that is free", o.port));
    const std::string page = fmt::format("http://127.0.0.1:{}/", port);
    print_out(common.json ? json_line({{"page", page}}) : "page: " + page + "\n");
    say("Ctrl-C ends this");
  };
  serve_page(
      o.port, [&] { return page_of(o, kReloadSeconds); }, started);
  throw engine::Interrupted("stopped watching");
}

void report(const ReportOptions& o, Command& command, const Common& common) {
  engine::require(!o.watch || !command.given("--out"), "--out: writes a page; --watch serves it instead");
  engine::require(o.watch || !command.given("--port"), "--port: is where --watch serves the page; add --watch");
  for (const char* option : {"--texts", "--text"})
    engine::require(!o.watch || !command.given(option), "{}: shows models at work, which --watch leaves out", option);
  if (o.watch) return watch(o, common);
  const std::string page = page_of(o);
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
  command
      .add_option("--texts", options->page.texts,
                  "labelled texts to show the models at work on, as --data of train; default: those of each run")
      .type_name("FILE|WORD");
  command
      .add_option(
          "--text", options->page.look,
          "a text to look into, word by word and head by head (of a pair: a tab between); default: the one that "
          "the model does worst on")
      .repeatable();
  command.add_option("--out", options->out, "page to write").type_name("FILE");
  command.add_flag("--watch", options->watch,
                   "serve the page to browsers of this machine while runs go on, in place of writing it; it reloads "
                   "itself every 5 seconds, and Ctrl-C ends it");
  command.add_option("--port", options->port, "port of --watch; the next that is free where it is taken")
      .range(1, 65535);
  set_action(command, "ingot report runs/a runs/b --out page.html", common,
             [&command, options, common] { report(*options, command, *common); });
}

}  // namespace ingot::cli
