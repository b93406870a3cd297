#include "engine/autograd/attention_divergence.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/scratch.h"
#include "engine/base/threads.h"
#include "engine/kernels/gemm/gemm.h"

namespace ingot::engine {
namespace {

constexpr float kTiny = 1e-30f;  // a probability below this counts as this

// Heads side by side, in one sequence.
struct Group {
  const float *query, *key;  // of the first head in the first row
  std::int64_t n_heads, length, head_dim, stride;

  float scale() const { return static_cast<float>(1.0 / std::sqrt(static_cast<double>(head_dim))); }
  std::int64_t n_probabilities() const { return n_heads * length * length; }
  std::int64_t n_keys() const { return n_heads * length * head_dim; }
};

Group group_of(const QueryAndKey& of, const Sequences& sequences, std::int64_t sequence, std::int64_t n_groups,
               std::int64_t group) {
  const std::int64_t stride = of.query.value().columns(), n_heads = of.n_heads / n_groups;
  const std::int64_t first = sequences.offsets[static_cast<std::size_t>(sequence)];
  const std::int64_t begin = first * stride + group * (stride / n_groups);
  return {of.query.value().data() + begin,
          of.key.value().data() + begin,
          n_heads,
          sequences.offsets[static_cast<std::size_t>(sequence) + 1] - first,
          stride / of.n_heads,
          stride};
}

void softmax_row(float* row, std::int64_t n, float scale) {
  const float largest = *std::max_element(row, row + n);
  double total = 0;
  for (std::int64_t k = 0; k < n; ++k) total += static_cast<double>(row[k] = std::exp(scale * (row[k] - largest)));
  const auto factor = static_cast<float>(1 / total);
  for (std::int64_t k = 0; k < n; ++k) row[k] *= factor;
}

// p [heads, length, length]: the probabilities of each head; keys [heads, length, head_dim]: its keys without gaps.
void attend(const Group& g, float* keys, float* p) {
  const std::int64_t n = g.length;
  for (std::int64_t h = 0; h < g.n_heads; ++h, keys += n * g.head_dim, p += n * n) {
    for (std::int64_t row = 0; row < n; ++row)
      std::copy_n(g.key + row * g.stride + h * g.head_dim, g.head_dim, keys + row * g.head_dim);
    kernels::linear_forward(n, n, g.head_dim, g.query + h * g.head_dim, g.stride, keys, nullptr, Activation::identity,
                            nullptr, p, n);
    for (std::int64_t row = 0; row < n; ++row) softmax_row(p + row * n, n, g.scale());
  }
}

// The mean of the heads' probabilities, in the place of the first head's.
void average(const Group& g, float* p) {
  const std::int64_t size = g.length * g.length;
  for (std::int64_t h = 1; h < g.n_heads; ++h)
    for (std::int64_t i = 0; i < size; ++i) p[i] += p[h * size + i];
  const float share = 1 / static_cast<float>(g.n_heads);
  for (std::int64_t i = 0; i < size; ++i) p[i] *= share;
}

// For one query: returns sum_k t_k log(t_k / s_k), s the mean over m heads of p_h, and puts the gradient of the scores
// in the place of p_h. dp_hk = -t_k / (m s_k) =: -c_k, so that the scores have p_hk (sum_j p_hj c_j - c_k).
double teach_query(const float* t, float* p, std::int64_t n, std::int64_t n_heads, std::int64_t head_stride, float* c) {
  const auto m = static_cast<float>(n_heads);
  double loss = 0;
  for (std::int64_t k = 0; k < n; ++k) {
    float sum = 0;
    for (std::int64_t h = 0; h < n_heads; ++h) sum += p[h * head_stride + k];
    c[k] = t[k] / std::max(sum, kTiny);
    if (t[k] > 0) loss += static_cast<double>(t[k] * std::log(m * c[k]));
  }
  for (std::int64_t h = 0; h < n_heads; ++h) {
    float* const of_head = p + h * head_stride;
    double mean = 0;
    for (std::int64_t k = 0; k < n; ++k) mean += static_cast<double>(of_head[k] * c[k]);
    for (std::int64_t k = 0; k < n; ++k) of_head[k] *= static_cast<float>(mean) - c[k];
  }
  return loss;
}

// d_query and d_key of a group (as in Group) from the gradients of its scores; keys as attend leaves them, which are
// overwritten.
void send_back(const Group& g, float* d_scores, float* keys, float factor, float* d_query, float* d_key) {
  const std::int64_t n = g.length, dim = g.head_dim;
  for (std::int64_t i = 0; i < g.n_probabilities(); ++i) d_scores[i] *= factor * g.scale();
  for (std::int64_t h = 0; h < g.n_heads; ++h, keys += n * dim, d_scores += n * n) {
    kernels::linear_input_gradient(n, n, dim, d_scores, n, keys, false, d_query + h * dim, g.stride);
    kernels::linear_weight_gradient(n, n, dim, d_scores, n, g.query + h * dim, g.stride, false, keys, nullptr);
    for (std::int64_t row = 0; row < n; ++row) std::copy_n(keys + row * dim, dim, d_key + row * g.stride + h * dim);
  }
}

std::int64_t longest(const Sequences& sequences) {
  std::int64_t length = 0;
  for (std::size_t i = 1; i < sequences.offsets.size(); ++i)
    length = std::max<std::int64_t>(length, sequences.offsets[i] - sequences.offsets[i - 1]);
  return length;
}

void check(const QueryAndKey& of, const Sequences& sequences, const char* whose) {
  require(of.query.shape() == of.key.shape() && of.query.value().n_rows() == sequences.n_rows(),
          "attention_divergence: shapes differ: {} query {}, key {}, sequences of {} rows", whose, of.query.shape(),
          of.key.shape(), sequences.n_rows());
  require(of.n_heads > 0 && of.query.value().columns() % of.n_heads == 0,
          "attention_divergence: {} columns do not divide into {} heads", of.query.value().columns(), of.n_heads);
}

}  // namespace

Variable attention_divergence(const QueryAndKey& student, const QueryAndKey& teacher, const Sequences& sequences) {
  check(student, sequences, "student's");
  check(teacher, sequences, "teacher's");
  require(sequences.key_visible.empty(), "attention_divergence: the sequences must have no hidden keys");
  const std::int64_t n_groups = std::gcd(student.n_heads, teacher.n_heads), n_most = longest(sequences);
  const float share = 1 / static_cast<float>(n_groups * sequences.n_rows());
  const bool differentiates = recording() && (student.query.requires_gradient() || student.key.requires_gradient());
  const Tensor d_query = differentiates ? Tensor::empty(student.query.shape()) : Tensor();
  const Tensor d_key = differentiates ? Tensor::empty(student.key.shape()) : Tensor();
  const auto n_floats = [&](const QueryAndKey& of) {
    return n_most * (of.n_heads / n_groups * n_most + of.query.value().columns() / n_groups);
  };
  std::vector<double> losses(static_cast<std::size_t>(sequences.size() * n_groups));
  parallel_for(std::ssize(losses), 1, [&](std::int64_t i, std::int64_t) {
    const Group own = group_of(student, sequences, i / n_groups, n_groups, i % n_groups);
    const Group other = group_of(teacher, sequences, i / n_groups, n_groups, i % n_groups);
    const std::int64_t n = own.length;
    float* const c = scratch(Scratch::attention, n_most + n_floats(student) + n_floats(teacher));
    float* const p = c + n_most;
    float* const keys = p + own.n_probabilities();
    float* const t = keys + own.n_keys();
    attend(own, keys, p);
    attend(other, t + other.n_probabilities(), t);
    average(other, t);
    double& loss = losses[static_cast<std::size_t>(i)];
    for (std::int64_t row = 0; row < n; ++row) loss += teach_query(t + row * n, p + row * n, n, own.n_heads, n * n, c);
    if (!differentiates) return;
    const std::int64_t begin = own.query - student.query.value().data();
    send_back(own, p, keys, share, d_query.data() + begin, d_key.data() + begin);
  });
  const double total = std::accumulate(losses.begin(), losses.end(), 0.0);
  const Variable query = student.query, key = student.key;
  return record(Tensor::full({1}, static_cast<float>(total) * share), {query, key}, [=](const Tensor& dy) {
    for (const auto& [to, gradient] : {std::pair(query, d_query), std::pair(key, d_key)}) {
      for (float& g : gradient.span()) g *= dy.data()[0];
      if (to.requires_gradient()) to.add_gradient(gradient);
    }
  });
}

}  // namespace ingot::engine
