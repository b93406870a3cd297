// What a search within a bound of bits tries first.
#include <doctest/doctest.h>

#include "pipeline/searches/first_trial.h"
#include "tests/support/error_text.h"

using namespace ingot;
using namespace ingot::pipeline;
using search::Choice;
using test::error_text;

namespace {

const std::vector<SearchedTensor> kTensors{{"bert.encoder.first", "first"}, {"bert.encoder.second", "second"}};

std::int64_t number(const Parameters& parameters, const std::string& name) {
  return std::get<std::int64_t>(parameters.at(name));
}

// The mean of both widths.
double mean_width(const Parameters& p) {
  return static_cast<double>(number(p, "first.width") + number(p, "second.width")) / 2;
}

}  // namespace

TEST_CASE("a tensor can be every combination of its format's parameters, of several formats each its own") {
  const auto fixed = alternatives_of(kTensors, format_spaces("fixed", "2,4", "1,calibrated"));
  REQUIRE(fixed.size() == 2);
  CHECK(fixed[1] == Alternatives{{{"second.width", std::int64_t{2}}, {"second.frac", std::int64_t{1}}},
                                 {{"second.width", std::int64_t{2}}, {"second.frac", "calibrated"}},
                                 {{"second.width", std::int64_t{4}}, {"second.frac", std::int64_t{1}}},
                                 {{"second.width", std::int64_t{4}}, {"second.frac", "calibrated"}}});

  const auto both = alternatives_of({kTensors[0]}, format_spaces("log,binary", "8", "half"));
  REQUIRE(both[0].size() == 5 + 2);
  CHECK(both[0][4] == Parameters{{"first.format", "log"}, {"first.log.width", std::int64_t{8}}});
  CHECK(both[0][5] == Parameters{{"first.format", "binary"}, {"first.binary.scale", "tensor"}});
}

TEST_CASE("the first trial has the widest format that fits everywhere") {
  const auto tensors = alternatives_of(kTensors, format_spaces("fixed", "2,3,6,8", "calibrated"));
  for (const auto& [bound, width] : {std::pair{100.0, 8}, {8.0, 8}, {7.99, 6}, {6.0, 6}, {5.0, 3}, {2.0, 2}}) {
    CAPTURE(bound);
    const Parameters first = first_below(bound, tensors, mean_width);
    CHECK(number(first, "first.width") == width);
    CHECK(number(first, "second.width") == width);
  }
}

TEST_CASE("where no format fits everywhere, each tensor has the one with its fewest bits") {
  const auto tensors = alternatives_of(kTensors, format_spaces("block_fp", "8", "half"));
  // Blocks of 64 suit the first tensor, and waste most of themselves in the second.
  const auto bits = [](const Parameters& p) {
    const std::int64_t overhead = number(p, "first.block") == 64 ? 0 : 4,
                       waste = number(p, "second.block") == 16 ? 0 : 4;
    return mean_width(p) + static_cast<double>(overhead + waste) / 2;
  };
  const Parameters first = first_below(2.0, tensors, bits);
  CHECK(number(first, "first.block") == 64);
  CHECK(number(first, "second.block") == 16);
  CHECK(mean_width(first) == 2);
  CHECK(error_text([&] { first_below(1.99, tensors, bits); }) ==
        "--max-bits 1.99: the formats with the fewest bits still need 2.00 a parameter on average");
  // The figure is a bound that would do.
  CHECK(error_text([&] { first_below(2.0, tensors, [&](const Parameters& p) { return bits(p) + 0.001; }); }) ==
        "--max-bits 2: the formats with the fewest bits still need 2.01 a parameter on average");
}

TEST_CASE("a parameter of these is picked by its place in the list") {
  const Parameters parameters{{"a", "log"}, {"b", std::int64_t{6}}};
  CHECK(pick_from(parameters, "a", search::Distribution::categorical({"fixed", "log"})) == 1);
  CHECK(pick_from(parameters, "b", search::Distribution::ordinal({std::int64_t{6}, std::int64_t{8}})) == 0);
}
