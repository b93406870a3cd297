// From a classifier and labelled texts to a trained, evaluated model on disk: what train, quantize and prune share.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "bert/train/classification.h"
#include "pipeline/label_map.h"
#include "pipeline/model_folder.h"
#include "pipeline/scores.h"
#include "pipeline/training.h"

namespace ingot::pipeline {

// Labelled texts as tokens, cut into those to train on and those to choose by.
struct TrainingTexts {
  std::unique_ptr<data::Source> source;
  std::unique_ptr<bert::Tokenizer> tokenizer;
  bert::TokenCorpus corpus;
  bert::Subset training, validation;       // of corpus.train; validation of its own part if there is one
  std::vector<RenumberedPart> renumbered;  // what the parts point to once match_labels changed them

  bool has_test() const { return corpus.test.size() > 0; }
};

// Throws Error for other words than those of --best-by and --class-weights, for what the head cannot do with them, and
// where nothing is trained that they could be about. `head`: null where the data will say it.
void check_fine_tuning_options(const TrainingOptions& options, const bert::Head* head);

// Throws Error unless the corpus answers what the head learns.
void check_answers(const data::CorpusFacts& corpus, const bert::Head& head, const std::string& source);

// Reads what the options name, and cuts it as training_split does.
std::unique_ptr<TrainingTexts> training_texts(const TrainingOptions& options, std::int64_t n_validation,
                                              std::uint64_t seed);
// The same, read as what the head learns. Throws Error if they do not answer that.
std::unique_ptr<TrainingTexts> training_texts(const TrainingOptions& options, const bert::Head& head,
                                              std::int64_t n_validation, std::uint64_t seed);

// The model options.from with its compression, and if it is trained with dropout as the options say. Throws Error if it
// has no task.
CompressedModel starting_classifier(const TrainingOptions& options);

// Gives the texts the model's labels, by map_labels. Throws Error if they are not among them.
void match_labels(const bert::Config& config, TrainingTexts& texts);

struct FineTuning {
  const Run& run;
  const TrainingOptions& options;
  const TrainingTexts& texts;
  data::Framing framing;
  bert::Model& model;
  compress::Compression& compression;        // attached to the model; saved beside it
  const bert::Teaching* teaching = nullptr;  // what teachers say; null: there are none
};

// The job of training the model, weighted and judged as the options say. It keeps references to what `f` names.
bert::Job fine_tuning_job(const FineTuning& f);

// What a training took.
struct TrainingFigures {
  std::int64_t best_step = 0, n_steps = 0;
  std::optional<bool> stopped_early;  // none: it had no patience to lose
  double seconds = 0, tokens_per_second = 0;
};

struct FineTuned {
  ModelScores best;
  TrainingFigures training;
};

// Trains as long as the options say; if that is not at all, the model is saved as it is. Then evaluates
// options.out/best on the test part, or on the validation texts where there is none.
FineTuned fine_tune(const FineTuning& f, const bert::Job& job);

// What as_json of ModelScores says; best_step, steps, stopped_early, training_seconds and tokens_per_second.
engine::Json as_json(const FineTuned& result);

// Scores of a model on the test part, or on the validation texts where there is none.
Scores scores(const FineTuning& f, CompressedModel& model);

}  // namespace ingot::pipeline
