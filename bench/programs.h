// The bench programs of the build folder, which are Google Benchmark's.
#pragma once

#include <string>
#include <vector>

#include "engine/io/json.h"

namespace ingot::bench {

inline constexpr const char* kPrograms[] = {"bench_kernels", "bench_steps"};

std::vector<std::string> list_benchmarks(const std::string& program);

// Runs those whose names match the regular expression `filter`, if there are any, with more arguments of Google
// Benchmark; what the program reports of each.
engine::Json run_benchmarks(const std::string& program, const std::string& filter,
                            const std::vector<std::string>& more = {});

}  // namespace ingot::bench
