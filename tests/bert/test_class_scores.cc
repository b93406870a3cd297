// Scores of each class, against figures of scikit-learn 1.9 for the same labels.
#include <doctest/doctest.h>

#include <numeric>

#include "bert/class_scores.h"
#include "engine/base/rng.h"

using namespace ingot;
using Labels = std::vector<std::int32_t>;

TEST_CASE("precision, recall, F1 and confusion of each class, and none where there is nothing to divide by") {
  // precision_recall_fscore_support([0,0,0,1,1,2], [0,0,1,1,1,0], labels=[0,1,2,3]), confusion_matrix
  const bert::ClassScores scores = bert::class_scores(Labels{0, 0, 0, 1, 1, 2}, Labels{0, 0, 1, 1, 1, 0}, 4);
  REQUIRE(scores.classes.size() == 4);
  CHECK(*scores.classes[0].precision() == doctest::Approx(2.0 / 3));
  CHECK(*scores.classes[0].recall() == doctest::Approx(2.0 / 3));
  CHECK(*scores.classes[0].f1() == doctest::Approx(2.0 / 3));
  CHECK(*scores.classes[1].precision() == doctest::Approx(2.0 / 3));
  CHECK(*scores.classes[1].recall() == 1);
  CHECK(*scores.classes[1].f1() == doctest::Approx(0.8));
  CHECK_FALSE(scores.classes[2].precision());
  CHECK(*scores.classes[2].recall() == 0);
  CHECK(*scores.classes[2].f1() == 0);
  CHECK_FALSE(scores.classes[3].precision());
  CHECK_FALSE(scores.classes[3].recall());
  CHECK_FALSE(scores.classes[3].f1());
  CHECK(scores.classes[0].support == 3);
  CHECK(scores.classes[0].predicted == 3);
  CHECK(scores.confusion.size() == 4);
  CHECK(scores.confusion.at({0, 0}) == 2);
  CHECK(scores.confusion.at({0, 1}) == 1);
  CHECK(scores.confusion.at({1, 1}) == 2);
  CHECK(scores.confusion.at({2, 0}) == 1);
  CHECK(scores.macro_f1() == doctest::Approx((2.0 / 3 + 0.8 + 0) / 3));  // of the labels that occur
  CHECK(bert::class_scores({}, {}, 3).macro_f1() == 0);
}

TEST_CASE("counts add up for any labels") {
  engine::Rng rng(3);
  Labels truths, predictions;
  for (int i = 0; i < 500; ++i) {
    truths.push_back(static_cast<std::int32_t>(rng.below(7)));
    predictions.push_back(static_cast<std::int32_t>(rng.below(9)));
  }
  const bert::ClassScores scores = bert::class_scores(truths, predictions, 9);
  std::int64_t support = 0, predicted = 0, confused = 0;
  for (std::int32_t c = 0; c < 9; ++c) {
    const bert::ClassCounts& counts = scores.classes[static_cast<std::size_t>(c)];
    support += counts.support;
    predicted += counts.predicted;
    std::int64_t row = 0, column = 0;
    for (const auto& [pair, n] : scores.confusion) {
      row += pair.first == c ? n : 0;
      column += pair.second == c ? n : 0;
    }
    CHECK(row == counts.support);
    CHECK(column == counts.predicted);
  }
  for (const auto& [pair, n] : scores.confusion) confused += n;
  CHECK(support == 500);
  CHECK(predicted == 500);
  CHECK(confused == 500);
}

TEST_CASE("balanced weights are n / (k n_c): of the classes that occur, each weighs the same in all") {
  // compute_class_weight("balanced", classes=[0,1,2], y=[0,0,0,1,1,2]) = [2/3, 1, 2]
  const std::vector<float> weights = bert::balanced_weights(Labels{0, 0, 0, 1, 1, 2}, 4);
  REQUIRE(weights.size() == 4);
  CHECK(weights[0] == doctest::Approx(2.0 / 3));
  CHECK(weights[1] == 1);
  CHECK(weights[2] == 2);
  CHECK(weights[3] == 0);
  CHECK(bert::balanced_weights(Labels{1, 0, 1, 0}, 2) == std::vector<float>{1, 1});
}
