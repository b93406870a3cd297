// What stands on the encoder and answers the task: a row for each head, which the rest of ingot asks instead of asking
// which task a model has. A head is a file in bert/heads/ and a line of its list.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bert/answer.h"
#include "bert/evaluation.h"
#include "bert/model.h"
#include "bert/structure.h"
#include "data/source.h"
#include "engine/io/json.h"

namespace ingot::bert {

enum class PoolerUse { never, always, optional };  // optional: checkpoints of the class come with and without

// What the outputs of a batch should have been.
struct Targets {
  std::span<const std::int32_t> labels = {};  // of each row of the outputs; below 0: the row does not count
  std::span<const float> numbers = {};        // of each element of the outputs
  std::span<const float> class_weights = {};  // of the loss, by label; empty: all the same
  double label_smoothing = 0;                 // of the loss of a head with smooths_labels
  std::span<const std::uint64_t> texts = {};  // [n + 1] border of the rows of each text; empty: a row each
};

// What a teacher says of a batch, and how much that counts.
struct Lesson {
  std::span<const float> outputs = {};  // the teacher's, of each element of the outputs
  double weight = 0.5;     // of the teacher where the text has an answer too; else the teacher alone counts
  double temperature = 1;  // of both softmaxes (Hinton, Vinyals, Dean 2015); of heads with a softmax
};

// A setting of config.json without which the tensors would make another model.
struct FixedSetting {
  const char* key;
  const char* only;  // the value that is supported, as JSON
};

// A tensor that some checkpoints hold beside the parameter that it must equal.
struct Copy {
  const char* copy;
  const char* original;
};

struct Head {
  // Hugging Face's classes; a checkpoint is written as the first.
  std::span<const char* const> architectures;
  // For heads that share a class: whether this config.json means this head. Null: always.
  bool (*claims)(const engine::Json& config_json) = nullptr;

  // What --task calls it, and what it learns from; a head without a word is not trained by `train`.
  std::string_view task = {};
  data::Answers answers = data::Answers::none;
  bool pairs_apart = false;  // data::Framing::pairs_apart: each text of a pair has outputs of its own

  PoolerUse pooler = PoolerUse::never;
  bool is_bare = false;               // the encoder alone: tensor names of its class have no "bert." in front
  std::int64_t n_default_labels = 0;  // number of labels if config.json names none; 0: no labels
  std::span<const FixedSetting> settings = {};
  std::span<const Copy> copies = {};

  // Both throw Error, naming `subject`, for what the head does not support. check_settings looks at config.json, once
  // its labels are known; check looks at any Config.
  void (*check_settings)(const std::string& subject, const engine::Json& config_json, const Config& config) = nullptr;
  void (*check)(const std::string& subject, const Config& config) = nullptr;
  // Adds what `claims` and check_settings look for to the config.json that is written.
  void (*write_settings)(const Config& config, engine::Json& config_json) = nullptr;

  // The head's own layers, in the order of the checkpoint; they live in Model::head. Null: it has none.
  std::vector<Part> (*parts)(const Config& config) = nullptr;

  // What a row of the outputs belongs to: a text, a token, or nothing if the head has no outputs. n_outputs: the
  // numbers in a row.
  enum class Rows { none, texts, tokens };
  Rows rows = Rows::none;
  std::int64_t (*n_outputs)(const Config& config) = nullptr;
  // Computes the outputs [rows, n_outputs] from the last hidden states [n_tokens, hidden].
  engine::Variable (*outputs)(const Model& model, const engine::Variable& hidden, const Input& input,
                              engine::DropoutStreams& streams) = nullptr;
  // Mean loss [1] of the outputs.
  engine::Variable (*loss)(const engine::Variable& outputs, const Targets& targets) = nullptr;
  bool smooths_labels = false;  // whether the loss heeds Targets::label_smoothing
  bool compares_texts = false;  // whether a text's part of the loss depends on the other texts of its batch

  // Mean loss [1] of a batch with a teacher: for each text (1 - weight) of its own loss and `weight` of the loss
  // against what the teacher predicts. `answered`: whether each text has an answer. Null: the head has no teachers.
  engine::Variable (*lesson)(const engine::Variable& outputs, const Targets& targets, const Lesson& lesson,
                             std::span<const std::uint8_t> answered) = nullptr;

  // The predictions that the outputs mean, in the same shape: probabilities.
  engine::Variable (*predictions)(const engine::Variable& outputs) = nullptr;
  // What the predictions for a text say, and the same as columns of a table: the names are those of every text. Null: a
  // head that has no words for it.
  Answer (*describe)(const Prediction& prediction, const Detail& detail) = nullptr;
  std::vector<AnswerColumn> (*columns)(const Prediction& prediction, const Detail& detail) = nullptr;
  bool ranks_labels = false;  // whether Detail::top_k and Detail::probabilities mean something

  // Fills in the scores of the predictions [rows, n_outputs].
  void (*measure)(const Config& config, std::span<const float> predictions, const Targets& targets,
                  Evaluation& evaluation) = nullptr;
  // The metrics by which the best model can be chosen; the first is the default.
  std::span<const Metric> metrics = {};
};

// All heads. Add one in heads/list.cc.
std::span<const Head* const> heads();

// The class under which a model with this head is saved.
std::string_view architecture(const Head& head);

// Every class that some head reads, once, in the order of the list.
std::vector<std::string_view> architectures();

// The head of this Hugging Face class and config.json; null if there is none.
const Head* find_head(std::string_view architecture, const engine::Json& config_json);

// The head that --task calls so. Throws Error that lists the tasks if there is none.
const Head& head_for_task(std::string_view task);

// The head of a model that learns such answers.
const Head& head_for(data::Answers answers);

// The metric of that name. Throws Error, as an option --best-by would, that lists the head's if there is none.
const Metric& metric_from_name(const Head& head, std::string_view name);

}  // namespace ingot::bert
