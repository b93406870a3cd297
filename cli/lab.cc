// ingot lab: a whole experiment by one command, from what a user could type one by one.
#include "labs/lab.h"

#include <fmt/format.h>

#include <algorithm>

#include "bert/heads/sequence_classification.h"
#include "bert/tokenizers/tokenizer.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/config_file.h"
#include "cli/data_options.h"
#include "cli/program.h"
#include "data/source.h"
#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/base/named.h"
#include "engine/base/printable.h"
#include "engine/io/json.h"
#include "labs/report.h"
#include "labs/run.h"
#include "pipeline/model_folder.h"
#include "pipeline/output_lock.h"

namespace ingot::cli {
namespace fs = std::filesystem;
using engine::require;

namespace {

struct LabOptions : pipeline::DataOptions {
  std::string lab, out, from, rows, sizes;
  bool report = false;
  // 0: as the data's recipe says.
  std::int64_t pieces = 0, length = 0, batch = 0, epochs = 0;
  double learning_rate = 0, tuning_rate = 0;
  std::int64_t trials = 0, trial_steps = 0, trial_length = 0;
};

const labs::Lab& find_lab(const std::string& name) {
  return engine::row_named(labs::kLabs, name, "lab: must be {}, got '{}'", " or ");
}

labs::Setup setup_of(const LabOptions& o, const data::Source& source) {
  labs::Setup setup{.recipe = labs::recipe_for(source.name()), .from_given = !o.from.empty()};
  labs::Recipe& recipe = setup.recipe;
  if (setup.from_given) {
    require(o.pieces == 0 && o.epochs == 0 && o.learning_rate == 0 && o.length == 0,
            "--from: the model is trained already; --pieces, --length, --epochs and --lr cannot change");
    const fs::path folder = pipeline::resolve_model_folder(o.from);
    const bert::Config config = bert::read_config(folder / "config.json");
    require(bert::is_classifier(config), "--from {}: is not a classifier", folder.string());
    recipe.length = pipeline::framing_for(folder, config, *bert::load_tokenizer(folder), 0).length;
    setup.from_compressed = fs::exists(folder / "compression.json");
  }
  require(o.length == 0 || o.length >= 3, "--length: must be at least 3 ([CLS], a token, [SEP]), got {}", o.length);
  if (o.pieces != 0) recipe.pieces = o.pieces;
  if (o.length != 0) recipe.length = o.length;
  if (o.batch != 0) recipe.batch = o.batch;
  if (o.epochs != 0) recipe.epochs = o.epochs;
  if (o.learning_rate != 0) recipe.learning_rate = o.learning_rate;
  if (o.tuning_rate != 0) recipe.tuning_rates = {o.tuning_rate};
  if (o.trials != 0) recipe.trials = o.trials;
  if (o.trial_steps != 0) recipe.trial_steps = o.trial_steps;
  if (o.trial_length != 0) recipe.trial_length = o.trial_length;
  if (!o.sizes.empty()) recipe.sizes = o.sizes;
  return setup;
}

engine::Json as_json(const labs::Recipe& r, const LabOptions& o) {
  engine::Json recipe{{"length", r.length}, {"batch", r.batch}, {"tune-lr", r.tuning_rates}};
  if (o.lab[0] != '1') {
    recipe.update({{"trials", r.trials}, {"trial-steps", r.trial_steps}, {"trial-length", r.trial_length}});
    if (!r.sizes.empty()) recipe["sizes"] = r.sizes;
  }
  if (o.from.empty()) recipe.update({{"pieces", r.pieces}, {"epochs", r.epochs}, {"lr", r.learning_rate}});
  return recipe;
}

// What a folder belongs to: everything that shapes its results.
engine::Json identity_of(const LabOptions& o, const labs::Setup& setup, const data::Source& source,
                         std::uint64_t seed) {
  engine::Json identity{
      {"lab", o.lab}, {"seed", seed}, {"data_fingerprint", source.fingerprint()}, {"recipe", as_json(setup.recipe, o)}};
  if (setup.from_given) {
    const fs::path weights = pipeline::resolve_model_folder(o.from) / "model.safetensors";
    identity["from_fingerprint"] = engine::content_hash(engine::read_file(weights));
  }
  return identity;
}

// The split into training and validation texts comes from the seed: with another one, validation texts would be texts
// that the model has seen.
void check_seed(const LabOptions& o, std::uint64_t seed) {
  const fs::path run = pipeline::resolve_model_folder(o.from);
  for (const fs::path& file : {run / "result.json", run.parent_path() / "result.json"}) {
    if (!fs::exists(file)) continue;
    const auto result = engine::parse_json_or_null(engine::read_file(file));
    if (!result.is_object() || !result.contains("seed")) continue;
    require(result["seed"] == seed,
            "--from {}: was trained with seed {}, which chose its validation texts; got seed {}", o.from,
            result["seed"].dump(), seed);
    return;
  }
}

std::string heading(const LabOptions& o, const labs::Setup& setup, std::uint64_t seed) {
  const std::string asked = o.rows.empty() ? "" : fmt::format(" Asked for: --rows '{}'.", engine::printable(o.rows));
  return fmt::format("Data {}, seed {}, {}.{}\n", engine::printable(fs::path(o.data).filename().string()), seed,
                     as_json(setup.recipe, o).dump(), asked);
}

// Of one process at a time, from what is there by then: the last one leaves the whole.
void write_report(const Command& command, const LabOptions& o, const Common& common, const labs::Lab& lab,
                  const labs::LabRun& run, const labs::Setup& setup,
                  const std::map<std::string, std::string>& failures) {
  const fs::path out = o.out;
  const engine::FileLock lock(run.folder.lock_file(".report"), engine::Wait::yes);
  const labs::LabReport report = labs::report_on(lab, run, failures);
  engine::write_file(out / "table.md", report.markdown + "\n" + heading(o, setup, common.seed));
  std::string problem = "no figure: no row of it is done";
  if (!report.figure.series.empty()) problem = report::draw(report.figure, out, "figure");
  const std::string text = report.text + fmt::format("{}: table.md, result.json, {}\n", o.out,
                                                     problem.empty() ? "figure.svg, figure.png" : problem);
  finish(command, common, out,
         {{"lab", lab.name},
          {"title", lab.title},
          {"recipe", as_json(setup.recipe, o)},
          {"rows", report.rows},
          {"figure", problem.empty() ? "figure.svg" : problem}},
         text);
}

void run_lab(const Command& command, const LabOptions& o, const Common& common) {
  const labs::Lab& lab = find_lab(o.lab);
  // Rows are shared out among the processes that work in the folder; a lab without rows is one process's.
  const pipeline::OutputLock lock(o.out, full_name(command),
                                  lab.run == nullptr ? engine::Sharing::together : engine::Sharing::alone);
  if (lab.run != nullptr) {
    require(o.rows.empty() && !o.report, "--rows, --report: lab {} does all of it each time", lab.name);
    const labs::LabResult done = lab.run({.seed = common.seed,
                                          .quiet = common.quiet,
                                          .run_command = run_program,
                                          .data = o.data,
                                          .from = o.from,
                                          .out = o.out,
                                          .reading = pipeline::reading_words(o)});
    write_config_toml(command, o.out);
    return finish(command, common, o.out, done.json, done.text);
  }
  require(!o.data.empty(), "--data: lab {} needs texts; give them as for train", lab.name);
  const auto source = pipeline::open_data(o);
  const labs::Setup setup = setup_of(o, *source);
  if (setup.from_given) check_seed(o, common.seed);
  const std::vector<labs::Row> rows = lab.rows(setup);
  require(!setup.from_given || std::any_of(rows.begin(), rows.end(), [](const labs::Row& row) { return row.is_given; }),
          "--from: lab {} trains models of its own", lab.name);
  const std::vector<labs::Row> chosen = labs::choose_rows(rows, o.rows);
  const labs::LabFolder folder(o.out, identity_of(o, setup, *source, common.seed));
  const labs::LabRun run{.folder = folder,
                         .rows = rows,
                         .chosen = chosen,
                         .values = {{"data", o.data},
                                    {"seed", std::to_string(common.seed)},
                                    {"seed2", std::to_string(common.seed + 1)},
                                    {"seed3", std::to_string(common.seed + 2)},
                                    {"from", o.from}},
                         .reading = pipeline::reading_words(o),
                         .threads = common.threads,
                         .quiet = common.quiet,
                         .run_command = run_program};
  std::map<std::string, std::string> failures;
  if (!o.report) failures = labs::run_rows(run);
  write_report(command, o, common, lab, run, setup, failures);
  if (failures.empty()) return;
  const auto& [name, reason] = *failures.begin();
  throw engine::Failure(
      fmt::format("{} of {} rows did not work; the first: {}: {}", failures.size(), chosen.size(), name, reason));
}

}  // namespace

void add_lab(Command& program) {
  Command& command = program.add_subcommand("lab", "a whole experiment: its models, table and figure");
  const auto common = add_common(command);
  const auto o = std::make_shared<LabOptions>();
  std::string labs;
  for (const labs::Lab& lab : labs::kLabs)
    labs += fmt::format("{}{} ({})", labs.empty() ? "" : ", ", lab.name, lab.title);
  command.add_option("lab", o->lab, labs).required().type_name("LAB");
  add_data_options(command, *o, "as for train; lab 4 needs it only with --from");
  command
      .add_option("--out", o->out,
                  "folder of the lab; what is done there is not done again, and several processes may share it")
      .required();
  command.add_option("--from", o->from, "the model to compress; default: trained first, on the same data");
  command.add_option("--rows", o->rows, "only rows with these names, and what they need: 'control-*,calibrated-4*'");
  command.add_flag("--report", o->report, "do no row: table and figure from what is there");
  command.add_option("--pieces", o->pieces, "vocabulary of the model to train; 0: to suit the data");
  command.add_option("--length", o->length, "tokens of a text; 0: to suit the data").not_negative();
  command.add_option("--batch", o->batch, "texts a step; 0: to suit the data").range(0, 65536);
  command.add_option("--epochs", o->epochs, "of the model to train; 0: to suit the data").range(0, 100000);
  command.add_option("--lr", o->learning_rate, "of the model to train; 0: to suit the data").not_negative();
  command.add_option("--tune-lr", o->tuning_rate, "of the epoch more that tuned rows get; 0: validation chooses it")
      .not_negative();
  command.add_option("--trials", o->trials, "of a search; 0: to suit the lab").range(0, 100000);
  command.add_option("--trial-steps", o->trial_steps, "of training in a trial; 0: to suit the data").range(0, 1 << 30);
  command.add_option("--trial-length", o->trial_length, "tokens of a text in a trial; 0: to suit the data")
      .not_negative();
  command.add_option("--sizes", o->sizes,
                     "options of search nas that say what it chooses from, such as '--layers 2,4'; default: to suit "
                     "the data");
  set_action(command, "ingot lab 1.1 --data aclImdb.tar.gz --out runs/lab-1.1", common,
             [&command, o, common] { run_lab(command, *o, *common); });
}

}  // namespace ingot::cli
