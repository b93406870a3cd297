#include "search/problems.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "engine/base/error.h"
#include "engine/base/named.h"

namespace ingot::search {
namespace {

using std::numbers::pi;
constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

double square(double x) { return x * x; }

template <std::size_t n>
std::array<double, n> point(Trial& trial, double low, double high) {
  std::array<double, n> x;
  for (std::size_t i = 0; i < n; ++i) x[i] = trial.suggest_float(fmt::format("x{}", i), low, high);
  return x;
}

template <class T>
T item(Trial& trial, Lists lists, const std::string& name, const std::vector<T>& items) {
  return lists == Lists::ordinal ? trial.suggest_ordinal(name, items) : trial.suggest_categorical(name, items);
}

double sphere_mixed(Trial& trial, Lists) {
  const double x = trial.suggest_float("x", -100, 100);
  return x * x + square(static_cast<double>(trial.suggest_int("y", -100, 100)));
}

double sphere5(Trial& trial, Lists) {
  double sum = 0;
  for (const double x : point<5>(trial, -5, 5)) sum += x * x;
  return sum;
}

double branin(Trial& trial, Lists) {
  const double x = trial.suggest_float("x", -5, 10), y = trial.suggest_float("y", 0, 15);
  return square(y - 5.1 / (4 * pi * pi) * x * x + 5 / pi * x - 6) + 10 * (1 - 1 / (8 * pi)) * std::cos(x) + 10;
}

double hartmann6(Trial& trial, Lists) {
  constexpr double kAlpha[4] = {1, 1.2, 3, 3.2};
  constexpr double kA[4][6] = {
      {10, 3, 17, 3.5, 1.7, 8}, {0.05, 10, 17, 0.1, 8, 14}, {3, 3.5, 1.7, 10, 17, 8}, {17, 8, 0.05, 10, 0.1, 14}};
  constexpr double kP[4][6] = {{0.1312, 0.1696, 0.5569, 0.0124, 0.8283, 0.5886},
                               {0.2329, 0.4135, 0.8307, 0.3736, 0.1004, 0.9991},
                               {0.2348, 0.1451, 0.3522, 0.2883, 0.3047, 0.6650},
                               {0.4047, 0.8828, 0.8732, 0.5743, 0.1091, 0.0381}};
  const auto x = point<6>(trial, 0, 1);
  double sum = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    double distance = 0;
    for (std::size_t j = 0; j < 6; ++j) distance += kA[i][j] * square(x[j] - kP[i][j]);
    sum -= kAlpha[i] * std::exp(-distance);
  }
  return sum;
}

double rosen4(Trial& trial, Lists) {
  const auto x = point<4>(trial, -5, 10);
  double sum = 0;
  for (std::size_t i = 0; i < 3; ++i) sum += 100 * square(x[i + 1] - x[i] * x[i]) + square(1 - x[i]);
  return sum;
}

double rastrigin5(Trial& trial, Lists) {
  double sum = 50;
  for (const double x : point<5>(trial, -5.12, 5.12)) sum += x * x - 10 * std::cos(2 * pi * x);
  return sum;
}

double ackley5(Trial& trial, Lists) {
  double squares = 0, cosines = 0;
  for (const double x : point<5>(trial, -32.768, 32.768)) squares += x * x, cosines += std::cos(2 * pi * x);
  return -20 * std::exp(-0.2 * std::sqrt(squares / 5)) - std::exp(cosines / 5) + 20 + std::numbers::e;
}

double styblinski5(Trial& trial, Lists) {
  double sum = 0;
  for (const double x : point<5>(trial, -5, 5)) sum += 0.5 * (x * x * x * x - 16 * x * x + 5 * x);
  return sum;
}

// Like the settings of a training: learning rate, batch size, dropout, layers.
double logint(Trial& trial, Lists) {
  const double lr = trial.suggest_float("lr", 1e-6, 1e-1, {.log = true});
  const auto bs = static_cast<double>(trial.suggest_int("bs", 4, 512, {.log = true}));
  const double dropout = trial.suggest_float("do", 0, 0.5, {.step = 0.05});
  const auto nl = static_cast<double>(trial.suggest_int("nl", 1, 12));
  return square(std::log10(lr) + 3.3) + 0.3 * square(std::log2(bs) - 5) + 20 * square(dropout - 0.1) +
         0.05 * square(nl - 6);
}

// The accuracy of a BERT, made up: sizes, and for each layer whether it has a linear map or none.
double nas_bert(Trial& trial, Lists lists) {
  const int n_layers = item<int>(trial, lists, "num_layers", {2, 4, 8});
  const double heads = item<int>(trial, lists, "num_heads", {2, 4, 8, 16});
  const double hidden = item<int>(trial, lists, "hidden_size", {128, 192, 256, 384, 512});
  const double ffn = item<int>(trial, lists, "intermediate_size", {512, 768, 1024, 1536, 2048});
  double accuracy = 0.80 + 0.03 * (1 - std::exp(-hidden / 200)) + 0.01 * (1 - std::exp(-ffn / 900)) -
                    0.004 * square(std::log2(n_layers) - 2) - 0.003 * square(std::log2(heads) - 2);
  for (int layer = 0; layer < n_layers; ++layer) {
    const bool is_linear =
        trial.suggest_categorical<std::string>(fmt::format("sq_{}", layer), {"linear", "identity"}) == "linear";
    accuracy += layer % 3 != 0 ? (is_linear ? 0.002 : 0) : (is_linear ? 0 : 0.0025);
  }
  trial.settle();
  return -accuracy;
}

double sensitivity(int layer) { return (7 * layer % 11 + 1) / 11.0; }

// The loss and the bits of a network whose 14 layers have fixed-point formats of their own, made up.
double mixedprec14(Trial& trial, Lists lists) {
  double loss = 0, bits = 0;
  for (int i = 0; i < 14; ++i) {
    const double width = item<int>(trial, lists, fmt::format("w{}", i), {8, 16, 32});
    const double frac = item<int>(trial, lists, fmt::format("f{}", i), {2, 4, 8});
    const double range = 3 + 2 * ((5 * i % 7) / 6.0), rounding = std::pow(2.0, -frac);
    loss += sensitivity(i) * (0.05 * std::max(0.0, range - (width - frac)) + 0.4 * rounding * rounding * 16);
    bits += width;
  }
  trial.settle();
  return loss + 0.002 * bits;
}

double condfmt_layer(Trial& trial, Lists lists, int i) {
  const double s = sensitivity(i);
  const auto integer = [&](const char* name, int low, int high) {
    return static_cast<double>(trial.suggest_int(name + std::to_string(i), low, high));
  };
  const std::string format =
      trial.suggest_categorical<std::string>(fmt::format("fmt{}", i), {"int", "minifloat", "blockfp", "log", "binary"});
  if (format == "int") {
    const double w = integer("int_w", 4, 16), f = integer("int_f", 0, 8);
    return s * 0.03 * std::abs(f - (2 + i % 4)) + 0.004 * w + 0.08 * s * std::max(0.0, 7 - w);
  }
  if (format == "minifloat") {
    const double e = integer("mf_e", 2, 6), m = integer("mf_m", 1, 8);
    return s * (0.05 * std::abs(e - 4) + 0.02 * std::max(0.0, 3 - m)) + 0.004 * (e + m + 1);
  }
  if (format == "blockfp") {
    const double m = integer("bf_m", 1, 8);
    const double b = item<int>(trial, lists, fmt::format("bf_b{}", i), {8, 16, 32, 64});
    return s * (0.04 * std::max(0.0, 4 - m) + 0.01 * std::log2(b / 8)) + 0.004 * (m + 8 / b * 8);
  }
  return format == "log" ? 0.1 * s + 0.002 * std::abs(integer("lg_b", -10, 10) + 3) + 0.02 : 0.35 * s;
}

// A number format for each of six layers, with the parameters that the format has, made up.
double condfmt6(Trial& trial, Lists lists) {
  double loss = 0;
  for (int i = 0; i < 6; ++i) loss += condfmt_layer(trial, lists, i);
  trial.settle();
  return loss;
}

constexpr Reference kNoReference{0, kNone, kNone, kNone, kNone};

constexpr Problem kProblems[] = {
    {"sphere_mixed",
     "x^2 + y^2, x real, y integer",
     0,
     sphere_mixed,
     {{{50, 230, 26.9, kNone, 9.4}, {200, 44.9, 0.98, kNone, 0.065}}}},
    {"branin",
     "three optima in a plane",
     0.397887,
     branin,
     {{{50, 1.28, 0.747, 0.550, 0.536}, {200, 0.566, 0.407, 0.421, 0.401}}}},
    {"sphere5",
     "the squares of five reals",
     0,
     sphere5,
     {{{50, 8.33, 3.44, 1.52, 1.32}, {200, 5.23, 0.211, 0.480, 0.049}}}},
    {"hartmann6",
     "four peaks in six dimensions",
     -3.32237,
     hartmann6,
     {{{50, -1.79, -2.36, -2.73, -2.98}, {200, -2.30, -3.17, -3.14, -3.291}}}},
    {"rosen4", "Rosenbrock's bent valley", 0, rosen4, {{{50, 1939, 287, 305, 183}, {200, 644, 7.7, 22.4, 7.5}}}},
    {"rastrigin5",
     "a bowl of many dents",
     0,
     rastrigin5,
     {{{50, 44.3, 36.3, 38.0, 36.4}, {200, 34.6, 17.2, 23.6, 17.0}}}},
    {"ackley5", "a plain with a funnel", 0, ackley5, {{{50, 17.9, 14.9, 13.5, 11.6}, {200, 16.5, 6.7, 7.8, 4.3}}}},
    {"styblinski5", "32 valleys, one the deepest", -195.830829, styblinski5, {{kNoReference, kNoReference}}},
    {"logint",
     "like learning rate, batch size, dropout and layers",
     0,
     logint,
     {{{50, 0.618, 0.220, 0.096, 0.083}, {200, 0.285, 0.0055, 0.0117, 0.00076}}}},
    {"nas_bert",
     "like the sizes of a BERT and an operation for each layer",
     -0.85015,
     nas_bert,
     {{{50, -0.8416, -0.8431, -0.8454, -0.8454}, {100, -0.8429, -0.8449, -0.8457, -0.8457}}}},
    {"mixedprec14",
     "like the fixed-point formats of 14 layers",
     0.39471,
     mixedprec14,
     {{{50, 0.912, 0.782, 0.732, 0.732}, {100, 0.855, 0.691, 0.605, 0.605}}}},
    {"condfmt6",
     "like a number format for each of six layers and its parameters",
     0.16164,
     condfmt6,
     {{{50, 0.336, 0.313, 0.278, 0.302}, {100, 0.318, 0.260, 0.262, 0.260}}}},
};

}  // namespace

std::span<const Problem> problems() { return kProblems; }

const Problem& find_problem(const std::string& name) {
  return engine::row_named(kProblems, name, "problem: must be one of {}, got '{}'");
}

}  // namespace ingot::search
