// What the outputs of two models say of each other.
#include <doctest/doctest.h>

#include "pipeline/comparison.h"
#include "tests/support/error_text.h"

using namespace ingot;

using Outputs = std::vector<float>;

TEST_CASE("answers differ where another label is the largest; noise is the root of the mean square") {
  const bert::Head& head = bert::head_for(data::Answers::label);
  const auto found = pipeline::compare(head, 2, Outputs{1, 0, 0, 2, 3, 1}, Outputs{1, 3, 0, 2, 3, 1});
  CHECK(found.n_answers == 3);
  CHECK(found.n_different == 1);
  CHECK(found.noise == doctest::Approx(std::sqrt(9.0 / 6)));
  // Of 1, 3, 0, 2, 3, 1: the mean is 10/6, the mean of the squares 24/6.
  CHECK(found.deviation == doctest::Approx(std::sqrt(4 - 100.0 / 36)));
}

TEST_CASE("of many labels each is an answer by its sign, and numbers have none") {
  const Outputs a{1, -1, -2, 2}, b{2, 1, -2, -2};
  const auto labels = pipeline::compare(bert::head_for(data::Answers::labels), 2, a, b);
  CHECK(labels.n_answers == 4);
  CHECK(labels.n_different == 2);
  const auto numbers = pipeline::compare(bert::head_for(data::Answers::numbers), 2, a, b);
  CHECK(numbers.n_answers == 0);
  CHECK(numbers.noise == doctest::Approx(std::sqrt((1 + 4 + 0 + 16) / 4.0)));
}

TEST_CASE("outputs of other texts are refused with both numbers") {
  CHECK(test::error_text([] {
          pipeline::compare(bert::head_for(data::Answers::label), 2, Outputs{1, 2}, Outputs{1, 2, 3, 4});
        }) == "models: have 2 outputs for these texts, and 4");
}
