// The figures in docs/, drawn from the results beside them. With INGOT_DRAW=1 in the environment they are written
// instead of compared: after a change of how charts look, or of a result.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "engine/base/files.h"
#include "labs/page.h"
#include "pipeline/pages/run_folder.h"
#include "report/chart.h"
#include "tests/support/temporary_folder.h"

namespace ingot {
namespace {

namespace fs = std::filesystem;
using report::Chart;

void check_figure(const Chart& chart, const fs::path& folder, const std::string& stem) {
  if (std::getenv("INGOT_DRAW") != nullptr) fs::create_directories(folder), report::write_chart(chart, folder, stem);
  const test::TemporaryFolder place;
  report::write_chart(chart, place.path(), stem);
  for (const char* ending : {".svg", ".csv"}) {
    CAPTURE((folder / (stem + ending)).string());
    REQUIRE(fs::exists(folder / (stem + ending)));
    CHECK(engine::read_file(folder / (stem + ending)) == engine::read_file(place / (stem + ending)));
  }
}

std::vector<labs::LabFigure> figures_of(const std::string& lab) {
  const std::vector<pipeline::RunFolder> folders{pipeline::read_run_folder(fs::path(INGOT_DOCS) / ("lab-" + lab))};
  std::string left_out;
  return labs::lab_figures(folders, left_out);
}

constexpr const char* kLabs[] = {"1.1", "1.1-glosses", "1.2", "1.2-glosses", "2.1",
                                 "2.2", "3.1",         "3.2", "5.1",         "5.1-glosses"};

TEST_CASE("each lab's figure in docs/ is what its result gives") {
  for (const char* lab : kLabs) {
    const std::vector<labs::LabFigure> figures = figures_of(lab);
    REQUIRE(figures.size() == 2);
    check_figure(figures[0].chart, fs::path(INGOT_DOCS) / fmt::format("lab-{}", lab), "figure");
  }
}

// The models of all labs on IMDb, each by its accuracy and size, and those that no smaller one reaches.
Chart models_by_size() {
  constexpr double kLeast = 0.8;
  struct Source {
    const char *lab, *name;
  };
  Chart chart{
      .title = "", .x_label = "bytes of the whole model", .y_label = "accuracy on IMDb's test reviews", .log_x = true};
  report::Series best{.name = "best of their size", .group = "best"};
  std::size_t n = 0, n_shown = 0;
  std::vector<report::Point> all;
  for (const auto& [lab, name] : {Source{"1.1", "quantised"},
                                  {"1.2", "pruned"},
                                  {"2.1", "searched sizes"},
                                  {"2.2", "searched while compressed"},
                                  {"3.1", "formats by layer"},
                                  {"3.2", "kinds of formats"}}) {
    report::Series series{.name = name, .group = name, .is_cloud = true};
    const std::vector<labs::LabFigure> figures = figures_of(lab);
    REQUIRE(figures.size() == 2);
    for (const report::Series& kind : figures[1].chart.series) {
      n += kind.points.size();
      for (const report::Point& p : kind.points) {
        if (p.y < kLeast) continue;
        series.points.push_back({p.x, p.y, 0, fmt::format("lab {}: {}", lab, p.label)});
      }
    }
    n_shown += series.points.size();
    all.insert(all.end(), series.points.begin(), series.points.end());
    chart.series.push_back(std::move(series));
  }
  std::sort(all.begin(), all.end(),
            [](const auto& a, const auto& b) { return std::pair(a.x, -a.y) < std::pair(b.x, -b.y); });
  for (const report::Point& p : all) {
    if (best.points.empty() || p.y > best.points.back().y) best.points.push_back({p.x, p.y});
  }
  chart.series.insert(chart.series.begin(), std::move(best));
  chart.title =
      fmt::format("{} models of labs 1 to 3 by accuracy and size ({} more are below {})", n_shown, n - n_shown, kLeast);
  return chart;
}

TEST_CASE("the picture of accuracy against bytes in README.md is what the labs' results give") {
  check_figure(models_by_size(), fs::path(INGOT_DOCS) / "pictures", "accuracy-bytes");
}

}  // namespace
}  // namespace ingot
