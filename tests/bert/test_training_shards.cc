// Trainings whose batches are cut into shards, beside the same trainings without shards and on other numbers of
// threads.
#include <doctest/doctest.h>

#include <cmath>

#include "bert/heads/masked_lm.h"
#include "bert/train/pretraining.h"
#include "bert/train/training_batches.h"
#include "engine/base/threads.h"
#include "tests/bert/toy.h"
#include "tests/support/error_text.h"
#include "tests/support/temporary_folder.h"

using namespace ingot;
namespace fs = std::filesystem;

namespace {

struct ThreadCount {
  explicit ThreadCount(int count) : before(engine::threads()) { engine::set_threads(count); }
  ~ThreadCount() { engine::set_threads(before); }
  int before;
};

bert::TrainerOptions options(const fs::path& out, std::int64_t accumulate = 1) {
  return {.n_epochs = 2, .accumulate = accumulate, .learning_rate = 5e-3, .out = out, .identity = "toy"};
}

// The weights that a training in shards ends with.
std::string trained(std::int64_t shards, int threads, std::int64_t accumulate = 1,
                    engine::Sums sums = engine::Sums::fastest) {
  const ThreadCount guard(threads);
  const test::TemporaryFolder folder;
  const test::Toy toy;
  bert::Model model = test::Toy::model();
  model.set_sums(sums);
  bert::train(model.parameters(), toy.job(model, 12, {.shards = shards}), options(folder.path(), accumulate));
  return engine::read_file(folder / "last" / "model.safetensors");
}

// The gradients of the first step, without dropout.
std::vector<float> gradients(std::int64_t shards, const bert::ClassificationOptions& how = {}) {
  const test::Toy toy;
  bert::Model model = test::Toy::model(0);
  bert::ClassificationOptions options_of_job = how;
  options_of_job.shards = shards;
  bert::Job job = toy.job(model, 12, options_of_job);
  std::vector<float> all;
  job.before_update = [&](std::int64_t step, const engine::AdamW&) {
    for (const engine::Parameter& p : model.parameters()) {
      const engine::Tensor gradient = p.variable.gradient();
      if (step == 0) all.insert(all.end(), gradient.data(), gradient.data() + gradient.size());
    }
  };
  const test::TemporaryFolder folder;
  bert::train(model.parameters(), job, options(folder.path()));
  return all;
}

double worst_difference(const std::vector<float>& a, const std::vector<float>& b) {
  REQUIRE(a.size() == b.size());
  double worst = 0;
  for (std::size_t i = 0; i < a.size(); ++i) worst = std::max(worst, std::abs(double{a[i]} - double{b[i]}));
  return worst;
}

}  // namespace

TEST_CASE("a training in shards ends with the same bits on 1, 2, 3, 5, 8 and 16 threads") {
  const std::string one = trained(4, 1);
  for (const int threads : {2, 3, 5, 8, 16}) {
    CAPTURE(threads);
    CHECK(trained(4, threads) == one);
  }
  CHECK(trained(2, 1) != one);  // the number of shards does count
}

TEST_CASE("a training in bfloat16 ends with the same bits on any number of threads") {
  const auto trained_on = [](int threads) { return trained(4, threads, 1, engine::Sums::bf16); };
  const std::string one = trained_on(1);
  CHECK(one != trained(4, 1));
  for (const int threads : {2, 3, 5, 8, 16}) {
    CAPTURE(threads);
    CHECK(trained_on(threads) == one);
  }
}

TEST_CASE("more shards than texts, and batches together in a step, end with the same bits on any number of threads") {
  CHECK(trained(16, 1) == trained(16, 3));
  CHECK(trained(3, 1, 2) == trained(3, 4, 2));
}

TEST_CASE("gradients of a batch in shards are those of the batch, but for the order of the sums") {
  const std::vector<float> whole = gradients(1);
  CHECK(std::any_of(whole.begin(), whole.end(), [](float g) { return std::abs(g) > 1e-2f; }));
  for (const std::int64_t shards : {2, 5, 12}) CHECK(worst_difference(gradients(shards), whole) < 2e-6);
}

TEST_CASE("texts count in a step by the weight of their class, whichever shard they are in") {
  const bert::ClassificationOptions weighted{.class_weights = {0.25f, 3.0f}};
  CHECK(worst_difference(gradients(5, weighted), gradients(1, weighted)) < 5e-6);
  CHECK(worst_difference(gradients(5, weighted), gradients(5)) > 1e-3);
}

// A shard may hold few of the answers, or of the tokens, for its texts.
TEST_CASE("a step with a teacher of the inside has the gradients of one batch, however its shards are mixed") {
  const test::Toy toy;
  const bert::Model student = test::Toy::model(0);
  bert::Config larger = student.config;
  larger.num_hidden_layers = 3;
  const bert::Model teacher = bert::make_model(larger, 7);
  bert::Subset unlabelled = toy.validation;
  for (std::size_t i = 0; i < 24; ++i) unlabelled.examples.push_back(i);
  for (const auto& shares : {std::pair{0.0, 0.0}, std::pair{1.0, 0.0}, std::pair{0.0, 1.0}}) {
    const double hidden = shares.first, attention = shares.second;
    CAPTURE(hidden);
    CAPTURE(attention);
    for (const std::vector<float>& weights : {std::vector<float>{}, std::vector<float>{0.25f, 3.0f}}) {
      const auto taught = [&](std::int64_t shards) {
        bert::Teaching teaching{.unlabelled = unlabelled, .outputs = {}, .weight = 0};
        bert::Imitation imitation{.teacher = &teacher, .hidden_weight = hidden, .attention_weight = attention};
        if (hidden > 0) imitation.projection = bert::new_projection(larger, student.config);
        if (hidden + attention > 0) teaching.imitation = imitation;
        return gradients(shards, {.class_weights = weights, .teaching = &teaching});
      };
      const std::vector<float> whole = taught(1);
      for (const std::int64_t shards : {2, 5, 12}) CHECK(worst_difference(taught(shards), whole) < 5e-6);
    }
  }
}

TEST_CASE("losses that are made for steps of so many batches are not trained in other steps") {
  const test::Toy toy;
  bert::Model model = test::Toy::model();
  const bert::Teaching teaching{.unlabelled = toy.validation, .outputs = {}, .weight = 0};
  const test::TemporaryFolder folder;
  const bert::Job job = toy.job(model, 12, {.teaching = &teaching, .accumulate = 2});
  CHECK(test::error_text([&] { bert::train(model.parameters(), job, options(folder.path(), 3)); }) ==
        "train: the losses are made for steps of 2 batches, the steps have 3");
}

TEST_CASE("a training in shards that was stopped goes on to the same bits") {
  const test::Toy toy;
  const auto train = [&](const fs::path& out, std::int64_t stop_at) {
    bert::Model model = test::Toy::model();
    bert::Job job = toy.job(model, 12, {.shards = 4});
    bert::TrainerOptions how = options(out);
    how.save_every = 1;
    how.resume = true;
    job.before_update = [&](std::int64_t step, const engine::AdamW&) {
      if (step == stop_at) throw std::runtime_error("stopped");
    };
    bert::train(model.parameters(), job, how);
    return engine::read_file(out / "last" / "model.safetensors");
  };
  const test::TemporaryFolder whole, broken;
  CHECK_THROWS_WITH(train(broken.path(), 5), "stopped");
  CHECK(train(broken.path(), -1) == train(whole.path(), -1));
}

TEST_CASE("masked language modelling in shards ends with the same bits on any number of threads") {
  const test::Toy toy;
  std::vector<std::span<const std::int32_t>> texts;
  for (std::size_t i = 0; i < 60; ++i) texts.push_back(toy.part.tokens(i));
  const std::vector<std::int32_t> unknown(3, 1);
  texts.insert(texts.end(), 7, std::span(unknown));  // shards without a token to hide
  const auto trained = [&](int threads) {
    const ThreadCount guard(threads);
    bert::Config config = test::Toy::model().config;
    config.head = &bert::kMaskedLm;
    bert::Model model = bert::make_model(config, 1);
    bert::Job job = bert::pretraining_job(model, texts, bert::LongTexts::truncated, test::Toy::kFraming,
                                          {.pad = 0, .unknown = 1, .cls = 2, .sep = 3, .mask = 4}, 0.3, 8, 1, 8);
    job.save = [&model](const fs::path& folder) { bert::save_model(folder, model); };
    const test::TemporaryFolder folder;
    bert::train(model.parameters(), job, options(folder.path()));
    return engine::read_file(folder / "last" / "model.safetensors");
  };
  const std::string one = trained(1);
  CHECK(trained(2) == one);
  CHECK(trained(5) == one);
}

TEST_CASE("the first error of a shard ends the step") {
  const test::Toy toy;
  bert::Model model = test::Toy::model();
  bert::Job job = toy.job(model, 12, {.shards = 4});
  job.step = [step = job.step](std::int64_t epoch, std::int64_t index, engine::DropoutStreams& streams) {
    engine::require(index != 6, "shard {} is broken", index);
    return step(epoch, index, streams);
  };
  const test::TemporaryFolder folder;
  CHECK(test::error_text([&] { bert::train(model.parameters(), job, options(folder.path())); }) == "shard 6 is broken");
}

TEST_CASE("a loss that compares the texts of a batch is refused in shards") {
  const test::Toy toy;
  bert::Model model = test::Toy::model();
  model.config.head = &bert::head_for_task("embedding");
  CHECK(test::error_text([&] { (void)toy.job(model, 12, {.shards = 2}); }) ==
        "--shards: the loss of the task embedding compares the texts of a batch, which must be one shard, got 2");
}

TEST_CASE("shards of a batch are runs of its texts, and all shards of an epoch are all texts") {
  std::vector<std::uint32_t> lengths(23, 5);
  bert::TrainingBatches batches(lengths, 8, 3, 1), whole(lengths, 8, 1, 1);
  CHECK(batches.per_epoch() == 3);
  for (std::int64_t batch = 0; batch < 3; ++batch) {
    std::vector<std::size_t> joined;
    for (std::int64_t s = 0; s < 3; ++s) {
      const std::vector<std::size_t> shard = batches.shard(1, 3 * batch + s);
      CHECK((shard.size() == 2 || shard.size() == 3));
      joined.insert(joined.end(), shard.begin(), shard.end());
    }
    CHECK(joined == whole.shard(1, batch));
  }
}
