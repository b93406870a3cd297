// Pruning a whole model, at once and while it is trained.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "compress/prune/pruner.h"
#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/base/progress.h"
#include "engine/io/json.h"
#include "tests/compress/small_model.h"
#include "tests/support/error_text.h"
#include "tests/support/temporary_folder.h"

using namespace ingot;
using compress::Compression;
using compress::parse_method;
using compress::PruneOptions;
using compress::Pruner;
using compress::Scope;
namespace fs = std::filesystem;

namespace {

using Masks = std::vector<std::vector<std::uint8_t>>;  // by layer, in the order of the model

const std::string kQuery = "bert.encoder.layer.0.attention.self.query";
const std::string kWords = "bert.embeddings.word_embeddings";

Masks masks_of(bert::Model& model, const Compression& compression) {
  Masks masks;
  for (const auto& [name, linear] : model.linears()) masks.push_back(compression.at(name).weight_mask);
  return masks;
}

std::vector<std::vector<float>> weights_of(bert::Model& model) {
  std::vector<std::vector<float>> weights;
  for (const auto& [name, linear] : model.linears()) {
    const auto values = linear->weight.value().span();
    weights.emplace_back(values.begin(), values.end());
  }
  return weights;
}

std::int64_t count_zeros(const std::vector<std::uint8_t>& mask) { return std::count(mask.begin(), mask.end(), 0); }

std::int64_t rounded(double x) { return static_cast<std::int64_t>(std::floor(x + 0.5)); }

// By definition: all |w| of the tensors together, sorted, the first round(sparsity n) pruned.
Masks smallest(const std::vector<std::vector<float>>& weights, double sparsity) {
  struct Weight {
    float magnitude;
    std::uint8_t* kept;
  };
  Masks masks;
  for (const std::vector<float>& tensor : weights) masks.emplace_back(tensor.size(), std::uint8_t{1});
  std::vector<Weight> all;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    for (std::size_t j = 0; j < weights[i].size(); ++j) all.push_back({std::abs(weights[i][j]), &masks[i][j]});
  }
  std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.magnitude < b.magnitude; });
  all.resize(static_cast<std::size_t>(rounded(sparsity * static_cast<double>(all.size()))));
  for (const Weight& weight : all) *weight.kept = 0;
  return masks;
}

Masks each_smallest(const std::vector<std::vector<float>>& weights, double sparsity) {
  Masks masks;
  for (const std::vector<float>& tensor : weights) masks.push_back(smallest({tensor}, sparsity)[0]);
  return masks;
}

Masks pruned(const PruneOptions& options) {
  bert::Model model = test::small_model();
  Compression compression;
  Pruner(model, compression, options).prune(1);
  return masks_of(model, compression);
}

bool holds(const Masks& later, const Masks& earlier) {  // what was pruned is pruned
  for (std::size_t i = 0; i < later.size(); ++i) {
    for (std::size_t j = 0; j < earlier[i].size(); ++j) {
      if (earlier[i][j] == 0 && later[i][j] != 0) return false;
    }
  }
  return true;
}

}  // namespace

TEST_CASE("l1 prunes the smallest weights of each tensor, or of all together, and leaves the others as they are") {
  for (const Scope scope : {Scope::local, Scope::global}) {
    for (const double sparsity : {0.0, 0.1, 0.37, 0.5, 0.9, 1.0}) {
      bert::Model model = test::small_model();
      const auto before = weights_of(model);
      Compression compression;
      Pruner pruner(model, compression, {.method = parse_method("l1"), .scope = scope, .sparsity = sparsity});
      pruner.prune(1);
      const Masks masks = masks_of(model, compression);
      CHECK(masks == (scope == Scope::local ? each_smallest(before, sparsity) : smallest(before, sparsity)));
      std::int64_t n_pruned = 0, n_weights = 0;
      const auto after = weights_of(model);
      for (std::size_t i = 0; i < masks.size(); ++i) {
        for (std::size_t j = 0; j < masks[i].size(); ++j) CHECK(after[i][j] == (masks[i][j] != 0 ? before[i][j] : 0));
        n_pruned += count_zeros(masks[i]);
        n_weights += static_cast<std::int64_t>(masks[i].size());
      }
      CHECK(pruner.n_pruned() == n_pruned);
      CHECK(pruner.n_weights() == n_weights);
      for (const auto& [name, table] : model.tables()) CHECK_FALSE(compression.contains(name));
    }
  }
}

TEST_CASE("random pruning has exact counts, and is a function of the seed") {
  const PruneOptions options{.method = parse_method("random"), .sparsity = 0.37, .seed = 4};
  const Masks masks = pruned(options);
  for (const auto& mask : masks) CHECK(count_zeros(mask) == rounded(0.37 * static_cast<double>(mask.size())));
  CHECK(masks == pruned(options));
  PruneOptions other = options;
  other.seed = 5;
  CHECK(masks != pruned(other));
  other = options;
  other.sparsity = 0.6;
  CHECK(holds(pruned(other), masks));
}

TEST_CASE("2:4 keeps the two largest of each four weights along the inputs of a layer") {
  bert::Model model = test::small_model();
  const auto weights = weights_of(model);
  Compression compression;
  Pruner(model, compression, {.method = parse_method("2:4")}).prune(1);
  const Masks masks = masks_of(model, compression);
  for (std::size_t i = 0; i < masks.size(); ++i) {
    REQUIRE(masks[i].size() % 4 == 0);
    for (std::size_t j = 0; j < masks[i].size(); j += 4) {
      float least_kept = INFINITY, most_pruned = 0;
      std::int64_t n_kept = 0;
      for (std::size_t k = j; k < j + 4; ++k) {
        const float magnitude = std::abs(weights[i][k]);
        if (masks[i][k] != 0) {
          least_kept = std::min(least_kept, magnitude);
          ++n_kept;
        } else {
          most_pruned = std::max(most_pruned, magnitude);
        }
      }
      CHECK(n_kept == 2);
      CHECK(most_pruned <= least_kept);
    }
  }
}

TEST_CASE("a pattern that does not fit the rows of a layer is refused") {
  bert::Model model = test::small_model();
  Compression compression;
  CHECK(test::error_text([&] { Pruner(model, compression, {.method = parse_method("2:5")}); }) ==
        kQuery + ": its weights [8,8] cannot be pruned 2:5: 5 does not divide the 8 of a row");
  CHECK(test::error_text([&] {
          Pruner(model, compression, {.method = parse_method("3:4"), .scope = Scope::global});
        }) == "pruning scope: 3:4 is decided in each group of 4 alone, which is local, got global");
  for (const char* text : {"4:4", "0:4", "-1:4", "2:", ":4", "2:4:8", "a:b", "2:2000", "2 : 4"}) {
    CHECK(test::contains(test::error_text([&] { parse_method(text); }), std::string(", got '") + text + "'"));
  }
}

TEST_CASE("sparsities must be shares") {
  const auto error = [](double sparsity, double activations) {
    return test::error_text(
        [&] { compress::check({.method = parse_method("l1"), .sparsity = sparsity, .activations = activations}); });
  };
  CHECK(error(-0.1, 0) == "sparsity: must be between 0 and 1, got -0.1");
  CHECK(error(1.5, 0) == "sparsity: must be between 0 and 1, got 1.5");
  CHECK(error(NAN, 0) == "sparsity: must be between 0 and 1, got nan");
  CHECK(error(0.5, 1) == "sparsity of activations: must be at least 0 and below 1, got 1");
  CHECK(error(1, 0).empty());
}

TEST_CASE("pruning goes on: what is pruned stays so and counts, and formats stay") {
  bert::Model model = test::small_model();
  Compression compression;
  compression[kQuery][compress::Role::weight] = compress::Quantizer{.format = compress::parse_format("fixed(8,4)")};
  compression[kQuery].input_sparsity = 0.4;
  Pruner(model, compression, {.method = parse_method("random"), .sparsity = 0.3}).prune(1);
  const Masks before = masks_of(model, compression);
  Pruner next(model, compression, {.method = parse_method("l1"), .sparsity = 0.5, .activations = 0.25});
  next.prune(1);
  const Masks after = masks_of(model, compression);
  CHECK(holds(after, before));
  for (const auto& mask : after) CHECK(count_zeros(mask) == rounded(0.5 * static_cast<double>(mask.size())));
  CHECK(compress::to_string(compression[kQuery][compress::Role::weight]->format) == "fixed(8,4)");
  CHECK(compression[kQuery].input_sparsity == 0.4);
  CHECK(compression["classifier"].input_sparsity == 0.25);
  Pruner(model, compression, {.method = parse_method("l1"), .sparsity = 0.2}).prune(1);
  CHECK(masks_of(model, compression) == after);
}

TEST_CASE("embedding tables are pruned where that is asked for, and their inputs are not") {
  bert::Model model = test::small_model();
  Compression compression;
  Pruner(model, compression, {.method = parse_method("l1"), .sparsity = 0.3, .activations = 0.5, .embeddings = true})
      .prune(1);
  CHECK(count_zeros(compression[kWords].weight_mask) == rounded(0.3 * 160));
  CHECK(compression[kWords].input_sparsity == 0);
  const auto table = model.embeddings.word.weight.value().span();
  for (std::size_t i = 0; i < table.size(); ++i) {
    if (compression[kWords].weight_mask[i] == 0) CHECK(table[i] == 0.0f);
  }
}

TEST_CASE("the sparsity of gradual pruning is that of Zhu and Gupta") {
  const double final = 0.8;
  for (std::int64_t t = 0; t <= 40; ++t) {
    // s_t = s_f + (s_i - s_f) (1 - (t - t_0) / (n dt))^3 with s_i = 0, t_0 = 0, n dt = 30; then s_f
    const double expected = t < 30 ? final + (0 - final) * std::pow(1.0 - static_cast<double>(t) / 30.0, 3) : final;
    CHECK(final * compress::cubic_growth(t, 30) == doctest::Approx(expected).epsilon(1e-12));
  }
  CHECK(compress::cubic_growth(0, 30) == 0);
  CHECK(compress::cubic_growth(30, 30) == 1);
  CHECK(compress::cubic_growth(0, 0) == 1);
}

namespace {

constexpr std::int64_t kSteps = 16;  // an epoch; there are two

bert::TrainerOptions trainer_options(const fs::path& out) {
  engine::set_quiet(true);
  return {.n_epochs = 2, .learning_rate = 1e-2, .weight_decay = 0.1, .save_every = 3, .out = out, .identity = "toy"};
}

bert::Job small_job(bert::Model& model) {
  bert::Job job{.name = "toy", .batches_per_epoch = kSteps};
  job.step = [&model](std::int64_t, std::int64_t index, engine::DropoutStreams&) {
    bert::Input input = test::small_input();
    for (std::int32_t& id : input.ids) id = static_cast<std::int32_t>((id + index) % 20);
    engine::DropoutStreams off;
    const std::vector<std::int32_t> labels{0, 1};
    return bert::StepResult{engine::cross_entropy(model.outputs(model.encode(input, off), input, off), labels), 6};
  };
  job.validate = [] { return engine::Json{{"score", 0.5}}; };
  return job;
}

struct Killed {};

// A run that prunes over its first 20 of 32 steps. observe(step) is called after the pruning of each.
struct GradualRun {
  explicit GradualRun(const PruneOptions& options) : pruner(model, compression, options), job(small_job(model)) {
    job.save = [this](const fs::path& folder) {
      bert::save_model(folder, model);
      compress::save_compression(folder, compression);
    };
    compress::prune_while_training(job, pruner, 20);
  }

  void observe(const std::function<void(std::int64_t)>& observer) {
    job.before_update = [prune = job.before_update, observer](std::int64_t step, const engine::AdamW& optimizer) {
      prune(step, optimizer);
      observer(step);
    };
  }

  bert::Model model = test::small_model();
  Compression compression;
  Pruner pruner;
  bert::Job job;
};

std::string files_of(const fs::path& folder) {
  std::string all;
  for (const char* file : {"model.safetensors", "masks.safetensors", "compression.json"})
    all += engine::read_file(folder / file);
  return all;
}

PruneOptions gradual_options(const char* method) {
  return {.method = parse_method(method), .sparsity = 0.7, .activations = 0.3, .embeddings = true, .seed = 3};
}

}  // namespace

TEST_CASE("while a model is trained masks grow by the schedule, and are fixed when it has ended") {
  for (const char* method : {"l1", "random", "movement", "2:4"}) {
    INFO(method);
    const test::TemporaryFolder folder;
    GradualRun run(gradual_options(method));
    Masks last;
    run.observe([&](std::int64_t step) {
      const Masks masks = masks_of(run.model, run.compression);
      const double final = std::string(method) == "2:4" ? 0.5 : 0.7;
      const double sparsity = final * (1 - std::pow(std::max(0.0, 1 - static_cast<double>(step + 1) / 20), 3));
      const auto weights = weights_of(run.model);
      for (std::size_t i = 0; i < masks.size(); ++i) {
        const auto n = static_cast<double>(masks[i].size());
        CHECK(count_zeros(masks[i]) ==
              (std::string(method) == "2:4" ? rounded(4 * sparsity) * static_cast<int>(n / 4) : rounded(sparsity * n)));
        for (std::size_t j = 0; j < masks[i].size(); ++j) {
          if (masks[i][j] == 0) CHECK(weights[i][j] == 0.0f);
        }
      }
      if (!last.empty()) CHECK(holds(masks, last));
      if (step >= 20) CHECK(masks == last);
      last = masks;
    });
    const bert::TrainingOutcome outcome = bert::train(run.model.parameters(), run.job, trainer_options(folder / "run"));
    CHECK(outcome.best_step == 2 * kSteps);  // after the first epoch the schedule was under way
    // Not one update, moved by momentum or decayed, has touched a pruned weight.
    const auto weights = weights_of(run.model);
    for (std::size_t i = 0; i < last.size(); ++i) {
      for (std::size_t j = 0; j < last[i].size(); ++j) CHECK((weights[i][j] == 0.0f) == (last[i][j] == 0));
    }
    CHECK(run.compression["classifier"].input_sparsity == 0.3);
    bert::Model read = bert::load_model(folder / "run/best");
    const Compression kept = compress::load_compression(folder / "run/best", read);
    CHECK(masks_of(read, kept) == last);
    CHECK(weights_of(read) == weights);
  }
}

TEST_CASE("movement prunes the weights whose sums of -w dL/dw are lowest") {
  GradualRun run({.method = parse_method("movement"), .sparsity = 0.5});
  std::vector<double> sums(64);
  const engine::Variable& weight = run.model.layers[0].query.weight;
  bool checked = false;
  run.job.before_update = [&, prune = run.job.before_update](std::int64_t step, const engine::AdamW& optimizer) {
    const bool first = !checked;
    for (std::size_t i = 0; first && i < 64; ++i) {
      sums[i] -= double{weight.value().span()[i]} * double{weight.gradient().span()[i]};
    }
    prune(step, optimizer);
    if (step != 0) return;
    std::vector<std::size_t> order(64);
    for (std::size_t i = 0; i < 64; ++i) order[i] = i;
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return sums[a] < sums[b]; });
    const std::vector<std::uint8_t>& mask = run.compression[kQuery].weight_mask;
    const auto n = static_cast<std::size_t>(count_zeros(mask));
    CHECK(n == static_cast<std::size_t>(rounded(64 * 0.5 * (1 - std::pow(0.95, 3)))));
    for (std::size_t i = 0; i < 64; ++i) CHECK((mask[order[i]] == 0) == (i < n));
    checked = true;
  };
  const test::TemporaryFolder folder;
  bert::train(run.model.parameters(), run.job, trainer_options(folder / "run"));
  CHECK(checked);
}

TEST_CASE("gradual pruning that was killed goes on to the same bits, and one and two threads give the same") {
  for (const char* method : {"l1", "movement"}) {
    INFO(method);
    const test::TemporaryFolder folder;
    const auto whole = [&](const std::string& name) {
      GradualRun run(gradual_options(method));
      bert::train(run.model.parameters(), run.job, trainer_options(folder / name));
      return files_of(folder / (name + "/last"));
    };
    int n_runs = 0;
    const auto [one, two] = test::on_one_and_on(2, [&] { return whole("whole" + std::to_string(n_runs++)); });
    CHECK(one == two);
    for (const std::int64_t killed_after : {1, 2, 7, 19, 20, 27}) {
      INFO("killed after ", killed_after);
      const fs::path out = folder / ("killed" + std::to_string(killed_after));
      GradualRun killed(gradual_options(method));
      killed.observe([&](std::int64_t step) {
        if (step == killed_after) throw Killed();
      });
      CHECK_THROWS_AS(bert::train(killed.model.parameters(), killed.job, trainer_options(out)), Killed);
      GradualRun resumed(gradual_options(method));
      bert::TrainerOptions options = trainer_options(out);
      options.resume = true;
      bert::train(resumed.model.parameters(), resumed.job, options);
      CHECK(files_of(out / "last") == one);
    }
  }
}
