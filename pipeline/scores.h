// What is measured of a trained model: as structs, as members of result.json, and for a terminal.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "bert/head.h"
#include "compress/packed/footprint.h"
#include "data/source.h"
#include "engine/io/saved.h"
#include "report/class_report.h"

namespace ingot::pipeline {

struct Score {
  const bert::Metric* metric;
  double value;
};

// Of a model on a part of the data.
struct Scores {
  std::int64_t n_texts = 0;
  std::string part;             // test, validation, ...
  std::vector<Score> measured;  // by all metrics of the head
  report::ClassReport classes;
};

// Of the best model that a command saved.
struct ModelScores {
  Scores scores;
  double validation = 0;  // the head's first metric on the validation texts
  std::vector<std::string> labels;
  compress::Footprint footprint;
  std::string data_fingerprint{};  // data_fingerprint() of what it was trained and measured on; empty: not known
};

// Of the content of the data, 16 hexadecimal digits: who does not have the data cannot name it.
std::string data_fingerprint(const data::Source& source);

Scores scores_of(const bert::Evaluation& evaluation, const std::string& part, const bert::Head& head,
                 const std::vector<std::string>& labels);

// examples, evaluated_on, each metric by its name, and what class_report.h says.
engine::Json as_json(const Scores& scores);

// The same, and validation_METRIC of the first metric, labels, sparsity, average_bits, packed_bytes, float_bytes and
// layers. Nothing is read of a result that lacks one of them.
engine::Json as_json(const ModelScores& scores);
std::optional<ModelScores> model_scores_from_json(const engine::Saved& result, const bert::Head& head);

// "accuracy 0.9000, F1 0.9000, loss 0.3000"
std::string to_text(const std::vector<Score>& measured);

// A line with the scores, what is said of classes, and a line that says that the model is in OUT/best.
std::string summary(const ModelScores& scores, const std::string& out);

}  // namespace ingot::pipeline
