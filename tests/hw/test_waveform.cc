#include <doctest/doctest.h>

#include <regex>

#include "hw/simulation/waveform.h"
#include "tests/support/error_text.h"

using namespace ingot::hw;
using ingot::test::contains;

namespace {

Signal control(const std::string& name, std::size_t n_cycles) {
  Signal signal{.name = name};
  for (std::size_t i = 0; i < n_cycles; ++i) signal.values.push_back({static_cast<ingot::testbench::Byte>(i % 3 != 0)});
  return signal;
}

}  // namespace

TEST_CASE("a waveform has room for its last label, for long names and late times, and says which lane is first") {
  const std::size_t n_cycles = 100'020;
  Signal data{.name = "a_port_with_quite_a_long_name", .bits = 16, .width = 8, .is_signed = true};
  for (std::size_t i = 0; i < n_cycles; ++i) data.values.push_back({7, 0xff});  // lane 0 holds 7, lane 1 -1
  const std::vector<Signal> signals{data, control("a_port_with_quite_a_long_name_valid", n_cycles),
                                    control("ready", n_cycles)};
  const std::string svg = to_svg(signals, 100'000, 16, 20);
  constexpr double kCharacter = 7.3;  // of a monospaced font of 12 units
  const std::regex text("<text x=\"(\\d+)\" y=\"(\\d+)\" text-anchor=\"(\\w+)\">([^<]*)</text>");
  const int width = std::stoi(svg.substr(svg.find("width=\"") + 7));
  double last_end = 0;
  int n_times = 0;
  for (std::sregex_iterator found(svg.begin(), svg.end(), text), end; found != end; ++found) {
    const double x = std::stod((*found)[1]), wide = kCharacter * static_cast<double>((*found)[4].length());
    const std::string anchor = (*found)[3];
    const double left = anchor == "end" ? x - wide : anchor == "middle" ? x - wide / 2 : x;
    CAPTURE((*found)[4].str());
    CHECK(left >= 0);
    CHECK(left + wide <= width);
    if (!(*found)[4].str().ends_with(" ns")) continue;
    CHECK(left > last_end);  // times do not run into each other
    last_end = left + wide;
    ++n_times;
  }
  CHECK(n_times == 17);
  CHECK(contains(svg, ">2000320 ns<"));
  CHECK(contains(svg, ">7 -1<"));
  CHECK(contains(svg, "lane 0 first"));
  CHECK_FALSE(contains(to_svg(std::vector{control("rst", 20)}, 0, 16, 20), "lane 0"));  // there are none
}
