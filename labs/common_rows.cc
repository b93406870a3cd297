// Recipes, and the rows that labs have in common.
#include <fmt/format.h>

#include "labs/lab.h"

namespace ingot::labs {

Recipe recipe_for(std::string_view source) {
  if (source != "glosses") return {};
  // Definitions are a dozen words long, and there are 26 kinds of them.
  return {.pieces = 6000,
          .length = 64,
          .batch = 64,
          .epochs = 3,
          .learning_rate = 2e-3,
          .tuning_rates = {6e-4, 2e-4, 2e-3},
          .trial_steps = 200,
          .trial_length = 32,
          .trial_rate = 2e-3,
          .sizes = "--layers 1,2,4 --heads 2,4,8 --hidden 64,128,192 --ffn 128,256,512"};
}

Recipe quick(const Recipe& recipe) {
  Recipe small = recipe;
  small.pieces = 2000;
  small.length = 32;
  small.batch = 64;
  small.epochs = 1;
  small.tuning_rates = {recipe.tuning_rates[0]};
  small.trial_steps = 40;
  small.trial_length = 16;
  small.trial_rate = small.learning_rate;
  small.trials = small.architectures = 3;
  small.sizes = "--layers 1,2 --heads 2,4 --hidden 32,64 --ffn 64,128";
  small.model = "--layers 1 --hidden 64 --heads 2 --ffn 128";
  small.max_steps = 1000;
  small.tuning_steps = 200;
  return small;
}

std::string bounded(std::int64_t max_steps) { return max_steps > 0 ? fmt::format(" --max-steps {}", max_steps) : ""; }

std::string nas(const Setup& setup) {
  const Recipe& r = setup.recipe;
  // Head and tail: what a review ends with says most.
  const std::string steps = r.trial_steps > 0 ? fmt::format("--steps {}", r.trial_steps) : "--epochs 1";
  return fmt::format(
             "search nas {}{}{} --length {} --truncation head-tail --batch {} --lr {} --precision {} --pieces {} "
             "--save-every 50 --trials {}",
             r.sizes, r.sizes.empty() ? "" : " ", steps, r.trial_length, r.batch, r.trial_rate, r.trial_precision,
             r.pieces, r.architectures) +
         " --data {data} --out {here} --seed {seed}";
}

std::string full_training(const Setup& setup, const std::string& row, const std::string& seed) {
  const Recipe& r = setup.recipe;
  return "train --sizes-of {" + row + "}" +
         fmt::format(" --pieces {} --length {} --batch {} --epochs {}", r.pieces, r.length, r.batch, r.epochs) +
         bounded(r.max_steps) + " --data {data} --out {here} --seed " + seed;
}

void add_full_trainings(std::vector<Row>& rows, const Setup& setup, const std::string& row, const std::string& title) {
  const double rate = setup.recipe.learning_rate;
  for (const double each : {rate, rate / 2, rate / 4, rate / 8}) {
    const std::string value = fmt::format("{}", each);
    rows.push_back({.name = "full-" + value,
                    .title = title + ", rate " + value,
                    .commands = {full_training(setup, row) + " --lr " + value},
                    .choice = "full",
                    .value = value});
  }
}

Row float_row(const Setup& setup) {
  const Recipe& r = setup.recipe;
  const std::string train = fmt::format("train {} --pieces {} --length {} --batch {} --epochs {} --lr {}", r.model,
                                        r.pieces, r.length, r.batch, r.epochs, r.learning_rate) +
                            bounded(r.max_steps);
  return {.name = "float",
          .title = "float32",
          .commands = {setup.from_given ? "eval {from} --data {data} --out {here}"
                                        : train + " --data {data} --seed {seed} --out {here}"},
          .is_given = setup.from_given,
          .series = "float32"};
}

Row ngram_row(const Setup& setup) {
  const std::string few = setup.is_quick ? "--ngrams 1 --buckets 18 " : "";
  return {.name = "n-grams",
          .title = "n-grams and a regression, no BERT",
          .commands = {"baseline " + few + "--data {data} --seed {seed} --out {here}"},
          .series = "n-grams"};
}

namespace {

engine::Json with_comparison(std::span<const engine::Json> results) {
  engine::Json all = results.front();
  const engine::Json& eval = results.back();
  // Of inference: what the first command says may be the speed of training, and imitated formats are slow.
  const engine::Json& inference = eval.contains("integer") ? eval : results.front();
  if (inference["command"] == "eval") all["inference_tokens_per_second"] = inference["tokens_per_second"];
  all["output_noise"] = eval["against"]["output_noise"];
  if (eval["against"].contains("answers"))
    all["flips"] = eval["against"]["different_answers"].get<double>() / eval["against"]["answers"].get<double>();
  return all;
}

}  // namespace

void compare_with(Row& row, const std::string& other, const std::string& arithmetic, const std::string& model) {
  row.commands.push_back("eval " + model + " --data {data} " + arithmetic + (arithmetic.empty() ? "" : " ") +
                         "--against " + other);
  row.assemble = with_comparison;
}

std::string tuning(const Setup& setup, const std::string& rate) {
  return fmt::format(" --lr {} --length {} --batch {}", rate, setup.recipe.length, setup.recipe.batch) +
         bounded(setup.recipe.tuning_steps) + " --data {data} --seed {seed} --out {here}";
}

std::vector<Row> control_rows(const Setup& setup, const std::string& from, const std::string& title) {
  std::vector<Row> rows;
  for (const double rate : setup.recipe.tuning_rates) {
    const std::string value = fmt::format("{}", rate);
    rows.push_back({.name = "control-" + value,
                    .title = fmt::format("{}, 1 epoch more at {}", title, value),
                    .commands = {"train --from " + from + " --epochs 1" + tuning(setup, value)},
                    .series = title + ", 1 epoch more",
                    .choice = "control",
                    .value = value});
  }
  return rows;
}

}  // namespace ingot::labs
