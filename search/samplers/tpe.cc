// Tree-structured Parzen estimators (Bergstra et al., 2011) with the rules of Optuna 4.6 and 5.0. Two densities, of the
// good trials and of the others; of some candidates drawn from the first, the one for which their ratio is largest.
#include <algorithm>
#include <map>

#include "search/samplers/parzen.h"
#include "search/samplers/sampler.h"
#include "search/samplers/space.h"
#include "search/samplers/tpe_split.h"

namespace ingot::search {
namespace {

// The two densities over one space, kept from trial to trial.
struct Model {
  Space space;
  Parzen good, bad;
  std::vector<signed char> holds_all;  // by number: whether a finished trial has every parameter; -1: not known

  Model(const Space& s, KernelRule rule) : space(s), good(s, rule), bad(s, rule) {}
};

bool same(const Space& a, const Space& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const Parzen::Axis& x, const Parzen::Axis& y) {
    return x.name == y.name && (x.distribution == y.distribution || *x.distribution == *y.distribution);
  });
}

// A value that a trial has or, of one that runs, will have; nullptr if none is known. Of a trial of the same batch only
// what was drawn jointly counts: how far it is must not matter.
const double* find_value(const TrialRecord& trial, const std::string& name, const View& view) {
  if (trial.number < view.bound) {
    const auto parameter = trial.parameters.find(name);
    if (parameter != trial.parameters.end()) return &parameter->second.value;
    if (trial.is_finished()) return nullptr;
  }
  const auto joint = trial.joint.find(name);
  return joint == trial.joint.end() ? nullptr : &joint->second;
}

class Tpe final : public Sampler {
 public:
  explicit Tpe(const SamplerOptions& options)
      : options_(options),
        uniforms_(options),
        startup_uniforms_(options),
        split_(options.rules),
        spaces_(options.model == TpeModel::group) {}

  std::map<std::string, double> joint(Draw& draw) override {
    std::map<std::string, double> values;
    if (model_of(draw) == TpeModel::univariate || is_starting(draw)) return values;
    for (const Space& space : spaces_.of(draw.view)) values.merge(sample(draw, space));
    return values;
  }

  double single(Draw& draw, const std::string& name, const Distribution& distribution) override {
    if (is_starting(draw)) return draw_uniform(distribution, [&] { return startup_uniforms_.draw(draw.rng); });
    return sample(draw, {{name, std::make_shared<const Distribution>(distribution)}}).begin()->second;
  }

 private:
  TpeModel model_of(const Draw& draw) const {
    if (options_.model != TpeModel::by_rules) return options_.model;
    const bool is_joint = options_.rules == TpeRules::optuna5 && draw.view.history.directions.size() == 1;
    return is_joint ? TpeModel::multivariate : TpeModel::univariate;
  }

  bool is_starting(const Draw& draw) { return split_.of(draw.view).n_finished < options_.startup_trials; }

  Model& model(const Draw& draw, const Space& space) {
    KernelRule rule = KernelRule::neighbours;
    if (options_.rules == TpeRules::optuna4) {
      rule = model_of(draw) == TpeModel::univariate ? KernelRule::neighbours_and_prior : KernelRule::scaled_range;
    }
    std::string key;
    for (const Parzen::Axis& axis : space) key += axis.name + '\n';
    auto& model = models_[key];
    if (!model || !same(model->space, space)) model = std::make_unique<Model>(space, rule);
    return *model;
  }

  // Observes those of the trials that hold every parameter of the space.
  void observe(const View& view, Model& model, Parzen& parzen, std::span<const int> numbers,
               std::span<const double> weights) {
    std::vector<std::int64_t> keys;
    std::vector<double> kept_weights;
    const auto trial = [&](std::int64_t number) -> const TrialRecord& {
      return view.history.trials[static_cast<std::size_t>(number)];
    };
    const auto holds = [&](const TrialRecord& t) {
      return std::all_of(model.space.begin(), model.space.end(),
                         [&](const Parzen::Axis& axis) { return find_value(t, axis.name, view) != nullptr; });
    };
    for (std::size_t i = 0; i < numbers.size(); ++i) {
      const auto number = static_cast<std::size_t>(numbers[i]);
      const TrialRecord& t = trial(numbers[i]);
      const bool is_running = !view.is_visible(t);
      if (model.holds_all.size() <= number) model.holds_all.resize(number + 1, -1);
      signed char& known = model.holds_all[number];
      if (!is_running && known < 0) known = holds(t);
      if (is_running ? !holds(t) : known == 0) continue;
      keys.push_back(std::int64_t{numbers[i]} * 2 + (is_running ? 1 : 0));
      if (!weights.empty()) kept_weights.push_back(weights[i]);
    }
    parzen.observe(
        keys,
        [&](std::int64_t key, std::size_t axis) { return *find_value(trial(key / 2), model.space[axis].name, view); },
        kept_weights);
  }

  std::map<std::string, double> sample(Draw& draw, const Space& space) {
    constexpr double kTie = 1e-9;  // scores this near are equal: which is larger may hang on rounding
    const Split& split = split_.of(draw.view);
    Model& m = model(draw, space);
    observe(draw.view, m, m.good, split.good, split.weights);
    observe(draw.view, m, m.bad, split.bad, {});
    const auto count = static_cast<std::size_t>(options_.candidates);
    std::vector<double> samples(space.size() * count), score(count), bad(count);
    m.good.sample(
        count, [&] { return uniforms_.draw(draw.rng); }, samples);
    m.good.log_density(count, samples, score);
    m.bad.log_density(count, samples, bad);
    for (std::size_t i = 0; i < count; ++i) score[i] -= bad[i];
    const double best = *std::max_element(score.begin(), score.end());
    const auto chosen = static_cast<std::size_t>(
        std::find_if(score.begin(), score.end(), [&](double s) { return s >= best - kTie; }) - score.begin());
    std::map<std::string, double> values;
    for (std::size_t axis = 0; axis < space.size(); ++axis) {
      values.emplace_hint(values.end(), space[axis].name, samples[axis * count + chosen]);
    }
    return values;
  }

  SamplerOptions options_;
  Uniforms uniforms_, startup_uniforms_;
  TpeSplit split_;
  JointSpaces spaces_;
  std::map<std::string, std::unique_ptr<Model>> models_;  // by the names of their parameters
};

}  // namespace

std::unique_ptr<Sampler> make_tpe(const SamplerOptions& options) { return std::make_unique<Tpe>(options); }

}  // namespace ingot::search
