// Options of training, and what is made from them: tokenizer, corpus, sizes, framing. Shared by every command that
// trains.
#pragma once

#include <memory>
#include <string>

#include "bert/config.h"
#include "bert/tokenizers/token_cache.h"
#include "bert/train/trainer.h"
#include "data/batches.h"
#include "data/source.h"
#include "engine/io/json.h"
#include "pipeline/data.h"
#include "pipeline/run.h"

namespace ingot::pipeline {

// The truncation of the model that training starts from.
inline constexpr const char* kOfModel = "model";

// The truncation of `pretrain` that truncates nothing: a longer text becomes several sequences.
inline constexpr const char* kSplit = "split";

struct TrainingOptions : DataOptions {
  std::string model = "tiny";
  std::string from;
  std::int64_t layers = 0, hidden = 0, heads = 0, ffn = 0;  // 0: as the named model
  std::string sizes_of;                                     // a model whose sizes a new one gets
  std::int64_t positions = 512;
  std::string tokenizer;
  std::string tokenizer_type = "unigram";
  std::int32_t pieces = 0;  // 0: 8000, or what the texts hold
  std::int64_t epochs = 1;
  double learning_rate = 1e-3;
  std::int64_t batch = 32;
  std::int64_t length = 512;          // 0: that of the model it starts from
  std::string truncation = kOfModel;  // train: head-tail
  double warm_up = 0.1;
  std::string schedule = "linear";
  double weight_decay = 0.01;
  double beta2 = 0.98;  // an average over the last 50 steps: short runs have no time for the usual 1,000
  bool lazy_embeddings = false;
  std::int64_t max_steps = 0;   // 0: epochs count
  std::int64_t eval_every = 0;  // steps; 0: after each epoch
  std::int64_t patience = 0;    // evaluations; 0: none
  std::int64_t accumulate = 1;  // batches a step
  std::int64_t shards = 0;      // of a batch; 0: shards_of says how many
  double layer_decay = 1;
  double clip = 1.0;
  double dropout = 0.1;
  std::string precision = "float32";  // precision.h; of train, pretrain and prune
  std::int64_t save_every = 200;
  // When a task is learned. best_by: empty: the first metric of the task.
  std::string best_by, class_weights = "none";
  double label_smoothing = 0;
  // Teachers (distillation.h). unlabelled: data, auto (the unlabelled part of `data`) or none.
  std::string teacher, unlabelled = "auto";
  double teacher_weight = 0.5, temperature = 1;
  double teacher_hidden = 0, teacher_attention = 0;  // weights of bert::Imitation
  bool resume = false;
  bool tensorboard = false;
  std::string out;

  bool has_training() const { return epochs > 0 || max_steps > 0; }
};

// Throws Error for values out of range. Writes nothing; to be called before any work.
void check_options(const TrainingOptions& options);

// Throws Error if `out` holds a model, what another command made, or a run that this command does not resume. To be
// called while its lock is held. `state`: the file in `out` that a resumed run continues from.
void check_unused(const Run& run, const TrainingOptions& options, const char* state = "training.safetensors");

// Makes the folder of the run and writes config.toml, once all else is known to be right. A run that is resumed keeps
// what it has.
void prepare_out(const Run& run, const TrainingOptions& options);

// The tokenizer that the options name: --tokenizer, or the one in --from, or one learned from the data.
std::unique_ptr<bert::Tokenizer> tokenizer_of(const TrainingOptions& options, const data::Source& source,
                                              std::uint64_t seed);

// The tokenizer learned from the data; prints its size.
std::unique_ptr<bert::Tokenizer> learned_tokenizer(const data::Source& source, const bert::TokenizerTraining& options);

// The corpus as tokens. Prints a progress line while texts are tokenized, and the notes of the corpus.
bert::TokenCorpus tokenized(const data::Source& source, const bert::Tokenizer& tokenizer);

// Sizes of a new model, from its name and the options that override it.
bert::Config config_of(const TrainingOptions& options, const bert::Tokenizer& tokenizer);

data::Framing framing_of(const TrainingOptions& options, const bert::Config& config, const bert::Tokenizer& tokenizer);

// How steps are made, how many, and how often the model is validated. Not yet where they leave their state.
// Into how many shards a training of this head cuts a batch.
inline constexpr std::int64_t kUsualShards = 8;
std::int64_t shards_of(const TrainingOptions& options, const bert::Head& head);

bert::TrainerOptions trainer_options(const TrainingOptions& options, std::uint64_t seed);

// `identity`: what shapes the result beside the options, the data and the tokenizer.
bert::TrainerOptions trainer_options(const Run& run, const TrainingOptions& options, const data::Source& source,
                                     const bert::Tokenizer& tokenizer, engine::Json identity = engine::Json::object());

// How many texts, or pairs, do not fit the length.
std::size_t n_truncated(const bert::TokenPart& part, const data::Framing& framing);

// Prints how many texts do not fit the length; to be called once a run.
void note_truncation(const bert::TokenPart& part, const data::Framing& framing, const std::string& what);

}  // namespace ingot::pipeline
