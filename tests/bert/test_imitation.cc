// What a student learns from the inside of a teacher.
#include <doctest/doctest.h>

#include <cmath>

#include "bert/train/imitation.h"
#include "engine/autograd/attention_divergence.h"
#include "engine/base/process.h"
#include "tests/bert/toy.h"
#include "tests/support/temporary_folder.h"

using namespace ingot;
using namespace ingot::bert;
using engine::Tensor;
using engine::Variable;
using test::Toy;

namespace {

// Deeper and wider than Toy::model, with another number of heads.
Model teacher_model() {
  Config config = Toy::model(0).config;
  config.hidden_size = 48;
  config.num_hidden_layers = 4;
  config.num_attention_heads = 4;
  return make_model(config, 7);
}

Teaching imitating(const Model& teacher, const Config& student, double hidden, double attention) {
  Teaching teaching{.weight = 0};
  teaching.imitation = Imitation{.teacher = &teacher,
                                 .hidden_weight = hidden,
                                 .attention_weight = attention,
                                 .projection = new_projection(teacher.config, student)};
  return teaching;
}

Input some_input(const Toy& toy) {
  const std::vector<std::size_t> members{0, 1, 2};
  return make_input(make_batch(toy.training, members, Toy::kFraming));
}

float value(const Variable& v) { return v.value().data()[0]; }

// Of the inside alone.
float imitation_loss(const Model& student, const Imitation& imitation, const Input& input) {
  engine::DropoutStreams off;
  EncoderStates states;
  student.encode(input, off, &states);
  return value(with_imitation(Variable(Tensor::zeros({1})), imitation, states, input));
}

}  // namespace

TEST_CASE("layers learn evenly from those of the teacher, the last from the last, embeddings from embeddings") {
  using Layers = std::vector<std::int64_t>;
  const auto taught = [](std::int64_t n_own, std::int64_t n_other) {
    Layers all;
    for (std::int64_t layer = 0; layer <= n_own; ++layer) all.push_back(taught_by(layer, n_own, n_other));
    return all;
  };
  CHECK(taught(4, 12) == Layers{0, 3, 6, 9, 12});
  CHECK(taught(2, 4) == Layers{0, 2, 4});
  CHECK(taught(3, 4) == Layers{0, 1, 3, 4});
  CHECK(taught(2, 2) == Layers{0, 1, 2});
  CHECK(taught(4, 1) == Layers{0, 1, 1, 1, 1});
}

TEST_CASE("the loss of hidden states is their mean squared error through the projection") {
  const Toy toy;
  const Model student = Toy::model(0), teacher = teacher_model();
  const Input input = some_input(toy);
  Imitation imitation = *imitating(teacher, student.config, 0.7, 0).imitation;
  engine::Rng rng(3);
  for (float& w : imitation.projection.value().span()) w = static_cast<float>(rng.normal() * 0.3);
  engine::DropoutStreams off;
  EncoderStates own, other;
  student.encode(input, off, &own);
  teacher.encode(input, off, &other);
  double sum = 0;
  const std::int64_t n = own.hidden[0].value().n_rows();
  for (std::size_t layer = 0; layer < 3; ++layer) {
    const Tensor &s = own.hidden[layer].value(), &t = other.hidden[2 * layer].value();
    double squares = 0;
    for (std::int64_t row = 0; row < n; ++row)
      for (std::int64_t j = 0; j < 48; ++j) {
        double mapped = 0;
        for (std::int64_t i = 0; i < 32; ++i)
          mapped += double{s.data()[row * 32 + i]} * double{imitation.projection.value().data()[j * 32 + i]};
        squares += std::pow(mapped - double{t.data()[row * 48 + j]}, 2);
      }
    sum += squares / static_cast<double>(n * 48);
  }
  CHECK(imitation_loss(student, imitation, input) == doctest::Approx(0.7 * sum / 3).epsilon(1e-5));
}

TEST_CASE("the loss of attention is the mean divergence of mapped layers; a model is no further from itself") {
  const Toy toy;
  const Model student = Toy::model(0), teacher = teacher_model();
  const Input input = some_input(toy);
  engine::DropoutStreams off;
  EncoderStates own, other;
  student.encode(input, off, &own);
  teacher.encode(input, off, &other);
  double sum = 0;
  for (const std::size_t layer : {std::size_t{1}, std::size_t{2}})
    sum += double{value(
        engine::attention_divergence(own.attention[layer - 1], other.attention[2 * layer - 1], *input.sequences))};
  CHECK(imitation_loss(student, *imitating(teacher, student.config, 0, 3).imitation, input) ==
        doctest::Approx(3 * sum / 2).epsilon(1e-5));
  CHECK(std::abs(imitation_loss(student, *imitating(student, student.config, 1, 1).imitation, input)) < 1e-6);
}

TEST_CASE("the gradients of weights and projection are the differences of the loss of a step") {
  const Toy toy;
  Model student = Toy::model(0);
  const Model teacher = teacher_model();
  const Teaching teaching = imitating(teacher, student.config, 1, 1);
  const Job job = toy.job(student, 8, {.teaching = &teaching});
  const auto loss = [&] {
    engine::DropoutStreams off;
    return job.step(0, 0, off).loss;
  };
  engine::backward(loss());
  std::vector<engine::Parameter> parameters = student.parameters();
  parameters.push_back({"projection", teaching.imitation->projection});
  for (const engine::Parameter& p : parameters) {
    INFO(p.name);
    const Tensor gradient = p.variable.gradient();
    const std::int64_t at = std::max_element(gradient.data(), gradient.data() + gradient.size(),
                                             [](float a, float b) { return std::abs(a) < std::abs(b); }) -
                            gradient.data();
    float& weight = p.variable.value().data()[at];
    const float kept = weight;
    weight = kept + 4e-3f;
    const double above = double{value(loss())};
    weight = kept - 4e-3f;
    const double below = double{value(loss())};
    weight = kept;
    const double difference = (above - below) / 8e-3;
    CHECK(std::abs(double{gradient.data()[at]} - difference) < 0.02 * std::abs(difference) + 2e-4);
    CHECK_FALSE(teacher.parameters().front().variable.has_gradient());
  }
}

TEST_CASE("a student comes nearer to its teacher on labelled and unlabelled texts, whose labels are not asked for") {
  const Toy toy;
  const Model teacher = teacher_model();
  Model student = Toy::model(0);
  Teaching teaching = imitating(teacher, student.config, 1, 1);
  teaching.unlabelled = toy.validation;
  const Job job = toy.job(student, 4, {.teaching = &teaching});
  CHECK(job.batches_per_epoch == 15);
  const Input input = some_input(toy);
  const float before = imitation_loss(student, *teaching.imitation, input);
  engine::AdamW optimizer({{student.parameters()}, job.parameters.at(0)});
  for (std::int64_t epoch = 0; epoch < 10; ++epoch)
    for (std::int64_t i = 0; i < job.batches_per_epoch; ++i) {
      engine::DropoutStreams streams(1, static_cast<std::uint64_t>(epoch * job.batches_per_epoch + i));
      optimizer.clear_gradients();
      engine::backward(job.step(epoch, i, streams).loss);
      optimizer.step(3e-3f, optimizer.gradient_norm(), 1.0);
    }
  CHECK(imitation_loss(student, *teaching.imitation, input) < 0.5f * before);
  CHECK(evaluate(student, toy.training, Toy::kFraming, 8).accuracy > 0.9);  // the labels are learned beside
}

TEST_CASE("a resumed student has the bits of one that was never stopped: projection and its moments come back") {
  const Toy toy;
  const Model teacher = teacher_model();
  const auto trained = [&](const std::filesystem::path& out, bool stop) {
    for (int part = stop ? 0 : 1; part < 2; ++part) {
      Model student = Toy::model();
      const Teaching teaching = imitating(teacher, student.config, 1, 1);
      Job job = toy.job(student, 8, {.teaching = &teaching});
      bert::TrainerOptions how = test::options(out);
      how.resume = part == 1;
      if (part == 0) {
        const auto step = job.step;
        job.step = [step](std::int64_t epoch, std::int64_t index, engine::DropoutStreams& streams) {
          if (epoch == 1 && index == 3) throw engine::Failure("killed");
          return step(epoch, index, streams);
        };
        CHECK_THROWS_AS(bert::train(student.parameters(), job, how), engine::Failure);
      } else {
        bert::train(student.parameters(), job, how);
      }
    }
  };
  const test::TemporaryFolder folder;
  trained(folder.path() / "whole", false);
  trained(folder.path() / "stopped", true);
  CHECK(test::last_weights(folder.path() / "whole") == test::last_weights(folder.path() / "stopped"));
  CHECK(test::log_without_speed(folder.path() / "whole") == test::log_without_speed(folder.path() / "stopped"));
  const std::string state = engine::read_file(folder.path() / "whole" / "training.safetensors");
  CHECK(state.find("\"teacher_projection\"") != state.npos);
  CHECK(state.find("\"first_moment.teacher_projection\"") != state.npos);
  CHECK(test::last_weights(folder.path() / "whole").find("projection") == state.npos);  // no part of the model
}
