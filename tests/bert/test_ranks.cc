// Trainings that several processes share, beside the same training by one.
#include <doctest/doctest.h>

#include "bert/heads/masked_lm.h"
#include "bert/train/pretraining.h"
#include "engine/autograd/elementwise.h"
#include "engine/base/process.h"
#include "tests/bert/toy.h"
#include "tests/support/error_text.h"
#include "tests/support/forked_ranks.h"
#include "tests/support/temporary_folder.h"

using namespace ingot;
namespace fs = std::filesystem;

namespace {

bert::TrainerOptions options(const fs::path& out, std::int64_t accumulate = 1) {
  return {.n_epochs = 2,
          .accumulate = accumulate,
          .learning_rate = 5e-3,
          .save_every = 3,
          .resume = true,
          .out = out,
          .identity = R"({"lr":0.005,"data":"toy"})"};
}

std::string weights(const fs::path& out) { return engine::read_file(out / "last" / "model.safetensors"); }

// Tensor transforms that the shards of a step share, as fake quantisation is.
std::shared_ptr<engine::TensorTransforms> transforms() {
  return std::make_shared<engine::TensorTransforms>(
      engine::TensorTransforms{.weight = [](const engine::Variable& x) { return engine::sigmoid(x); }});
}
std::shared_ptr<engine::TensorTransforms> transforms_of_rows() {
  return std::make_shared<engine::TensorTransforms>(engine::TensorTransforms{.weight = [](const engine::Variable& x) {
    return engine::record(x.value().clone(), {x}, [x](const engine::Tensor& dy, const std::vector<std::int32_t>* rows) {
      float* to = x.gradient_rows(*rows);
      const std::int64_t n = dy.columns();
      for (const std::int32_t row : *rows)
        for (std::int64_t i = row * n; i < (row + 1) * n; ++i) to[i] += dy.data()[i];
    });
  }});
}

// Trains in `out`; a rank but the first in a folder of its own.
void train(const fs::path& out, int rank, std::int64_t shards, std::int64_t accumulate = 1, std::int64_t stop_at = -1,
           bool is_transformed = false, std::int64_t batch = 12) {
  const test::TemporaryFolder own;
  const test::Toy toy;
  bert::Model model = test::Toy::model();
  if (is_transformed) {
    model.layers[0].query.transforms = model.layers[1].output.transforms = transforms();
    model.embeddings.word.transforms = transforms_of_rows();
  }
  bert::Job job = toy.job(model, batch, {.shards = shards});
  job.before_update = [&](std::int64_t step, const engine::AdamW&) {
    if (step == stop_at) throw std::runtime_error("stopped");
  };
  bert::TrainerOptions how = options(rank == 0 ? out : own.path(), accumulate);
  how.resume = rank == 0;
  how.lazy_embeddings = is_transformed;
  bert::train(model.parameters(), job, how);
}

std::string trained_by(int n_ranks, std::int64_t shards, std::int64_t accumulate = 1) {
  const test::TemporaryFolder out;
  const std::vector<int> codes =
      test::run_ranks(n_ranks, [&](int rank) { train(out.path(), rank, shards, accumulate); });
  CHECK(codes == std::vector<int>(static_cast<std::size_t>(n_ranks - 1), 0));
  return weights(out.path());
}

}  // namespace

TEST_CASE("a training ends with the same bits by 1, 2, 4 and 8 ranks") {
  const std::string one = trained_by(1, 8);
  for (const int n : {2, 4, 8}) {
    CAPTURE(n);
    CHECK(trained_by(n, 8) == one);
  }
}

TEST_CASE("three ranks, batches together in a step, and a rank without texts end with the same bits") {
  CHECK(trained_by(3, 12) == trained_by(1, 12));
  CHECK(trained_by(2, 2, 2) == trained_by(1, 2, 2));
  CHECK(trained_by(16, 16) == trained_by(1, 16));  // 12 texts a batch
}

TEST_CASE("ranks without texts in some steps, or all, train transformed weights to the same bits") {
  const auto trained = [](int n_ranks, std::int64_t shards, std::int64_t accumulate, std::int64_t batch) {
    const test::TemporaryFolder out;
    test::run_ranks(n_ranks, [&](int rank) { train(out.path(), rank, shards, accumulate, -1, true, batch); });
    return weights(out.path());
  };
  CHECK(trained(4, 4, 1, 15) == trained(1, 4, 1, 15));  // 48 texts: the last batch of an epoch has 3
  CHECK(trained(8, 8, 1, 6) == trained(1, 8, 1, 6));    // more ranks than texts
  CHECK(trained(2, 2, 2, 16) == trained(1, 2, 2, 16));  // three batches: the last step of an epoch has one of two
}

TEST_CASE("masked language modelling by ranks ends with the same bits") {
  const auto trained = [](int n_ranks) {
    const test::TemporaryFolder out;
    test::run_ranks(n_ranks, [&](int rank) {
      const test::TemporaryFolder own;
      const test::Toy toy;
      std::vector<std::span<const std::int32_t>> texts;
      for (std::size_t i = 0; i < 60; ++i) texts.push_back(toy.part.tokens(i));
      bert::Config config = test::Toy::model().config;
      config.head = &bert::kMaskedLm;
      bert::Model model = bert::make_model(config, 1);
      bert::Job job = bert::pretraining_job(model, texts, bert::LongTexts::truncated, test::Toy::kFraming,
                                            {.pad = 0, .unknown = 1, .cls = 2, .sep = 3, .mask = 4}, 0.3, 8, 1, 4);
      job.save = [&model](const fs::path& folder) { bert::save_model(folder, model); };
      bert::train(model.parameters(), job, options(rank == 0 ? out.path() : own.path()));
    });
    return weights(out.path());
  };
  const std::string one = trained(1);
  CHECK(trained(2) == one);
  CHECK(trained(4) == one);
}

TEST_CASE("a run of two ranks that was stopped goes on by four, and by one, to the same bits") {
  const test::TemporaryFolder whole;
  train(whole.path(), 0, 8);
  for (const int n_ranks : {4, 1}) {
    const test::TemporaryFolder out;
    CHECK_THROWS_WITH(test::run_ranks(2, [&](int rank) { train(out.path(), rank, 8, 1, 5); }), "stopped");
    test::run_ranks(n_ranks, [&](int rank) { train(out.path(), rank, 8); });
    CHECK(weights(out.path()) == weights(whole.path()));
  }
}

TEST_CASE("only the first rank writes") {
  const test::TemporaryFolder out, others;
  test::run_ranks(2, [&](int rank) {
    const test::Toy toy;
    bert::Model model = test::Toy::model();
    bert::train(model.parameters(), toy.job(model, 12, {.shards = 2}), options(rank == 0 ? out.path() : others.path()));
  });
  CHECK(fs::exists(out / "best" / "model.safetensors"));
  CHECK_FALSE(fs::exists(others / "best"));
  CHECK_FALSE(fs::exists(others / "training.safetensors"));
}

TEST_CASE("ranks that would learn different things are refused: the option and both values") {
  const test::TemporaryFolder folder;
  const auto work = [&](int rank) {
    const test::Toy toy;
    bert::Model model = test::Toy::model();
    bert::TrainerOptions how = options(folder / (rank == 0 ? "a" : "b"));
    if (rank == 1) how.identity = R"({"lr":0.01,"data":"toy"})";
    bert::train(model.parameters(), toy.job(model, 12, {.shards = 4}), how);
  };
  CHECK(test::error_text([&] { test::run_ranks(2, work); }) ==
        "ranks: must learn the same, but lr is 0.005 on rank 0 and 0.01 on rank 1");
}

TEST_CASE("shards that do not divide among the ranks are refused") {
  const auto message = [](int n_ranks, std::int64_t shards) {
    const test::TemporaryFolder out;
    return test::error_text([&] { test::run_ranks(n_ranks, [&](int rank) { train(out.path(), rank, shards); }); });
  };
  CHECK(message(3, 8) ==
        "--shards: the shards of a step must be a power of two times the ranks, got 8 shards and 3 ranks");
  CHECK(message(2, 6) ==
        "--shards: the shards of a step must be a power of two times the ranks, got 6 shards and 2 ranks");
}

TEST_CASE("a rank that ends ends the run, and its state is there to go on from") {
  const test::TemporaryFolder out;
  CHECK_THROWS_WITH(test::run_ranks(2, [&](int rank) { train(out.path(), rank, 8, 1, rank == 1 ? 5 : -1); }),
                    "a rank is gone");
  train(out.path(), 0, 8);
  const test::TemporaryFolder whole;
  train(whole.path(), 0, 8);
  CHECK(weights(out.path()) == weights(whole.path()));
}
