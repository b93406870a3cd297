// Charts of lines and points as SVG: for pages, for documents, and the same bytes for the same data.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

namespace ingot::report {

struct Point {
  double x = 0, y = 0;
  double error = 0;     // standard error of y, drawn as a bar on both sides, of long curves as a band; 0: none
  std::string label{};  // shown beside the point, and when it is pointed at
};

struct Series {
  std::string name;
  std::vector<Point> points;  // in drawing order; a y that is not finite is a gap
  std::string group{};        // of one colour; the first of several is thin
  bool is_level = false;      // one y for every x: a horizontal line
  bool is_reference = false;  // another implementation's: thin and dotted
  bool is_cloud = false;      // points without a line
};

struct Chart {
  std::string title, x_label, y_label;
  std::vector<Series> series{};
  bool log_x = false, log_y = false;  // what is not above 0 is not drawn
  bool y_from_0 = false;              // the vertical axis begins at 0, whatever the values
};

// Colour and dash of each series: no two have both alike, up to 56. A colour is that of the group.
struct Stroke {
  std::size_t colour = 0, dash = 0;
};
std::vector<Stroke> strokes_of(const Chart& chart);

enum class SvgUse {
  in_page,  // styled by chart_style() of the page
  as_file,  // carries its own style
};

// The chart, 540 units wide. Names stand at the end of their lines where there are at most eight of them, and else in a
// key below. What is not finite is not drawn; where nothing is left the chart says so. An axis that does not begin at 0
// while all its values are shares says where it begins.
std::string svg(const Chart& chart, SvgUse use);

// CSS of charts, light and dark.
const std::string& chart_style();

// The style element of an SVG that is a file of its own: that CSS, and the ground.
std::string file_style();

// A field of a CSV file, quoted where it must be (RFC 4180).
std::string csv_field(const std::string& field);

// series,x,y,error,label: a row a point.
std::string csv(const Chart& chart);

// Writes the chart as FOLDER/STEM.svg and its points as FOLDER/STEM.csv.
void write_chart(const Chart& chart, const std::filesystem::path& folder, const std::string& stem);

// Round numbers within [low, high], at most `most`, with a step of 1, 2 or 5 times a power of 10.
std::vector<double> ticks(double low, double high, std::size_t most);

}  // namespace ingot::report
