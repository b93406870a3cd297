// A folder with a model in integers as a part of a C99 program.
#pragma once

#include <filesystem>

#include "compress/c99/program.h"
#include "pipeline/classifier.h"

namespace ingot::pipeline {

// Throws Error if the folder holds such a program already.
void check_free_of_c(const std::filesystem::path& folder);

// Writes model.h, model.c, main.c (an example) and README.md. Throws Error for a model that is not all integers, and
// for one that C cannot hold.
compress::C99Program write_c_folder(const std::filesystem::path& folder, Classifier& classifier);

}  // namespace ingot::pipeline
