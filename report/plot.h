// Figures through gnuplot (Debian package gnuplot-nox).
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace ingot::report {

struct Series {
  std::string name;
  std::vector<std::pair<double, double>> points;  // x, y, in drawing order
  std::string group{};                            // of one colour; the first of several is thin
  bool is_level = false;                          // one y for every x: a horizontal line
  bool is_reference = false;                      // another implementation's: thin and dotted
  bool is_cloud = false;                          // points without a line
};

struct Figure {
  std::string title, x_label, y_label;
  std::vector<Series> series;
};

// Colour and dash of each series: no two have both alike, up to 56. A colour is that of the group.
struct Stroke {
  std::size_t colour = 0, dash = 0;
};
std::vector<Stroke> strokes_of(const Figure& figure);

// The figure as a gnuplot script with its data in it; `gnuplot SCRIPT` in its folder draws STEM.svg and STEM.png.
std::string gnuplot_script(const Figure& figure, const std::string& stem);

// Runs a gnuplot script that writes STEM.svg and STEM.png, and moves these into the folder. Returns as draw() does.
std::string draw_script(const std::string& script, const std::filesystem::path& folder, const std::string& stem);

// Writes FOLDER/STEM.gp and draws STEM.svg and STEM.png beside it. Returns what went wrong as a sentence, empty if
// nothing did: a figure is no reason to lose a result.
std::string draw(const Figure& figure, const std::filesystem::path& folder, const std::string& stem);

}  // namespace ingot::report
