// How processes that share a journal are named in it, and which of them still run. A name of ingot's tells the machine,
// the process number and when the process began; others, as Optuna's, tell nothing.
#pragma once

#include <string>

namespace ingot::search {

std::string random_hex();   // 16 digits that nobody else draws
std::string this_worker();  // another name at each call: several studies of one process are several workers

bool is_ingot_worker(const std::string& worker);
bool is_local_worker(const std::string& worker);  // an ingot process of this machine
bool is_dead_worker(const std::string& worker);   // an ingot process of this machine that has ended

// The name of the machine, for people; of a worker that is none of ingot's, what it calls itself.
std::string machine_of(const std::string& worker);

}  // namespace ingot::search
