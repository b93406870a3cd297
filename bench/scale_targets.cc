// How far all processors of this machine carry a step, beside one of them and beside PyTorch on all of them.
#include <fmt/format.h>

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bench/integer_steps.h"
#include "bench/steps.h"
#include "bench/targets.h"
#include "bench/timing.h"
#include "bench/torch_peer.h"
#include "engine/base/threads.h"
#include "engine/kernels/fma_peak/fma_peak.h"

namespace ingot::bench {
namespace {

using Emit = std::function<void(const Target&)>;

constexpr double kSlice = 0.2;
constexpr std::int64_t kVocabulary = 8000;

// An inference is of so many batches, whose parts go through the model side by side, as those of `ingot eval`.
constexpr std::int64_t kBatches = 32, kPartTokens = 384;

StepShape part_of(StepShape shape) {
  shape.batch = std::max<std::int64_t>(1, kPartTokens / shape.length);
  return shape;
}

// What a step computes in.
enum class Numbers { float32, bf16, int8 };
constexpr const char* kNames[] = {"float32", "bf16", "int8"};
const char* name(Numbers numbers) { return kNames[static_cast<int>(numbers)]; }

struct Step {
  bool training;
  StepShape shape;
  Numbers numbers = Numbers::float32;
};

std::string name_of(const Step& step, int n_threads) {
  const std::string what = step.numbers == Numbers::float32 ? "" : fmt::format("{}/", name(step.numbers));
  return fmt::format("{}{}/{}/batch:{}/length:{}/threads:{}", what, step.training ? "train" : "infer", step.shape.model,
                     step.shape.batch, step.shape.length, n_threads);
}

// Of all threads: the floor of the speed-up over that of multiply-adds alone.
struct ScaleTarget {
  Step step;
  double floor;
};

constexpr ScaleTarget kScaleTargets[] = {
    {{true, {32, 128}}, 0.70},  {{true, {32, 512}}, 0.80},  {{true, {32, 128, "mini"}}, 0.80},
    {{false, {32, 128}}, 0.85}, {{false, {32, 512}}, 0.85},
};

// Against PyTorch's fastest form in these numbers.
struct TorchTarget {
  Step step;
  Numbers torch;
  double floor;
};

constexpr TorchTarget kOnAll[] = {
    {{true, {32, 128}}, Numbers::float32, 5},    {{true, {32, 128}}, Numbers::bf16, 4},
    {{true, {32, 512}}, Numbers::float32, 5},    {{true, {32, 512}}, Numbers::bf16, 4},
    {{false, {32, 128}}, Numbers::float32, 2},   {{false, {32, 128}, Numbers::int8}, Numbers::int8, 3},
    {{false, {32, 512}}, Numbers::float32, 1.3}, {{false, {32, 512}, Numbers::int8}, Numbers::bf16, 2},
};
constexpr TorchTarget kOnTwo[] = {
    {{true, {32, 128}, Numbers::bf16}, Numbers::bf16, 3.5},
    {{true, {32, 512}, Numbers::bf16}, Numbers::bf16, 3.5},
    {{false, {32, 128}, Numbers::bf16}, Numbers::bf16, 2.5},
    {{false, {32, 512}, Numbers::bf16}, Numbers::bf16, 2.5},
};

// One call: a training step, or kBatches of inference.
class Work {
 public:
  explicit Work(const Step& step)
      : training_(step.training),
        n_batches_(step.training ? 1 : kBatches),
        steps_(step.training ? step.shape : part_of(step.shape), kVocabulary),
        n_parts_(step.training ? 1 : kBatches * step.shape.batch / steps_.batch()) {
    if (step.numbers == Numbers::bf16) steps_.model().set_sums(engine::Sums::bf16);
    if (step.numbers == Numbers::int8) integers_.emplace(steps_);
  }

  void run() {
    if (training_) {
      steps_.train();
      return;
    }
    engine::parallel_groups(n_parts_, [&](std::int64_t) {
      if (integers_) {
        integers_->infer();
      } else {
        steps_.infer();
      }
    });
  }
  double n_batches() const { return static_cast<double>(n_batches_); }
  double flops() const { return static_cast<double>(n_parts_) * steps_.flops(training_); }
  double n_tokens() const { return static_cast<double>(n_parts_ * steps_.n_tokens()); }

 private:
  bool training_;
  std::int64_t n_batches_;
  BertSteps steps_;
  std::int64_t n_parts_;
  std::optional<IntegerSteps> integers_;
};

// Rounds on one thread and on all, in turns, each just after the multiply-adds of as many.
std::array<Series, 2> on_one_and_all(Work& work, int n_threads, int rounds) {
  std::array<Series, 2> series;
  const Sampler sample = sampler([&] { work.run(); });
  for (int round = 0; round <= rounds; ++round) {  // the first warms up
    for (const bool all : {false, true}) {
      const int n = all ? n_threads : 1;
      engine::set_threads(n);
      const double once = sample(1);
      const double limit = engine::kernels::fma_peak(n);
      const double seconds = sample(std::max(1, static_cast<int>(kSlice / once)));
      if (round == 0) continue;
      series[all].limits.push_back(limit);
      series[all].seconds.push_back(seconds);
    }
  }
  return series;
}

void measure_speed_up(const ScaleTarget& row, int n_threads, int rounds, const Emit& emit) {
  Work work(row.step);
  const std::array<Series, 2> series = on_one_and_all(work, n_threads, rounds);
  Target target{.name = "scale/" + name_of(row.step, n_threads), .unit = "of limit", .floor = row.floor};
  const std::vector<double> one = shares(work.flops(), series[0]), all = shares(work.flops(), series[1]);
  std::vector<double> of_limit, limits;
  for (std::size_t i = 0; i < one.size(); ++i) {
    of_limit.push_back(all[i] / one[i]);
    limits.push_back(series[1].limits[i] / series[0].limits[i]);
  }
  set_measured(target, of_limit);
  target.share = median(all);
  target.note = fmt::format(
      "{:.1f} times one thread's speed over {:.1f} times its multiply-adds; tokens/s: {:.0f} on one thread, {:.0f} on "
      "all",
      median(ratios(series[1], series[0])), median(limits), work.n_tokens() / median(series[0].seconds),
      work.n_tokens() / median(series[1].seconds));
  emit(target);
}

// A form of PyTorch's model; the fastest one is the peer.
struct Form {
  std::string note;
  std::vector<std::string> options;
  double batches;  // of the step's batch in one of its
};

std::vector<Form> forms_of(const TorchTarget& row) {
  constexpr std::int64_t kLarge = 256;
  std::vector<Form> forms;
  for (const std::int64_t batch : {row.step.shape.batch, kLarge}) {
    for (const char* form : {"eager", "encoder"}) {
      // A training step is of its batch, and int8 is for modules, which the encoder's fast path passes by.
      if (row.step.training && (batch == kLarge || std::string(form) != "eager")) continue;
      if (row.torch == Numbers::int8 && std::string(form) != "eager") continue;
      Form f{fmt::format("{}, batches of {}", form, batch),
             {"--batch", std::to_string(batch), "--form", form},
             static_cast<double>(batch) / static_cast<double>(row.step.shape.batch)};
      if (row.torch != Numbers::float32) f.options.push_back(fmt::format("--{}", name(row.torch)));
      forms.push_back(std::move(f));
    }
  }
  return forms;
}

struct Fastest {
  std::unique_ptr<TorchPeer> peer{};  // null: PyTorch does not run here
  double seconds = 0;                 // of the step's batch
  double batches = 1;
  std::string note{};
};

Fastest fastest_form(const TorchTarget& row, int n_threads) {
  Fastest best;
  for (const Form& form : forms_of(row)) {
    std::vector<std::string> options{"--mode",    row.step.training ? "train" : "infer",
                                     "--length",  std::to_string(row.step.shape.length),
                                     "--threads", std::to_string(n_threads),
                                     "--vocab",   std::to_string(kVocabulary)};
    options.insert(options.end(), form.options.begin(), form.options.end());
    auto peer = std::make_unique<TorchPeer>(options);
    if (!peer->ready()) return {.note = peer->note()};
    const double seconds = peer->sample(3) / form.batches;
    if (best.peer != nullptr && seconds >= best.seconds) continue;
    best.note = fmt::format("fastest of {}'s forms: {}", peer->note(), form.note);
    best.peer = std::move(peer);
    best.seconds = seconds;
    best.batches = form.batches;
  }
  return best;
}

void measure_against_torch(const TorchTarget& row, int n_threads, int rounds, const Emit& emit) {
  engine::set_threads(n_threads);
  Target target{.name = fmt::format("torch/{}/vs_{}", name_of(row.step, n_threads), name(row.torch)),
                .unit = "x as fast",
                .floor = row.floor};
  const Fastest torch = fastest_form(row, n_threads);
  target.note = torch.note;
  if (torch.peer == nullptr) return emit(target);
  Work work(row.step);
  const std::vector<Series> series =
      take_turns(rounds, kSlice, n_threads, {sampler([&] { work.run(); }), [&](int calls) {
                                               return torch.peer->sample(calls) / torch.batches * work.n_batches();
                                             }});
  set_measured(target, ratios(series[0], series[1]));
  set_share(target, work.flops(), series[0]);
  target.note += fmt::format(", {:.0f} tokens/s beside {:.0f}", work.n_tokens() / median(series[1].seconds),
                             work.n_tokens() / median(series[0].seconds));
  emit(target);
}

}  // namespace

void scale_targets(int rounds, const Emit& emit) {
  const int n_threads = engine::threads();
  for (const ScaleTarget& row : kScaleTargets) measure_speed_up(row, n_threads, rounds, emit);
}

void torch_targets(int rounds, const Emit& emit) {
  const int n_threads = engine::threads();
  for (const TorchTarget& row : kOnTwo) measure_against_torch(row, 2, rounds, emit);
  for (const TorchTarget& row : kOnAll) measure_against_torch(row, n_threads, rounds, emit);
}

}  // namespace ingot::bench
