// Recipes: settings of `train` that were measured to go well together, by name.
#pragma once

#include <span>
#include <string>

#include "pipeline/train.h"

namespace ingot::pipeline {

struct Recipe {
  const char* name;
  const char* summary;
  std::int64_t pretraining_epochs;  // of masked language modelling before the task; 0: none
  std::int64_t epochs;
  double learning_rate;
};

// fast, good, best. All learn from the built-in teacher too, where it can teach the task.
std::span<const Recipe> recipes();

// The options with what the recipe says where the user says nothing (`given`: options as "--epochs"). Throws Error for
// an unknown recipe, and for one that pretrains beside --from.
TrainOptions with_recipe(const TrainOptions& options, const std::set<std::string>& given);

// Pretrains for the recipe in options.out/pretrained, unless that is done, and returns options that begin with its
// model. Returns the options as they are if the recipe does not pretrain.
TrainOptions pretrained(const TrainOptions& options, const Run& run);

}  // namespace ingot::pipeline
