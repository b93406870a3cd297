#include "report/plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "engine/base/child.h"
#include "engine/base/files.h"
#include "engine/base/temporary_folder.h"

namespace ingot::report {
namespace fs = std::filesystem;
namespace {

// Okabe and Ito, "Color Universal Design": distinct for colour-blind readers too.
constexpr const char* kColours[] = {"#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000"};

// As gnuplot reads them: lengths of line and gap. Told apart in black and white, too.
constexpr const char* kDashes[] = {"1",     "(14,5)",         "(5,4)", "(8,3,2,3)",
                                   "(2,3)", "(14,4,2,4,2,4)", "(2,6)", "(10,3,5,3)"};
// The first choice of a line, by its group in turns, so that of two curves that meet the one above lets the other be
// seen; of a horizontal line; of a reference.
constexpr std::size_t kLineDashes = 3, kLevelDash = 3, kReferenceDash = 4;

// Inside of double quotes; the terminals below do not take text as markup.
std::string quoted(const std::string& text) {
  std::string all = "\"";
  for (const char c : text) all += c == '"' || c == '\\' ? std::string("\\") + c : std::string(1, c);
  return all + "\"";
}

std::string style(const Figure& figure, std::size_t i, Stroke stroke) {
  const Series& series = figure.series[i];
  const std::string colour = fmt::format("lc rgb \"{}\"", kColours[stroke.colour]);
  const std::string line = fmt::format("dt {} {}", kDashes[stroke.dash], colour);
  const auto point =
      4 + 2 * ((stroke.colour + stroke.dash) % 5);  // gnuplot's points 4 to 13: open and filled, in turns
  if (series.is_cloud) return fmt::format("with points pt {} ps 0.6 {}", point, colour);
  // Of a long curve some points, so that the line is seen.
  constexpr std::size_t kMarks = 12;
  const std::size_t every = 1 + series.points.size() / (kMarks + 1);
  if (series.is_reference) return fmt::format("with linespoints pt 2 ps 0.6 pi {} lw 1.5 {}", every, line);
  if (series.is_level) return fmt::format("with lines lw 2 {}", line);
  const auto is_like = [&](const Series& other) {
    return other.group == series.group && !other.is_level && !other.is_reference;
  };
  const auto first = std::find_if(figure.series.begin(), figure.series.end(), is_like);
  const bool is_thin = &*first == &series && std::count_if(first, figure.series.end(), is_like) > 1;
  return fmt::format("with linespoints pt {} ps 0.9 pi {} lw {} {}", is_thin ? point : point + 1, every,
                     is_thin ? 1.2 : 2.5, line);
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

std::vector<Stroke> strokes_of(const Figure& figure) {
  std::vector<std::string> groups;
  std::set<std::pair<std::size_t, std::size_t>> taken;
  std::vector<Stroke> strokes;
  for (const Series& series : figure.series) {
    auto group = std::find(groups.begin(), groups.end(), series.group);
    if (group == groups.end()) group = groups.insert(group, series.group);
    const auto number = static_cast<std::size_t>(group - groups.begin());
    Stroke stroke{.colour = number % std::size(kColours), .dash = number % kLineDashes};
    if (series.is_level) stroke.dash = kLevelDash;
    if (series.is_reference) stroke.dash = kReferenceDash;
    for (std::size_t tried = 0; tried < std::size(kDashes) && taken.contains({stroke.colour, stroke.dash}); ++tried) {
      stroke.dash = (stroke.dash + 1) % std::size(kDashes);
    }
    if (!series.is_cloud) taken.insert({stroke.colour, stroke.dash});
    strokes.push_back(stroke);
  }
  return strokes;
}

std::string gnuplot_script(const Figure& figure, const std::string& stem) {
  const Extent extent = extent_of(figure);
  std::string data, plots;
  const std::vector<Stroke> strokes = strokes_of(figure);
  for (std::size_t i = 0; i < figure.series.size(); ++i) {
    const Series& series = figure.series[i];
    data += data_block(series, i, extent);
    plots += fmt::format("{}  $series{} using 1:2 {} title {}", i == 0 ? "" : ", \\\n", i, style(figure, i, strokes[i]),
                         quoted(series.name));
  }
  return fmt::format("# `gnuplot {0}.gp` draws {0}.svg and {0}.png.\n", stem) + data +
         fmt::format(
             "set title {}\nset xlabel {}\nset ylabel {}\nset grid lc rgb \"#dddddd\"\n"
             "set key outside right top Left reverse maxrows 26 samplen 4 spacing 1.1\n"  // clear of the axis' label
             "set xrange {}\nset yrange {}\n",
             quoted(figure.title), quoted(figure.x_label), quoted(figure.y_label), range_with_margin(extent.x),
             range_with_margin(extent.y)) +
         drawn_on("svg size 1120,600 dynamic noenhanced background \"#ffffff\" font \"sans,13\"", stem + ".svg",
                  plots) +
         drawn_on("pngcairo size 1120,600 noenhanced font \"sans,11\"", stem + ".png", plots);
}

std::string draw_script(const std::string& script, const fs::path& folder, const std::string& stem) {
  if (!engine::find_program("gnuplot")) return "no figure: gnuplot is missing; install the Debian package gnuplot-nox";
  // A figure is there whole or not at all.
  const engine::TemporaryFolder aside(folder, stem + ".new-");
  engine::write_file(aside / (stem + ".gp"), script);
  const engine::ChildResult drawn = engine::run_child({"gnuplot", stem + ".gp"}, {.folder = aside.path()});
  std::error_code error;
  for (const char* type : {".svg", ".png"}) {
    if (drawn.code == 0) fs::rename(aside / (stem + type), folder / (stem + type), error);
  }
  if (drawn.code != 0) return fmt::format("no figure: gnuplot ended with exit code {}: {}", drawn.code, drawn.output);
  if (error) return fmt::format("no figure: {}", error.message());
  return {};
}

std::string draw(const Figure& figure, const fs::path& folder, const std::string& stem) {
  const std::string script = gnuplot_script(figure, stem);
  engine::write_file(folder / (stem + ".gp"), script);
  return draw_script(script, folder, stem);
}

}  // namespace ingot::report
