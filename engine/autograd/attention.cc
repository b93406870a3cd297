#include "engine/autograd/attention.h"

#include <algorithm>
#include <cmath>

#include "engine/autograd/gather.h"
#include "engine/base/error.h"
#include "engine/base/threads.h"
#include "engine/kernels/attention/attention.h"

namespace ingot::engine {
namespace {

kernels::AttentionShape shape_of(const Sequences& sequences, std::int64_t hidden, std::int64_t n_heads,
                                 const Dropout& dropout, Sums sums = Sums::fastest) {
  const std::int64_t head_dim = hidden / n_heads;
  return {.n_sequences = sequences.size(),
          .offsets = sequences.offsets.data(),
          .n_heads = n_heads,
          .head_dim = head_dim,
          .stride = hidden,
          .key_visible = sequences.key_visible.empty() ? nullptr : sequences.key_visible.data(),
          .scale = static_cast<float>(1.0 / std::sqrt(static_cast<double>(head_dim))),
          .bf16 = sums == Sums::bf16,
          .dropout = dropout};
}

// A gradient to write into: a fresh tensor, added to the variable afterwards.
struct Output {
  explicit Output(const Variable& variable) : variable(variable), tensor(Tensor::empty(variable.shape())) {}
  void deliver() const {
    if (variable.requires_gradient()) variable.add_gradient(tensor);
  }
  const Variable& variable;
  Tensor tensor;
};

bool visible(const Sequences& sequences, std::int64_t row) {
  return sequences.key_visible.empty() || sequences.key_visible[static_cast<std::size_t>(row)] != 0;
}

// Calls visit(row, weight) for the visible rows of sequence i; the weights are equal and sum to 1.
template <class Visit>
void for_each_weighted_row(const Sequences& sequences, std::int64_t i, const Visit& visit) {
  const std::int64_t begin = sequences.offsets[static_cast<std::size_t>(i)];
  const std::int64_t end = sequences.offsets[static_cast<std::size_t>(i) + 1];
  std::int64_t n_visible = 0;
  for (std::int64_t row = begin; row < end; ++row) n_visible += visible(sequences, row);
  for (std::int64_t row = begin; row < end; ++row) {
    if (visible(sequences, row)) visit(row, 1.0f / static_cast<float>(n_visible));
  }
}

}  // namespace

Variable attention(const Variable& query, const Variable& key, const Variable& value,
                   const std::shared_ptr<const Sequences>& sequences, std::int64_t n_heads, const Dropout& dropout,
                   Sums sums) {
  const std::int64_t hidden = query.value().columns(), n_rows = query.value().n_rows();
  require(query.shape() == key.shape() && key.shape() == value.shape(),
          "attention: shapes differ: query {}, key {}, value {}", query.shape(), key.shape(), value.shape());
  require(hidden % n_heads == 0, "attention: {} columns do not divide into {} heads", hidden, n_heads);
  require(sequences->n_rows() == n_rows, "attention: the sequences have {} rows, query has {}", sequences->n_rows(),
          n_rows);
  Tensor output = Tensor::empty(query.shape());
  Tensor log_sum_exp = recording() ? Tensor::empty({n_heads, n_rows}) : Tensor();
  kernels::attention_forward(shape_of(*sequences, hidden, n_heads, dropout, sums), query.value().data(),
                             key.value().data(), value.value().data(), output.data(),
                             log_sum_exp.defined() ? log_sum_exp.data() : nullptr);
  return record(output, {query, key, value}, [=](const Tensor& d_output) {
    const Output dq(query), dk(key), dv(value);
    kernels::attention_backward(shape_of(*sequences, hidden, n_heads, dropout, sums), query.value().data(),
                                key.value().data(), value.value().data(), output.data(), log_sum_exp.data(),
                                d_output.data(), dq.tensor.data(), dk.tensor.data(), dv.tensor.data());
    dq.deliver();
    dk.deliver();
    dv.deliver();
  });
}

Tensor joined_attention(const Tensor& x, const Sequences& sequences, std::int64_t n_heads) {
  const std::int64_t hidden = x.columns() / 3;
  require(x.columns() % (3 * n_heads) == 0 && sequences.n_rows() == x.n_rows(),
          "joined_attention: {} rows of query, key and value in {} heads do not fit {}", sequences.n_rows(), n_heads,
          to_string(x.shape()));
  kernels::AttentionShape shape = shape_of(sequences, hidden, n_heads, {});
  shape.stride = x.columns();
  shape.output_stride = hidden;
  Tensor output = Tensor::empty({x.n_rows(), hidden});
  kernels::attention_forward(shape, x.data(), x.data() + hidden, x.data() + 2 * hidden, output.data(), nullptr);
  return output;
}

Variable first_rows(const Variable& x, const std::shared_ptr<const Sequences>& sequences) {
  return select_rows(x, std::vector<std::int32_t>(sequences->offsets.begin(), sequences->offsets.end() - 1));
}

Variable mean_rows(const Variable& x, const std::shared_ptr<const Sequences>& sequences) {
  const std::int64_t n = x.value().columns();
  require(sequences->n_rows() == x.value().n_rows(), "mean_rows: the sequences have {} rows, the input {}",
          sequences->n_rows(), x.value().n_rows());
  Tensor y = Tensor::zeros({sequences->size(), n});
  parallel_for(sequences->size(), 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      for_each_weighted_row(*sequences, i, [&](std::int64_t row, float weight) {
        for (std::int64_t j = 0; j < n; ++j) y.data()[i * n + j] += weight * x.value().data()[row * n + j];
      });
    }
  });
  return record(std::move(y), {x}, [=](const Tensor& dy) {
    Tensor dx = Tensor::zeros(x.shape());
    parallel_for(sequences->size(), 1, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) {
        for_each_weighted_row(*sequences, i, [&](std::int64_t row, float weight) {
          for (std::int64_t j = 0; j < n; ++j) dx.data()[row * n + j] = weight * dy.data()[i * n + j];
        });
      }
    });
    x.add_gradient(dx);
  });
}

}  // namespace ingot::engine
