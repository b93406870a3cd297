// Classification: the head that chooses one label for each text.
#pragma once

#include "bert/head.h"

namespace ingot::bert {

// Whether a model of this config chooses one label for each text.
inline bool is_classifier(const Config& config) { return config.head == &kSequenceClassification; }

}  // namespace ingot::bert
