// The ports of a simulated design over time, as a drawing: for pages, and as a file of its own.
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "hw/simulation/waveform.h"
#include "report/chart.h"

namespace ingot::pipeline {

// Of the signals of hw::signals_of: the first cycle after reset in which the one at `valid` is high; the number of
// cycles if there is none.
std::size_t first_beat(std::span<const hw::Signal> signals, std::size_t valid);

// At most `n` cycles from `first` on, as an SVG. It shows the clock, control signals as levels, and beats as the codes
// of their lanes, lane 0 first. A cycle takes `nanoseconds`.
std::string waveform(std::span<const hw::Signal> signals, std::size_t first, std::size_t n, int nanoseconds,
                     report::SvgUse use);

// The same cycles as CSV: a row a cycle, the codes of a beat with blanks between, empty while it is not valid.
std::string waveform_csv(std::span<const hw::Signal> signals, std::size_t first, std::size_t n, int nanoseconds);

}  // namespace ingot::pipeline
