#include "tests/oracle/training.h"

#include <fmt/format.h>

#include <cmath>
#include <fstream>
#include <limits>

#include "bert/train/layer_decay.h"
#include "bert/train/pretraining.h"
#include "compress/encoder_functions.h"
#include "engine/base/progress.h"
#include "engine/io/json.h"
#include "tests/oracle/step.h"
#include "tests/support/temporary_folder.h"

namespace ingot::oracle {
namespace {

// What is allowed. The oracle computes everything a second time in float32, operation by operation in the plainest
// order; how far that is from its doubles (`noise`, a Euclidean norm over a tensor) is what float32 costs with these
// weights and texts. The engine adds up in other orders and has an exp, tanh and erf of its own that err by up to 4e-7
// (kernels/simd/math.h), 7 units: it may be 8 times the noise away, and 64 units of the tensor's own norm, in case the
// noise is small by luck. A gradient that is 0 in real arithmetic, as that of a key's bias, is a difference of numbers
// as large as other gradients: the noise of all and 8 units of their norm. 4 units of 1, the size of losses, where all
// gradients are 0. Of 55,000 gradients the middle one used 1% of this, one in a thousand 20% and the worst 50%; the
// middle one was allowed 2.5e-5 of its norm. A wrong factor is far beyond that.
constexpr double kUnit = 0x1p-24;  // half of the gap behind 1 of float32

using Values = std::vector<double>;

template <class Real>
struct Learned {
  double loss = 0;
  Values outputs;                           // of the last texts that went through the model
  std::map<std::string, Values> gradients;  // of the parameters that have one
  bool is_doubtful = false;
};

// Loss and gradients as the oracle has them in such numbers.
template <class Real>
Learned<Real> learned(const Problem& p, const std::vector<Asked>& asked, const Values& projection) {
  Tape<Real>::current().entries.clear();
  Model<Real> model(p.model, true, p.compression);
  Row<Real> map;
  for (const double w : projection) map.push_back(variable<Real>(static_cast<Real>(w)));
  Rows<Real> outputs;
  const Number<Real> loss = step_loss<Real>(p, model, asked, map, outputs);
  const std::vector<std::optional<Real>> all = slopes(loss);
  Learned<Real> made{.loss = loss.value, .outputs = {}, .gradients = {}, .is_doubtful = model.is_doubtful};
  for (const Row<Real>& row : outputs)
    for (const Number<Real>& y : row) made.outputs.push_back(y.value);
  const auto take = [&](const std::string& name, const Row<Real>& row) {
    Values gradient;
    bool is_there = false;
    for (const Number<Real>& w : row) {
      const std::optional<Real>& slope = all[static_cast<std::size_t>(w.place)];
      gradient.push_back(slope.value_or(0));
      is_there |= slope.has_value();
    }
    if (is_there) made.gradients[name] = gradient;
  };
  for (const auto& [name, row] : model.parameters) take(name, row);
  if (!map.empty()) take("teacher_projection", map);
  return made;
}

double norm_of(const Values& a) {
  double squares = 0;
  for (const double v : a) squares += v * v;
  return std::sqrt(squares);
}

double distance(const Values& a, const Values& b) {
  if (a.size() != b.size()) return std::numeric_limits<double>::infinity();
  Values d;
  for (std::size_t i = 0; i < a.size(); ++i) d.push_back(a[i] - b[i]);
  const double n = norm_of(d);
  return std::isfinite(n) ? n : std::numeric_limits<double>::infinity();
}

Values values_of(const engine::Tensor& tensor) { return {tensor.span().begin(), tensor.span().end()}; }

// Follows a training and compares each step with the oracle's, from the weights that the engine has at that moment.
class Beside {
 public:
  explicit Beside(const Problem& p, const engine::Variable& projection) : p_(p), learned_(p.model.parameters()) {
    if (projection.defined()) learned_.push_back({"teacher_projection", projection});
  }

  // Before the update of a step: its gradients are there.
  void gradients(std::int64_t step) {
    if (step > 0) weights(step - 1);
    asked_ = asked_in_step(p_, step);
    Values projection;
    if (p_.teacher && p_.hidden_weight > 0) projection = values_of(learned_.back().variable.value());
    const Learned<double> exact = learned<double>(p_, asked_, projection);
    loss_sum_ += exact.loss;
    compare_gradients(exact, learned<float>(p_, asked_, projection), fmt::format("step {}", step));
    expect_weights(step);
  }

  // The outputs, the loss and the gradients of the input by itself.
  void alone(const engine::Tensor& outputs, double loss) {
    const std::vector<Asked> asked{asked_alone(p_)};
    const Learned<double> exact = learned<double>(p_, asked, {});
    const Learned<float> rounded = learned<float>(p_, asked, {});
    const auto allowed = [](double noise, double size) { return 8 * noise + 64 * kUnit * size + 1e-12; };
    note("outputs", distance(values_of(outputs), exact.outputs) /
                        allowed(distance(rounded.outputs, exact.outputs), norm_of(exact.outputs)));
    note("loss", std::abs(loss - exact.loss) /
                     allowed(std::abs(rounded.loss - exact.loss), std::abs(exact.loss) + norm_of(exact.outputs)));
    compare_gradients(exact, rounded, "the input by itself");
  }

  // After the update of a step.
  void weights(std::int64_t step) {
    for (const engine::Parameter& p : learned_) {
      const Values actual = values_of(p.variable.value());
      const auto& [expected, allowed] = expected_.at(p.name);
      double worst = 0;
      for (std::size_t i = 0; i < actual.size(); ++i)
        worst = std::max(worst, std::abs(actual[i] - expected[i]) / allowed[i]);
      note(fmt::format("{} after step {}", p.name, step), worst);
    }
  }

  void compare_log(const std::filesystem::path& metrics) {
    std::ifstream file(metrics);
    engine::Json json;
    for (std::string line; !json.contains("loss") && std::getline(file, line);) json = engine::Json::parse(line);
    note("the mean loss in the log", std::abs(json["loss"].get<double>() - loss_sum_ / 2) / (2e-6 * (1 + loss_sum_)));
    note("the gradient norm in the log", std::abs(json["gradient_norm"].get<double>() - norm_) / allowed_norm_);
    note("the learning rate in the log", std::abs(json["learning_rate"].get<double>() - rate_) / (1e-9 * rate_));
  }

  Comparison result;

 private:
  struct Expected {
    Values weights, allowed;
  };

  void note(std::string what, double size) {
    result.differences.push_back({std::move(what), std::isnan(size) ? HUGE_VAL : size});
  }

  void compare_gradients(const Learned<double>& exact, const Learned<float>& rounded, const std::string& when) {
    result.is_doubtful |= exact.is_doubtful;
    double squares = 0;
    allowed_norm_ = 0;
    double all_noise = 0;
    for (const auto& [name, g] : exact.gradients) all_noise += std::pow(distance(rounded.gradients.at(name), g), 2);
    for (const auto& [name, g] : exact.gradients) squares += std::pow(norm_of(g), 2);
    norm_ = std::sqrt(squares);
    for (const engine::Parameter& p : learned_) {
      const std::string what = fmt::format("gradient of {}, {}", p.name, when);
      const auto found = exact.gradients.find(p.name);
      if ((found != exact.gradients.end()) != p.variable.has_gradient()) {
        note(what + ": is there or not", HUGE_VAL);
        continue;
      }
      if (found == exact.gradients.end()) continue;
      const double error = distance(values_of(p.variable.gradient()), found->second);
      const double noise = distance(rounded.gradients.at(p.name), found->second), norm = norm_of(found->second);
      const double allowed = 8 * noise + 64 * kUnit * norm + 8 * kUnit * norm_ + std::sqrt(all_noise) + 4 * kUnit;
      allowed_norm_ += allowed;
      note(what, error / allowed);
    }
  }

  // AdamW (Loshchilov, Hutter 2019, algorithm 2, as PyTorch has it) from the gradients that the engine has, which were
  // compared: so what Adam makes of a gradient that is nearly 0 does not matter.
  void expect_weights(std::int64_t step) {
    double squares = 0;
    for (const engine::Parameter& p : learned_)
      if (p.variable.has_gradient()) squares += std::pow(norm_of(values_of(p.variable.gradient())), 2);
    const double clip = p_.trainer.clip_norm, norm = std::sqrt(squares);
    const double scale = clip > 0 ? std::min(1.0, clip / (norm + 1e-6)) : 1;  // PyTorch's clip_grad_norm_
    const double beta1 = 0.9, beta2 = p_.trainer.beta2, t = static_cast<double>(step + 1);
    rate_ = rate_at(step);
    for (const engine::Parameter& p : learned_) {
      const Values w = values_of(p.variable.value());
      Expected& expected = expected_[p.name] = {w, Values(w.size(), std::numeric_limits<double>::min())};
      if (!p.variable.has_gradient()) continue;
      const Values g = values_of(p.variable.gradient());
      const bool is_matrix = p.variable.shape().rank() == 2 && p.name != "teacher_projection";
      const double rate = rate_ * factor_of(p.name), decay = is_matrix ? p_.trainer.weight_decay : 0;
      auto& [first, second] = moments_[p.name];
      first.resize(w.size()), second.resize(w.size());
      for (std::size_t i = 0; i < w.size(); ++i) {
        if (!is_touched(p, i)) continue;
        first[i] = beta1 * first[i] + (1 - beta1) * scale * g[i];
        second[i] = beta2 * second[i] + (1 - beta2) * std::pow(scale * g[i], 2);
        const double m = first[i] / (1 - std::pow(beta1, t)), v = second[i] / (1 - std::pow(beta2, t));
        expected.weights[i] = w[i] - rate * decay * w[i] - rate * m / (std::sqrt(v) + 1e-8);
        expected.allowed[i] = kUnit * (4 * std::abs(w[i]) + 16 * rate);
      }
    }
  }

  // With lazy embeddings only rows of ids that the step has are updated. The decoder of a language model reads all.
  bool is_touched(const engine::Parameter& p, std::size_t i) const {
    if (!p_.trainer.lazy_embeddings || !p.name.ends_with("_embeddings.weight")) return true;
    const bool is_word = p.name.ends_with(".word_embeddings.weight");
    if (is_word && p_.model.config.head->task.empty()) return true;
    const auto row = static_cast<std::int32_t>(i / static_cast<std::size_t>(p.variable.value().columns()));
    return std::any_of(asked_.begin(), asked_.end(), [&](const Asked& asked) {
      const std::vector<std::int32_t>& ids = is_word ? asked.input.ids
                                             : p.name.ends_with(".position_embeddings.weight")
                                                 ? asked.input.positions
                                                 : asked.input.token_types;
      return std::find(ids.begin(), ids.end(), row) != ids.end();
    });
  }

  // One step of warm-up at most: half of two steps; with both of them the first has half of the rate.
  double rate_at(std::int64_t step) const {
    const double s = static_cast<double>(step), n_warm = std::round(2 * p_.trainer.warm_up);
    const double peak = p_.trainer.learning_rate;
    if (s < n_warm) return peak * (s + 1) / n_warm;
    const double left = (2 - s) / (2 - n_warm);
    if (p_.trainer.decay == engine::Decay::constant) return peak;
    return peak *
           (p_.trainer.decay == engine::Decay::linear ? left : (1 + std::cos(std::numbers::pi * (1 - left))) / 2);
  }

  // The layer behind has the rate of the layer before times this (Clark et al. 2020).
  double factor_of(const std::string& name) const {
    if (name == "teacher_projection") return 1;
    const std::string layer = "bert.encoder.layer.";
    const auto n_layers = static_cast<double>(p_.model.config.num_hidden_layers);
    double depth = n_layers + 1;
    if (name.starts_with("bert.embeddings.")) depth = 0;
    if (name.starts_with(layer)) depth = std::stod(name.substr(layer.size())) + 1;
    return std::pow(p_.layer_decay, n_layers + 1 - depth);
  }

  const Problem& p_;
  std::vector<engine::Parameter> learned_;
  std::vector<Asked> asked_;  // in the step
  std::map<std::string, std::pair<Values, Values>> moments_;
  std::map<std::string, Expected> expected_;
  double loss_sum_ = 0, norm_ = 0, allowed_norm_ = 0, rate_ = 0;
};

// Of the input by itself, from the head's own loss.
Comparison compared_alone(Problem p) {
  p.taught_weight = p.hidden_weight = 0, p.teacher.reset();
  engine::DropoutStreams off;
  const engine::Variable outputs = p.model.outputs(p.model.encode(p.input, off), p.input, off);
  const engine::Variable loss = p.model.config.head->loss(outputs, {.labels = p.input_labels,
                                                                    .numbers = p.input_numbers,
                                                                    .class_weights = p.class_weights,
                                                                    .label_smoothing = p.smoothing});
  engine::backward(loss);
  Beside beside(p, {});
  beside.alone(outputs.value(), double{loss.value().data()[0]});
  for (const engine::Parameter& parameter : p.model.parameters()) engine::Variable(parameter.variable).clear_gradient();
  return beside.result;
}

}  // namespace

const Difference& Comparison::worst() const {
  return *std::max_element(differences.begin(), differences.end(),
                           [](const Difference& a, const Difference& b) { return a.size < b.size; });
}

Comparison compared(const Problem& problem) {
  engine::set_quiet(true);
  Problem p = problem;
  const bert::TokenPart part = p.texts.part(), unlabelled = p.unlabelled.part();
  const bert::Subset training = bert::Subset::all(part), more = bert::Subset::all(unlabelled);
  bert::Teaching teaching{.unlabelled = p.unlabelled.size() > 0 ? more : bert::Subset{},
                          .outputs = p.taught,
                          .weight = p.taught_weight,
                          .temperature = p.temperature};
  engine::Variable projection;
  if (p.teacher) {
    if (p.hidden_weight > 0) projection = bert::new_projection(p.teacher->config, p.model.config);
    teaching.imitation = bert::Imitation{.teacher = &*p.teacher,
                                         .hidden_weight = p.hidden_weight,
                                         .attention_weight = p.attention_weight,
                                         .projection = projection};
  }
  Beside beside(p, projection);
  beside.result = compared_alone(p);
  bert::Job job;
  std::vector<std::span<const std::int32_t>> spans;
  if (p.model.config.head->task.empty()) {
    for (std::size_t i = 0; i < part.size(); ++i) spans.push_back(part.tokens(i));
    job = bert::pretraining_job(p.model, spans, bert::LongTexts::truncated, p.framing,
                                {.pad = 0, .unknown = 1, .cls = kCls, .sep = kSep, .mask = kMask}, p.masked_share,
                                p.batch, p.seed, p.shards);
  } else {
    job = bert::classification_job(p.model, training, training, p.framing, p.batch, p.seed,
                                   {.class_weights = p.class_weights,
                                    .label_smoothing = p.smoothing,
                                    .teaching = p.is_taught ? &teaching : nullptr,
                                    .shards = p.shards,
                                    .accumulate = p.trainer.accumulate});
  }
  job.validate = [] { return engine::Json{{"score", 0.0}}; };
  job.save = [](const std::filesystem::path&) {};
  job.before_update = [&](std::int64_t step, const engine::AdamW&) { beside.gradients(step); };
  if (p.layer_decay != 1) job.rate_factors = bert::layer_rate_factors(p.model.config, p.layer_decay);
  const test::TemporaryFolder folder;
  p.trainer.out = folder.path();
  bert::train(p.model.parameters(), job, p.trainer);
  beside.weights(1);
  beside.compare_log(folder / "metrics.jsonl");
  // Where all formats around a layer norm are fixed point, it computes what the integers do.
  beside.result.is_doubtful |= compress::has_integer_encoder(p.model);
  return beside.result;
}

}  // namespace ingot::oracle
