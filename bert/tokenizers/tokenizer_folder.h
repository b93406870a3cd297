// The tokenizer that a model's folder holds.
#pragma once

#include <filesystem>

namespace ingot::bert {

// Whether there is a file of a tokenizer in the folder, be it of one that load_tokenizer cannot read.
bool holds_tokenizer(const std::filesystem::path& folder);

}  // namespace ingot::bert
