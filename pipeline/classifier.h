// A trained classifier as the commands that use one load it.
#pragma once

#include <memory>
#include <optional>

#include "bert/tokenizers/tokenizer.h"
#include "bert/train/classification.h"
#include "compress/lower/integer_model.h"
#include "compress/lower/whole_model.h"
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

// What of a classifier is computed in integers.
enum class Arithmetic {
  floats,    // nothing
  linears,   // its fixed-point Linears
  integers,  // everything, from token ids to the head's outputs
};

struct ArithmeticOptions {
  bool integer = false, integer_only = false;
  std::string precision = "float32";  // precision.h
};
// What --integer and --integer-only ask for. Throws Error for both, and for one of them beside a precision.
Arithmetic arithmetic_of(const ArithmeticOptions& options);

// Sets what options.precision says. Throws Error as set_precision does.
void set_precision(Classifier& classifier, const ArithmeticOptions& options);

// The classifier in integers: its Linears, or all of it.
struct IntegerClassifier {
  compress::IntegerProgram program;
  std::optional<compress::IntegerModel> linears;
  std::optional<compress::WholeModel> whole;
};

// None for floats. Throws Error if the classifier has no such integers.
std::optional<IntegerClassifier> in_integers(Classifier& classifier, Arithmetic arithmetic);

// The outputs of a model in integers alone. References are kept.
bert::Outputs outputs_of(const bert::Config& config, compress::WholeModel& whole);

// Logits of the classifier, in integers if there are some. References are kept.
bert::Outputs classify(std::optional<IntegerClassifier>& integers, const Classifier& classifier);

}  // namespace ingot::pipeline
