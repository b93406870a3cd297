// What a teacher adds to the losses of heads, against their definitions in doubles.
#include <doctest/doctest.h>

#include <cmath>

#include "bert/heads/sequence_classification.h"
#include "bert/train/classification.h"
#include "tests/bert/toy.h"

using namespace ingot;
using namespace ingot::bert;
using engine::Tensor;
using engine::Variable;

namespace {

Variable outputs_of(const std::vector<float>& values, std::int64_t columns) {
  Tensor t = Tensor::empty({static_cast<std::int64_t>(values.size()) / columns, columns});
  std::copy(values.begin(), values.end(), t.data());
  return Variable(t, true);
}

// log softmax(row / t)[c]
double log_softmax(std::span<const float> row, std::size_t c, double t) {
  double sum = 0;
  for (const float z : row) sum += std::exp(double{z} / t);
  return double{row[c]} / t - std::log(sum);
}

}  // namespace

TEST_CASE("a lesson of one label is (1-a) CE + a T^2 CE of softmaxes, and the teacher's alone without a label") {
  const std::vector<float> z{0.5f, -1, 2, 1, 0, -0.5f}, t{1, 2, -1, 0, 0.3f, 3};
  const std::vector<std::int32_t> labels{2, data::kUnlabelled};
  const std::vector<std::uint8_t> answered{1, 0};
  for (const double temperature : {1.0, 2.0}) {
    double expected = 0;
    for (std::size_t i = 0; i < 2; ++i) {
      const std::span<const float> zi = std::span(z).subspan(3 * i, 3), ti = std::span(t).subspan(3 * i, 3);
      double soft = 0;
      for (std::size_t c = 0; c < 3; ++c)
        soft -= std::exp(log_softmax(ti, c, temperature)) * log_softmax(zi, c, temperature);
      soft *= temperature * temperature;
      expected += i == 0 ? 0.7 * -log_softmax(zi, 2, 1) + 0.3 * soft : soft;
    }
    const Variable loss = kSequenceClassification.lesson(
        outputs_of(z, 3), {.labels = labels}, {.outputs = t, .weight = 0.3, .temperature = temperature}, answered);
    CHECK(loss.value().data()[0] == doctest::Approx(expected / 2).epsilon(1e-6));
  }
}

TEST_CASE("of two labels a lesson is the binary cross entropy of the difference of logits") {
  const std::vector<float> z{0.5f, -1}, t{-2, 1.5f};
  const std::vector<std::int32_t> labels{data::kUnlabelled};
  const std::vector<std::uint8_t> answered{0};
  const double d = double{z[1]} - double{z[0]}, p = 1 / (1 + std::exp(-(double{t[1]} - double{t[0]})));
  const double expected = -p * std::log(1 / (1 + std::exp(-d))) - (1 - p) * std::log(1 - 1 / (1 + std::exp(-d)));
  const Variable loss =
      kSequenceClassification.lesson(outputs_of(z, 2), {.labels = labels}, {.outputs = t, .weight = 0.5}, answered);
  CHECK(loss.value().data()[0] == doctest::Approx(expected).epsilon(1e-6));
}

TEST_CASE("lessons of several labels and of numbers mix the targets, and have the gradient of the mixed losses") {
  const std::vector<float> t{1, -2, 0.5f, 3};
  const std::vector<float> numbers{1, 0, 0, 0};
  const std::vector<std::uint8_t> answered{1, 0};
  const Lesson lesson{.outputs = t, .weight = 0.25};
  const Head &several = head_for_task("multi-label"), &number = head_for_task("regression");
  const Variable z = outputs_of({0.2f, -0.4f, 1, 2}, 2);
  double expected = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    const double x = double{z.value().data()[i]}, teacher = 1 / (1 + std::exp(-double{t[i]}));
    const double p = i < 2 ? 0.75 * double{numbers[i]} + 0.25 * teacher : teacher;
    expected -= p * std::log(1 / (1 + std::exp(-x))) + (1 - p) * std::log(1 / (1 + std::exp(x)));
  }
  CHECK(several.lesson(z, {.numbers = numbers}, lesson, answered).value().data()[0] ==
        doctest::Approx(expected / 4).epsilon(1e-6));
  const Variable y = outputs_of({0.2f, -0.4f, 1, 2}, 2);
  const Variable loss = number.lesson(y, {.numbers = numbers}, lesson, answered);
  double squares = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    const double x = double{y.value().data()[i]}, own = std::pow(x - double{numbers[i]}, 2);
    squares += i < 2 ? 0.75 * own + 0.25 * std::pow(x - double{t[i]}, 2) : std::pow(x - double{t[i]}, 2);
  }
  CHECK(loss.value().data()[0] == doctest::Approx(squares / 4).epsilon(1e-6));
  engine::backward(loss);
  for (std::size_t i = 0; i < 4; ++i) {
    const double x = double{y.value().data()[i]}, own = 2 * (x - double{numbers[i]}), other = 2 * (x - double{t[i]});
    const double gradient = i < 2 ? 0.75 * own + 0.25 * other : other;
    CHECK(y.gradient().data()[i] == doctest::Approx(gradient / 4).epsilon(1e-5));
  }
}

TEST_CASE("a student of a teacher alone learns what the teacher says, on texts without labels too") {
  const test::Toy toy;
  Model student = test::Toy::model(0);
  // The teacher says the opposite of the labels, loudly, of labelled and unlabelled texts alike.
  Teaching teaching{.unlabelled = toy.validation, .outputs = {}, .weight = 1};
  for (const Subset* subset : {&toy.training, &toy.validation}) {
    for (const std::size_t i : subset->examples) {
      const bool is_one = subset->part->labels[i] == 1;
      teaching.outputs.insert(teaching.outputs.end(), {is_one ? 6.0f : -6.0f, is_one ? -6.0f : 6.0f});
    }
  }
  const Job job = toy.job(student, 8, {.teaching = &teaching});
  CHECK(job.batches_per_epoch ==
        static_cast<std::int64_t>((toy.training.examples.size() + toy.validation.examples.size() + 7) / 8));
  engine::AdamW optimizer(engine::decay_matrices(student.parameters(), 0.0f));
  for (std::int64_t epoch = 0; epoch < 12; ++epoch) {
    for (std::int64_t i = 0; i < job.batches_per_epoch; ++i) {
      engine::DropoutStreams streams(1, static_cast<std::uint64_t>(epoch * job.batches_per_epoch + i));
      optimizer.clear_gradients();
      engine::backward(job.step(epoch, i, streams).loss);
      optimizer.step(3e-3f, optimizer.gradient_norm(), 1.0);
    }
  }
  CHECK(evaluate(student, toy.training, test::Toy::kFraming, 8).accuracy < 0.2);
}
