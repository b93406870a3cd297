#include <doctest/doctest.h>

#include <regex>

#include "pipeline/waveform.h"
#include "tests/support/error_text.h"

using namespace ingot;
using hw::Signal;
using test::contains;

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
  const std::string svg = pipeline::waveform(signals, 100'000, 16, 20, report::SvgUse::as_file);
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
  const std::vector<Signal> one{control("rst", 20)};
  CHECK_FALSE(contains(pipeline::waveform(one, 0, 16, 20, report::SvgUse::in_page), "lane 0"));  // there are none
}

namespace {

// rst, x (2 lanes of 4 bits), x_valid, x_ready, y, y_valid, y_ready: two cycles of reset, in which y_valid is whatever
// the simulator drew, then -1 and 2 go in.
std::vector<Signal> small_trace() {
  const hw::FixedPoint format{.width = 4, .frac_bits = 0, .is_signed = true};
  const hw::Manifest manifest{.input = {.name = "x", .format = format, .size = 2, .lanes = 2},
                              .output = {.name = "y", .format = format, .size = 2, .lanes = 1},
                              .interval = 1};
  const std::vector<testbench::Byte> trace = {1, 0,    0, 1, 0, 1, 0,  //
                                              1, 0,    0, 1, 0, 0, 0,  //
                                              0, 0x2f, 1, 1, 7, 0, 1};
  return hw::signals_of(manifest, trace);
}

}  // namespace

TEST_CASE("a waveform and its data show valid beats as codes, others as nothing, and no cycle that was not recorded") {
  const std::vector<Signal> signals = small_trace();
  const std::string svg = pipeline::waveform(signals, 0, 9, 20, report::SvgUse::in_page);
  CHECK(contains(svg, ">-1 2</text>"));
  CHECK_FALSE(contains(svg, ">7</text>"));
  CHECK(contains(svg, ">60 ns</text>"));  // three cycles are all that there are
  CHECK_FALSE(contains(svg, ">80 ns</text>"));
  CHECK(pipeline::waveform_csv(signals, 1, 9, 20) ==
        "ns,rst,x,x_valid,x_ready,y,y_valid,y_ready\n20,1,,0,1,,0,0\n40,0,-1 2,1,1,,0,1\n");
  CHECK(pipeline::first_beat(signals, 2) == 2);
  CHECK(pipeline::first_beat(signals, 5) == 3);  // there is none: what is valid during a reset counts for nothing
}

TEST_CASE("one waveform serves light and dark: its colours are those of charts, and a file carries them with it") {
  const std::vector<Signal> signals = small_trace();
  const std::string in_page = pipeline::waveform(signals, 0, 3, 20, report::SvgUse::in_page);
  const std::string file = pipeline::waveform(signals, 0, 3, 20, report::SvgUse::as_file);
  CHECK_FALSE(contains(in_page, "<style>"));
  CHECK(contains(file, report::chart_style()));
  CHECK(contains(file, "prefers-color-scheme:dark"));
  for (const char* colour : {"stroke=\"#", "fill=\"#"}) CHECK_FALSE(contains(in_page, colour));
  std::vector<Signal> evil = signals;
  evil[0].name = "<script>";
  CHECK_FALSE(contains(pipeline::waveform(evil, 0, 3, 20, report::SvgUse::as_file), "<script"));
}
