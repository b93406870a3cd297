// What was measured on: the machine, its load, and the libraries beside ingot.
#pragma once

#include "engine/io/json.h"

namespace ingot::bench {

double load_average();  // over the last minute

// cpu, processors, instruction_sets (those that it executes), instruction_set (in use), load_average, peers (name:
// version), missing_peers (a sentence, empty where all are there).
engine::Json describe_machine();

}  // namespace ingot::bench
