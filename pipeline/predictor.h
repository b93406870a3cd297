// A model that answers texts, many at a time, each with its own fault if it has one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bert/answer.h"
#include "data/source.h"
#include "pipeline/classifier.h"

namespace ingot::pipeline {

// The predictions for one text.
struct Predicted {
  std::string fault;               // why there are none; empty: there are
  std::vector<float> values;       // bert::Prediction, as are the others
  std::vector<std::string> words;  // of a model that answers words
  std::vector<std::size_t> row_words;
};

class Predictor {
 public:
  // Throws Error if the model cannot compute so. `batch`: texts at a time.
  Predictor(Classifier model, const ArithmeticOptions& arithmetic, std::int64_t batch);
  Predictor(const Predictor&) = delete;
  Predictor& operator=(const Predictor&) = delete;

  const Classifier& model() const { return model_; }
  const bert::Config& config() const { return model_.model().config; }
  const bert::Head& head() const { return *config().head; }

  // A text to ask about: words apart by blanks, where words are answered; `is_pair`: two texts with a tab between,
  // which throws Error for anything else.
  data::Example question(std::string text, bool is_pair) const;
  // The same of a row of a table. `word_ends`: where words end, if they are known.
  data::Example question(std::string text, std::string second, const std::vector<std::uint32_t>& word_ends) const;

  // Predictions of the texts in their order.
  std::vector<Predicted> predict(const std::vector<data::Example>& texts);

  // What bert::Head::describe and columns take. Keeps references.
  bert::Prediction as_prediction(const Predicted& predicted) const;

  // Says how much of all texts so far was beyond the length.
  void say_truncation() const;

 private:
  Classifier model_;
  std::optional<IntegerClassifier> integers_;
  std::int64_t batch_;
  std::size_t n_texts_ = 0, n_long_ = 0, n_unseen_words_ = 0;
};

}  // namespace ingot::pipeline
