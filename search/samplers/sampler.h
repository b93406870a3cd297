// Samplers: what parameters the next trial tries. One file each in this folder, and one line in list.cc.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/rng.h"
#include "engine/io/json.h"
#include "search/history/record.h"

namespace ingot::search {

// Whose uniform numbers a sampler draws.
enum class StreamKind {
  per_trial,  // a stream for each trial, a function of seed and number: resumed and parallel studies continue it
  numpy,      // one stream through all trials, as NumPy's RandomState(seed): to compare with Optuna
};

enum class TpeRules { optuna4, optuna5 };  // as in Optuna 4.6 and 5.0
enum class TpeModel { by_rules, univariate, multivariate, group };

struct SamplerOptions {
  std::uint64_t seed = 1;
  StreamKind stream = StreamKind::per_trial;  // numpy: seed < 2^32, one trial at a time, and none resumed
  TpeRules rules = TpeRules::optuna5;
  TpeModel model = TpeModel::by_rules;  // optuna4: univariate; optuna5: multivariate for one objective
  int startup_trials = 10;              // random ones, before TPE models
  int candidates = 24;                  // of which TPE takes the best
  std::vector<std::pair<std::string, std::vector<Choice>>> grid;  // the axes of grid: name and values
};

// NumPy's RandomState(seed): random_sample() and shuffle().
class NumpyStream {
 public:
  explicit NumpyStream(std::uint64_t seed) : generator_(static_cast<std::uint32_t>(seed)) {}
  double uniform();
  std::uint32_t at_most(std::uint32_t bound);

 private:
  std::mt19937 generator_;
};

// The uniforms of one purpose: NumPy's stream, or those of the trial's own.
class Uniforms {
 public:
  explicit Uniforms(const SamplerOptions& options) : kind_(options.stream), numpy_(options.seed) {}
  double draw(engine::Rng& of_trial) { return kind_ == StreamKind::numpy ? numpy_.uniform() : of_trial.uniform(); }

 private:
  StreamKind kind_;
  NumpyStream numpy_;
};

// The trial that a sampler draws for: what it may learn from, its own stream, and itself as far as it is known.
struct Draw {
  View view;
  engine::Rng& rng;
  const TrialRecord& trial;
  std::vector<std::pair<std::string, engine::Json>>& attributes;  // to be stored with the trial
};

class Sampler {
 public:
  virtual ~Sampler() = default;

  // Values drawn together, before the first parameter is asked for. What it leaves out is asked for one by one.
  virtual std::map<std::string, double> joint(Draw&) { return {}; }

  // A value of one parameter that has more than one.
  virtual double single(Draw& draw, const std::string& name, const Distribution& distribution) = 0;

  // Whether the same trial may get other values when it asks again.
  virtual bool draws_again() const { return true; }

  // Nothing is left to try.
  virtual bool is_exhausted(const View&) const { return false; }
};

// Uniform over the distribution; logarithmic ranges uniformly in the logarithm. As Optuna's RandomSampler.
double draw_uniform(const Distribution& distribution, const std::function<double()>& uniform);

std::unique_ptr<Sampler> make_random(const SamplerOptions& options);
std::unique_ptr<Sampler> make_grid(const SamplerOptions& options);
std::unique_ptr<Sampler> make_tpe(const SamplerOptions& options);

struct SamplerKind {
  const char* name;
  const char* summary;
  std::unique_ptr<Sampler> (*make)(const SamplerOptions& options);
};

std::span<const SamplerKind> sampler_kinds();
std::unique_ptr<Sampler> make_sampler(const std::string& name, const SamplerOptions& options);  // throws Error

}  // namespace ingot::search
