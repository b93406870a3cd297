// Teachers: models, or n-grams, whose outputs a student learns beside the labels, and on texts that have none.
//
// What teachers say is computed once for all texts and kept in the cache by content (teachers, texts, seed). A teacher
// may be any model that has learned the same labels, with a tokenizer of its own. `ngrams` is built in: it says of a
// training text what a model says that never saw it (pipeline/ngrams/teacher.h).
//
// Hidden states and attention are too large to keep: a teacher of these (bert/train/imitation.h) is run in each step.
// It must be one model with the tokenizer of the student; its task does not matter where its outputs do not teach.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bert/train/classification.h"
#include "pipeline/fine_tuning.h"

namespace ingot::pipeline {

// One of --teacher DIR[=WEIGHT],ngrams[=WEIGHT]: the outputs of all are added, each times its weight.
struct Teacher {
  std::string name;  // folder, or ngrams
  double weight = 1;
};

// Throws Error for a weight that is no number above 0, and if only some have one. Without weights each has the same
// share of 1.
std::vector<Teacher> parse_teachers(const std::string& text);

// Throws Error for options out of range, and for those that are about teachers where there is none.
void check_distillation_options(const TrainingOptions& options);

// Throws Error unless the teacher of hidden states and attention, if the options ask for one, has this tokenizer.
void check_imitated_tokenizer(const TrainingOptions& options, const bert::Tokenizer& student);

// What is learned from teachers, and the texts behind it. It must not be moved while a job refers to it.
struct Distillation {
  std::optional<CompressedModel> imitated;  // the teacher of hidden states and attention
  std::unique_ptr<data::Source> source;     // of texts without labels, if --unlabelled names some
  std::optional<bert::TokenCorpus> corpus;
  bert::Teaching teaching;
};

// What a training that it teaches is told apart by: "taught", a hash of the outputs, and "imitated".
engine::Json identity_of(const bert::Teaching& teaching);

// Null without --teacher. Reads the texts without labels (those of the data, unless --unlabelled says otherwise) and
// asks the teachers. Throws Error for a teacher that is no model of the same task and labels where its outputs teach,
// and for one of hidden states and attention that cannot read what the student reads, framed so.
std::unique_ptr<Distillation> distillation_of(const TrainingOptions& options, const bert::Config& student,
                                              const TrainingTexts& texts, const data::Framing& framing,
                                              std::uint64_t seed);

}  // namespace ingot::pipeline
