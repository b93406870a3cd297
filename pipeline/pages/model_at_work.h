// What the models of run folders do with texts, computed once for the panels that show it.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "engine/tensor/tensor.h"
#include "pipeline/classifier.h"
#include "pipeline/data.h"
#include "pipeline/pages/run_folder.h"

namespace ingot::pipeline {

struct PageOptions {
  std::string texts;              // as --data; empty: the data that a run's config.toml names
  std::vector<std::string> look;  // texts to look into; empty: the worst one
};

// A text whose answer is known, and what the model says.
struct JudgedText {
  data::Example example;
  std::size_t number = 0;  // of its part, from 0 on
  double loss = 0;
  std::string truth, prediction;
  std::string probabilities;  // of the likeliest labels
};

// The texts of the data that the model did worst on.
struct JudgedTexts {
  std::string of;                      // which texts were read, in words; empty: none
  std::string measure;                 // what JudgedText::loss is
  std::vector<JudgedText> worst;       // by loss
  std::vector<JudgedText> surprising;  // wrong, by how certain the model was; of heads with one label
};

struct WordShare {
  std::string word;
  double share = 0;  // bert::Inspection::shares, of all its pieces
};

struct AttentionMap {
  std::size_t layer = 0, head = 0;  // from 0 on
  engine::Tensor probabilities;     // [n_tokens, n_tokens]
};

// A look into the model at one text.
struct InspectedText {
  std::string text, prediction, truth;  // truth: empty where it is not known
  std::string explained;                // the output that the shares are of
  std::vector<WordShare> words;
  std::vector<std::string> tokens;
  std::vector<AttentionMap> maps;  // those that are drawn
  std::string not_drawn;           // the layers and heads that are not, in words
  bool is_truncated = false;
};

// What an operation of a model in integers gave for some texts.
struct EdgeUse {
  std::string node, operation, format;
  int width = 0;
  bool is_signed = true;
  std::int32_t largest = 0;                // of the codes from 0 on, and of those below by one more: -c - 1
  std::int64_t n_codes = 0, n_at_end = 0;  // of the range
};

struct ModelAtWork {
  std::string name;                // of the run
  std::vector<std::string> notes;  // what cannot be shown, and why
  JudgedTexts judged;
  std::vector<InspectedText> inspected;
  std::vector<EdgeUse> edges{};  // of a model in integers alone, in the order in which it computes
};

// Of each folder that holds a model. Texts that config.toml names and that cannot be read are a note; throws Error for
// options that cannot be followed, and if there are some while no folder holds a model.
std::vector<ModelAtWork> models_at_work(std::span<const RunFolder> folders, const PageOptions& options);

// The model on at most 2,000 texts, evenly chosen, of the test part, or else of the validation part, or else of those
// that were held out, or else of all. Throws Error if the data cannot be opened or does not answer what the model
// learned.
JudgedTexts judged_texts(const Classifier& classifier, const DataOptions& data);

// A look into the model at one text.
InspectedText inspected_text(const Classifier& classifier, const data::Example& example);

// A text as the model reads it.
bert::Input input_of(const Classifier& classifier, const data::Example& example, bool& is_truncated);

// What each operation gives for the texts; empty if the model is not in integers alone.
std::vector<EdgeUse> edge_uses(const Classifier& classifier, std::span<const data::Example> examples);

// The predictions for a text in a line: labels with probabilities, or numbers.
std::string prediction_line(const bert::Config& config, std::span<const float> predictions);

// The model answers whole texts with labels or numbers.
bool answers_texts(const bert::Config& config);

// Panels: markup of report/html.h; empty if there is nothing to show.
std::string texts_markup(std::span<const ModelAtWork> models);      // the worst and the most surprising texts
std::string words_markup(std::span<const ModelAtWork> models);      // which words speak for the answer
std::string attention_markup(std::span<const ModelAtWork> models);  // where heads look
std::string integers_markup(std::span<const ModelAtWork> models);   // bits of what each operation gives

}  // namespace ingot::pipeline
