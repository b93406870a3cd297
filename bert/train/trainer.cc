// A step is loss, gradients, update, a line in the log. Whatever is on disk must be whole at any moment, because a run
// may be killed at any moment: folders are written beside their place and then swapped in, the state is one atomic
// file, and the log says nothing of its own: what stands in it behind the state is cut off when the run goes on.
#include "bert/train/trainer.h"

#include <chrono>
#include <cmath>
#include <fstream>

#include "bert/train/training_state.h"
#include "engine/base/error.h"
#include "engine/base/process.h"
#include "engine/base/progress.h"
#include "engine/base/replace_folder.h"
#include "engine/io/json.h"

namespace ingot::bert {
namespace fs = std::filesystem;
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::int64_t kLogEvery = 20;   // steps a line of metrics.jsonl
constexpr const char kFresh[] = ".new";  // behind the name of a model that is being written

// metrics.jsonl: lines are appended; what a resumed run had logged beyond its state is cut off first.
class MetricsLog {
 public:
  MetricsLog(const fs::path& path, std::int64_t keep_bytes) : path_(path) {
    if (fs::exists(path) && fs::file_size(path) >= static_cast<std::uintmax_t>(keep_bytes)) {
      fs::resize_file(path, static_cast<std::uintmax_t>(keep_bytes));
    }
    file_.open(path, std::ios::app);
    engine::require(file_.good(), "{}: cannot write", path.string());
  }
  void write(const engine::Json& line) {
    file_ << line.dump() << '\n' << std::flush;
    if (!file_.good()) throw engine::Failure(path_.string() + ": cannot write: the disk may be full");
  }
  std::int64_t n_bytes() { return static_cast<std::int64_t>(file_.tellp()); }

 private:
  fs::path path_;
  std::ofstream file_;
};

using Weights = std::vector<engine::Parameter>;

std::vector<engine::ParameterGroup> parameter_groups(const Weights& weights, const Job& job,
                                                     const TrainerOptions& options) {
  std::vector<engine::ParameterGroup> groups =
      engine::decay_matrices(weights, static_cast<float>(options.weight_decay));
  groups.push_back(job.parameters);
  return groups;
}

class Run {
 public:
  Run(const Weights& weights, const Job& job, const TrainerOptions& options)
      : job_(job),
        options_(options),
        weights_(weights),
        n_steps_(options.n_epochs * job.steps_per_epoch),
        schedule_{
            .peak = options.learning_rate,
            .n_steps = n_steps_,
            .warm_up_steps = static_cast<std::int64_t>(std::llround(options.warm_up * static_cast<double>(n_steps_))),
            .decay = options.decay},
        optimizer_(parameter_groups(weights, job, options),
                   {.beta2 = options.beta2, .lazy_rows = options.lazy_embeddings}),
        progress_(start()),
        log_(options.out / "metrics.jsonl", progress_.metrics_bytes),
        meter_(job.name, n_steps_, progress_.step) {}

  TrainingOutcome go() {
    while (progress_.step < n_steps_) {
      step();
      if (progress_.step % job_.steps_per_epoch == 0) end_epoch();
      if (engine::interrupted()) {
        save_state();
        throw engine::Interrupted(
            fmt::format("stopped after step {} of {}; continue with --resume", progress_.step, n_steps_));
      }
      if (progress_.step % options_.save_every == 0 || progress_.step == n_steps_) save_state();
    }
    save_as("last");
    return {progress_.step, progress_.best_score, progress_.best_step, n_tokens_, seconds_};
  }

 private:
  fs::path state_path() const { return options_.out / "training.safetensors"; }

  TrainingProgress start() {
    fs::create_directories(options_.out);
    for (const char* name : {"best", "last"}) fs::remove_all((options_.out / name).string() + kFresh);
    if (options_.resume && fs::exists(state_path())) {
      const TrainingProgress progress =
          load_training_state(state_path(), options_.identity, weights_, optimizer_, job_.state);
      if (job_.resumed) job_.resumed();
      return progress;
    }
    return {};
  }

  // The model under that name: the one before or this one, whole, whenever the process ends.
  void save_as(const char* name) {
    const fs::path folder = options_.out / name, fresh = folder.string() + kFresh;
    std::error_code absent;
    fs::remove_all(fresh, absent);  // of a process that was killed
    job_.save(fresh);
    if (fs::exists(fresh)) engine::replace_folder(fresh, folder);
  }

  void save_state() {
    progress_.metrics_bytes = log_.n_bytes();
    save_training_state(state_path(), options_.identity, weights_, optimizer_, job_.state, progress_);
  }

  void step() {
    const Clock::time_point begin = Clock::now();
    const std::int64_t epoch = progress_.step / job_.steps_per_epoch;
    engine::DropoutStreams streams(options_.seed, static_cast<std::uint64_t>(progress_.step));
    optimizer_.clear_gradients();
    const StepResult result = job_.step(epoch, progress_.step % job_.steps_per_epoch, streams);
    const double loss = result.loss.value().data()[0];
    require_finite(loss, "loss");
    engine::backward(result.loss);
    if (job_.before_update) job_.before_update(progress_.step, optimizer_);
    const double norm = optimizer_.gradient_norm();
    require_finite(norm, "gradient norm");
    const double rate = schedule_.at(progress_.step);
    optimizer_.step(static_cast<float>(rate), norm, options_.clip_norm);
    ++progress_.step;
    progress_.loss_sum += loss;
    ++progress_.loss_count;
    n_tokens_ += result.n_tokens;
    seconds_ += std::chrono::duration<double>(Clock::now() - begin).count();
    const double mean_loss = progress_.loss_sum / static_cast<double>(progress_.loss_count);
    const double speed = static_cast<double>(n_tokens_) / seconds_;
    meter_.update(progress_.step, fmt::format("loss {:.4f} {:.1f}k tokens/s", mean_loss, speed / 1000));
    if (progress_.step % kLogEvery == 0 || progress_.step == n_steps_) {
      log_.write({{"step", progress_.step},
                  {"epoch", static_cast<double>(progress_.step) / static_cast<double>(job_.steps_per_epoch)},
                  {"loss", mean_loss},
                  {"learning_rate", rate},
                  {"gradient_norm", norm},
                  {"tokens_per_second", std::round(speed)}});
      progress_.loss_sum = 0;
      progress_.loss_count = 0;
    }
  }

  void end_epoch() {
    engine::Json scores = job_.validate();
    scores["step"] = progress_.step;
    scores["epoch"] = progress_.step / job_.steps_per_epoch;
    std::string line = fmt::format("epoch {}/{}:", progress_.step / job_.steps_per_epoch, options_.n_epochs);
    for (const auto& [key, value] : scores.items()) {
      if (value.is_number_float() && std::isnan(value.get<double>())) {
        throw Diverged(fmt::format("{}: the {} of the validation became nan after step {}; {}", job_.name, key,
                                   progress_.step, kept()));
      }
      if (value.is_number_float() && key != "score") line += fmt::format(" {} {:.4f}", key, value.get<double>());
    }
    meter_.note(line);
    log_.write(scores);
    if (!scores.contains("score")) return;
    const double score = scores["score"];
    if (progress_.best_step >= 0 && score <= progress_.best_score) return;
    save_as("best");
    progress_.best_score = score;
    progress_.best_step = progress_.step;
    save_state();
  }

  void require_finite(double value, const char* what) const {
    if (std::isfinite(value)) return;
    throw Diverged(fmt::format("{}: the {} became {} at step {} (learning rate {:g}); {}", job_.name, what, value,
                               progress_.step + 1, schedule_.at(progress_.step), kept()));
  }

  std::string kept() const {
    return fs::exists(state_path()) ? "the last saved state is kept in " + state_path().string()
                                    : std::string("nothing had been saved yet");
  }

  const Job& job_;
  const TrainerOptions& options_;
  const Weights& weights_;
  std::int64_t n_steps_;
  engine::Schedule schedule_;
  engine::AdamW optimizer_;
  TrainingProgress progress_;
  MetricsLog log_;
  engine::Progress meter_;
  std::int64_t n_tokens_ = 0;
  double seconds_ = 0;
};

}  // namespace

TrainingOutcome train(const Weights& weights, const Job& job, const TrainerOptions& options) {
  engine::require(job.steps_per_epoch > 0, "{}: there is nothing to train on", job.name);
  return Run(weights, job, options).go();
}

}  // namespace ingot::bert
