// A trained classifier as the commands that use one load it.
#pragma once

#include <memory>
#include <optional>

#include "bert/tokenizers/tokenizer.h"
#include "bert/train/classification.h"
#include "compress/lower/integer_model.h"
#include "data/batches.h"
#include "pipeline/model_folder.h"

namespace ingot::pipeline {

struct Classifier {
  std::filesystem::path folder;
  CompressedModel compressed;
  std::unique_ptr<bert::Tokenizer> tokenizer;
  data::Framing framing;

  const bert::Model& model() const { return compressed.model; }
  const std::vector<std::string>& labels() const { return model().config.label_names; }
};

// From the folder of a run, a checkpoint or packed codes. A length other than 0 wins over the one it was trained with.
// Throws Error if there is no classifier in it.
Classifier load_classifier(const std::string& where, std::int64_t length);

// A model that answers with a vector for each text, of length 1: as it was trained to, or else, which is said, the mean
// of the last hidden states, as sentence-transformers makes of a BERT.
Classifier load_embedder(const std::string& where, std::int64_t length);

// The classifier in integers.
struct IntegerClassifier {
  compress::IntegerProgram program;
  compress::IntegerModel model;
};

// Throws Error if no layer of the classifier is fixed point.
IntegerClassifier in_integers(Classifier& classifier);

// Logits of the classifier, in integers if there are some. References are kept.
bert::Outputs classify(const std::optional<IntegerClassifier>& integers, const Classifier& classifier);

}  // namespace ingot::pipeline
