// A chart is laid out once, narrow enough for a phone, and scaled by whoever shows it. Readers come with phones, dark
// screens, paper and eyes that take red for green, so:
//
// Series differ in colour, dash and mark, each of which is enough alone. Colours are Okabe and Ito's, with lighter ones
// for the dark scheme. They are CSS classes and not attributes, so that one drawing serves both schemes.
//
// Names stand at the end of their lines. A key makes the eye travel, and serves only where lines are too many. Names
// that would overlap are pushed apart, no further than needed.
#include "report/chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <optional>
#include <set>

#include "engine/base/files.h"
#include "report/html.h"
#include "report/shortened.h"

namespace ingot::report {
namespace {

constexpr std::size_t kColours = 7;
constexpr const char* kDashes[] = {"", "14 5", "5 4", "8 3 2 3", "2 3", "14 4 2 4 2 4", "2 6", "10 3 5 3"};
// The first choice of a line, by its group in turns, so that of two curves that meet the one above lets the other be
// seen; of a horizontal line; of a reference.
constexpr std::size_t kLineDashes = 3, kLevelDash = 3, kReferenceDash = 4;

constexpr double kWidth = 540, kTop = 14, kPlotHeight = 250, kLetter = 7.4, kRow = 16, kRightMargin = 16;
constexpr double kLabelMark = 16;  // room for the mark of a cloud before its name, which stands at the end of no line
constexpr std::size_t kMostDirectLabels = 8, kLongestLabel = 26;

const std::string kStyle = R"(
.chart{font:13px system-ui,sans-serif;--c0:#0072b2;--c1:#d55e00;--c2:#009e73;--c3:#b3599a;--c4:#a87400;--c5:#3b8dc0;
--c6:#000;--grid:#ddd;--ink:#222}
@media(prefers-color-scheme:dark){.chart{--c0:#5ab4f0;--c1:#ff8a3d;--c2:#35d0a5;--c3:#e89acb;--c4:#f0b93a;--c5:#9bd3ff;
--c6:#fff;--grid:#3a3f45;--ink:#e0e0e0}}
@media print{.chart{--c0:#0072b2;--c1:#d55e00;--c2:#009e73;--c3:#b3599a;--c4:#a87400;--c5:#3b8dc0;--c6:#000;--grid:#ddd;
--ink:#222}}
.chart text{fill:var(--ink)}.chart .grid{stroke:var(--grid)}.chart .axis{stroke:var(--ink)}
.chart polyline,.chart path{fill:none}.chart .note{font-size:12px;font-style:italic}
.chart .k0{stroke:var(--c0)}.chart .k1{stroke:var(--c1)}.chart .k2{stroke:var(--c2)}.chart .k3{stroke:var(--c3)}
.chart .k4{stroke:var(--c4)}.chart .k5{stroke:var(--c5)}.chart .k6{stroke:var(--c6)}
.chart .f0{fill:var(--c0)}.chart .f1{fill:var(--c1)}.chart .f2{fill:var(--c2)}.chart .f3{fill:var(--c3)}
.chart .f4{fill:var(--c4)}.chart .f5{fill:var(--c5)}.chart .f6{fill:var(--c6)}
)";

bool is_drawn(const Chart& chart, const Point& p) {
  return std::isfinite(p.x) && std::isfinite(p.y) && (!chart.log_x || p.x > 0) && (!chart.log_y || p.y > 0);
}

// The lower end of a point's error; on a logarithmic axis there may be none.
double least(const Chart& chart, const Point& p) { return chart.log_y && p.y - p.error <= 0 ? p.y : p.y - p.error; }

// An axis from values to units.
struct Scale {
  double low = 0, high = 1, first = 0, last = 1;
  bool is_log = false;

  double operator()(double value) const {
    const double share = is_log ? std::log(value / low) / std::log(high / low) : (value - low) / (high - low);
    return first + share * (last - first);
  }
};

struct Range {
  double low = 0, high = 1;
};

// The smallest range with a margin on both sides. One that nearly begins at 0 does begin there.
Range range_of(const std::vector<double>& values, bool is_log) {
  if (values.empty()) return {is_log ? 1.0 : 0.0, is_log ? 10.0 : 1.0};
  const auto [least, most] = std::minmax_element(values.begin(), values.end());
  if (is_log) {
    const double factor = *most > *least ? std::pow(*most / *least, 0.05) : 1.5;
    return {*least / factor, *most * factor};
  }
  const double margin = *most > *least ? (*most - *least) * 0.05 : std::max(std::abs(*most) * 0.05, 1e-3);
  Range range{*least - margin, *most + margin};
  if (*least >= 0 && *least < 0.2 * *most) range.low = 0;
  if (*most <= 1 && *least >= 0) range.high = std::min(range.high, 1.0);
  return range;
}

struct Plot {
  const Chart& chart;
  std::vector<Stroke> strokes;
  Scale x, y;
  bool has_direct_labels = false;
  double right = kWidth - kRightMargin;  // edge of the plot
  std::string shares_note;
};

std::string text_at(double x, double y, const char* anchor, const std::string& text, const std::string& css = "") {
  return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" text-anchor=\"{}\"{}>{}</text>\n", x, y, anchor,
                     css.empty() ? "" : fmt::format(" class=\"{}\"", css), escaped(text));
}

std::string number(double value) {
  const double size = std::abs(value);
  if (size >= 1e6 && size < 1e15 && std::fmod(value, 1e5) == 0) return fmt::format("{}M", value / 1e6);
  if (size >= 1e4 && size < 1e6 && std::fmod(value, 1e2) == 0) return fmt::format("{}k", value / 1e3);
  return fmt::format("{:.6g}", value);
}

std::vector<double> log_ticks(double low, double high) {
  std::vector<double> all;
  for (double decade = std::pow(10, std::floor(std::log10(low))); decade <= high; decade *= 10) {
    for (const double factor : {1.0, 2.0, 5.0}) {
      if (const double tick = decade * factor; tick >= low && tick <= high) all.push_back(tick);
    }
  }
  return all;
}

std::vector<double> axis_ticks(double low, double high, bool is_log, std::size_t most) {
  const std::vector<double> by_ratio = is_log ? log_ticks(low, high) : std::vector<double>();
  return by_ratio.size() > 2 ? by_ratio : ticks(low, high, most);  // a narrow range is as good as even
}

double left_margin(const std::vector<double>& y_ticks) {
  std::size_t widest = 1;
  for (const double tick : y_ticks) widest = std::max(widest, number(tick).size());
  return 34 + kLetter * static_cast<double>(widest);
}

bool has_named_cloud(const Chart& chart) {
  return std::any_of(chart.series.begin(), chart.series.end(), [](const Series& series) {
    return series.is_cloud && !series.name.empty() && !series.points.empty();
  });
}

Plot layout(const Chart& chart) {
  Plot plot{.chart = chart, .strokes = strokes_of(chart), .x = {}, .y = {}, .shares_note = {}};
  std::vector<double> xs, ys;
  std::size_t n_named = 0, longest = 0;
  for (const Series& series : chart.series) {
    if (series.points.empty()) continue;
    n_named += !series.name.empty();
    longest = std::max(longest, n_characters(shortened(series.name, kLongestLabel)));
    for (const Point& p : series.points) {
      if (series.is_level ? !std::isfinite(p.y) : !is_drawn(chart, p)) continue;
      ys.insert(ys.end(), {least(chart, p), p.y + p.error});
      if (!series.is_level) xs.push_back(p.x);
    }
  }
  const Range x = range_of(xs, chart.log_x);
  Range y = range_of(ys, chart.log_y);
  if (chart.y_from_0) y.low = std::min(y.low, 0.0);
  plot.has_direct_labels = n_named <= kMostDirectLabels;
  if (plot.has_direct_labels) plot.right -= kLetter * static_cast<double>(longest) + 8;
  if (plot.has_direct_labels && has_named_cloud(chart)) plot.right -= kLabelMark;
  const double left = left_margin(axis_ticks(y.low, y.high, chart.log_y, 7));
  plot.x = {.low = x.low, .high = x.high, .first = left, .last = plot.right, .is_log = chart.log_x};
  plot.y = {.low = y.low, .high = y.high, .first = kTop + kPlotHeight, .last = kTop, .is_log = chart.log_y};
  const bool are_shares = !ys.empty() && *std::max_element(ys.begin(), ys.end()) <= 1 && y.low > 0;
  if (are_shares) plot.shares_note = fmt::format("the vertical axis begins at {:.3g}, not at 0", y.low);
  return plot;
}

std::string axes(const Plot& plot) {
  const double bottom = plot.y.first, left = plot.x.first;
  std::string out;
  for (const double tick : axis_ticks(plot.y.low, plot.y.high, plot.y.is_log, 7)) {
    out += fmt::format("<line class=\"grid\" x1=\"{0:.1f}\" x2=\"{1:.1f}\" y1=\"{2:.1f}\" y2=\"{2:.1f}\"/>\n", left,
                       plot.right, plot.y(tick));
    out += text_at(left - 6, plot.y(tick) + 4, "end", number(tick));
  }
  double used = -1e9;  // where the last number ended
  for (const double tick : axis_ticks(plot.x.low, plot.x.high, plot.x.is_log, 6)) {
    const double half = kLetter * static_cast<double>(number(tick).size()) / 2;
    out += fmt::format("<line class=\"grid\" y1=\"{0:.1f}\" y2=\"{1:.1f}\" x1=\"{2:.1f}\" x2=\"{2:.1f}\"/>\n", kTop,
                       bottom, plot.x(tick));
    if (plot.x(tick) - half < used + 4) continue;
    out += text_at(plot.x(tick), bottom + 17, "middle", number(tick));
    used = plot.x(tick) + half;
  }
  out += fmt::format("<path class=\"axis\" d=\"M{0:.1f} {1:.1f}V{2:.1f}H{3:.1f}\"/>\n", left, kTop, bottom, plot.right);
  out += text_at((left + plot.right) / 2, bottom + 38, "middle",
                 plot.chart.x_label + (plot.x.is_log ? " (logarithmic)" : ""));
  out += fmt::format("<g transform=\"translate(14 {:.1f}) rotate(-90)\">{}</g>\n", kTop + kPlotHeight / 2,
                     text_at(0, 0, "middle", plot.chart.y_label + (plot.y.is_log ? " (logarithmic)" : "")));
  return out;
}

// Marks that differ in shape, around the origin.
std::string mark(std::size_t shape, double x, double y, std::size_t colour, const std::string& title) {
  constexpr const char* kShapes[] = {"M-4 0a4 4 0 1 0 8 0a4 4 0 1 0 -8 0", "M-3.5 -3.5h7v7h-7z", "M0 -4.5L4.2 3H-4.2z",
                                     "M0 -5L4.5 0L0 5L-4.5 0z", "M-4 -4L4 4M-4 4L4 -4"};
  const std::size_t i = shape % std::size(kShapes);
  return fmt::format("<path class=\"k{0} f{0}\" transform=\"translate({1:.1f} {2:.1f})\" d=\"{3}\">{4}</path>\n",
                     colour, x, y, kShapes[i], title.empty() ? "" : "<title>" + escaped(title) + "</title>");
}

// `x`: where the bar stands, in units.
std::string error_bar(const Plot& plot, const Point& p, double x, std::size_t colour) {
  if (p.error == 0) return {};
  const double low = plot.y(least(plot.chart, p)), high = plot.y(p.y + p.error);
  return fmt::format("<path class=\"k{}\" d=\"M{:.1f} {:.1f}V{:.1f}M{:.1f} {:.1f}h8M{:.1f} {:.1f}h8\"/>\n", colour, x,
                     low, high, x - 4, low, x - 4, high);
}

// The errors of a long curve: an area between gaps.
std::string band(const Plot& plot, const Series& series, std::size_t colour) {
  std::string out, upper, lower;
  const auto end_run = [&] {
    if (!upper.empty())
      out += fmt::format("<polygon class=\"f{}\" fill-opacity=\"0.2\" points=\"{}{}\"/>\n", colour, upper, lower);
    upper.clear(), lower.clear();
  };
  for (const Point& p : series.points) {
    if (!is_drawn(plot.chart, p)) {
      end_run();
      continue;
    }
    upper += fmt::format("{:.1f},{:.1f} ", plot.x(p.x), plot.y(p.y + p.error));
    lower = fmt::format("{:.1f},{:.1f} ", plot.x(p.x), plot.y(least(plot.chart, p))) + lower;
  }
  end_run();
  return out;
}

// Polylines between gaps.
std::string lines(const Plot& plot, const Series& series, const std::string& stroke) {
  std::string out, run;
  const auto end_run = [&] {
    if (!run.empty()) out += fmt::format("<polyline {} points=\"{}\"/>\n", stroke, run);
    run.clear();
  };
  for (const Point& p : series.points) {
    if (is_drawn(plot.chart, p)) {
      run += fmt::format("{}{:.1f},{:.1f}", run.empty() ? "" : " ", plot.x(p.x), plot.y(p.y));
    } else {
      end_run();
    }
  }
  end_run();
  return out;
}

bool is_thin(const Chart& chart, const Series& series) {
  const auto is_like = [&](const Series& other) {
    return other.group == series.group && !other.is_level && !other.is_reference;
  };
  const auto first = std::find_if(chart.series.begin(), chart.series.end(), is_like);
  return series.is_reference || (&*first == &series && std::count_if(first, chart.series.end(), is_like) > 1);
}

std::string drawn(const Plot& plot, std::size_t i) {
  const Series& series = plot.chart.series[i];
  const auto [colour, dash] = plot.strokes[i];
  const std::string stroke =
      fmt::format("class=\"k{}\" stroke-width=\"{}\"{}", colour, is_thin(plot.chart, series) ? 1.2 : 2.2,
                  dash == 0 ? "" : fmt::format(" stroke-dasharray=\"{}\"", kDashes[dash]));
  if (series.is_level) {
    if (series.points.empty() || !std::isfinite(series.points[0].y)) return {};
    return fmt::format("<path {} d=\"M{:.1f} {:.1f}H{:.1f}\"/>\n", stroke, plot.x.first, plot.y(series.points[0].y),
                       plot.right) +
           error_bar(plot, series.points[0], plot.right - 8, colour);
  }
  // Of a long curve some points, so that the line is seen.
  constexpr std::size_t kMarks = 12;
  const bool has_band =
      !series.is_cloud && series.points.size() > kMarks &&
      std::any_of(series.points.begin(), series.points.end(), [](const Point& p) { return p.error != 0; });
  std::string out = has_band ? band(plot, series, colour) : "";
  if (!series.is_cloud) out += lines(plot, series, stroke);
  const std::size_t every = series.is_cloud ? 1 : 1 + series.points.size() / (kMarks + 1);
  for (std::size_t k = 0; k < series.points.size(); ++k) {
    const Point& p = series.points[k];
    if (!is_drawn(plot.chart, p)) continue;
    if (!has_band) out += error_bar(plot, p, plot.x(p.x), colour);
    if (k % every == 0 || !p.label.empty()) {
      const std::string name = p.label.empty() ? series.name : p.label;
      out += mark(colour + dash, plot.x(p.x), plot.y(p.y), colour,
                  fmt::format("{}{}{:.6g}, {:.6g}", name, name.empty() ? "" : ": ", p.x, p.y));
    }
  }
  return out;
}

struct Label {
  std::size_t series;
  double y;
};

// Names at the right, as near to the ends of their lines as they can stand without overlap. Points of a cloud have no
// end: their names follow below.
std::string direct_labels(const Plot& plot) {
  constexpr double kBelow = std::numeric_limits<double>::infinity();
  std::vector<Label> labels;
  for (std::size_t i = 0; i < plot.chart.series.size(); ++i) {
    const Series& series = plot.chart.series[i];
    const auto last = std::find_if(series.points.rbegin(), series.points.rend(), [&](const Point& p) {
      return series.is_level ? std::isfinite(p.y) : is_drawn(plot.chart, p);
    });
    if (last == series.points.rend() || series.name.empty()) continue;
    labels.push_back({i, series.is_cloud ? kBelow : plot.y(last->y)});
  }
  std::stable_sort(labels.begin(), labels.end(), [](const Label& a, const Label& b) { return a.y < b.y; });
  double lowest = kTop + 4;
  for (Label& label : labels) lowest = (label.y = label.y == kBelow ? lowest : std::max(label.y, lowest)) + kRow;
  double highest = kTop + kPlotHeight + 4;
  for (auto label = labels.rbegin(); label != labels.rend(); ++label) {
    highest = (label->y = std::min(label->y, highest)) - kRow;
  }
  std::string out;
  for (const Label& label : labels) {
    const Series& series = plot.chart.series[label.series];
    const auto [colour, dash] = plot.strokes[label.series];
    if (series.is_cloud) out += mark(colour + dash, plot.right + 14, label.y, colour, "");
    out += text_at(plot.right + 8 + (series.is_cloud ? kLabelMark : 0), label.y + 4, "start",
                   shortened(series.name, kLongestLabel), fmt::format("f{}", colour));
  }
  return out;
}

// A key below the plot: two names a row where they are short enough.
struct Key {
  std::string body;
  double height = 0;
};

// `top`: where it begins.
Key key(const Plot& plot, double top) {
  constexpr double kSample = 42;      // a piece of the line, before its name
  constexpr double kUsualLetter = 7;  // of a long name; a short one may have wider letters only
  std::size_t longest = 0;
  for (const Series& series : plot.chart.series) longest = std::max(longest, n_characters(series.name));
  const double column = (kWidth - plot.x.first) / 2;
  const std::size_t n_columns = kSample + kUsualLetter * static_cast<double>(longest) <= column ? 2 : 1;
  Key key;
  std::size_t k = 0;
  for (std::size_t i = 0; i < plot.chart.series.size(); ++i) {
    if (plot.chart.series[i].name.empty() || plot.chart.series[i].points.empty()) continue;
    const auto [colour, dash] = plot.strokes[i];
    const double x = plot.x.first + column * static_cast<double>(k % n_columns);
    const double y = top + kRow * static_cast<double>(k / n_columns);
    key.body += fmt::format("<path class=\"k{}\" stroke-width=\"2\"{} d=\"M{:.1f} {:.1f}h34\"/>\n", colour,
                            dash == 0 ? "" : fmt::format(" stroke-dasharray=\"{}\"", kDashes[dash]), x, y);
    key.body += mark(colour + dash, x + 17, y, colour, "");
    key.body += text_at(x + kSample, y + 4, "start", plot.chart.series[i].name);
    ++k;
  }
  key.height = kRow * static_cast<double>((k + n_columns - 1) / n_columns);
  return key;
}

}  // namespace

std::vector<Stroke> strokes_of(const Chart& chart) {
  std::vector<std::string> groups;
  std::set<std::pair<std::size_t, std::size_t>> taken;
  std::vector<Stroke> strokes;
  for (const Series& series : chart.series) {
    auto group = std::find(groups.begin(), groups.end(), series.group);
    if (group == groups.end()) group = groups.insert(group, series.group);
    const auto number = static_cast<std::size_t>(group - groups.begin());
    Stroke stroke{.colour = number % kColours, .dash = number % kLineDashes};
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

const std::string& chart_style() { return kStyle; }

std::string file_style() {
  return "<style>" + kStyle +
         "svg{background:#fff}@media(prefers-color-scheme:dark){svg{background:#16181b}}"
         "@media print{svg{background:#fff}}</style>\n";
}

std::vector<double> ticks(double low, double high, std::size_t most) {
  double step = std::pow(10, std::floor(std::log10((high - low) / static_cast<double>(most))));
  for (const double factor : {2.0, 2.5, 2.0, 2.0, 2.5, 2.0}) {  // 1, 2, 5, 10, 20, 50, 100
    if ((high - low) / step <= static_cast<double>(most)) break;
    step *= factor;
  }
  std::vector<double> all;
  const double first = std::ceil(low / step - 1e-9);
  for (double k = first; k * step <= high + step * 1e-9 && all.size() <= most; ++k) {
    all.push_back(k == 0 ? 0.0 : std::round(k) * step);
  }
  return all;
}

std::string svg(const Chart& chart, SvgUse use) {
  const Plot plot = layout(chart);
  double bottom = plot.y.first + 46;
  std::string body = axes(plot);
  for (std::size_t i = 0; i < chart.series.size(); ++i) body += drawn(plot, i);
  const bool is_empty = std::none_of(chart.series.begin(), chart.series.end(), [&](const Series& series) {
    return std::any_of(series.points.begin(), series.points.end(), [&](const Point& p) { return is_drawn(chart, p); });
  });
  if (is_empty) body += text_at((plot.x.first + plot.right) / 2, kTop + kPlotHeight / 2, "middle", "no values");
  if (!plot.shares_note.empty()) {
    body += text_at(plot.x.first, bottom + 10, "start", plot.shares_note, "note");
    bottom += 20;
  }
  if (plot.has_direct_labels) {
    body += direct_labels(plot);
  } else {
    const Key names = key(plot, bottom + 14);
    body += names.body;
    bottom += 14 + names.height;
  }
  const double height = bottom + 6;
  const std::string head = use == SvgUse::as_file ? file_style() : "";
  // A page says the title in its caption.
  const double above = use == SvgUse::as_file ? 26 : 0;
  if (use == SvgUse::as_file) body += text_at(plot.x.first, -8, "start", chart.title);
  return fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 {0:.0f} {1} {2:.0f}\" width=\"{1}\" height=\"{2:.0f}\" "
      "class=\"chart\" role=\"img\"><title>{3}</title>\n{4}{5}</svg>\n",
      -above, kWidth, height + above, escaped(chart.title), head, body);
}

std::string csv_field(const std::string& field) {
  if (field.find_first_of(",\"\r\n") == std::string::npos) return field;
  std::string out = "\"";
  for (const char c : field) out += c == '"' ? "\"\"" : std::string(1, c);
  return out + "\"";
}

void write_chart(const Chart& chart, const std::filesystem::path& folder, const std::string& stem) {
  engine::write_file(folder / (stem + ".svg"), svg(chart, SvgUse::as_file));
  engine::write_file(folder / (stem + ".csv"), csv(chart));
}

std::string csv(const Chart& chart) {
  std::string out = "series,x,y,error,label\n";
  for (const Series& series : chart.series) {
    for (const Point& p : series.points) {
      out += fmt::format("{},{},{},{},{}\n", csv_field(series.name), p.x, p.y, p.error, csv_field(p.label));
    }
  }
  return out;
}

}  // namespace ingot::report
