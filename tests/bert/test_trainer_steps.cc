// What a step holds, how many there are, and which of them are validated.
#include <doctest/doctest.h>

#include <atomic>
#include <cmath>
#include <filesystem>
#include <mutex>

#include "bert/train/layer_decay.h"
#include "bert/train/training_state.h"
#include "engine/autograd/loss.h"
#include "engine/io/safetensors.h"
#include "tests/bert/toy.h"
#include "tests/support/error_text.h"
#include "tests/support/temporary_folder.h"

using namespace ingot;
using test::last_weights;
using test::log_without_speed;
using test::options;
using test::Toy;
namespace fs = std::filesystem;

namespace {

using Gradients = std::vector<std::vector<float>>;  // of each step, all parameters one after another

// Trains the job and returns what it gave the optimizer.
Gradients gradients_of(bert::Model& model, bert::Job job, const bert::TrainerOptions& how) {
  Gradients all;
  job.before_update = [&](std::int64_t, const engine::AdamW&) {
    std::vector<float>& step = all.emplace_back();
    for (const engine::Parameter& p : model.parameters()) {
      const engine::Tensor gradient = p.variable.gradient();
      step.insert(step.end(), gradient.data(), gradient.data() + gradient.size());
    }
  };
  bert::train(model.parameters(), job, how);
  return all;
}

// The lines of metrics.jsonl that hold a member.
std::vector<engine::Json> lines_with(const fs::path& out, const char* member) {
  std::vector<engine::Json> lines;
  std::ifstream file(out / "metrics.jsonl");
  for (std::string line; std::getline(file, line);) {
    engine::Json json = engine::Json::parse(line);
    if (json.contains(member)) lines.push_back(std::move(json));
  }
  return lines;
}

std::vector<std::int64_t> validated_steps(const fs::path& out) {
  std::vector<std::int64_t> steps;
  for (const engine::Json& line : lines_with(out, "score")) steps.push_back(line["step"].get<std::int64_t>());
  return steps;
}

using Steps = std::vector<std::int64_t>;

// A job whose validations give these scores, one after another.
bert::Job with_scores(bert::Job job, std::vector<double> scores) {
  job.validate = [scores = std::move(scores), n = std::size_t{0}]() mutable {
    return engine::Json{{"score", scores.at(n++)}};
  };
  return job;
}

}  // namespace

TEST_CASE("a step of several batches has the gradient of one batch of all their texts, weighted or not") {
  // 48 texts in batches of 7, the last of 6: an epoch has steps of 4 batches and of 3, whose sizes differ.
  const std::int64_t batch_size = 7, accumulate = 4;
  const Toy toy;
  for (const std::vector<float>& weights : {std::vector<float>{}, std::vector<float>{1, 5}}) {
    CAPTURE(weights.size());
    const test::TemporaryFolder folder;
    bert::Model one = Toy::model(0), other = Toy::model(0);
    bert::TrainerOptions how = options(folder / "accumulated", 1);
    how.accumulate = accumulate;
    const Gradients accumulated = gradients_of(one, toy.job(one, batch_size, {.class_weights = weights}), how);

    bert::Job job = toy.job(other);
    job.batches_per_epoch = 2;
    job.step = [&](std::int64_t epoch, std::int64_t index, engine::DropoutStreams& streams) {
      const auto order =
          data::training_order(toy.training.lengths(Toy::kFraming), batch_size, 1, static_cast<std::uint64_t>(epoch));
      std::vector<std::size_t> members;
      for (std::int64_t i = index * accumulate; i < std::min<std::int64_t>(7, (index + 1) * accumulate); ++i) {
        members.insert(members.end(), order[static_cast<std::size_t>(i)].begin(),
                       order[static_cast<std::size_t>(i)].end());
      }
      data::Batch batch = bert::make_batch(toy.training, members, Toy::kFraming);
      CHECK(batch.n_sequences() == (index == 0 ? 28 : 20));
      std::vector<std::int32_t> labels;
      for (const std::size_t member : members)
        labels.push_back(toy.training.part->labels[toy.training.examples[member]]);
      const bert::Input input = bert::make_input(std::move(batch));
      const engine::Variable outputs = other.outputs(other.encode(input, streams), input, streams);
      return bert::StepResult{weights.empty() ? engine::cross_entropy(outputs, labels)
                                              : engine::weighted_cross_entropy(outputs, labels, weights)};
    };
    const Gradients whole = gradients_of(other, job, options(folder / "whole", 1));
    REQUIRE(accumulated.size() == 2);
    REQUIRE(whole.size() == 2);
    for (std::size_t step = 0; step < 2; ++step) {
      double difference = 0, norm = 0;
      for (std::size_t i = 0; i < whole[step].size(); ++i) {
        difference += std::pow(double{accumulated[step][i]} - double{whole[step][i]}, 2);
        norm += std::pow(double{whole[step][i]}, 2);
      }
      CHECK(std::sqrt(difference / norm) < 1e-5);  // sums of float32 in another order
    }
    const auto a = lines_with(folder / "accumulated", "loss"), b = lines_with(folder / "whole", "loss");
    CHECK(a.back()["loss"].get<double>() == doctest::Approx(b.back()["loss"].get<double>()).epsilon(1e-6));
    CHECK(a.back()["epoch"] == 1.0);
  }
}

TEST_CASE("batches of one step draw dropout masks of their own") {
  const test::TemporaryFolder folder;
  const Toy toy;
  bert::Model model = Toy::model();
  bert::Job job = toy.job(model);
  std::mutex mutex;
  std::vector<std::uint64_t> places;  // guarded by the mutex: batches of a step are computed side by side
  job.step = [&, step = job.step](std::int64_t epoch, std::int64_t index, engine::DropoutStreams& streams) {
    {
      const std::lock_guard lock(mutex);
      places.push_back(streams.next(0.1f).stream);
    }
    return step(epoch, index, streams);
  };
  bert::TrainerOptions how = options(folder / "a", 2);
  how.accumulate = 4;
  CHECK(bert::train(model.parameters(), job, how).n_steps == 4);
  REQUIRE(places.size() == 12);
  std::sort(places.begin(), places.end());
  CHECK(std::adjacent_find(places.begin(), places.end()) == places.end());
}

TEST_CASE("a number of steps ends a run within an epoch or repeats the texts, and the schedule ends with it") {
  const test::TemporaryFolder folder;
  const Toy toy;
  bert::Model model = Toy::model();
  bert::TrainerOptions how = options(folder / "a", 1);  // an epoch has 6 steps
  how.max_steps = 10;
  const bert::TrainingOutcome outcome = bert::train(model.parameters(), toy.job(model), how);
  CHECK(outcome.n_steps == 10);
  CHECK_FALSE(outcome.stopped_early);
  CHECK(validated_steps(folder / "a") == Steps{6, 10});
  // Linear after a warm-up of 0.1 10 = 1 step: of the 9 left, the last has 1/9 of the peak.
  CHECK(lines_with(folder / "a", "learning_rate").back()["learning_rate"].get<double>() ==
        doctest::Approx(3e-3 / 9).epsilon(1e-12));
  how.max_steps = 4;
  how.n_epochs = 3;
  how.out = folder / "b";
  bert::Model again = Toy::model();
  CHECK(bert::train(again.parameters(), toy.job(again), how).n_steps == 4);
  CHECK(validated_steps(folder / "b") == Steps{4});
  CHECK(fs::exists(folder / "b" / "best"));
}

TEST_CASE("with a constant rate, a run of so many steps is the beginning of a longer one") {
  const test::TemporaryFolder folder;
  const Toy toy;
  std::string at_ten;
  bert::TrainerOptions how = options(folder / "long", 3);
  how.decay = engine::Decay::constant;
  how.warm_up = 0;
  bert::Model model = Toy::model();
  bert::Job job = toy.job(model);
  job.before_update = [&](std::int64_t step, const engine::AdamW&) {
    if (step != 10) return;
    bert::save_model(folder / "ten", model);
    at_ten = engine::read_file(folder / "ten" / "model.safetensors");
  };
  bert::train(model.parameters(), job, how);
  how.max_steps = 10;
  how.out = folder / "short";
  bert::Model other = Toy::model();
  bert::train(other.parameters(), toy.job(other), how);
  CHECK(last_weights(folder / "short") == at_ten);
}

TEST_CASE("the model is validated every so many steps and after the last, and any of these may be the best") {
  const test::TemporaryFolder folder;
  const Toy toy;
  bert::Model model = Toy::model();
  bert::TrainerOptions how = options(folder / "a");  // 18 steps
  how.eval_every = 4;
  const bert::Job job = with_scores(toy.job(model), {0.1, 0.4, 0.2, 0.3, 0.4});
  const bert::TrainingOutcome outcome = bert::train(model.parameters(), job, how);
  CHECK(validated_steps(folder / "a") == Steps{4, 8, 12, 16, 18});
  CHECK(outcome.best_step == 8);
  CHECK(outcome.best_score == 0.4);
  const auto lines = lines_with(folder / "a", "score");
  CHECK(lines[1]["epoch"].get<double>() == doctest::Approx(8.0 / 6));
}

TEST_CASE("training stops after so many validations in a row without a better score, and once resumed it stays so") {
  const test::TemporaryFolder folder;
  const Toy toy;
  bert::Model model = Toy::model();
  bert::TrainerOptions how = options(folder / "a", 30);
  how.eval_every = 3;
  how.patience = 2;
  const std::vector<double> scores{0.5, 0.4, 0.6, 0.6, 0.1, 0.9};  // the fifth is the second without a better one
  const bert::TrainingOutcome outcome = bert::train(model.parameters(), with_scores(toy.job(model), scores), how);
  CHECK(outcome.n_steps == 15);
  CHECK(outcome.best_step == 9);
  CHECK(outcome.stopped_early);
  CHECK(lines_with(folder / "a", "loss").back()["step"] == 15);
  const std::string last = last_weights(folder / "a"), log = log_without_speed(folder / "a");
  how.resume = true;
  bert::Model again = Toy::model();
  const bert::TrainingOutcome resumed = bert::train(again.parameters(), with_scores(toy.job(again), {}), how);
  CHECK(resumed.n_steps == 15);
  CHECK(resumed.stopped_early);
  CHECK(last_weights(folder / "a") == last);
  CHECK(log_without_speed(folder / "a") == log);
}

TEST_CASE("validations without a score cost no patience") {
  const test::TemporaryFolder folder;
  const Toy toy;
  bert::Model model = Toy::model();
  bert::TrainerOptions how = options(folder / "a", 4);
  how.patience = 1;
  bert::Job job = toy.job(model);
  int n = 0;
  job.validate = [&]() -> engine::Json { return ++n == 3 ? engine::Json{{"score", 0.5}} : engine::Json{{"other", 1}}; };
  CHECK_FALSE(bert::train(model.parameters(), job, how).stopped_early);
  CHECK(n == 4);
}

TEST_CASE("a run with every option, killed after any batch, goes on and ends with the same bits") {
  const test::TemporaryFolder folder;
  const Toy toy;
  struct Killed {};
  // Kills the run before its batch of that number; -1: not at all. Returns its outcome.
  const auto run = [&](const fs::path& out, bool resume, std::int64_t killed_before) {
    bert::Model model = Toy::model();
    bert::Job job = toy.job(model, 7, {.class_weights = {1, 2}, .label_smoothing = 0.1});
    job.rate_factors = bert::layer_rate_factors(model.config, 0.8);
    std::atomic<std::int64_t> n{0};  // batches of a step are computed side by side
    job.step = [&, step = job.step](std::int64_t epoch, std::int64_t index, engine::DropoutStreams& streams) {
      if (n++ == killed_before) throw Killed();
      return step(epoch, index, streams);
    };
    // The score rises and then falls, as a function of the weights' step alone.

    const fs::path log = out / "metrics.jsonl";
    job.validate = [log] {
      const std::size_t before = lines_with(log.parent_path(), "score").size();
      return engine::Json{{"score", before < 3 ? static_cast<double>(before) : 1.0}};
    };
    bert::TrainerOptions how = options(out, 1);
    how.max_steps = 20;
    how.accumulate = 3;  // of the 7 batches of an epoch: 3, 3, 1
    how.eval_every = 2;
    how.patience = 3;
    how.resume = resume;
    return bert::train(model.parameters(), job, how);
  };
  const bert::TrainingOutcome whole = run(folder / "whole", false, -1);
  CHECK(whole.n_steps == 12);
  CHECK(whole.best_step == 6);
  CHECK(whole.stopped_early);
  for (std::int64_t killed_before = 1; killed_before < 28; ++killed_before) {
    INFO("killed before batch ", killed_before);
    const fs::path out = folder / ("killed" + std::to_string(killed_before));
    CHECK_THROWS_AS(run(out, false, killed_before), Killed);
    const bert::TrainingOutcome outcome = run(out, true, -1);
    CHECK(outcome.n_steps == 12);
    CHECK(outcome.stopped_early);
    CHECK(last_weights(out) == last_weights(folder / "whole"));
    CHECK(engine::read_file(out / "best" / "model.safetensors") ==
          engine::read_file(folder / "whole" / "best" / "model.safetensors"));
    CHECK(log_without_speed(out) == log_without_speed(folder / "whole"));
  }
}

TEST_CASE("a parameter whose rate has the factor 0 stays as it is, the others learn") {
  const test::TemporaryFolder folder;
  const Toy toy;
  bert::Model model = Toy::model();
  const bert::Model before = Toy::model();  // of the same seed
  bert::Job job = toy.job(model);
  const std::vector<engine::Parameter> now = model.parameters(), then = before.parameters();
  for (const engine::Parameter& p : now) job.rate_factors.push_back(p.name.starts_with("classifier.") ? 1.0f : 0.0f);
  bert::train(now, job, options(folder / "a", 1));
  for (std::size_t i = 0; i < now.size(); ++i) {
    CAPTURE(now[i].name);
    const std::span<const float> a = now[i].variable.value().span(), b = then[i].variable.value().span();
    CHECK(std::equal(a.begin(), a.end(), b.begin()) != now[i].name.starts_with("classifier."));
  }
}

TEST_CASE("the state counts validations without a better score only where patience can end") {
  const test::TemporaryFolder folder;
  const Toy toy;
  for (const std::int64_t patience : {0, 5}) {
    const fs::path out = folder / std::to_string(patience);
    bert::Model model = Toy::model();
    bert::TrainerOptions how = options(out);
    how.patience = patience;
    bert::train(model.parameters(), with_scores(toy.job(model), {0.5, 0.4, 0.3}), how);
    const engine::Safetensors state(out / "training.safetensors");
    CHECK(state.metadata().contains("n_without_better") == (patience > 0));
    if (patience > 0) CHECK(state.metadata().at("n_without_better") == "2");
  }
}

TEST_CASE("label smoothing is refused by a head whose loss has none") {
  const Toy toy;
  bert::Head head = bert::kSequenceClassification;
  head.smooths_labels = false;
  bert::Model model = Toy::model();
  model.config.head = &head;
  CHECK(test::error_text([&] { toy.job(model, 8, {.label_smoothing = 0.1}); }) ==
        "--label-smoothing: is about tasks that choose one of several labels, the task is single-label");
}

TEST_CASE("smoothed labels train another loss, and scores are those without") {
  const Toy toy;
  bert::Model model = Toy::model(0);
  engine::DropoutStreams streams(1, 0), same(1, 0);
  const bert::Job plain = toy.job(model), smoothed = toy.job(model, 8, {.label_smoothing = 0.4});
  CHECK(smoothed.step(0, 0, streams).loss.value().data()[0] != plain.step(0, 0, same).loss.value().data()[0]);
  CHECK(smoothed.validate() == plain.validate());
}
