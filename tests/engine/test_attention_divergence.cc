// The divergence of attention against its definition in doubles, and its gradients against differences.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "engine/autograd/attention_divergence.h"
#include "engine/autograd/check_gradients.h"
#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/base/rng.h"
#include "engine/base/threads.h"
#include "engine/io/json.h"

using namespace ingot::engine;
using Variables = std::vector<Variable>;
using Doubles = std::vector<double>;

namespace {

Variable random_leaf(const Shape& shape, std::uint64_t seed) {
  Rng rng(seed, 0);
  Tensor t = Tensor::empty(shape);
  for (float& v : t.span()) v = static_cast<float>(rng.normal());
  return Variable(t, true);
}

QueryAndKey random_heads(std::int64_t n_rows, std::int64_t n_heads, std::int64_t head_dim, std::uint64_t seed) {
  return {random_leaf({n_rows, n_heads * head_dim}, seed), random_leaf({n_rows, n_heads * head_dim}, seed + 1),
          n_heads};
}

// The probabilities of one query over the keys of rows [begin, end), the mean of heads [first, last).
Doubles attention_of(const QueryAndKey& of, std::int64_t query, std::int64_t begin, std::int64_t end,
                     std::int64_t first, std::int64_t last) {
  const std::int64_t width = of.query.value().columns(), dim = width / of.n_heads;
  Doubles mean(static_cast<std::size_t>(end - begin), 0.0);
  for (std::int64_t h = first; h < last; ++h) {
    Doubles weights;
    for (std::int64_t key = begin; key < end; ++key) {
      double dot = 0;
      for (std::int64_t i = h * dim; i < (h + 1) * dim; ++i)
        dot += double{of.query.value().data()[query * width + i]} * double{of.key.value().data()[key * width + i]};
      weights.push_back(std::exp(dot / std::sqrt(static_cast<double>(dim))));
    }
    const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
    for (std::size_t i = 0; i < mean.size(); ++i) mean[i] += weights[i] / sum / static_cast<double>(last - first);
  }
  return mean;
}

double expected(const QueryAndKey& student, const QueryAndKey& teacher, const Sequences& sequences,
                std::int64_t n_groups) {
  double sum = 0;
  for (std::size_t s = 0; s + 1 < sequences.offsets.size(); ++s) {
    const std::int64_t begin = sequences.offsets[s], end = sequences.offsets[s + 1];
    for (std::int64_t query = begin; query < end; ++query)
      for (std::int64_t g = 0; g < n_groups; ++g) {
        const auto group = [&](const QueryAndKey& of) {
          const std::int64_t each = of.n_heads / n_groups;
          return attention_of(of, query, begin, end, g * each, (g + 1) * each);
        };
        const Doubles own = group(student), other = group(teacher);
        for (std::size_t i = 0; i < own.size(); ++i) sum += other[i] * std::log(other[i] / own[i]);
      }
  }
  return sum / static_cast<double>(n_groups * sequences.n_rows());
}

float value(const Variable& v) { return v.value().data()[0]; }

struct Heads {
  std::int64_t student, teacher, n_groups;
};

}  // namespace

TEST_CASE("the divergence of attention is KL(teacher || student), head by head or mean by mean of the finest groups") {
  const Sequences sequences{.offsets = {0, 5, 6, 15}, .key_visible = {}};
  for (const Heads& heads : {Heads{2, 2, 2}, {2, 4, 2}, {4, 2, 2}, {3, 2, 1}, {4, 6, 2}, {1, 12, 1}}) {
    INFO(heads.student, " heads learn from ", heads.teacher);
    const QueryAndKey student = random_heads(15, heads.student, 4, 1), teacher = random_heads(15, heads.teacher, 6, 9);
    const double wanted = expected(student, teacher, sequences, heads.n_groups);
    CHECK(wanted > 0.05);
    CHECK(value(attention_divergence(student, teacher, sequences)) == doctest::Approx(wanted).epsilon(1e-5));
  }
  const QueryAndKey same = random_heads(15, 3, 8, 4);
  CHECK(std::abs(value(attention_divergence(same, same, sequences))) < 1e-6);
}

TEST_CASE("the divergence of attention has the gradient of its differences, and none for the teacher") {
  const Sequences sequences{.offsets = {0, 4, 5, 8}, .key_visible = {}};
  for (const Heads& heads : {Heads{2, 2, 2}, {4, 2, 2}, {3, 2, 1}, {1, 2, 1}}) {
    INFO(heads.student, " heads learn from ", heads.teacher);
    const QueryAndKey student = random_heads(8, heads.student, 3, 21), teacher = random_heads(8, heads.teacher, 4, 31);
    const GradientError error = check_gradients(
        [&](const Variables& v) {
          return attention_divergence({v[0], v[1], heads.student}, teacher, sequences);
        },
        {student.query, student.key});
    CHECK(error.worst < 2e-4);
    CHECK_FALSE(teacher.query.has_gradient());
  }
}

TEST_CASE("loss and gradients of the divergence of attention are those of PyTorch") {
  const Json golden = Json::parse(read_file(INGOT_GOLDEN "/attention_divergence/cases.json"));
  const Sequences sequences{.offsets = {0, 3, 4, 10}, .key_visible = {}};
  for (const Json& one : golden["cases"]) {
    INFO(one["student_heads"].dump(), " heads learn from ", one["teacher_heads"].dump());
    const auto leaf = [&](const char* name) {
      const auto values = one[name].get<std::vector<float>>();
      return Variable(Tensor::from({10, std::ssize(values) / 10}, values), true);
    };
    const QueryAndKey student{leaf("query"), leaf("key"), one["student_heads"].get<std::int64_t>()};
    const Variable loss = attention_divergence(
        student, {leaf("teacher_query"), leaf("teacher_key"), one["teacher_heads"].get<std::int64_t>()}, sequences);
    CHECK(value(loss) == doctest::Approx(one["loss"].get<double>()).epsilon(1e-5));
    backward(loss);
    for (const auto& [name, variable] : {std::pair("d_query", student.query), std::pair("d_key", student.key)}) {
      const auto wanted = one[name].get<std::vector<float>>();
      for (std::size_t i = 0; i < wanted.size(); ++i)
        CHECK(std::abs(variable.gradient().data()[i] - wanted[i]) < 1e-6f);
    }
  }
}

TEST_CASE(
    "the divergence of attention has the same bits on 1 and 3 threads, and stays finite where attention is sharp") {
  const Sequences sequences{.offsets = {0, 40, 41, 150}, .key_visible = {}};
  const int before = threads();
  std::vector<std::vector<float>> gradients;
  for (const int n_threads : {1, 3}) {
    set_threads(n_threads);
    const QueryAndKey student = random_heads(150, 4, 16, 3), teacher = random_heads(150, 2, 16, 5);
    for (float& q : student.query.value().span()) q *= 60;  // most probabilities underflow
    const Variable loss = attention_divergence(student, teacher, sequences);
    CHECK(std::isfinite(value(loss)));
    backward(loss);
    const Tensor d = student.query.gradient();
    gradients.emplace_back(d.data(), d.data() + d.size());
    CHECK(std::all_of(gradients.back().begin(), gradients.back().end(), [](float g) { return std::isfinite(g); }));
  }
  set_threads(before);
  CHECK(gradients[0] == gradients[1]);
}

TEST_CASE("shapes that do not fit are refused by the divergence of attention") {
  const Sequences sequences{.offsets = {0, 4}, .key_visible = {}};
  const QueryAndKey four = random_heads(4, 2, 3, 1), five = random_heads(5, 2, 3, 1);
  CHECK_THROWS_AS(attention_divergence(four, five, sequences), Error);
  CHECK_THROWS_AS(attention_divergence({four.query, four.key, 4}, four, sequences), Error);
  CHECK_THROWS_AS(attention_divergence(four, four, {.offsets = {0, 4}, .key_visible = {1, 1, 1, 0}}), Error);
}
