// Charts of lines as text, for a terminal.
#pragma once

#include <cstddef>
#include <string>

#include "report/chart.h"

namespace ingot::report {

struct TerminalStyle {
  std::size_t columns = 80;  // of the widest line; at least 40 are used
  std::size_t rows = 15;     // of the plot itself; above 0
  bool is_utf8 = false;      // braille and lines of boxes; else ASCII
  bool has_colour = false;   // a colour a series, by the escapes of ECMA-48
};

// The title, the plot with round numbers on both axes, the label of the x axis, and the names of the series; the last
// line ends too. Axes are even, from the least to the largest number; what is not finite is a gap. Braille has 2 x 4
// dots a character. Where it could not tell several series apart, for want of colour, each has a mark of its own, and
// where two meet the later is seen. Of the chart it shows title, x_label, and names and points of the series.
std::string terminal_chart(const Chart& chart, const TerminalStyle& style);

}  // namespace ingot::report
