// Outputs of a model for many texts that later runs need again: of a teacher, or of a model with which others are
// compared. Each is an entry of the cache (engine/base/cache.h), under a hash of all that it depends on.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace ingot::pipeline {

// Of all files beside the config of a model (resolve_model_folder), after what `hash` is of.
std::uint64_t hash_of_model(const std::string& where, std::uint64_t hash);

// From the cache, or computed and put there. `kind`: of such outputs, the beginning of the entry's name.
std::vector<float> cached_outputs(std::string_view kind, std::uint64_t hash,
                                  const std::function<std::vector<float>()>& compute);

}  // namespace ingot::pipeline
