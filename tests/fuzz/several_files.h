// Readers of several files: an input holds them one after the other, each behind a line `--- NAME`.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tests/fuzz/target.h"

namespace ingot::fuzz {

struct NamedFile {
  std::string name, bytes;
};

// The files of an input. What stands before the first such line belongs to none, nor does what has a name that is no
// plain one: letters, digits, `_`, `-` and `.` within.
std::vector<NamedFile> files_in(std::string_view bytes);
std::string joined(const std::vector<NamedFile>& files);

// A new folder with these files.
std::filesystem::path folder_of(std::string_view bytes);

// One of the files changed by the rules of its extension; now and then one is left out or named as another.
std::string mutated_files(std::string bytes, Rng& rng);

}  // namespace ingot::fuzz
