// A step is the loss and gradients of its batches, an update, a line in the log. Whatever is on disk must be whole at
// any moment, because a run may be killed at any moment: folders are written beside their place and then swapped in,
// the state is one atomic file, and the log says nothing of its own: what stands in it behind the state is cut off when
// the run goes on.
#include "bert/train/trainer.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>
#include <fstream>

#include "bert/train/metrics_log.h"
#include "bert/train/training_state.h"
#include "engine/base/divide.h"
#include "engine/base/error.h"
#include "engine/base/isa.h"
#include "engine/base/process.h"
#include "engine/base/progress.h"
#include "engine/base/ranks.h"
#include "engine/base/replace_folder.h"
#include "engine/io/json.h"

namespace ingot::bert {
namespace fs = std::filesystem;
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::int64_t kLogEvery = 20;   // steps a line of metrics.jsonl
constexpr const char kFresh[] = ".new";  // behind the name of a model that is being written

using Weights = std::vector<engine::Parameter>;

std::vector<engine::ParameterGroup> parameter_groups(const Weights& weights, const Job& job,
                                                     const TrainerOptions& options) {
  std::vector<engine::ParameterGroup> groups =
      engine::decay_matrices(weights, static_cast<float>(options.weight_decay), job.rate_factors);
  groups.insert(groups.end(), job.parameters.begin(), job.parameters.end());
  return groups;
}

std::vector<engine::Variable> learned(const std::vector<engine::ParameterGroup>& groups) {
  std::vector<engine::Variable> variables;
  for (const engine::ParameterGroup& group : groups) {
    for (const engine::Parameter& p : group.parameters) {
      if (p.variable.requires_gradient()) variables.push_back(p.variable);
    }
  }
  return variables;
}

std::int64_t steps_per_epoch(const Job& job, const TrainerOptions& options) {
  return engine::ceil_div(job.batches_per_epoch, options.accumulate);
}

// What a shard says beside its gradients.
struct Part {
  double loss = 0, weight = 0;
  std::int64_t n_tokens = 0;
};

// The first option or fact that two ranks have unlike each other.
std::string difference_of_ranks(const std::string& first, const std::string& other, std::size_t rank) {
  if (first == other) return {};
  const engine::Json a = engine::Json::parse(first), b = engine::Json::parse(other);
  for (const auto& [key, value] : a.items()) {
    if (!b.contains(key) || b[key] != value)
      return fmt::format("ranks: must learn the same, but {} is {} on rank 0 and {} on rank {}", key, value.dump(),
                         b.contains(key) ? b[key].dump() : "nothing", rank);
  }
  return fmt::format("ranks: must learn the same, but ranks 0 and {} differ", rank);
}

class Run {
 public:
  Run(const Weights& weights, const Job& job, const TrainerOptions& options)
      : job_(job),
        options_(options),
        weights_(weights),
        steps_per_epoch_(steps_per_epoch(job, options)),
        n_steps_(n_steps(job, options)),
        schedule_{
            .peak = options.learning_rate,
            .n_steps = n_steps_,
            .warm_up_steps = static_cast<std::int64_t>(std::llround(options.warm_up * static_cast<double>(n_steps_))),
            .decay = options.decay},
        optimizer_(parameter_groups(weights, job, options),
                   {.beta2 = options.beta2, .lazy_rows = options.lazy_embeddings}),
        shards_(learned(parameter_groups(weights, job, options)), options.accumulate * job.shards),
        progress_(together_at(start())),
        log_(options.out, progress_.metrics_bytes, options.tensorboard),
        meter_(job.name, n_steps_, progress_.step) {}

  TrainingOutcome go() {
    while (!is_over()) {
      step_or_stop();
      if (is_validated()) validate();
      if (is_over() && progress_.loss_count > 0) log_losses();  // a run that stopped early
      stop_if_interrupted();
      if (progress_.step % options_.save_every == 0 || is_over()) save_state();
    }
    save_as("last");
    return {progress_.step, progress_.best_score, progress_.best_step, n_tokens_, seconds_, lost_patience()};
  }

 private:
  // All ranks begin with the weights, the state and the progress of the first one.
  TrainingProgress together_at(TrainingProgress progress) {
    if (ranks_.size() == 1) return progress;
    const std::vector<std::string> identities = engine::to_first(ranks_, options_.identity);
    std::string difference;
    const std::vector<std::string> isas = engine::to_first(ranks_, std::string(engine::name(engine::active_isa())));
    for (std::size_t rank = 1; rank < identities.size() && difference.empty(); ++rank) {
      difference = difference_of_ranks(identities[0], identities[rank], rank);
      if (difference.empty() && isas[rank] != isas[0])
        difference = fmt::format("ranks: must round alike, but rank 0 uses {} and rank {} uses {}; INGOT_ISA caps them",
                                 isas[0], rank, isas[rank]);
    }
    difference = engine::from_first(ranks_, difference);
    engine::require(difference.empty(), "{}", difference);
    const auto share = [&](const engine::Tensor& tensor) {
      engine::from_first(ranks_, std::as_writable_bytes(tensor.span()));
    };
    for (const engine::Parameter& p : weights_) share(p.variable.value());
    for (const engine::AdamW::Moments& m : optimizer_.moments()) {
      share(m.first);
      share(m.second);
    }
    for (const NamedTensor& own : job_.state) share(own.tensor);
    engine::from_first(ranks_, std::as_writable_bytes(std::span(&progress, 1)));
    optimizer_.set_n_steps(progress.step);
    if (!ranks_.is_first()) progress.metrics_bytes = 0;  // of its own log, which nobody reads
    if (!ranks_.is_first() && progress.step > 0 && job_.resumed) job_.resumed();
    return progress;
  }

  bool lost_patience() const { return options_.patience > 0 && progress_.n_without_better >= options_.patience; }
  bool is_over() const { return progress_.step >= n_steps_ || lost_patience(); }

  // Whether the model of this step is.
  bool is_validated() const {
    const std::int64_t every = options_.eval_every > 0 ? options_.eval_every : steps_per_epoch_;
    return progress_.step % every == 0 || progress_.step == n_steps_;
  }

  void stop_if_interrupted() {
    if (!engine::interrupted()) return;
    save_state();
    throw engine::Interrupted(
        fmt::format("stopped after step {} of {}; continue with --resume", progress_.step, n_steps_));
  }

  fs::path state_path() const { return options_.out / "training.safetensors"; }

  TrainingProgress start() {
    fs::create_directories(options_.out);
    for (const char* name : {"best", "last"}) fs::remove_all((options_.out / name).string() + kFresh);
    engine::remove_leftovers(state_path());  // a run that has nothing more to learn would not
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
    if (!ranks_.is_first()) return;
    const fs::path folder = options_.out / name, fresh = folder.string() + kFresh;
    std::error_code absent;
    fs::remove_all(fresh, absent);  // of a process that was killed
    job_.save(fresh);
    if (fs::exists(fresh)) engine::replace_folder(fresh, folder);
  }

  void save_state() {
    if (!ranks_.is_first()) return;
    progress_.metrics_bytes = log_.n_bytes();
    save_training_state(state_path(), options_.identity, weights_, optimizer_, job_.state, progress_);
  }

  // Leaves the gradients of the mean over all that the shards of the next step hold. Returns that mean.
  double differentiate() {
    const std::int64_t epoch = progress_.step / steps_per_epoch_;
    const std::int64_t per_epoch = job_.batches_per_epoch * job_.shards;
    const std::int64_t n = options_.accumulate * job_.shards;  // of the step; the last of an epoch may have fewer
    const std::int64_t first = progress_.step % steps_per_epoch_ * n, end = std::min(first + n, per_epoch);
    const auto loss_of = [&](std::int64_t index) {
      engine::DropoutStreams streams(options_.seed, static_cast<std::uint64_t>(epoch * per_epoch + index));
      return job_.step(epoch, index, streams);
    };
    optimizer_.clear_gradients();
    if (n == 1) {
      const StepResult result = loss_of(first);
      const double loss = result.loss.value().data()[0];
      require_finite(loss, "loss");
      n_tokens_ += result.n_tokens;
      engine::backward(result.loss);
      return loss;
    }
    std::vector<Part> parts(static_cast<std::size_t>(shards_.count()));  // of this rank
    shards_.run([&](std::int64_t shard) {
      if (first + shard >= end) return;
      const StepResult result = loss_of(first + shard);
      if (result.weight == 0) return;
      parts[static_cast<std::size_t>(shard - shards_.first())] = {result.loss.value().data()[0], result.weight,
                                                                  result.n_tokens};
      if (!result.loss.requires_gradient()) return;  // of a shard without answers
      engine::backward(result.loss, engine::Tensor::full({1}, static_cast<float>(result.weight)));
    });
    const Part all = together(parts);
    n_tokens_ += all.n_tokens;
    require_finite(all.loss, "loss");
    shards_.add_up(static_cast<float>(1 / all.weight));
    return all.loss / all.weight;
  }

  // The weighted losses, weights and tokens of the shards of all ranks, added in the order of the shards.
  Part together(const std::vector<Part>& own) {
    const std::span<const std::byte> bytes = std::as_bytes(std::span(own));
    std::vector<engine::Bytes> parts_of(static_cast<std::size_t>(ranks_.size()));
    ranks_.exchange(std::vector(parts_of.size(), bytes), parts_of);
    parts_of[static_cast<std::size_t>(ranks_.rank())].assign(bytes.begin(), bytes.end());
    Part all;
    for (const engine::Bytes& message : parts_of) {
      std::vector<Part> parts(own.size());
      std::memcpy(parts.data(), message.data(), std::min(message.size(), bytes.size()));
      for (const Part& part : parts) {
        all.loss += part.weight * part.loss;
        all.weight += part.weight;
        all.n_tokens += part.n_tokens;
      }
    }
    engine::require(all.weight > 0, "{}: the texts of step {} have nothing to learn from", job_.name,
                    progress_.step + 1);
    return all;
  }

  // Waiting for other ranks may end by an interruption: then nothing of the step is done yet.
  void step_or_stop() {
    try {
      step();
    } catch (const engine::Interrupted&) {
      stop_if_interrupted();
      throw;
    }
  }

  void step() {
    const Clock::time_point begin = Clock::now();
    const double loss = differentiate();
    if (job_.before_update) job_.before_update(progress_.step, optimizer_);
    const double norm = optimizer_.gradient_norm();
    require_finite(norm, "gradient norm");
    last_rate_ = schedule_.at(progress_.step);
    last_norm_ = norm;
    optimizer_.step(static_cast<float>(last_rate_), norm, options_.clip_norm);
    ++progress_.step;
    progress_.loss_sum += loss;
    ++progress_.loss_count;
    seconds_ += std::chrono::duration<double>(Clock::now() - begin).count();
    meter_.update(progress_.step, fmt::format("loss {:.4f} {:.1f}k tokens/s", mean_loss(), speed() / 1000));
    if (progress_.step % kLogEvery == 0 || progress_.step == n_steps_) log_losses();
  }

  double mean_loss() const { return progress_.loss_sum / static_cast<double>(progress_.loss_count); }
  double speed() const { return static_cast<double>(n_tokens_) / seconds_; }

  // A line of the steps since the one before.
  void log_losses() {
    log_.write({{"step", progress_.step},
                {"epoch", epochs_done()},
                {"loss", mean_loss()},
                {"learning_rate", last_rate_},
                {"gradient_norm", last_norm_},
                {"tokens_per_second", std::round(speed())}});
    progress_.loss_sum = 0;
    progress_.loss_count = 0;
  }

  double epochs_done() const { return static_cast<double>(progress_.step) / static_cast<double>(steps_per_epoch_); }

  // The beginning of the line that says how a validation went.
  std::string place() const {
    return options_.max_steps > 0 || options_.eval_every > 0
               ? fmt::format("step {}/{}:", progress_.step, n_steps_)
               : fmt::format("epoch {}/{}:", progress_.step / steps_per_epoch_, options_.n_epochs);
  }

  engine::Json scores_of_first() {
    if (ranks_.size() == 1) return job_.validate();
    const engine::Json own = ranks_.is_first() ? job_.validate() : engine::Json();
    const std::string text = engine::from_first(ranks_, own.dump());
    return ranks_.is_first() ? own : engine::Json::parse(text);
  }

  void validate() {
    engine::Json scores = scores_of_first();
    scores["step"] = progress_.step;
    const bool is_whole = options_.eval_every == 0 && progress_.step % steps_per_epoch_ == 0;
    scores["epoch"] = is_whole ? engine::Json(progress_.step / steps_per_epoch_) : engine::Json(epochs_done());
    std::string line = place();
    for (const auto& [key, value] : scores.items()) {
      if (value.is_number_float() && std::isnan(value.get<double>())) {
        throw Diverged(fmt::format("{}: the {} of the validation became nan after step {}; {}", job_.name, key,
                                   progress_.step, kept()));
      }
      if (value.is_number_float() && key != "score") line += fmt::format(" {} {:.4f}", key, value.get<double>());
    }
    meter_.note(line);
    log_.write(scores);
    if (scores.contains("score")) judge(scores["score"].get<double>());
  }

  // Keeps the model if its score is the best, and loses patience if none is.
  void judge(double score) {
    if (progress_.best_step >= 0 && score <= progress_.best_score) {
      progress_.n_without_better += options_.patience > 0;
      if (lost_patience() && progress_.step < n_steps_) {
        meter_.note(fmt::format(
            "stopped early, after step {} of {}: {} without a better score than that of step {}", progress_.step,
            n_steps_, options_.patience == 1 ? "an evaluation" : fmt::format("{} evaluations", options_.patience),
            progress_.best_step));
      }
      return;
    }
    save_as("best");
    progress_.best_score = score;
    progress_.best_step = progress_.step;
    progress_.n_without_better = 0;
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

  engine::Ranks& ranks_ = engine::ranks();
  const Job& job_;
  const TrainerOptions& options_;
  const Weights& weights_;
  std::int64_t steps_per_epoch_;
  std::int64_t n_steps_;
  engine::Schedule schedule_;
  engine::AdamW optimizer_;
  engine::Shards shards_;
  TrainingProgress progress_;
  MetricsLog log_;
  engine::Progress meter_;
  std::int64_t n_tokens_ = 0;
  double seconds_ = 0;
  double last_rate_ = 0, last_norm_ = 0;
};

}  // namespace

std::int64_t n_steps(const Job& job, const TrainerOptions& options) {
  return options.max_steps > 0 ? options.max_steps : options.n_epochs * steps_per_epoch(job, options);
}

TrainingOutcome train(const Weights& weights, const Job& job, const TrainerOptions& options) {
  engine::require(job.batches_per_epoch > 0, "{}: there is nothing to train on", job.name);
  engine::require(job.accumulate == 0 || job.accumulate == options.accumulate,
                  "{}: the losses are made for steps of {} batches, the steps have {}", job.name, job.accumulate,
                  options.accumulate);
  return Run(weights, job, options).go();
}

}  // namespace ingot::bert
