#include <doctest/doctest.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "bert/train/classification.h"
#include "bert/train/training_state.h"
#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/base/process.h"
#include "engine/base/progress.h"
#include "engine/base/threads.h"
#include "engine/io/json.h"
#include "engine/io/safetensors.h"
#include "engine/tensor/arena.h"
#include "tests/bert/toy.h"
#include "tests/support/error_text.h"
#include "tests/support/small_disk.h"
#include "tests/support/temporary_folder.h"

using namespace ingot;
using test::last_weights;
using test::log_without_speed;
using test::options;
using test::Toy;
namespace fs = std::filesystem;

namespace {

// A run of the toy from the start to the end, on so many threads.
std::string trained(const fs::path& out, int threads) {
  const int before = engine::threads();
  engine::set_threads(threads);
  const Toy toy;
  bert::Model model = Toy::model();
  bert::train(model.parameters(), toy.job(model), options(out));
  engine::set_threads(before);
  return last_weights(out);
}

}  // namespace

TEST_CASE("two runs with one seed, and one and two threads, end with the same bits") {
  const test::TemporaryFolder folder;
  const std::string one = trained(folder / "a", 1);
  CHECK(one == trained(folder / "b", 1));
  CHECK(one == trained(folder / "c", 2));
}

TEST_CASE("a classifier learns which of two words a text holds") {
  const test::TemporaryFolder folder;
  const Toy toy;
  bert::Model model = Toy::model();
  const bert::TrainingOutcome outcome = bert::train(model.parameters(), toy.job(model), options(folder / "run", 30));
  CHECK(outcome.n_steps == 180);
  CHECK(outcome.best_score >= 0.9);
  const bert::Model best = bert::load_model(folder / "run" / "best");
  const bert::Evaluation e = bert::evaluate(best, toy.validation, {.cls = 2, .sep = 3, .length = 12}, 5);
  CHECK(e.accuracy == doctest::Approx(outcome.best_score));
}

TEST_CASE("a run killed after any step goes on and ends with the same bits") {
  const test::TemporaryFolder folder;
  const std::string whole = trained(folder / "whole", 2);
  for (const std::int64_t killed_after : {1, 2, 5, 6, 7, 11, 12, 17}) {
    INFO("killed after ", killed_after);
    const fs::path out = folder / ("killed" + std::to_string(killed_after));
    const Toy toy;
    struct Killed {};
    {
      bert::Model model = Toy::model();
      bert::Job job = toy.job(model);
      const auto step = job.step;
      std::int64_t n = 0;
      job.step = [&](std::int64_t epoch, std::int64_t index, engine::DropoutStreams& streams) {
        if (n++ == killed_after) throw Killed();
        return step(epoch, index, streams);
      };
      CHECK_THROWS_AS(bert::train(model.parameters(), job, options(out)), Killed);
    }
    bert::Model model = Toy::model();
    bert::TrainerOptions resumed = options(out);
    resumed.resume = true;
    bert::train(model.parameters(), toy.job(model), resumed);
    CHECK(last_weights(out) == whole);
    CHECK(engine::read_file(out / "best" / "model.safetensors") ==
          engine::read_file(folder / "whole" / "best" / "model.safetensors"));
    CHECK(log_without_speed(out) == log_without_speed(folder / "whole"));
  }
}

TEST_CASE("of equal scores the earliest is the best") {
  const test::TemporaryFolder folder;
  const Toy toy;
  bert::Model model = Toy::model();
  bert::Job job = toy.job(model);
  job.validate = [] { return engine::Json{{"score", 0.5}}; };
  CHECK(bert::train(model.parameters(), job, options(folder / "a")).best_step == 6);
}

TEST_CASE("an epoch whose validation gives no score does not become the best") {
  const test::TemporaryFolder folder;
  const Toy toy;
  bert::Model model = Toy::model();
  bert::Job job = toy.job(model);
  std::vector<engine::Json> scores{{{"other", 1.0}}, {{"score", 0.25}}, {{"score", 0.125}}};
  std::size_t n = 0;
  job.validate = [&] { return scores[n++]; };
  const bert::TrainingOutcome outcome = bert::train(model.parameters(), job, options(folder / "a"));
  CHECK(outcome.best_score == 0.25);
  CHECK(outcome.best_step == 12);
}

TEST_CASE("what a job changes before updates is part of the state that a killed run goes on with") {
  const test::TemporaryFolder folder;
  const Toy toy;
  // The gradient of a bias grows with the sum of those before it.
  const auto run = [&](const fs::path& out, bool resume, std::int64_t killed_after) {
    bert::Model model = Toy::model();
    bert::Job job = toy.job(model);
    const engine::Tensor sum = engine::Tensor::zeros({2});
    std::vector<std::int64_t> steps;
    bool resumed = false;
    job.state = {{"sum", sum}};
    job.resumed = [&] { resumed = true; };
    job.before_update = [&](std::int64_t step, const engine::AdamW& optimizer) {
      if (step == killed_after) throw std::runtime_error("killed");
      CHECK(optimizer.n_steps() == step);
      steps.push_back(step);
      const engine::Tensor gradient = model.head.linears.at("classifier").bias.gradient();
      for (std::int64_t i = 0; i < 2; ++i) gradient.data()[i] += sum.data()[i] += gradient.data()[i];
    };
    bert::TrainerOptions o = options(out);
    o.resume = resume;
    if (killed_after >= 0) {
      CHECK_THROWS_WITH(bert::train(model.parameters(), job, o), "killed");
    } else {
      bert::train(model.parameters(), job, o);
      CHECK(resumed == resume);
      CHECK(steps.size() == (resume ? 12 : 18));  // the state is saved every 2 steps: 6 of 7 were kept
    }
  };
  run(folder / "whole", false, -1);
  run(folder / "killed", false, 7);
  run(folder / "killed", true, -1);
  CHECK(last_weights(folder / "killed") == last_weights(folder / "whole"));
  CHECK(last_weights(folder / "whole") != trained(folder / "plain", 1));
}

TEST_CASE("gradients are clipped to the norm in the options") {
  const test::TemporaryFolder folder;
  const std::string usual = trained(folder / "usual", 1);
  const Toy toy;
  bert::Model model = Toy::model();
  bert::TrainerOptions clipped = options(folder / "clipped");
  clipped.clip_norm = 1e-9;
  bert::train(model.parameters(), toy.job(model), clipped);
  CHECK(last_weights(folder / "clipped") != usual);
}

TEST_CASE("a run is not resumed with other options") {
  const test::TemporaryFolder folder;
  trained(folder / "a", 1);
  bert::Model model = Toy::model();
  const Toy toy;
  bert::TrainerOptions other = options(folder / "a");
  other.resume = true;
  other.identity = "another toy";
  CHECK(test::contains(test::error_text([&] { bert::train(model.parameters(), toy.job(model), other); }),
                       "was made with other options or data: saved toy, now another toy"));
}

TEST_CASE("a loss that is no number stops the run, names the step and keeps the last state") {
  const test::TemporaryFolder folder;
  const Toy toy;
  bert::Model model = Toy::model();
  bert::Job job = toy.job(model);
  const auto step = job.step;
  job.step = [&](std::int64_t epoch, std::int64_t index, engine::DropoutStreams& streams) {
    if (epoch == 0 && index == 4) model.head.linears.at("classifier").weight.value().data()[0] = std::nanf("");
    return step(epoch, index, streams);
  };
  const std::string message = test::error_text([&] { bert::train(model.parameters(), job, options(folder / "a")); });
  CHECK(test::contains(message, "the loss became nan at step 5"));
  CHECK(test::contains(message, "training.safetensors"));
  bert::TrainerOptions resumed = options(folder / "a");
  resumed.resume = true;
  bert::Model again = Toy::model();
  CHECK(bert::train(again.parameters(), toy.job(again), resumed).n_steps == 18);
}

TEST_CASE("a validation that is no number stops the run before best/ is replaced") {
  const test::TemporaryFolder folder;
  const Toy toy;
  bert::Model model = Toy::model();
  bert::Job job = toy.job(model);
  std::string best;
  job.validate = [&]() -> engine::Json {
    if (!fs::exists(folder / "a" / "best")) return {{"score", 0.5}, {"validation_loss", 0.7}};
    best = engine::read_file(folder / "a" / "best" / "model.safetensors");
    return {{"score", std::nan("")}, {"validation_loss", 0.7}};
  };
  const std::string message = test::error_text([&] { bert::train(model.parameters(), job, options(folder / "a")); });
  CHECK(test::contains(message, "the score of the validation became nan after step 12"));
  CHECK(engine::read_file(folder / "a" / "best" / "model.safetensors") == best);
}

TEST_CASE("best/ is one model, whole, also when the process ends while another one is written") {
  const test::TemporaryFolder folder;
  const fs::path out = folder / "a", best = out / "best";
  const Toy toy;
  bert::Model model = Toy::model();
  bert::Job job = toy.job(model);
  int n_validations = 0, n_saves = 0;
  job.validate = [&]() -> engine::Json { return {{"score", ++n_validations}}; };
  struct Killed {};
  job.save = [&](const fs::path& place) {
    bert::save_model(place, model);
    engine::write_file(place / ("number" + std::to_string(++n_saves)), "");
    if (n_saves == 2) throw Killed();
  };
  CHECK_THROWS_AS(bert::train(model.parameters(), job, options(out)), Killed);
  CHECK(fs::exists(best / "number1"));
  CHECK_FALSE(fs::exists(best / "number2"));
  const std::string first = engine::read_file(best / "model.safetensors");
  // What the killed one left goes, and the last of three models is the best.
  bert::Model again = Toy::model();
  job = toy.job(again);
  job.validate = [&]() -> engine::Json { return {{"score", ++n_validations}}; };
  bert::TrainerOptions resumed = options(out);
  resumed.resume = true;
  bert::train(again.parameters(), job, resumed);
  CHECK(engine::read_file(best / "model.safetensors") != first);
  CHECK_FALSE(fs::exists(best / "number1"));
  for (const auto& entry : fs::directory_iterator(out)) CHECK_FALSE(entry.path().string().ends_with(".new"));
}

TEST_CASE("the best model is the one with the highest accuracy or F1, or the lowest loss") {
  const Toy toy;
  bert::Model model = Toy::model();
  for (const std::string by : {"accuracy", "f1", "loss"}) {
    const bert::Job job =
        bert::classification_job(model, toy.training, toy.validation, {.cls = 2, .sep = 3, .length = 12}, 8, 1,
                                 {.best_by = &bert::metric_from_name(bert::kSequenceClassification, by)});
    const engine::Json scores = job.validate();
    const double sign = by == "loss" ? -1 : 1;
    CHECK(scores["score"].get<double>() == sign * scores["validation_" + by].get<double>());
  }
  CHECK(test::error_text([] { bert::metric_from_name(bert::kSequenceClassification, "recall"); }) ==
        "--best-by: must be one of accuracy, f1, loss, got 'recall'");
}

TEST_CASE("class weights that are all the same train as none do, others do not") {
  const Toy toy;
  const auto first_loss = [&](const std::vector<float>& weights) {
    bert::Model model = Toy::model();
    const bert::Job job = bert::classification_job(
        model, toy.training, toy.validation, {.cls = 2, .sep = 3, .length = 12}, 8, 1, {.class_weights = weights});
    engine::DropoutStreams streams(1, 0);
    return job.step(0, 0, streams).loss.value().data()[0];
  };
  CHECK(first_loss({2, 2}) == doctest::Approx(first_loss({})).epsilon(1e-6));
  CHECK(first_loss({1, 5}) != doctest::Approx(first_loss({})).epsilon(1e-6));
}

TEST_CASE("a full disk leaves the last state whole") {
  const test::TemporaryFolder folder;
  const Toy toy;
  trained(folder / "a", 1);
  const std::string before = engine::read_file(folder / "a" / "training.safetensors");
  bert::Model model = Toy::model();
  bert::TrainerOptions longer = options(folder / "a", 3);
  std::string message;
  {
    const test::SmallDisk disk(before.size() / 2);
    message = test::error_text([&] { bert::train(model.parameters(), toy.job(model), longer); });
  }
  CHECK(test::contains(message, "cannot write"));
  CHECK(engine::read_file(folder / "a" / "training.safetensors") == before);
  for (const auto& entry : fs::recursive_directory_iterator(folder / "a"))
    CHECK(entry.path().string().find(".tmp") == std::string::npos);
}

TEST_CASE("after the second step, training asks the arena for no more memory") {
  const test::TemporaryFolder folder;
  const Toy toy;
  bert::Model model = Toy::model();
  bert::Job job = toy.job(model);
  const auto step = job.step;
  std::vector<std::int64_t> extents;
  job.step = [&](std::int64_t, std::int64_t, engine::DropoutStreams& streams) {
    extents.push_back(engine::arena::statistics().extent_bytes);
    return step(0, 0, streams);
  };
  bert::train(model.parameters(), job, options(folder / "a", 1));
  REQUIRE(extents.size() == 6);
  for (std::size_t i = 3; i < extents.size(); ++i) CHECK(extents[i] == extents[2]);  // before step i
}

TEST_CASE("a state with numbers that are none, or that no run has, is refused by their name") {
  const test::TemporaryFolder folder;
  const std::vector<engine::Parameter> weights{{"a", engine::Variable(engine::Tensor::zeros({2}), true)}};
  engine::AdamW optimizer({{.parameters = weights}});
  const fs::path path = folder / "training.safetensors";
  const bert::TrainingProgress saved{.step = 5,
                                     .best_score = 0.1,
                                     .best_step = -1,
                                     .n_without_better = 2,
                                     .loss_sum = -1e300,
                                     .loss_count = 3,
                                     .metrics_bytes = 7};
  bert::save_training_state(path, "{}", weights, optimizer, {}, saved);
  const bert::TrainingProgress read = bert::load_training_state(path, "{}", weights, optimizer, {});
  CHECK(read.step == 5);
  CHECK(read.best_score == saved.best_score);
  CHECK(read.best_step == -1);
  CHECK(read.n_without_better == 2);
  CHECK(read.loss_sum == saved.loss_sum);
  const engine::Safetensors file(path);
  for (const char* key : {"step", "optimizer_steps", "best_step", "n_without_better", "loss_count", "metrics_bytes",
                          "best_score", "loss_sum"}) {
    for (const char* wrong : {"", "x", "1e300", "5 ", "-2", "nan", "9223372036854775808"}) {
      const std::string name = key, value = wrong;
      const bool is_real = name == "best_score" || name == "loss_sum";
      if (is_real && value != "" && value != "x" && value != "5 ") continue;
      INFO(name, " '", value, "'");
      std::map<std::string, std::string> metadata = file.metadata();
      metadata[name] = value;
      engine::write_safetensors(folder / "wrong.safetensors", file.entries(), metadata);
      const std::string error = test::error_text(
          [&] { bert::load_training_state(folder / "wrong.safetensors", "{}", weights, optimizer, {}); });
      CHECK(test::contains(error, name + " must be"));
    }
  }
}
