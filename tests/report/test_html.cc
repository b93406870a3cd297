#include <doctest/doctest.h>

#include "report/html.h"
#include "tests/support/error_text.h"

namespace ingot {
namespace {

TEST_CASE("text of strangers is shown as text: markup, control characters, bytes that are not UTF-8") {
  CHECK(report::escaped("<a href='x'>&\"") == "&lt;a href=&#39;x&#39;&gt;&amp;&quot;");
  CHECK(report::escaped("\x1b[2J") == "\\x1b[2J");
  CHECK(report::escaped("\xff") == "\\xff");
  const std::string page =
      report::html({.title = "</title><script>1</script>",
                    .introduction = report::paragraph("<img src=x onerror=1>"),
                    .sections = {{"<h1>", report::table({.headers = {"<i>"}, .rows = {{"</td><script>"}}}, "<u>")}}});
  for (const char* markup : {"<script", "<img", "<i>", "<u>", "<h1><"}) CHECK_FALSE(test::contains(page, markup));
}

TEST_CASE("a page asks for nothing from elsewhere, and forbids itself to") {
  const report::Chart chart{
      .title = "t", .x_label = "x", .y_label = "y", .series = {{.name = "a", .points = {{1, 1}}}}};
  const std::string page =
      report::html({.title = "t", .introduction = {}, .sections = {{"s", report::figure(chart, "a")}}});
  CHECK(test::contains(page, "default-src 'none'"));
  std::string rest = page;
  for (const std::string allowed : {"http://www.w3.org/2000/svg"}) {
    for (std::size_t at; (at = rest.find(allowed)) != std::string::npos;) rest.erase(at, allowed.size());
  }
  for (const char* outside : {"http:", "https:", "url(", "@import", "src=", "<link", "<script"})
    CHECK_FALSE(test::contains(rest, outside));
  CHECK(test::contains(page, "<html lang=\"en\">"));
  CHECK(page == report::html({.title = "t", .introduction = {}, .sections = {{"s", report::figure(chart, "a")}}}));
}

TEST_CASE("the data behind a figure is offered as base64, as RFC 4648 encodes it") {
  for (const auto& [bytes, text] : {std::pair{"f", "Zg=="},
                                    {"fo", "Zm8="},
                                    {"foo", "Zm9v"},
                                    {"foob", "Zm9vYg=="},
                                    {"fooba", "Zm9vYmE="},
                                    {"foobar", "Zm9vYmFy"}}) {
    const std::string figure = report::figure("<svg></svg>", "c", "n", bytes);
    CHECK(test::contains(figure, std::string("download=\"n.csv\" href=\"data:text/csv;base64,") + text + "\""));
  }
  CHECK_FALSE(test::contains(report::figure("<svg></svg>", "c", "n", ""), "href"));
}

TEST_CASE("columns without a cell are left out, and a page reloads itself only if asked to") {
  const std::string table = report::table({.headers = {"a", "b"}, .rows = {{"1", ""}}}, "c");
  CHECK(test::contains(table, ">a<"));
  CHECK_FALSE(test::contains(table, ">b<"));
  CHECK_FALSE(test::contains(report::html({.title = "t", .introduction = {}, .sections = {}}), "refresh"));
  CHECK(test::contains(report::html({.title = "t", .introduction = {}, .sections = {}, .reload_seconds = 5}),
                       "content=\"5\""));
}

}  // namespace
}  // namespace ingot
