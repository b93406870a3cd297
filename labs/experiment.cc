// A lab from its options to its table: what its folder belongs to, which rows are to be done, what it leaves.
#include "labs/experiment.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "bert/checkpoint.h"
#include "bert/heads/sequence_classification.h"
#include "bert/tokenizers/tokenizer.h"
#include "compress/packed/model.h"
#include "data/source.h"
#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/base/named.h"
#include "engine/base/printable.h"
#include "engine/io/json.h"
#include "labs/all.h"
#include "labs/report.h"
#include "labs/run.h"
#include "labs/seeds.h"
#include "pipeline/cached_outputs.h"
#include "pipeline/model_folder.h"
#include "pipeline/output_lock.h"

namespace ingot::labs {
namespace fs = std::filesystem;
using engine::require;

namespace {

const Lab& find_lab(const std::string& name) {
  return engine::row_named(kLabs, name, "lab: must be all or {}, got '{}'", " or ");
}

// `source`: null without texts.
Setup setup_of(const LabOptions& o, const Lab& lab, const data::Source* source) {
  Setup setup{.recipe = recipe_for(source == nullptr ? "" : source->name()), .from_given = !o.from.empty()};
  Recipe& recipe = setup.recipe;
  setup.is_quick = o.quick;
  if (o.quick) recipe = quick(recipe);
  if (setup.from_given) {
    require(o.pieces == 0 && o.epochs == 0 && o.learning_rate == 0 && o.length == 0,
            "--from: the model is trained already; --pieces, --length, --epochs and --lr cannot change");
    const fs::path folder = pipeline::resolve_model_folder(o.from);
    require(lab.takes_packed || !compress::is_packed(folder),
            "--from {}: holds packed codes, and lab {} needs weights; give it the folder that they were exported from",
            folder.string(), lab.name);
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
  if (o.trials != 0) recipe.trials = recipe.architectures = o.trials;
  if (o.trial_steps != 0) recipe.trial_steps = o.trial_steps;
  if (o.trial_length != 0) recipe.trial_length = o.trial_length;
  if (o.trial_rate != 0) recipe.trial_rate = o.trial_rate;
  recipe.trial_precision = o.trial_precision;
  if (!o.sizes.empty()) recipe.sizes = o.sizes;
  return setup;
}

engine::Json as_json(const Recipe& r, const LabOptions& o) {
  engine::Json recipe{{"length", r.length}, {"batch", r.batch}, {"tune-lr", r.tuning_rates}};
  const bool is_of_architectures = o.lab[0] == '2';
  if (o.lab[0] != '1') recipe["trials"] = is_of_architectures ? r.architectures : r.trials;
  if (is_of_architectures) {
    recipe.update({{"trial-steps", r.trial_steps},
                   {"trial-length", r.trial_length},
                   {"trial-lr", r.trial_rate},
                   {"trial-precision", r.trial_precision}});
    if (!r.sizes.empty()) recipe["sizes"] = r.sizes;
  }
  if (o.from.empty()) recipe.update({{"pieces", r.pieces}, {"epochs", r.epochs}, {"lr", r.learning_rate}});
  return recipe;
}

// What a folder belongs to: everything that shapes its results.
engine::Json identity_of(const LabOptions& o, const Lab& lab, const Setup& setup, const data::Source* source,
                         std::uint64_t seed) {
  engine::Json identity{{"lab", o.lab}, {"seed", seed}};
  if (o.quick) identity["quick"] = true;
  if (source != nullptr) identity["data_fingerprint"] = source->fingerprint();
  if (lab.needs_texts) identity["recipe"] = as_json(setup.recipe, o);
  if (setup.from_given) {
    const fs::path folder = pipeline::resolve_model_folder(o.from);
    identity["from_fingerprint"] =
        compress::is_packed(folder) ? pipeline::hash_of_model(o.from, 0) : bert::weights_fingerprint(folder);
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

std::string heading(const LabOptions& o, const Lab& lab, const Setup& setup, std::uint64_t seed) {
  const std::string asked = o.rows.empty() ? "" : fmt::format(" Asked for: --rows '{}'.", engine::printable(o.rows));
  if (!lab.needs_texts) return fmt::format("Seed {}.{}\n", seed, asked);
  return fmt::format("Data {}, seed {}, {}.{}\n",
                     engine::printable(fs::path(pipeline::data_name(o)).filename().string()), seed,
                     as_json(setup.recipe, o).dump(), asked);
}

// Of one process at a time, from what is there by then: the last one leaves the whole.
void write_report(const LabOptions& o, std::uint64_t seed, const Lab& lab, const LabRun& run, const Setup& setup,
                  const std::map<std::string, std::string>& failures, const pipeline::Finish& finish) {
  const fs::path out = o.out;
  const engine::FileLock lock(run.folder.lock_file(".report"), engine::Wait::yes);
  const LabReport report = report_on(lab, run, failures);
  engine::write_file(out / "table.md", report.markdown + "\n" + heading(o, lab, setup, seed));
  engine::Json result{{"lab", lab.name}, {"title", lab.title}, {"rows", report.rows}};
  result.update(report.more);
  std::string written = "table.md, result.json";
  for (const auto& [name, picture] : report.pictures) {
    engine::write_file(out / name, engine::read_file(picture));
    written += ", " + name;
  }
  for (const auto& [name, chart] : report.charts) {
    report::write_chart(chart, out, name);
    written += fmt::format(", {0}.svg, {0}.csv", name);
  }
  if (lab.report == nullptr) {
    std::string problem = "no figure: no row of it is done";
    if (!report.chart.series.empty()) {
      report::write_chart(report.chart, out, "figure");
      problem.clear();
    }
    result.update({{"recipe", as_json(setup.recipe, o)}, {"figure", problem.empty() ? "figure.svg" : problem}});
    written += ", " + (problem.empty() ? "figure.svg, figure.csv" : problem);
  }
  finish(result, report.text + fmt::format("{}: {}\n", o.out, written));
}

}  // namespace

void run_lab(const LabOptions& o, const pipeline::Run& run, const Terminal& terminal, const pipeline::Finish& finish) {
  if (o.lab == kAllLabs) return run_all_labs(o, run, terminal, finish);
  const Lab& lab = find_lab(o.lab);
  if (o.seeds > 1) return run_seeds(lab, o, run, terminal, finish);
  require(o.from.empty() || lab.takes_model, "--from: lab {} trains models of its own", lab.name);
  const pipeline::OutputLock lock(o.out, run.command, engine::Sharing::together);
  const bool has_texts = lab.needs_texts || !o.from.empty();
  require(!has_texts || pipeline::has_data(o), "--data: lab {} needs texts{}; give them as for train", lab.name,
          lab.needs_texts ? "" : " with --from");
  const std::unique_ptr<data::Source> source = has_texts ? pipeline::open_data(o) : nullptr;
  const Setup setup = setup_of(o, lab, source.get());
  if (setup.from_given && lab.needs_texts) check_seed(o, run.seed);
  std::vector<Row> rows = lab.rows(setup);
  if (o.quick) rows = choose_rows(rows, std::string(lab.quick_rows));
  const std::vector<Row> chosen = choose_rows(rows, o.rows);
  const LabFolder folder(o.out, identity_of(o, lab, setup, source.get(), run.seed));
  const LabRun work{.folder = folder,
                    .rows = rows,
                    .chosen = chosen,
                    .values = {{"data", pipeline::data_name(o)},
                               {"seed", std::to_string(run.seed)},
                               {"seed2", std::to_string(run.seed + 1)},
                               {"seed3", std::to_string(run.seed + 2)},
                               {"from", o.from}},
                    .has_parts = !o.train_file.empty(),
                    .reading = pipeline::reading_words(o),
                    .threads = terminal.threads,
                    .jobs = o.jobs,
                    .quiet = terminal.quiet,
                    .run_command = terminal.run_command};
  std::map<std::string, std::string> failures;
  if (!o.report) failures = run_rows(work);
  write_report(o, run.seed, lab, work, setup, failures, finish);
  if (failures.empty()) return;
  const auto& [name, reason] = *failures.begin();
  throw engine::Failure(
      fmt::format("{} of {} rows did not work; the first: {}: {}", failures.size(), chosen.size(), name, reason));
}

}  // namespace ingot::labs
