#include "cli/plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "engine/base/child.h"
#include "engine/base/files.h"
#include "engine/base/temporary_folder.h"

namespace ingot::cli {
namespace fs = std::filesystem;
namespace {

// Okabe and Ito, "Color Universal Design": distinct for colour-blind readers too.
constexpr const char* kColours[] = {"#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000"};

// Inside of double quotes; the terminals below do not take text as markup.
std::string quoted(const std::string& text) {
  std::string all = "\"";
  for (const char c : text) all += c == '"' || c == '\\' ? std::string("\\") + c : std::string(1, c);
  return all + "\"";
}

// Which groups there are, in order, and how many series each has.
struct Groups {
  std::vector<std::string> names;
  std::map<std::string, int> sizes;
};

Groups groups_of(const Figure& figure) {
  Groups groups;
  for (const Series& series : figure.series) {
    if (groups.sizes[series.group]++ == 0 && !series.is_reference) groups.names.push_back(series.group);
  }
  return groups;
}

std::string style(const Figure& figure, std::size_t i, const Groups& groups) {
  const Series& series = figure.series[i];
  if (series.is_reference)
    return fmt::format("with linespoints dt 2 pt {} ps 0.7 lw 1.5 lc rgb \"#888888\"", 1 + i % 3);
  const auto group = std::find(groups.names.begin(), groups.names.end(), series.group) - groups.names.begin();
  const char* colour = kColours[static_cast<std::size_t>(group) % std::size(kColours)];
  if (series.is_level) return fmt::format("with lines dt 4 lw 2 lc rgb \"{}\"", colour);
  const bool is_first = i == 0 || figure.series[i - 1].group != series.group;
  const bool is_thin = is_first && groups.sizes.at(series.group) > 1;
  const auto open_point = 4 + 2 * (group % 5);  // gnuplot's points 4 to 13: open and filled, in turns
  return fmt::format("with linespoints pt {} ps 0.9 lw {} lc rgb \"{}\"", is_thin ? open_point : open_point + 1,
                     is_thin ? 1 : 2.5, colour);
}

// The smallest range of `values` with a margin on both sides, as gnuplot reads it.
std::string range_with_margin(const std::vector<double>& values) {
  if (values.empty()) return "[0:1]";
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  const double margin = *high > *low ? (*high - *low) * 0.05 : 0.01;
  return fmt::format("[{}:{}]", *low - margin, *high + margin);
}

struct Extent {
  std::vector<double> x, y;
};

Extent extent_of(const Figure& figure) {
  Extent extent;
  for (const Series& series : figure.series) {
    for (const auto& [x, y] : series.points) {
      extent.y.push_back(y);
      if (!series.is_level) extent.x.push_back(x);
    }
  }
  return extent;
}

std::string data_block(const Series& series, std::size_t i, const Extent& extent) {
  std::string data = fmt::format("$series{} << END\n", i);
  const auto [low, high] = std::minmax_element(extent.x.begin(), extent.x.end());
  for (const auto& [x, y] : series.points) {
    if (!series.is_level) {
      data += fmt::format("{} {}\n", x, y);
    } else if (extent.x.empty()) {
      data += fmt::format("0 {0}\n1 {0}\n", y);
    } else {
      data += fmt::format("{0} {2}\n{1} {2}\n", *low, *high, y);
    }
  }
  return data + "END\n";
}

std::string drawn_on(const char* terminal, const std::string& file, const std::string& plots) {
  return fmt::format("set terminal {}\nset output \"{}\"\nplot \\\n{}\nset output\n", terminal, file, plots);
}

}  // namespace

std::string gnuplot_script(const Figure& figure, const std::string& stem) {
  const Extent extent = extent_of(figure);
  std::string data, plots;
  const Groups groups = groups_of(figure);
  for (std::size_t i = 0; i < figure.series.size(); ++i) {
    const Series& series = figure.series[i];
    data += data_block(series, i, extent);
    plots += fmt::format("{}  $series{} using 1:2 {} title {}", i == 0 ? "" : ", \\\n", i, style(figure, i, groups),
                         quoted(series.name));
  }
  return fmt::format("# `gnuplot {0}.gp` draws {0}.svg and {0}.png.\n", stem) + data +
         fmt::format(
             "set title {}\nset xlabel {}\nset ylabel {}\nset grid lc rgb \"#dddddd\"\nset key below maxcols 3 samplen "
             "3\n"
             "set xrange {}\nset yrange {}\n",
             quoted(figure.title), quoted(figure.x_label), quoted(figure.y_label), range_with_margin(extent.x),
             range_with_margin(extent.y)) +
         drawn_on("svg size 960,640 dynamic noenhanced background \"#ffffff\" font \"sans,13\"", stem + ".svg", plots) +
         drawn_on("pngcairo size 960,640 noenhanced font \"sans,11\"", stem + ".png", plots);
}

std::string draw(const Figure& figure, const fs::path& folder, const std::string& stem) {
  engine::write_file(folder / (stem + ".gp"), gnuplot_script(figure, stem));
  if (!engine::find_program("gnuplot")) return "no figure: gnuplot is missing; install the Debian package gnuplot-nox";
  // A figure is there whole or not at all.
  const engine::TemporaryFolder aside(folder, stem + ".new-");
  engine::write_file(aside / (stem + ".gp"), gnuplot_script(figure, stem));
  const engine::ChildResult drawn = engine::run_child({"gnuplot", stem + ".gp"}, {.folder = aside.path()});
  std::error_code error;
  for (const char* type : {".svg", ".png"}) {
    if (drawn.code == 0) fs::rename(aside / (stem + type), folder / (stem + type), error);
  }
  if (drawn.code != 0) return fmt::format("no figure: gnuplot ended with exit code {}: {}", drawn.code, drawn.output);
  if (error) return fmt::format("no figure: {}", error.message());
  return {};
}

}  // namespace ingot::cli
