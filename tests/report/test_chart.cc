#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <regex>
#include <sstream>

#include "report/chart.h"
#include "tests/support/error_text.h"

namespace ingot {
namespace {

using report::Chart;

std::vector<std::string> matches(const std::string& text, const std::string& pattern) {
  const std::regex expression(pattern);
  std::vector<std::string> found;
  for (std::sregex_iterator it(text.begin(), text.end(), expression), end; it != end; ++it) found.push_back((*it)[1]);
  return found;
}

// The points of the first line, in units of the drawing.
std::vector<std::pair<double, double>> line_in(const std::string& svg) {
  std::vector<std::pair<double, double>> points;
  std::istringstream text(matches(svg, "<polyline[^>]* points=\"([^\"]*)\"").at(0));
  double x = 0, y = 0;
  for (char comma = 0; text >> x >> comma >> y;) points.emplace_back(x, y);
  return points;
}

Chart chart_of(std::vector<report::Point> points) {
  return {.title = "t", .x_label = "x", .y_label = "y", .series = {{.name = "a", .points = std::move(points)}}};
}

TEST_CASE("ticks are round numbers inside of the range, and no more than asked for") {
  CHECK(report::ticks(0, 10, 5) == std::vector<double>{0, 2, 4, 6, 8, 10});
  CHECK(report::ticks(-1, 1, 4) == std::vector<double>{-1, -0.5, 0, 0.5, 1});
  for (const auto& [low, high] : {std::pair{0.739, 0.961}, {1e-9, 3e-9}, {-7e12, 2e12}, {0.0, 2234.0}, {99.0, 101.0}}) {
    for (const std::size_t most : {3U, 5U, 7U, 12U}) {
      const std::vector<double> ticks = report::ticks(low, high, most);
      CHECK(ticks.size() >= 2);
      CHECK(ticks.size() <= most + 1);
      for (const double tick : ticks) CHECK((tick >= low - 1e-9 * (high - low) && tick <= high + 1e-9 * (high - low)));
      const double step = ticks[1] - ticks[0], digits = step / std::pow(10, std::floor(std::log10(step) + 1e-9));
      const auto near = [&](double value) { return std::abs(digits - value) < 1e-6; };
      CHECK((near(1) || near(2) || near(5)));
    }
  }
}

TEST_CASE("a point lies where its numbers say: evenly on even axes, evenly by ratio on logarithmic ones") {
  const auto even = line_in(svg(chart_of({{0, 1}, {10, 2}, {20, 3}}), report::SvgUse::in_page));
  REQUIRE(even.size() == 3);
  CHECK(even[1].first - even[0].first == doctest::Approx(even[2].first - even[1].first).epsilon(0.001));
  CHECK(even[0].second - even[1].second == doctest::Approx(even[1].second - even[2].second).epsilon(0.001));
  CHECK(even[2].second < even[0].second);  // up is less
  Chart ratios = chart_of({{1, 1}, {10, 100}, {100, 10000}});
  ratios.log_x = ratios.log_y = true;
  const auto log = line_in(svg(ratios, report::SvgUse::in_page));
  CHECK(log[1].first - log[0].first == doctest::Approx(log[2].first - log[1].first).epsilon(0.001));
  CHECK(log[0].second - log[1].second == doctest::Approx(log[1].second - log[2].second).epsilon(0.001));
}

TEST_CASE("what is not finite, or not above 0 on a logarithmic axis, is a gap and never a zero") {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const std::string gap = svg(chart_of({{1, 0.8}, {2, 0.9}, {3, nan}, {4, 0.9}, {5, 0.85}}), report::SvgUse::in_page);
  CHECK(matches(gap, "<polyline[^>]* points=\"([^\"]*)\"").size() == 2);
  CHECK_FALSE(test::contains(gap, "nan"));
  CHECK(test::contains(svg(chart_of({{1, nan}}), report::SvgUse::in_page), ">no values<"));
  Chart log = chart_of({{0, 1}, {1, 1}, {2, 2}});
  log.log_x = true;
  CHECK(line_in(svg(log, report::SvgUse::in_page)).size() == 2);
}

TEST_CASE("an axis of shares that does not begin at 0 says so; one of counts near 0 begins there") {
  CHECK(test::contains(svg(chart_of({{1, 0.8}, {2, 0.9}}), report::SvgUse::in_page),
                       "the vertical axis begins at 0.795, not at 0"));
  CHECK_FALSE(test::contains(svg(chart_of({{1, 0.1}, {2, 0.9}}), report::SvgUse::in_page), "axis begins"));
}

TEST_CASE("names at the ends of lines stand apart, in the drawing, each in the colour of its line") {
  Chart chart{.title = "t", .x_label = "x", .y_label = "y"};
  for (const char* name : {"one", "two", "three", "four", "five", "six", "seven", "eight"})
    chart.series.push_back({.name = name,
                            .points = {{0, 0.5}, {1, 0.5 + 1e-6 * static_cast<double>(chart.series.size())}},
                            .group = name});
  const std::string drawing = svg(chart, report::SvgUse::in_page);
  std::vector<double> heights;
  for (const std::string& y : matches(drawing, "y=\"([0-9.]+)\" text-anchor=\"start\" class=\"f"))
    heights.push_back(std::stod(y));
  REQUIRE(heights.size() == 8);
  for (std::size_t i = 1; i < heights.size(); ++i) CHECK(heights[i] - heights[i - 1] >= 15.9);
  CHECK(heights.back() < 290);
  Chart high = chart;
  for (report::Series& series : high.series) series.points = {{0, 0.9}, {1, 1}};
  high.series[0].points = {{0, 0}};
  for (const std::string& y :
       matches(svg(high, report::SvgUse::in_page), "y=\"(-?[0-9.]+)\" text-anchor=\"start\" class=\"f"))
    CHECK(std::stod(y) >= 14);
  chart.series.push_back({.name = "nine", .points = {{0, 0.5}}, .group = "nine"});
  const std::string key = svg(chart, report::SvgUse::in_page);
  CHECK(test::contains(key, ">nine<"));
  CHECK(matches(key, "y=\"([0-9.]+)\" text-anchor=\"start\" class=\"f").empty());
}

TEST_CASE("lines of a reference, and the first of several of a group, are thin") {
  Chart chart = chart_of({{1, 1}, {2, 2}});
  chart.series.push_back({.name = "reference", .points = {{1, 1}, {2, 1}}, .group = "r", .is_reference = true});
  chart.series.push_back({.name = "other", .points = {{1, 3}, {2, 1}}, .group = "o"});
  chart.series.push_back({.name = "other, trained", .points = {{1, 3}, {2, 1}}, .group = "o"});
  CHECK(matches(svg(chart, report::SvgUse::in_page), "<polyline[^>]* stroke-width=\"([0-9.]+)\"") ==
        std::vector<std::string>{"2.2", "1.2", "1.2", "2.2"});
}

TEST_CASE("error bars reach one standard error to both sides, and the axis holds them") {
  const std::string drawing = svg(chart_of({{1, 0.8, 0.1}, {2, 0.8, 0.1}}), report::SvgUse::in_page);
  const auto line = line_in(drawing);
  std::smatch bar;
  const std::regex form("d=\"M([0-9.]+) ([0-9.]+)V([0-9.]+)M");
  REQUIRE(std::regex_search(drawing, bar, form));
  CHECK(std::stod(bar[1]) == doctest::Approx(line[0].first));
  CHECK(std::stod(bar[2]) - line[0].second == doctest::Approx(line[0].second - std::stod(bar[3])).epsilon(0.01));
  CHECK(std::stod(bar[3]) >= 14);
}

TEST_CASE("errors of a long curve are a band from one standard error below to one above, errors of a level a bar") {
  std::vector<report::Point> points;
  for (int i = 0; i < 40; ++i) points.push_back({static_cast<double>(i), 5, i % 2 == 0 ? 1.0 : 2.0});
  points[20].y = std::numeric_limits<double>::quiet_NaN();  // the band has the gap of its line
  Chart chart = chart_of(points);
  const std::string drawing = svg(chart, report::SvgUse::in_page);
  const std::vector<std::string> bands = matches(drawing, "<polygon class=\"f0\"[^>]* points=\"([^\"]*)\"");
  REQUIRE(bands.size() == 2);
  CHECK(matches(drawing, "(h8M)").empty());
  std::istringstream text(bands[0]);
  std::vector<double> ys;
  double x = 0, y = 0;
  for (char comma = 0; text >> x >> comma >> y;) ys.push_back(y);
  REQUIRE(ys.size() == 40);  // 20 points, forth and back
  const double middle = line_in(drawing)[0].second;
  CHECK(middle - ys[0] == doctest::Approx(ys[39] - middle).epsilon(0.01));
  CHECK(middle - ys[1] == doctest::Approx(2 * (middle - ys[0])).epsilon(0.01));
  chart.series = {{.name = "level", .points = {{0, 5, 1}}, .is_level = true}};
  CHECK(matches(svg(chart, report::SvgUse::in_page), "(h8M)").size() == 1);
  chart.log_y = true;
  chart.series = {{.name = "a", .points = {{0, 5, 6}, {1, 5, 1}}}};  // a logarithmic axis has no room below 0
  CHECK_FALSE(test::contains(svg(chart, report::SvgUse::in_page), "nan"));
}

TEST_CASE("an axis begins at 0 where that is asked for, whatever the values") {
  Chart chart = chart_of({{1, 0.98}, {2, 0.99}});
  CHECK(test::contains(svg(chart, report::SvgUse::in_page), "axis begins"));
  chart.y_from_0 = true;
  const std::string drawing = svg(chart, report::SvgUse::in_page);
  CHECK_FALSE(test::contains(drawing, "axis begins"));
  CHECK(test::contains(drawing, ">0</text>"));
}

TEST_CASE("long names in a key have a row each, and none runs out of the drawing; short ones stand two in a row") {
  Chart chart{.title = "t", .x_label = "x", .y_label = "y"};
  for (const char digit : std::string("123456789"))
    chart.series.push_back({.name = std::string("n") + digit, .points = {{0, 1}, {1, 2}}, .group = {digit}});
  const auto rows = [&] {
    std::vector<std::string> ys =
        matches(svg(chart, report::SvgUse::in_page), " y=\"([0-9.]+)\" text-anchor=\"start\">n");
    CHECK(ys.size() == 9);
    return std::distance(ys.begin(), std::unique(ys.begin(), ys.end()));
  };
  CHECK(rows() == 5);
  chart.series[8].name += " and a name that takes more than half";
  CHECK(rows() == 9);
}

TEST_CASE("the name of a cloud has its mark before it: it stands at the end of no line") {
  Chart chart = chart_of({{1, 1}, {2, 2}});
  const std::size_t n_marks = matches(svg(chart, report::SvgUse::in_page), "(<path class=\"k0 f0\")").size();
  chart.series[0].is_cloud = true;
  CHECK(matches(svg(chart, report::SvgUse::in_page), "(<path class=\"k0 f0\")").size() == n_marks + 1);
}

TEST_CASE("names of clouds stand in rows below those of lines, wherever their last points lie") {
  Chart chart = chart_of({{1, 9}, {2, 5}});
  chart.series[0].name = "n-line";
  for (const double y : {0.0, 9.0, 4.0}) {
    chart.series.push_back({.name = "n-cloud", .points = {{1, 3}, {2, y}}});
    chart.series.back().is_cloud = true;
  }
  const std::vector<std::string> ys =
      matches(svg(chart, report::SvgUse::in_page), " y=\"([0-9.]+)\" text-anchor=\"start\" class=\"f[0-9]\">n-");
  REQUIRE(ys.size() == 4);
  for (std::size_t i = 1; i < 4; ++i) CHECK(std::stod(ys[i]) == doctest::Approx(std::stod(ys[i - 1]) + 16));
}

TEST_CASE("a long name at the end of a line is cut between characters, and ... says so") {
  Chart chart = chart_of({{1, 1}, {2, 2}});
  for (int i = 0; i < 2; ++i) {
    chart.series[0].name = "n";  // so that a cut by bytes would go through a letter
    for (int k = 0; k < 60; ++k) chart.series[0].name += i == 0 ? "n" : "\u00fc";
    const std::string drawing = svg(chart, report::SvgUse::in_page);
    CHECK(test::contains(drawing, "...</text>"));
    CHECK_FALSE(test::contains(drawing, "\\x"));
  }
}

TEST_CASE("names with markup are text, and the same chart is the same bytes") {
  Chart chart = chart_of({{1, 1, 0, "<script>alert(1)</script>"}, {2, 2}});
  chart.title = "a & b";
  chart.series[0].name = "<b>\"x\"</b>";
  for (const report::SvgUse use : {report::SvgUse::in_page, report::SvgUse::as_file}) {
    const std::string drawing = svg(chart, use);
    CHECK(drawing == svg(chart, use));
    CHECK_FALSE(test::contains(drawing, "<script"));
    CHECK_FALSE(test::contains(drawing, "<b>"));
    CHECK(test::contains(drawing, "a &amp; b"));
    CHECK(test::contains(drawing, "<style>") == (use == report::SvgUse::as_file));
  }
}

TEST_CASE("the data of a chart is CSV: quoted where it must be, numbers in full") {
  Chart chart = chart_of({{1, 0.1, 0, "say \"hi\""}});
  chart.series[0].name = "a,b";
  CHECK(csv(chart) == "series,x,y,error,label\n\"a,b\",1,0.1,0,\"say \"\"hi\"\"\"\n");
}

}  // namespace
}  // namespace ingot
