// A folder that takes the place of another as a whole.
#pragma once

#include <filesystem>

namespace ingot::engine {

// Makes `fresh` the folder `final`, which may exist already and then is removed: at every moment `final` is the old one
// or the new one, also when the process is killed. Both must be in one file system. Throws Failure if it cannot be.
void replace_folder(const std::filesystem::path& fresh, const std::filesystem::path& final);

}  // namespace ingot::engine
