// From a classifier and labelled texts to a trained, evaluated model on disk: what train, quantize and prune share.
#pragma once

#include <memory>

#include "bert/train/classification.h"
#include "engine/io/json.h"
#include "pipeline/label_map.h"
#include "pipeline/model_folder.h"
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

// Trains as long as the options say; if that is not at all, the model is saved as it is. Then evaluates
// options.out/best on the test part, or on the validation texts where there is none. Returns scores and figures of the
// training for result.json.
engine::Json fine_tune(const FineTuning& f, const bert::Job& job);

// Scores of a model on the test part, or on the validation texts where there is none.
engine::Json scores(const FineTuning& f, const bert::Model& model);

// What the model weighs, layer by layer: sparsity, average_bits, packed_bytes, float_bytes, layers.
void add_footprint(engine::Json& result, CompressedModel& model);

// The key in a result of the head's first metric on the validation texts: validation_accuracy.
std::string validation_key(const bert::Head& head);

// "accuracy 0.9000, F1 0.9000, loss 0.3000": the head's metrics in a result.
std::string metrics_text(const bert::Head& head, const engine::Json& result);

// A line with the scores of such a result, what is said of its classes, and a line that says where the model is.
std::string summary(const bert::Head& head, const engine::Json& result, const TrainingOptions& options);

}  // namespace ingot::pipeline
