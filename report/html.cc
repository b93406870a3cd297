#include "report/html.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "engine/base/printable.h"
#include "engine/io/base64.h"
#include "report/shortened.h"

namespace ingot::report {
namespace {

// Colours of text and ground have a contrast of 7 and more in both schemes; those of series are chart.cc's.
constexpr const char* kStyle = R"(
:root{color-scheme:light dark;--ground:#fff;--text:#1a1a1a;--soft:#555;--line:#ccc;--panel:#f5f5f5;--link:#0050a0}
@media(prefers-color-scheme:dark){:root{--ground:#16181b;--text:#e8e8e8;--soft:#b5b5b5;--line:#444;--panel:#212429;
--link:#8ec5ff}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:64rem;padding:1rem;background:var(--ground);color:var(--text);
font:16px/1.5 system-ui,sans-serif}
h1{font-size:1.6rem;line-height:1.2;overflow-wrap:anywhere}h2{font-size:1.25rem;margin-top:2.5rem;
border-bottom:1px solid var(--line);overflow-wrap:anywhere}h3{font-size:1.05rem}
a{color:var(--link)}nav ul{padding-left:1.2rem;columns:16rem}
p,li{overflow-wrap:anywhere}.soft{color:var(--soft)}.warning{border-left:4px solid #d55e00;padding-left:.6rem}
figure{margin:1.2rem 0}figure>svg,.scroll>svg{display:block;max-width:100%;height:auto}
figcaption,caption{color:var(--soft);font-size:.9rem;text-align:left}
.figures{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,28rem),1fr));gap:0 1.5rem}
.figures>figure{min-width:0}.scroll{overflow-x:auto}.scroll>svg.wide{max-width:none}
.scroll{margin:.8rem 0}table{border-collapse:collapse;font-size:.9rem;font-variant-numeric:tabular-nums}
th,td{padding:.2rem .6rem;border-bottom:1px solid var(--line);text-align:right;vertical-align:top}
.left{text-align:left}td.left:first-child{min-width:8rem}thead th{border-bottom:2px solid var(--soft)}
pre,code{font:.85rem/1.5 ui-monospace,monospace;background:var(--panel)}
pre{padding:.6rem;overflow-x:auto}summary{cursor:pointer}
.texts{margin-bottom:1.5rem}
.texts td,.texts td:first-child{min-width:4rem}.texts td:nth-child(2){min-width:15rem}.texts td:last-child{min-width:15rem}
.words{line-height:2;overflow-wrap:anywhere}.words span{padding:.1rem .15rem;border-radius:.2rem;
print-color-adjust:exact;-webkit-print-color-adjust:exact}.words .against{text-decoration:underline dotted}
:focus-visible{outline:3px solid #0072b2;outline-offset:2px}
@media print{:root{--ground:#fff;--text:#000;--soft:#555;--line:#ccc;--panel:#f5f5f5;--link:#0050a0}
body{max-width:none}nav{display:none}figure,tr{break-inside:avoid}
.scroll{overflow:visible}.scroll>svg.wide{max-width:100%}
details::details-content{content-visibility:visible;block-size:auto}}
)";

std::string cell(const char* element, bool left, const std::string& text) {
  return fmt::format("<{0}{1}>{2}</{0}>", element, left ? " class=\"left\"" : "", escaped(text));
}

std::string anchor(std::size_t i) { return fmt::format("s{}", i + 1); }

}  // namespace

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : engine::printable(text)) {
    constexpr std::string_view kMarkup = "&<>\"'";
    constexpr std::array<const char*, 5> kEntities{"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"};
    const std::size_t i = kMarkup.find(c);
    out += i == std::string_view::npos ? std::string(1, c) : kEntities[i];
  }
  return out;
}

std::string paragraph(std::string_view text, std::string_view css_class) {
  return fmt::format("<p{}>{}</p>\n", css_class.empty() ? "" : fmt::format(" class=\"{}\"", css_class), escaped(text));
}

std::string table(const TextTable& table, const std::string& caption) {
  std::vector<std::size_t> columns;
  for (std::size_t k = 0; k < table.headers.size(); ++k) {
    if (std::any_of(table.rows.begin(), table.rows.end(), [&](const auto& row) { return !row[k].empty(); }))
      columns.push_back(k);
  }
  std::string markup = fmt::format("<table><caption>{}</caption>\n<thead><tr>", escaped(caption));
  for (const std::size_t k : columns) markup += cell("th", k < table.n_left, table.headers[k]);
  markup += "</tr></thead>\n<tbody>\n";
  for (const auto& row : table.rows) {
    markup += "<tr>";
    for (const std::size_t k : columns) markup += cell("td", k < table.n_left, row[k]);
    markup += "</tr>\n";
  }
  return scrolling(caption, markup + "</tbody></table>") + "\n";
}

std::string figure(const std::string& markup, const std::string& caption, const std::string& name,
                   const std::string& csv) {
  std::string link;
  if (!csv.empty()) {
    link = fmt::format(" <a download=\"{0}.csv\" href=\"data:text/csv;base64,{1}\">{0}.csv</a>", escaped(name),
                       engine::to_base64(csv));
  }
  return fmt::format("<figure>{}\n<figcaption>{}{}</figcaption></figure>\n", markup, escaped(caption), link);
}

std::string figure(const Chart& chart, const std::string& name) {
  return figure(svg(chart, SvgUse::in_page), chart.title + ".", name, csv(chart));
}

std::string drawing(double width, double height, const std::string& title, const std::string& body, SvgUse use) {
  const bool is_file = use == SvgUse::as_file;
  return fmt::format(
      "<svg{0} class=\"chart wide\" viewBox=\"0 0 {1:.0f} {2:.0f}\" width=\"{1:.0f}\" height=\"{2:.0f}\" "
      "role=\"img\"><title>{3}</title>\n{4}{5}</svg>{6}",
      is_file ? " xmlns=\"http://www.w3.org/2000/svg\"" : "", width, height, escaped(title),
      is_file ? file_style() : "", body, is_file ? "\n" : "");
}

std::string bar_chart(const std::vector<Bar>& bars, const std::string& title) {
  std::string body;
  double y = 4;
  for (const Bar& bar : bars) {
    const double width = 230 * std::clamp(bar.share, 0.0, 1.0);
    body += fmt::format(
        "<text x=\"190\" y=\"{:.1f}\" text-anchor=\"end\">{}</text><rect class=\"f{}\" x=\"200\" y=\"{:.1f}\" "
        "width=\"{:.1f}\" height=\"14\"/><text x=\"{:.1f}\" y=\"{:.1f}\">{}</text>\n",
        y + 12, escaped(shortened(bar.label, 26)), bar.colour, y, width, 206 + width, y + 12, escaped(bar.shown));
    y += 22;
  }
  return fmt::format(
      "<svg class=\"chart\" viewBox=\"0 0 500 {0:.0f}\" width=\"500\" height=\"{0:.0f}\" role=\"img\">"
      "<title>{1}</title>\n{2}</svg>",
      y, escaped(title), body);
}

std::string scrolling(const std::string& label, const std::string& markup) {
  return fmt::format("<div class=\"scroll\" tabindex=\"0\" role=\"region\" aria-label=\"{}\">{}</div>", escaped(label),
                     markup);
}

std::string side_by_side(const std::string& figures) { return "<div class=\"figures\">\n" + figures + "</div>\n"; }

std::string folded(const std::string& summary, const std::string& markup) {
  return fmt::format("<details><summary>{}</summary>\n{}</details>\n", escaped(summary), markup);
}

std::string html(const Page& page) {
  std::string contents, body;
  for (std::size_t i = 0; i < page.sections.size(); ++i) {
    const Section& section = page.sections[i];
    contents += fmt::format("<li><a href=\"#{}\">{}</a></li>\n", anchor(i), escaped(section.title));
    body += fmt::format("<section aria-labelledby=\"{0}\">\n<h2 id=\"{0}\">{1}</h2>\n{2}</section>\n", anchor(i),
                        escaped(section.title), section.body);
  }
  // The policy is a second lock: even markup that slipped through could load and run nothing.
  return fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; "
      "img-src data:\">\n{4}<title>{0}</title>\n<style>{1}{2}</style>\n</head>\n<body>\n<header><h1>{0}</h1>\n{3}"
      "</header>\n<nav aria-label=\"Contents\"><ul>\n{5}</ul></nav>\n<main>\n{6}</main>\n</body>\n</html>\n",
      escaped(page.title), kStyle, chart_style(), page.introduction,
      page.reload_seconds > 0 ? fmt::format("<meta http-equiv=\"refresh\" content=\"{}\">\n", page.reload_seconds) : "",
      contents, body);
}

}  // namespace ingot::report
