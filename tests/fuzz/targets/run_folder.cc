// What a run leaves: result.json, metrics.jsonl and config.toml, as pages show them.
#include "pipeline/pages/run_folder.h"

#include "pipeline/pages/panel.h"
#include "tests/fuzz/several_files.h"

namespace ingot::fuzz {
namespace {

void read(std::string_view bytes) {
  const std::vector<pipeline::RunFolder> folders{pipeline::read_run_folder(folder_of(bytes))};
  for (const auto markup : {pipeline::results_markup, pipeline::curves_markup, pipeline::classes_markup,
                            pipeline::search_markup, pipeline::hardware_markup, pipeline::provenance_markup})
    markup(folders);
}

}  // namespace

Target run_folder() { return {.name = "run_folder", .read = read, .mutated = mutated_files}; }

}  // namespace ingot::fuzz
