// One self-contained HTML page: no script, nothing from elsewhere. What comes from files is text in it, never markup.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "report/chart.h"
#include "report/text_table.h"

namespace ingot::report {

// Printable text (engine/base/printable.h) with & < > " ' as entities: for an element or a quoted attribute.
std::string escaped(std::string_view text);

// `text` in a paragraph.
std::string paragraph(std::string_view text, std::string_view css_class = "");

// A table with its caption; columns without any cell are left out. It scrolls sideways where the screen is narrow.
std::string table(const TextTable& table, const std::string& caption);

// An SVG, or other markup that was made safe, over its caption. `csv`: its data, offered as the file `name`.csv; empty:
// not offered.
std::string figure(const std::string& markup, const std::string& caption, const std::string& name,
                   const std::string& csv);
std::string figure(const Chart& chart, const std::string& name);

// An SVG in the style of charts, not scaled down: for what is scrolled. `body`: its elements.
std::string drawing(double width, double height, const std::string& title, const std::string& body,
                    SvgUse use = SvgUse::in_page);

// A bar with its label at the left and what it stands for at the right.
struct Bar {
  std::string label;
  double share = 0;  // of the longest that there can be, from 0 to 1
  std::string shown;
  std::size_t colour = 0;  // of the series of charts
};

// Bars below each other, as an SVG.
std::string bar_chart(const std::vector<Bar>& bars, const std::string& title);

// Markup that scrolls sideways where the screen is narrow, also by the keyboard. `label`: its name for screen readers.
std::string scrolling(const std::string& label, const std::string& markup);

// Figures side by side where the screen is wide enough.
std::string side_by_side(const std::string& figures);

// What may be folded away, with the line that stays.
std::string folded(const std::string& summary, const std::string& markup);

struct Section {
  std::string title;
  std::string body;  // markup of the functions above
};

struct Page {
  std::string title;
  std::string introduction;  // markup
  std::vector<Section> sections;
  int reload_seconds = 0;  // 0: never by itself
};

// The page: the same bytes for the same content. Light and dark follow the reader's system; it can be printed.
std::string html(const Page& page);

}  // namespace ingot::report
