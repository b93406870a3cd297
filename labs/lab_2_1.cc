// Lab 2.1: architecture search by grid, at random, and by TPE.
//
// The question: which sampler finds the better architecture with the same number of trials? One search says little,
// since luck decides much of it, so every sampler searches with three seeds.
//
// Training each trial in full would cost too much, so a trial trains for few steps on short texts. That ranks
// architectures but does not measure them: the best one of each sampler is then trained from nothing at full length,
// at two learning rates of which validation chooses, since large models need smaller steps.
#include <fmt/format.h>

#include "labs/lab.h"

namespace ingot::labs {
namespace {

// MASE's best accuracies after ten trials.
struct Sampler {
  const char *name, *title, *options;
  double published;
};
constexpr Sampler kSamplers[] = {
    {"grid", "grid", "--sampler grid", .827},
    {"random", "random", "--sampler random", .837},
    {"tpe", "TPE", "--sampler tpe --group --startup 4", .838},
};

void add_full(std::vector<Row>& rows, const Setup& setup, const Sampler& sampler) {
  const std::string name = sampler.name, choice = name + "-full";
  // Large models need smaller steps than the tiny one: validation chooses.
  for (const double rate : {setup.recipe.learning_rate, setup.recipe.learning_rate / 2}) {
    const std::string value = fmt::format("{}", rate);
    rows.push_back({.name = choice + "-" + value,
                    .title = std::string(sampler.title) + ", its best at full length, rate " + value,
                    .commands = {full_training(setup, name) + " --lr " + value},
                    .choice = choice,
                    .value = value});
  }
  Row chosen{.name = name + "-best",
             .title = std::string(sampler.title) + ", its best at full length",
             .commands = {"eval {" + choice + "} --data {data} --out {here}"}};
  if (name == "tpe") chosen.asked = {{.accuracy = 0.872}};
  rows.push_back(std::move(chosen));
}

}  // namespace

std::vector<Row> rows_2_1(const Setup& setup) {
  std::vector<Row> rows{ngram_row(setup)};
  for (const std::string seed : {"", "2", "3"}) {
    for (const Sampler& sampler : kSamplers) {
      rows.push_back({.name = sampler.name + (seed.empty() ? "" : "-seed-" + seed),
                      .title = sampler.title + (seed.empty() ? "" : ", seed " + seed + " of 3"),
                      .commands = {nas(setup, "{seed" + seed + "}") + " " + sampler.options},
                      .is_shared = true,
                      .series = sampler.title + (seed.empty() ? std::string(", first seed") : ", seed " + seed),
                      .reference = seed.empty() ? std::optional(sampler.published) : std::nullopt});
    }
  }
  for (const Sampler& sampler : kSamplers) add_full(rows, setup, sampler);
  return rows;
}

std::vector<std::string> notes_2_1() {
  return {
      "Reference: MASE's best accuracy after ten trials of an epoch each. There the axes of layers and heads change "
      "nothing, so that its searches know 25 models, and test texts choose.",
      "Here all four sizes, and for each query, key, value and output of attention whether it is a Linear or left out, "
      "shape the model. Distinct: how many different ones were trained. A configuration that is known is not paid for "
      "again.",
      "Every trial trains from nothing for the same number of steps, on short texts: trial-steps and trial-length "
      "below. Validation texts choose; test texts only report, of the best trial as it was trained in the search.",
      "Best at full length: the architecture that the search found, trained from nothing as the float model of the "
      "other labs is; of two learning rates validation chooses.",
      "The grid knows one choice for query, key, value and output in all layers: every one by itself are more "
      "combinations than can be listed. TPE draws its first four trials at random, and models what occurs together.",
  };
}

}  // namespace ingot::labs
