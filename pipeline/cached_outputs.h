// Outputs of a model for many texts that later runs need again: of a teacher, or of a model with which others are
// compared. Each is an entry of the cache (engine/base/cache.h), under a hash of all that it depends on.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "pipeline/classifier.h"

namespace ingot::pipeline {

// Of the files of a model that say what it computes, with shards and vocabulary, after what `hash` is of. Throws Error
// as resolve_model_folder does, or if one of them cannot be read.
std::uint64_t hash_of_model(const std::string& where, std::uint64_t hash);

// As load_classifier; also throws Error if the model is no longer that of `hash`, hash_of_model(where, 0) of before:
// its files were replaced, by a training say.
Classifier load_unchanged_classifier(const std::string& where, std::int64_t length, std::uint64_t hash);

// From the cache, or computed and put there; a damaged entry is made again. `kind`: of such outputs, the beginning of
// the entry's name. `hash`: of texts, model and options; that kernels of different instruction sets add up in different
// orders is seen to here. Throws Error or Failure if the cache cannot be written.
std::vector<float> cached_outputs(std::string_view kind, std::uint64_t hash,
                                  const std::function<std::vector<float>()>& compute);

}  // namespace ingot::pipeline
