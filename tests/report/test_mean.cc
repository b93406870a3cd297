#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "report/mean.h"
#include "tests/support/error_text.h"

namespace ingot {
namespace {

using report::Series;

TEST_CASE("a mean has the standard error of n - 1, and none where all values are the same") {
  const report::Mean mean = report::mean_of(std::vector<double>{1, 2, 3, 6});
  CHECK(mean.value == doctest::Approx(3));
  CHECK(mean.error == doctest::Approx(std::sqrt((4 + 1 + 0 + 9) / 3.0 / 4)));
  for (const std::vector<double>& same : {std::vector<double>{0.1}, {0.1, 0.1, 0.1}}) {
    CHECK(report::mean_of(same).value == 0.1);
    CHECK(report::mean_of(same).error == 0);
  }
}

TEST_CASE("a mean is written with two digits of its error, and without one as the number that it is") {
  CHECK(report::to_text({.value = 0.876543, .error = 0.00123}) == "0.8765 \u00b1 0.0012");
  CHECK(report::to_text({.value = 123.4, .error = 45.6}) == "123 \u00b1 46");
  CHECK(report::to_text({.value = 1e-9, .error = 1e-10}) == "0.00000000100 \u00b1 0.00000000010");
  CHECK(report::to_text({.value = 1134608}) == "1134608");
  CHECK(report::to_text({.value = 1, .error = INFINITY}) == "1 \u00b1 inf");
  CHECK(report::to_text({.value = 0.5}) == "0.5");
}

TEST_CASE("points of several series meet by their x, those with labels by the label; what one lacks is left out") {
  const std::vector<Series> curves{{.name = "a", .points = {{1, 2}, {2, 3}, {3, 9}}, .group = "g"},
                                   {.name = "b", .points = {{1, 4}, {2, NAN}, {3, 9}, {4, 1}}, .group = "h"}};
  const Series curve = report::mean_of(curves, "m");
  CHECK(curve.name == "m");
  CHECK(curve.group == "g");
  REQUIRE(curve.points.size() == 2);
  CHECK(curve.points[0].y == 3);
  CHECK(curve.points[0].error == doctest::Approx(1));
  CHECK(curve.points[1].x == 3);
  CHECK(curve.points[1].error == 0);
  const std::vector<Series> clouds{{.name = "a", .points = {{10, 1, 0, "p"}, {20, 2, 0, "q"}}, .is_cloud = true},
                                   {.name = "a", .points = {{30, 5, 0, "q"}, {12, 3, 0, "p"}}, .is_cloud = true}};
  const Series cloud = report::mean_of(clouds, "a");
  REQUIRE(cloud.points.size() == 2);
  CHECK(cloud.is_cloud);
  CHECK(cloud.points[0].x == 11);
  CHECK(cloud.points[0].y == 2);
  CHECK(cloud.points[1].x == 25);
  CHECK(cloud.points[1].label == "q");
}

}  // namespace
}  // namespace ingot
