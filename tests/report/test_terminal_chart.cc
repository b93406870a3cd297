#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <sstream>
#include <vector>

#include "engine/base/utf8.h"
#include "report/terminal_chart.h"
#include "tests/support/error_text.h"

namespace ingot {
namespace {

using report::Chart;
using report::Point;
using report::Series;
using report::TerminalStyle;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

Chart chart_of(std::vector<Series> series) {
  return {.title = "Loss", .x_label = "step", .y_label = "Loss", .series = std::move(series)};
}

// Lines of code points.
std::vector<std::u32string> cells(const std::string& text) {
  std::vector<std::u32string> lines(1);
  for (const char* at = text.data(); at < text.data() + text.size();) {
    const char32_t code = engine::next_code_point(at);
    if (code == U'\n') {
      lines.emplace_back();
    } else {
      lines.back() += code;
    }
  }
  return lines;
}

std::string plot(const std::vector<Series>& series, const TerminalStyle& style) {
  return terminal_chart(chart_of(series), style);
}

TEST_CASE("in ASCII every point is the mark in its cell, with a line between, numbers on both axes and the name") {
  // Numbers and axis take 3 columns, which leaves 37: x 0 to 36 has a cell a step; y 0 to 4 a row each.
  CHECK(plot({{.name = "a", .points = {{0, 4}, {36, 0}}}}, {.columns = 40, .rows = 5}) ==
        "Loss\n"
        "4 +*****\n"
        "  |     *********\n"
        "2 +              *********\n"
        "  |                       *********\n"
        "0 +                                *****\n"
        "  ++-------------------+----------------\n"
        "   0                  20            step\n"
        "  * a\n");
}

TEST_CASE("in braille a point is one dot of 2 x 4 a character") {
  const auto dots = [](std::vector<Point> points) {
    return cells(plot({{.name = "a", .points = std::move(points)}}, {.columns = 40, .rows = 2, .is_utf8 = true}));
  };
  // A gap between the two: only the corners are there. Dots 1 (upper left) and 8 (lower right) of Unicode's braille.
  const std::vector<std::u32string> up = dots({{0, 7}, {1, kNan}, {73, 0}});
  REQUIRE(up.size() >= 4);
  CHECK(up[1].back() == 0x2801);
  CHECK(up[1].size() == 3 + 1);
  CHECK(up[2].back() == 0x2880);
  CHECK(up[2].size() == 40);
  // 74 places across and 8 up: (38, 5) is in the first row, third dot from the top, left column, of character 19.
  const std::vector<std::u32string> inside = dots({{0, 0}, {1, kNan}, {38, 5}, {39, kNan}, {73, 7}});
  CHECK(inside[1][3 + 19] == 0x2804);
  CHECK(inside[1].back() == 0x2808);
  CHECK(inside[2].back() == 0x2840);
}

TEST_CASE("several series have marks of their own without colour, and braille of their own colour with it") {
  const std::vector<Series> two{{.name = "a", .points = {{0, 0}, {1, 0}}}, {.name = "b", .points = {{0, 1}, {1, 1}}}};
  const std::string plain = plot(two, {.columns = 40, .rows = 3, .is_utf8 = true});
  CHECK(test::contains(plain, "┤" + std::string(35, '+') + "\n"));
  CHECK(test::contains(plain, "┤" + std::string(35, '*') + "\n"));
  CHECK(test::contains(plain, "  * a\n  + b\n"));
  CHECK_FALSE(test::contains(plain, "\x1b"));
  const std::string coloured = plot(two, {.columns = 40, .rows = 3, .is_utf8 = true, .has_colour = true});
  CHECK(test::contains(coloured, "\x1b[31m⠉\x1b[0m"));
  CHECK(test::contains(coloured, "\x1b[34m⣀\x1b[0m"));
  CHECK(test::contains(coloured, "  \x1b[34m⠤⠤\x1b[0m a\n  \x1b[31m⠤⠤\x1b[0m b\n"));
}

TEST_CASE("every line fits the columns, whatever the numbers, names and title are") {
  const std::string evil = "\x1b[2Jname\n" + std::string(300, 'x');
  for (const std::size_t columns : {40U, 53U, 80U, 200U}) {
    for (const bool is_utf8 : {false, true}) {
      for (const std::vector<Point>& points : {std::vector<Point>{{1, 0.123456789}, {1e6, 0.123457}},
                                               {{3, 5}},
                                               {{-1e308, -1e308}, {1e308, 1e308}},
                                               {{0, kNan}, {1, 2}, {kNan, 1}, {2, INFINITY}, {3, 1e-9}}}) {
        Chart chart = chart_of({{.name = evil, .points = points}});
        chart.title = evil;
        const std::string text = terminal_chart(chart, {.columns = columns, .is_utf8 = is_utf8});
        CHECK_FALSE(test::contains(text, "\x1b"));
        const std::vector<std::u32string> lines = cells(text);
        CHECK(lines.size() >= 19);
        for (const std::u32string& line : lines) CHECK(line.size() <= columns);
        CHECK(is_utf8 == (text.find_first_of("\xE2") != std::string::npos));
      }
    }
  }
}

TEST_CASE("a chart without a number says so") {
  CHECK(plot({{.name = "a", .points = {{1, kNan}}}, {.name = "b", .points = {}}}, {}) == "Loss\n  no values\n");
  CHECK(plot({}, {}) == "Loss\n  no values\n");
}

}  // namespace
}  // namespace ingot
