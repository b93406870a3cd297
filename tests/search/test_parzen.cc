// Truncated normals and Parzen estimators beside those of Optuna and SciPy, and against brute force.
#include <doctest/doctest.h>

#include <cmath>
#include <map>
#include <numeric>

#include "engine/base/rng.h"
#include "engine/io/json.h"
#include "search/samplers/log_sum_exp.h"
#include "search/samplers/parzen.h"
#include "search/samplers/sampler.h"
#include "search/samplers/space.h"
#include "search/samplers/tpe_split.h"
#include "search/samplers/truncated_normal.h"
#include "tests/search/golden.h"

using namespace ingot::search;
using ingot::engine::Json;
using ingot::test::golden_search;
using ingot::test::near;

namespace {

// The parameters of the golden densities.
const std::map<std::string, Distribution> kGoldenSpace = {
    {"f", Distribution::real(-1, 3)},          {"lf", Distribution::log_real(1e-5, 1e-1)},
    {"sf", Distribution::real(0, 1, 0.1)},     {"i", Distribution::integer(2, 16, 2)},
    {"li", Distribution::log_integer(4, 512)}, {"c", Distribution::categorical({"a", "b", "c"})}};

Parzen parzen_of(const std::vector<std::string>& names, KernelRule rule) {
  std::vector<Parzen::Axis> axes;
  for (const std::string& name : names) {
    axes.push_back({name, std::make_shared<const Distribution>(kGoldenSpace.at(name))});
  }
  return {axes, rule};
}

std::vector<std::int64_t> first_keys(std::size_t n) {
  std::vector<std::int64_t> keys(n);
  std::iota(keys.begin(), keys.end(), 0);
  return keys;
}

std::vector<double> density(const Parzen& parzen, std::size_t count, const std::vector<double>& samples) {
  std::vector<double> result(count);
  parzen.log_density(count, samples, result);
  return result;
}

}  // namespace

TEST_CASE("the stream of a seed is NumPy's") {
  for (const auto& [version, golden] : golden_search().items()) {
    NumpyStream stream(7);
    for (const double expected : golden["rng_seed7_random_sample"]) CHECK(stream.uniform() == expected);
  }
}

TEST_CASE("quantiles and masses of truncated normals agree with Optuna's, far into the tails") {
  for (const auto& [version, golden] : golden_search().items()) {
    for (const Json& t : golden["truncnorm_ppf"]) {
      CAPTURE(t.dump());
      const double a = t["a"], b = t["b"], x = t["x"];
      CHECK(near(truncated_quantile(t["q"], a, b), x, 1e-8));
      if (a <= 0 && b >= 0) CHECK(near(central_quantile(t["q"], normal_cdf(a), normal_cdf(-b)), x, 1e-8));
    }
    for (const Json& t : golden["log_gauss_mass"]) {
      CAPTURE(t.dump());
      const double mass = log_mass(t["a"], t["b"]), expected = t["v"];
      CHECK(std::abs(mass - expected) <= 1e-10 * std::abs(expected) + 1e-15);
    }
  }
}

TEST_CASE("the normal quantile inverts the distribution function") {
  for (double x = -37; x <= 8; x += 0.0625) {
    CAPTURE(x);
    // One ulp of the probability moves the quantile by its inverse density.
    const double p = normal_cdf(x), density = std::exp(-0.5 * x * x) / std::sqrt(2 * M_PI);
    CHECK(std::abs(normal_quantile(p) - x) <= 4e-15 * std::max(1.0, std::abs(x)) + 4e-16 * p / density);
  }
  CHECK(normal_quantile(0) == -std::numeric_limits<double>::infinity());
}

TEST_CASE("kernels have the weights, means, widths and densities of Optuna's") {
  for (const auto& [version, golden] : golden_search().items()) {
    for (const Json& t : golden["parzen"]) {
      CAPTURE(version);
      CAPTURE(t["n"]);
      CAPTURE(t["x"]);
      std::vector<std::string> names;
      for (const auto& [name, _] : t["obs"].items()) names.push_back(name);
      const bool is_four = version[0] == '4', is_joint = t["mv"];
      const KernelRule rule = !is_four   ? KernelRule::neighbours
                              : is_joint ? KernelRule::scaled_range
                                         : KernelRule::neighbours_and_prior;
      Parzen parzen = parzen_of(names, rule);
      parzen.observe(first_keys(t["n"]), [&](std::int64_t key, std::size_t axis) {
        return t["obs"][names[axis]][static_cast<std::size_t>(key)].get<double>();
      });
      const bool has_kernels = !t["weights"].is_null();  // of the later version only densities were to be had
      for (std::size_t i = 0; has_kernels && i < parzen.weights().size(); ++i) {
        CHECK(near(parzen.weights()[i], t["weights"][i], 1e-12));
      }
      std::vector<double> samples;
      for (std::size_t axis = 0; axis < names.size(); ++axis) {
        for (const double x : t["x"][names[axis]]) samples.push_back(x);
        if (!has_kernels || !t["mu"].contains(names[axis])) continue;
        for (std::size_t i = 0; i < parzen.means(axis).size(); ++i) {
          CHECK(near(parzen.means(axis)[i], t["mu"][names[axis]][i], 1e-12));
          CHECK(near(parzen.deviations(axis)[i], t["sigma"][names[axis]][i], 1e-12));
        }
      }
      const std::vector<double> result = density(parzen, t["logpdf"].size(), samples);
      for (std::size_t i = 0; i < result.size(); ++i) CHECK(near(result[i], t["logpdf"][i], 1e-10));
    }
  }
}

TEST_CASE("an estimator that changed step by step equals one made at once, bit for bit") {
  for (const KernelRule rule : {KernelRule::neighbours, KernelRule::neighbours_and_prior, KernelRule::scaled_range}) {
    const std::vector<std::string> names{"c", "f", "i", "lf", "li", "sf"};
    ingot::engine::Rng rng(3);
    std::vector<std::vector<double>> values(400, std::vector<double>(names.size()));
    for (auto& row : values) {
      for (std::size_t axis = 0; axis < names.size(); ++axis) {
        row[axis] = draw_uniform(kGoldenSpace.at(names[axis]), [&] { return rng.uniform(); });
      }
    }
    const auto value = [&](std::int64_t key, std::size_t axis) { return values[static_cast<std::size_t>(key)][axis]; };
    Parzen grown = parzen_of(names, rule);
    std::vector<std::int64_t> keys;
    for (int round = 0; round < 150; ++round) {
      for (int change = 0; change < 3; ++change) {  // more come than go
        const auto key = static_cast<std::int64_t>(rng.below(values.size()));
        const auto place = std::lower_bound(keys.begin(), keys.end(), key);
        if (place == keys.end() || *place != key) {
          keys.insert(place, key);
        } else {
          keys.erase(place);
        }
      }
      grown.observe(keys, value);
      Parzen whole = parzen_of(names, rule);
      whole.observe(keys, value);
      std::vector<double> a(names.size() * 9), b(a.size());
      ingot::engine::Rng draws(static_cast<std::uint64_t>(round)), same = draws;
      grown.sample(
          9, [&] { return draws.uniform(); }, a);
      whole.sample(
          9, [&] { return same.uniform(); }, b);
      REQUIRE(a == b);
      REQUIRE(density(grown, 9, a) == density(whole, 9, a));
    }
  }
}

TEST_CASE("densities sum to 1 over every kind of range") {
  ingot::engine::Rng rng(5);
  for (const auto& [name, d] : kGoldenSpace) {
    CAPTURE(name);
    Parzen parzen = parzen_of({name}, KernelRule::neighbours);
    std::vector<double> seen(40);
    for (double& x : seen) x = draw_uniform(d, [&] { return rng.uniform(); });
    parzen.observe(first_keys(seen.size()),
                   [&](std::int64_t key, std::size_t) { return seen[static_cast<std::size_t>(key)]; });
    std::vector<double> points;
    const std::size_t n = d.step > 0 ? static_cast<std::size_t>(d.n_values()) : 40000;
    const double low = d.log ? std::log(d.low) : d.low, high = d.log ? std::log(d.high) : d.high;
    for (std::size_t i = 0; i < n; ++i) {
      const double middle = low + (high - low) * (static_cast<double>(i) + 0.5) / static_cast<double>(n);
      points.push_back(d.step > 0 ? d.low + static_cast<double>(i) * d.step : d.log ? std::exp(middle) : middle);
    }
    double sum = 0;
    for (const double x : density(parzen, n, points)) sum += std::exp(x);
    if (d.step == 0) sum *= (high - low) / static_cast<double>(n);  // midpoint rule
    CHECK(std::abs(sum - 1) < 1e-5);
  }
}

TEST_CASE("a logarithm of a sum of exponentials neither overflows nor loses terms") {
  LogSumExp sum;
  CHECK(sum.value() == -std::numeric_limits<double>::infinity());
  std::vector<double> terms;
  ingot::engine::Rng rng(9);
  for (int i = 0; i < 1000; ++i) terms.push_back(-1000 + 40 * rng.normal());
  long double expected = 0;
  for (const double t : terms) expected += std::exp(static_cast<long double>(t) + 1000);
  for (std::size_t i = 0; i < terms.size(); i += 37)
    sum.add(std::span(terms).subspan(i, std::min<std::size_t>(37, terms.size() - i)));
  CHECK(std::abs(sum.value() - static_cast<double>(std::log(expected) - 1000)) < 1e-12);
}

TEST_CASE("a trial that ends after later ones takes its part in what parameters trials have in common") {
  for (const bool groups : {false, true}) {
    CAPTURE(groups);
    History history;
    const auto unit = history.intern(Distribution::real(0, 1));
    for (int number = 0; number < 2; ++number) {
      TrialRecord trial{.number = number, .parameters = {{"x", {0.5, unit}}}};
      if (number == 1) trial.parameters["y"] = {0.5, unit};
      trial.state = number == 1 ? State::complete : State::running;
      history.trials.push_back(trial);
    }
    const View view{.history = history, .number = 2, .bound = 2};
    JointSpaces growing(groups);
    const auto names_of = [&](JointSpaces& spaces) {
      std::vector<std::string> names;
      for (const Space& space : spaces.of(view)) {
        names.emplace_back();
        for (const auto& axis : space) names.back() += axis.name;
      }
      return names;
    };
    CHECK(names_of(growing) == std::vector<std::string>{"xy"});
    history.trials[0].state = State::complete;
    CHECK(names_of(growing) == (groups ? std::vector<std::string>{"x", "y"} : std::vector<std::string>{"x"}));
    JointSpaces fresh(groups);
    CHECK(names_of(fresh) == names_of(growing));
  }
}

TEST_CASE("a trial of a batch takes those before it for bad, though nothing has ended between them") {
  History history;
  for (int number = 0; number < 5; ++number) {
    history.trials.push_back({.number = number, .values = {static_cast<double>(number)}});
    history.trials.back().state = number < 2 ? State::complete : State::running;
  }
  TpeSplit split(TpeRules::optuna5);
  for (const int number : {2, 3, 4, 4, 2}) {
    CAPTURE(number);
    std::vector<int> bad{1};
    for (int i = 2; i < number; ++i) bad.push_back(i);
    const Split& found = split.of({.history = history, .number = number, .bound = 2});
    CHECK(found.good == std::vector<int>{0});
    CHECK(found.bad == bad);
  }
}

TEST_CASE("samplers need a candidate and take no startup trials below 0") {
  CHECK_NOTHROW(make_sampler("tpe", {.startup_trials = 0, .candidates = 1}));
  CHECK_THROWS_WITH(make_sampler("tpe", {.candidates = 0}), "sampler: candidates must be at least 1, got 0");
  CHECK_THROWS_WITH(make_sampler("tpe", {.startup_trials = -1}), "sampler: startup trials must be at least 0, got -1");
}
