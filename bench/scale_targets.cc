// How far all processors of this machine carry a step, beside one of them and beside PyTorch on all of them.
#include <fmt/format.h>

#include <array>
#include <string>
#include <vector>

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

// Batches of an inference, which go through the model side by side, as those of `ingot eval`.
constexpr std::int64_t kBatches = 32;

struct ScaleTarget {
  bool training;
  StepShape shape;
  double of_multiply_adds;     // the floor of the speed-up over that of multiply-adds alone
  double vs_float32, vs_bf16;  // floors beside PyTorch's fastest form in either
};

constexpr ScaleTarget kScaleTargets[] = {
    {true, {32, 128}, 0.70, 5, 4},  {true, {32, 512}, 0.80, 5, 4},    {true, {32, 128, "mini"}, 0.80, 0, 0},
    {false, {32, 128}, 0.85, 2, 0}, {false, {32, 512}, 0.85, 1.3, 0},
};

std::string name_of(const ScaleTarget& row, int n_threads) {
  return fmt::format("scale/{}/{}/batch:{}/length:{}/threads:{}", row.training ? "train" : "infer", row.shape.model,
                     row.shape.batch, row.shape.length, n_threads);
}

// One call: a training step, or kBatches of inference.
class Work {
 public:
  explicit Work(const ScaleTarget& row) : training_(row.training), steps_(row.shape, kVocabulary) {}

  void run() {
    if (training_) {
      steps_.train();
    } else {
      engine::parallel_groups(kBatches, [&](std::int64_t) { steps_.infer(); });
    }
  }
  double n_batches() const { return training_ ? 1 : kBatches; }
  double flops() const { return n_batches() * steps_.flops(training_); }
  double n_tokens() const { return n_batches() * static_cast<double>(steps_.n_tokens()); }

 private:
  bool training_;
  BertSteps steps_;
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
  Work work(row);
  const std::array<Series, 2> series = on_one_and_all(work, n_threads, rounds);
  Target target{
      .name = name_of(row, n_threads) + "/of_multiply_adds", .unit = "x speed-up", .floor = row.of_multiply_adds};
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

// PyTorch's forms in one number format; the fastest one is the peer.
struct Form {
  std::string note;
  std::vector<std::string> options;
  double batches;  // of the row's batch in one of its
};

std::vector<Form> forms_of(const ScaleTarget& row, bool bf16) {
  std::vector<Form> forms;
  const std::int64_t large = 256;
  for (const std::int64_t batch :
       row.training ? std::vector<std::int64_t>{row.shape.batch} : std::vector<std::int64_t>{row.shape.batch, large}) {
    for (const char* form : {"eager", "encoder"}) {
      if (row.training && std::string(form) != "eager") continue;
      Form f{fmt::format("{}, batch {}", form, batch),
             {"--batch", std::to_string(batch), "--form", form},
             static_cast<double>(batch) / static_cast<double>(row.shape.batch)};
      if (bf16) f.options.push_back("--bf16");
      forms.push_back(std::move(f));
    }
  }
  return forms;
}

void measure_against_torch(const ScaleTarget& row, bool bf16, int n_threads, int rounds, const Emit& emit) {
  engine::set_threads(n_threads);
  Target target{.name = fmt::format("{}/vs_torch_{}", name_of(row, n_threads), bf16 ? "bf16" : "float32"),
                .unit = "x as fast",
                .floor = bf16 ? row.vs_bf16 : row.vs_float32};
  std::unique_ptr<TorchPeer> best;
  double least = 0, batches = 1;
  std::string form_note;
  for (const Form& form : forms_of(row, bf16)) {
    std::vector<std::string> options{
        "--mode",    row.training ? "train" : "infer", "--length", std::to_string(row.shape.length),
        "--threads", std::to_string(n_threads),        "--vocab",  std::to_string(kVocabulary)};
    options.insert(options.end(), form.options.begin(), form.options.end());
    auto peer = std::make_unique<TorchPeer>(options);
    target.note = peer->note();
    if (!peer->ready()) break;
    const double seconds = peer->sample(3) / form.batches;
    if (best == nullptr || seconds < least) {
      best = std::move(peer);
      least = seconds;
      batches = form.batches;
      form_note = form.note;
    }
  }
  if (best != nullptr) {
    Work work(row);
    const std::vector<Series> series = take_turns(
        rounds, kSlice, n_threads,
        {sampler([&] { work.run(); }), [&](int calls) { return best->sample(calls) / batches * work.n_batches(); }});
    set_measured(target, ratios(series[0], series[1]));
    set_share(target, work.flops(), series[0]);
    target.note = fmt::format("{}; its fastest: {}, {:.0f} tokens/s beside {:.0f}", best->note(), form_note,
                              work.n_tokens() / median(series[1].seconds), work.n_tokens() / median(series[0].seconds));
  }
  emit(target);
}

}  // namespace

void scale_targets(int rounds, const Emit& emit) {
  const int n_threads = engine::threads();
  for (const ScaleTarget& row : kScaleTargets) {
    measure_speed_up(row, n_threads, rounds, emit);
    for (const bool bf16 : {false, true}) {
      if ((bf16 ? row.vs_bf16 : row.vs_float32) > 0) measure_against_torch(row, bf16, n_threads, rounds, emit);
    }
  }
}

}  // namespace ingot::bench
