// Heads that answer for whole texts: dropout and a Linear on the pooled text.
#pragma once

#include "bert/head.h"

namespace ingot::bert {

// Whether a model of this config chooses one label for each text.
inline bool is_classifier(const Config& config) { return config.head == &kSequenceClassification; }

// Parts that the rows of such heads share. BertForSequenceClassification is one class for three tasks, told apart by
// problem_type and, without one, by the number of labels.
inline constexpr const char* kTextArchitectures[] = {"BertForSequenceClassification"};
std::vector<Part> text_layers(const Config& config);
std::int64_t n_labels_of(const Config& config);
engine::Variable text_outputs(const Model& model, const engine::Variable& hidden, const Input& input,
                              engine::DropoutStreams& streams);
void check_labels(const std::string& subject, const Config& config);

// problem_type of a config.json; empty if it has none.
std::string problem_type(const engine::Json& config_json);

}  // namespace ingot::bert
