// Trains the model of a trial: training reports to the pruner, can be ended by it, and is continued if it was killed.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>

#include "bert/train/classification.h"
#include "engine/io/json.h"
#include "pipeline/fine_tuning.h"
#include "pipeline/model_folder.h"
#include "pipeline/training.h"
#include "search/study.h"

namespace ingot::pipeline {

// What all trials of a search share.
struct TrialTexts {
  const TrainingOptions& options;
  const TrainingTexts& texts;
  data::Framing framing;
  bert::Subset report_texts;  // validation texts that intermediate values are of
  std::uint64_t seed;
  const bert::Teaching* teaching = nullptr;  // what teachers say; null: there are none
};

// n_texts of the validation texts, chosen by the seed; all if there are not more.
bert::Subset texts_of_reports(const bert::Subset& validation, std::int64_t n_texts, std::uint64_t seed);

// The steps that epochs or steps ask for; steps other than 0 win. Epochs hold the texts that are only taught, too.
std::int64_t n_steps(const TrialTexts& trial, std::int64_t epochs, std::int64_t steps);

// How long a trial took, in seconds, as its attribute "seconds". What it took before it was interrupted counts, up to
// its last report.
class TrialClock {
 public:
  explicit TrialClock(search::Trial& trial);  // begins where the attribute ends
  void note();                                // writes the attribute

 private:
  search::Trial& trial_;
  double before_, begin_;
};

// Reports intermediate values to a trial, keeps them in a file for when the trial is run again, and ends the trial if
// the pruner says so.
class Reports {
 public:
  Reports(search::Trial& trial, TrialClock& clock, std::filesystem::path file, std::int64_t every);
  bool is_due(std::int64_t step) const { return every_ > 0 && step > 0 && step % every_ == 0; }
  void add(std::int64_t step, double value);  // throws search::Pruned

 private:
  void report(std::int64_t step, double value);

  search::Trial& trial_;
  TrialClock& clock_;
  std::filesystem::path file_;
  std::int64_t every_;
  engine::Json saved_;
};

struct TrialTraining {
  std::string name;  // for progress
  std::int64_t steps = 0;
  double learning_rate = 0;
  std::filesystem::path folder;  // of the training; its last/ is the trained model
  engine::Json identity;         // of all that shapes the result
  std::int64_t before = 0;       // steps of the trial before this training
};

// Writes what a trial's model is loaded from: weights, compression, tokenizer, and which texts it has seen.
void save_in_trial(const TrialTexts& trial, CompressedModel& model, const std::filesystem::path& folder,
                   bool is_trained = true);

// Trains the model in place as `ingot train` does, and returns its accuracy on the validation texts. Throws
// std::runtime_error where the training diverges, so that the trial fails, and search::Pruned.
double train_in_trial(const TrialTexts& trial, CompressedModel& start, const TrialTraining& training, Reports& reports);

}  // namespace ingot::pipeline
