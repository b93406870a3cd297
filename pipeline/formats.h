// ingot format: what number formats there are, the numbers of one, and what it makes of numbers.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "pipeline/run.h"

namespace ingot::pipeline {

struct FormatOptions {
  std::string format, shape;
  std::string mode = "standard";
};

// All formats, with their parameters.
void list_formats(const Finish& finish);

// The numbers that a format has, its range, and its bits per value. Throws Error if there is no such format.
void describe_format(const FormatOptions& o, const Finish& finish);

// What the format makes of numbers. Throws Error if the shape is not theirs.
void quantize_numbers(const FormatOptions& o, const std::vector<float>& numbers, std::uint64_t seed,
                      const Finish& finish);

}  // namespace ingot::pipeline
