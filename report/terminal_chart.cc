#include "report/terminal_chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <string_view>
#include <vector>

#include "engine/base/printable.h"
#include "engine/base/progress.h"
#include "engine/base/utf8.h"

namespace ingot::report {
namespace {

constexpr std::size_t kFewestColumns = 40;
constexpr std::string_view kMarks = "*+xo#@%&";
constexpr int kColours[] = {34, 31, 32, 35, 33, 36};  // of ECMA-48: blue, red, green, magenta, yellow, cyan
constexpr char32_t kBraille = 0x2800;
// Bits of a braille character by row and column of its dots.
constexpr unsigned kDots[4][2] = {{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}};

bool is_drawn(const Point& p) { return std::isfinite(p.x) && std::isfinite(p.y); }

// An axis from numbers to places 0 to n - 1.
struct Axis {
  double low = 0, high = 1;
  std::size_t n = 1;

  // Halves, since the difference of two numbers may be more than a number can be.
  std::size_t operator()(double value) const {
    const double share = (value / 2 - low / 2) / (high / 2 - low / 2);
    return static_cast<std::size_t>(std::lround(std::clamp(share, 0.0, 1.0) * static_cast<double>(n - 1)));
  }
};

Axis axis_of(const Chart& chart, double Point::*coordinate) {
  Axis axis{.low = INFINITY, .high = -INFINITY};
  for (const Series& series : chart.series) {
    for (const Point& p : series.points) {
      if (!is_drawn(p)) continue;
      axis.low = std::min(axis.low, p.*coordinate);
      axis.high = std::max(axis.high, p.*coordinate);
    }
  }
  if (axis.low == axis.high) {
    const double around = std::max(std::abs(axis.low) * 0.05, 1e-3);
    axis.low -= around;
    axis.high += around;
  }
  return axis;
}

// A cell of the plot: dots of braille or a mark, and the series that was drawn last.
struct Cell {
  unsigned dots = 0;
  char mark = 0;
  std::size_t series = 0;
};

class Canvas {
 public:
  Canvas(std::size_t columns, std::size_t rows, bool is_braille)
      : columns_(columns), rows_(rows), is_braille_(is_braille), cells_(columns * rows) {}

  // How many places an axis has.
  std::size_t n_across() const { return columns_ * (is_braille_ ? 2 : 1); }
  std::size_t n_up() const { return rows_ * (is_braille_ ? 4 : 1); }
  // The row, from the top, of a place of the vertical axis.
  std::size_t row_of(std::size_t up) const { return (n_up() - 1 - up) / (is_braille_ ? 4 : 1); }

  void draw(std::size_t x, std::size_t up, std::size_t series) {
    const std::size_t down = n_up() - 1 - up;
    Cell& cell = cells_[row_of(up) * columns_ + x / (is_braille_ ? 2 : 1)];
    if (is_braille_) {
      cell.dots |= kDots[down % 4][x % 2];
    } else {
      cell.mark = kMarks[series % kMarks.size()];
    }
    cell.series = series;
  }

  // Both ends and the places between them.
  void draw_line(std::size_t x0, std::size_t y0, std::size_t x1, std::size_t y1, std::size_t series) {
    const auto distance = [](std::size_t a, std::size_t b) { return a < b ? b - a : a - b; };
    const std::size_t n = std::max({distance(x0, x1), distance(y0, y1), std::size_t{1}});
    const auto between = [&](std::size_t from, std::size_t to, std::size_t i) {
      const double share = static_cast<double>(i) / static_cast<double>(n);
      return static_cast<std::size_t>(
          std::lround(static_cast<double>(from) + share * (static_cast<double>(to) - static_cast<double>(from))));
    };
    for (std::size_t i = 0; i <= n; ++i) draw(between(x0, x1, i), between(y0, y1, i), series);
  }

  std::string row(std::size_t i, bool has_colour) const {
    std::string text;
    std::size_t used = 0;  // bytes up to the last cell that shows something
    for (std::size_t column = 0; column < columns_; ++column) {
      const Cell& cell = cells_[i * columns_ + column];
      if (cell.dots == 0 && cell.mark == 0) {
        text += ' ';
        continue;
      }
      if (has_colour) text += fmt::format("\x1b[{}m", kColours[cell.series % std::size(kColours)]);
      if (cell.mark != 0) {
        text += cell.mark;
      } else {
        engine::append_utf8(text, kBraille + cell.dots);
      }
      if (has_colour) text += "\x1b[0m";
      used = text.size();
    }
    return text.substr(0, used);
  }

 private:
  std::size_t columns_, rows_;
  bool is_braille_;
  std::vector<Cell> cells_;
};

void draw(Canvas& canvas, const Series& series, std::size_t number, const Axis& x, const Axis& y) {
  const Point* last = nullptr;
  for (const Point& p : series.points) {
    if (is_drawn(p)) {
      const Point& from = last != nullptr ? *last : p;
      canvas.draw_line(x(from.x), y(from.y), x(p.x), y(p.y), number);
    }
    last = is_drawn(p) ? &p : nullptr;
  }
}

std::string number(double value) { return fmt::format("{:.6g}", value); }

// The line under the plot, with a tick above each number, and the numbers. `left`: columns before the plot.
std::string x_axis(const Axis& x, std::size_t left, std::size_t columns, const std::string& label, bool is_utf8) {
  const Axis place{.low = x.low, .high = x.high, .n = columns};
  std::vector<bool> has_tick(columns);
  std::string numbers(left, ' ');
  for (const double tick : ticks(x.low, x.high, columns / 12)) {
    const std::string text = number(tick);
    const std::size_t middle = left + place(tick), begin = middle - std::min(middle, text.size() / 2);
    if (begin < numbers.size() + (numbers.size() > left) || begin + text.size() > left + columns) continue;
    has_tick[middle - left] = true;
    numbers += std::string(begin - numbers.size(), ' ') + text;
  }
  std::string line = std::string(left - 1, ' ') + (is_utf8 ? "└" : "+");
  for (const bool tick : has_tick) line += tick ? (is_utf8 ? "┬" : "+") : (is_utf8 ? "─" : "-");
  const std::size_t end = left + columns;
  std::string below(end > label.size() ? end - label.size() : 0, ' ');
  // Beside the numbers where there is room.
  if (numbers.size() + 2 + label.size() <= end) {
    numbers += std::string(end - label.size() - numbers.size(), ' ') + label;
    below.clear();
  } else {
    below += label + "\n";
  }
  return line + "\n" + numbers + "\n" + below;
}

// Numbers of the vertical axis by row: what is empty has none.
std::vector<std::string> row_labels(const Axis& y, const Canvas& canvas, std::size_t rows) {
  std::vector<std::string> labels(rows);
  for (const double tick : ticks(y.low, y.high, std::max<std::size_t>(2, rows / 3))) {
    std::string& label = labels[canvas.row_of(y(tick))];
    if (label.empty()) label = number(tick);
  }
  return labels;
}

std::string key(const Chart& chart, bool is_braille, const TerminalStyle& style) {
  std::string text;
  for (std::size_t i = 0; i < chart.series.size(); ++i) {
    const Series& series = chart.series[i];
    if (series.name.empty() || std::none_of(series.points.begin(), series.points.end(), is_drawn)) continue;
    std::string mark = is_braille ? "⠤⠤" : std::string(1, kMarks[i % kMarks.size()]);
    if (style.has_colour) mark = fmt::format("\x1b[{}m{}\x1b[0m", kColours[i % std::size(kColours)], mark);
    text += fmt::format("  {} {}\n", mark, engine::fitted(engine::printable(series.name), style.columns - 5));
  }
  return text;
}

}  // namespace

std::string terminal_chart(const Chart& chart, const TerminalStyle& wanted) {
  TerminalStyle style = wanted;
  style.columns = std::max(style.columns, kFewestColumns);
  const std::string title = engine::fitted(engine::printable(chart.title), style.columns) + "\n";
  Axis x = axis_of(chart, &Point::x), y = axis_of(chart, &Point::y);
  if (!std::isfinite(x.low)) return title + "  no values\n";
  const bool is_braille = style.is_utf8 && (style.has_colour || chart.series.size() == 1);
  std::size_t widest = 0;
  for (const std::string& label : row_labels(Axis{y.low, y.high, style.rows}, Canvas(1, style.rows, false), style.rows))
    widest = std::max(widest, label.size());
  const std::size_t left = widest + 2, columns = style.columns - left;
  Canvas canvas(columns, style.rows, is_braille);
  x.n = canvas.n_across();
  y.n = canvas.n_up();
  for (std::size_t i = 0; i < chart.series.size(); ++i) draw(canvas, chart.series[i], i, x, y);
  const std::vector<std::string> labels = row_labels(y, canvas, style.rows);
  std::string text = title;
  for (std::size_t row = 0; row < style.rows; ++row) {
    const char* axis = style.is_utf8 ? (labels[row].empty() ? "│" : "┤") : (labels[row].empty() ? "|" : "+");
    text += fmt::format("{:>{}} {}{}\n", labels[row], widest, axis, canvas.row(row, style.has_colour));
  }
  return text + x_axis(x, left, columns, engine::printable(chart.x_label), style.is_utf8) +
         key(chart, is_braille, style);
}

}  // namespace ingot::report
