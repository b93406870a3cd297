// Lab 3.1: a width and a fraction width for each layer.
//
// The question: which layers need many bits? MASE's search optimises accuracy alone, so nothing keeps it from the
// widest format; it is repeated as "published". Here a search also has to pay for bits: as a second objective, which
// gives a front, or as a bound of fewer than 3 bits a parameter on average.
//
// A trial is calibrated but not trained, which makes it cheap enough for many trials. It misses what training could win
// back, so the best plan below 3 bits is trained for an epoch afterwards.
#include <fmt/format.h>

#include "labs/front.h"
#include "labs/lab.h"

namespace ingot::labs {
namespace {

std::string mixed(const Setup& setup, const std::string& more, const std::string& seed = "{seed}") {
  return fmt::format("search mixed {{float}} --length {} --batch {} {}", setup.recipe.length, setup.recipe.batch,
                     more) +
         " --data {data} --out {here} --seed " + seed;
}

// MASE's space: fixed fraction widths, and no word about cost.
void add_published(std::vector<Row>& rows, const Setup& setup) {
  const std::string words =
      fmt::format("--widths 8,16,32 --fracs 2,4,8 --trials {} --sampler ", 3 * setup.recipe.trials);
  for (const auto& [name, title, options] :
       {std::tuple{"random", "random", "random"}, std::tuple{"tpe", "TPE", "tpe --candidates 100"}}) {
    rows.push_back({.name = std::string("published-") + name,
                    .title = std::string("{8,16,32} bits, fractions {2,4,8}, ") + title,
                    .commands = {mixed(setup, words + options)},
                    .is_shared = true,
                    .series = std::string("as published, ") + title});
  }
}

void add_below_three(std::vector<Row>& rows, const Setup& setup) {
  const std::string budget =
      fmt::format("--embeddings --max-bits 2.99 --inputs fixed(8,calibrated) --candidates 100 --trials {}",
                  6 * setup.recipe.trials);
  rows.push_back({.name = "below-3",
                  .title = "whole model below 3 bits, PTQ",
                  .commands = {mixed(setup, budget)},
                  .is_shared = true,
                  .series = "whole model below 3 bits",
                  .asked = {{.below_bits = 3}}});
  for (const double rate : setup.recipe.tuning_rates) {
    const std::string value = fmt::format("{}", rate);
    Row tuned{.name = "below-3-qat-" + value,
              .title = "the same plan, QAT at " + value,
              .commands = {"quantize {float} --plan {below-3}/plan.toml --qat-epochs 1" + tuning(setup, value)},
              .choice = "below-3-tuned",
              .value = value};
    compare_with(tuned, "{float}");
    rows.push_back(std::move(tuned));
  }
  rows.push_back(
      {.name = "below-3-qat",
       .title = "whole model below 3 bits, QAT",
       .commands = {"eval {below-3-tuned} --data {data} --out {here}", "export {below-3-tuned} {here}/packed --packed"},
       .asked = {{.accuracy = -0.004, .than = "float"}}});
}

}  // namespace

std::vector<Row> rows_3_1(const Setup& setup) {
  std::vector<Row> rows{float_row(setup), ngram_row(setup)};
  for (Row& control : control_rows(setup, "{float}", "float32")) {
    compare_with(control, "{float}");
    rows.push_back(std::move(control));
  }
  add_published(rows, setup);
  for (const int bits : {2, 3, 4, 6, 8}) {
    Row uniform{.name = kUniformRow + std::to_string(bits),
                .title = fmt::format("whole model, {} bits everywhere", bits),
                .commands = {fmt::format("quantize {{float}} --width {} --embeddings --length {} --batch {}", bits,
                                         setup.recipe.length, setup.recipe.batch) +
                             " --data {data} --seed {seed} --out {here}"}};
    compare_with(uniform, "{float}");
    rows.push_back(std::move(uniform));
  }
  rows.push_back({.name = kFrontRow,
                  .title = "whole model, {2,3,4,6,8} bits, accuracy and bits",
                  .commands = {mixed(setup, fmt::format("--embeddings --objectives accuracy,bits --trials {}",
                                                        10 * setup.recipe.trials))},
                  .is_shared = true,
                  .series = "accuracy and bits"});
  rows.push_back(
      {.name = kHardwareRow,
       .title = "Linears with {2,3,4,6,8} bits, accuracy and logic",
       .commands = {mixed(setup, fmt::format("--objectives accuracy,hardware --trials {}", 10 * setup.recipe.trials))},
       .is_shared = true,
       .series = "accuracy and logic"});
  rows.push_back({.name = kIntegersRow,
                  .title = "whole model in integers, weights {2,3,4,6,8} bits, edges {4,6,8}, accuracy and bytes",
                  .commands = {mixed(setup, fmt::format("--integer-only --objectives accuracy,bytes --trials {}",
                                                        10 * setup.recipe.trials))},
                  .is_shared = true,
                  .series = "integers, accuracy and bytes"});
  add_below_three(rows, setup);
  return rows;
}

std::vector<std::string> notes_3_1() {
  return {
      "As published: MASE's space for the 14 Linears, biases and inputs in the same format as weights, accuracy alone: "
      "without a word about cost float32 would be the optimum. Its embeddings stay float32.",
      "Front: widths from 2 to 8 with calibrated fractions, embedding tables searched too; accuracy on validation "
      "texts and average bits over all parameters. front.svg draws every trial beside models with one width everywhere "
      "and the float model; rows/front/plans holds the plans of its front.",
      "Logic: four-input tables (LUT) of an iCE40 for all 14 Linears, four inputs at a time, by the cost model of the "
      "RTL, multipliers too (front-hardware.svg). Embeddings stay float32 there.",
      "Whole model in integers: every edge has a width too, embeddings to answer, of what residual sums add "
      "up {10,12,16} bits, of scores {8,10,12}, of exponentials {8,12,16}.",
      "Below 3 bits: plans that need more are known and left out before anything is paid for them; the search begins "
      "with 2 bits everywhere; inputs have 8 bits. The best plan is then trained with for an epoch: `ingot quantize "
      "--plan`.",
      "A trial is calibrated, not trained: fraction bits and quantised weights are made once for all trials. "
      "Validation texts choose; test texts only report. Flips: test texts whose label is not the float model's.",
  };
}

}  // namespace ingot::labs
