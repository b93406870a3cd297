// What the outputs of two models say of each other.
#include <doctest/doctest.h>

#include "pipeline/comparison.h"
#include "tests/support/error_text.h"

using namespace ingot;

namespace {

bert::Predictions outputs(std::size_t columns, std::vector<float> values) {
  bert::Predictions all{.n_outputs = columns, .values = std::move(values), .offsets = {0}};
  for (std::size_t row = 1; row <= all.values.size() / columns; ++row) all.offsets.push_back(row);
  return all;
}

}  // namespace

TEST_CASE("answers differ where another label is the largest; noise is the root of the mean square") {
  const bert::Head& head = bert::head_for(data::Answers::label);
  const auto found = pipeline::compare(head, outputs(2, {1, 0, 0, 2, 3, 1}), outputs(2, {1, 3, 0, 2, 3, 1}));
  CHECK(found.n_answers == 3);
  CHECK(found.n_different == 1);
  CHECK(found.noise == doctest::Approx(std::sqrt(9.0 / 6)));
  // Of 1, 3, 0, 2, 3, 1: the mean is 10/6, the mean of the squares 24/6.
  CHECK(found.deviation == doctest::Approx(std::sqrt(4 - 100.0 / 36)));
}

TEST_CASE("of many labels each is an answer by its sign, and numbers have none") {
  const bert::Predictions a = outputs(2, {1, -1, -2, 2}), b = outputs(2, {2, 1, -2, -2});
  const auto labels = pipeline::compare(bert::head_for(data::Answers::labels), a, b);
  CHECK(labels.n_answers == 4);
  CHECK(labels.n_different == 2);
  const auto numbers = pipeline::compare(bert::head_for(data::Answers::numbers), a, b);
  CHECK(numbers.n_answers == 0);
  CHECK(numbers.noise == doctest::Approx(std::sqrt((1 + 4 + 0 + 16) / 4.0)));
}

TEST_CASE("outputs of other texts are refused with both numbers") {
  CHECK(test::error_text([] {
          pipeline::compare(bert::head_for(data::Answers::label), outputs(2, {1, 2}), outputs(2, {1, 2, 3, 4}));
        }) == "models: have 2 outputs for these texts, and 4");
}
