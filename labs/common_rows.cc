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
          .sizes = "--layers 1,2,4 --heads 2,4,8 --hidden 64,128,192 --ffn 128,256,512"};
}

std::string nas(const Setup& setup, const std::string& seed) {
  const Recipe& r = setup.recipe;
  // Head and tail: what a review ends with says most.
  return fmt::format(
             "search nas {}{}--steps {} --length {} --truncation head-tail --batch {} --lr {} --pieces {} --save-every "
             "50 --trials {}",
             r.sizes, r.sizes.empty() ? "" : " ", r.trial_steps, r.trial_length, r.batch, r.learning_rate, r.pieces,
             r.trials) +
         " --data {data} --out {here} --seed " + seed;
}

std::string full_training(const Setup& setup, const std::string& row) {
  const Recipe& r = setup.recipe;
  return "train --sizes-of {" + row + "}" +
         fmt::format(" --pieces {} --length {} --batch {} --epochs {}", r.pieces, r.length, r.batch, r.epochs) +
         " --data {data} --seed {seed} --out {here}";
}

Row float_row(const Setup& setup) {
  const Recipe& r = setup.recipe;
  const std::string train = fmt::format("train --model tiny --pieces {} --length {} --batch {} --epochs {} --lr {}",
                                        r.pieces, r.length, r.batch, r.epochs, r.learning_rate);
  return {.name = "float",
          .title = "float32",
          .commands = {setup.from_given ? "eval {from} --data {data} --out {here}"
                                        : train + " --data {data} --seed {seed} --out {here}"},
          .is_given = setup.from_given,
          .series = "float32"};
}

std::string tuning(const Setup& setup, const std::string& rate) {
  return fmt::format(" --lr {} --length {} --batch {}", rate, setup.recipe.length, setup.recipe.batch) +
         " --data {data} --seed {seed} --out {here}";
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
