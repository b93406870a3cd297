// Options that all searches share.
#pragma once

#include "cli/command.h"
#include "pipeline/searches/model_search.h"

namespace ingot::cli {

// Defaults are the values in `options`.
void add_search_options(Command& command, pipeline::SearchOptions& options);

// The same, and those of searches over trained models.
void add_model_search_options(Command& command, pipeline::ModelSearchOptions& options);

}  // namespace ingot::cli
