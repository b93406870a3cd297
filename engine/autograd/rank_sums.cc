// A message of gradients: its size and the number of variables; then of each its state, the number of its rows and the
// rows if it is row-sparse, and its numbers.
#include "engine/autograd/rank_sums.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/threads.h"

namespace ingot::engine {
namespace {

using Bytes = std::vector<std::byte>;

class Writer {
 public:
  template <class T>
  void put(const T* values, std::size_t n) {
    const auto* bytes = reinterpret_cast<const std::byte*>(values);
    bytes_.insert(bytes_.end(), bytes, bytes + n * sizeof(T));
  }
  void put(std::int64_t value) { put(&value, 1); }
  const Bytes& bytes() const { return bytes_; }

 private:
  Bytes bytes_;
};

class Reader {
 public:
  explicit Reader(const Bytes& bytes) : bytes_(bytes) {}
  template <class T>
  void get(T* values, std::size_t n) {
    require(n * sizeof(T) <= bytes_.size() - at_, "ranks: a message of {} bytes ends too soon", bytes_.size());
    std::memcpy(values, bytes_.data() + at_, n * sizeof(T));
    at_ += n * sizeof(T);
  }
  std::int64_t get() {
    std::int64_t value = 0;
    get(&value, 1);
    return value;
  }

 private:
  const Bytes& bytes_;
  std::size_t at_ = 0;
};

void send(Ranks& ranks, int to, const Bytes& bytes) {
  const std::uint64_t size = bytes.size();
  ranks.send(to, std::as_bytes(std::span(&size, 1)));
  ranks.send(to, bytes);
}

Bytes receive(Ranks& ranks, int from) {
  std::uint64_t size = 0;
  ranks.receive(from, std::as_writable_bytes(std::span(&size, 1)));
  Bytes bytes(size);
  ranks.receive(from, bytes);
  return bytes;
}

Bytes packed(std::span<const Variable> variables) {
  Writer writer;
  writer.put(static_cast<std::int64_t>(variables.size()));
  for (const Variable& v : variables) {
    const std::vector<std::int32_t>* rows = v.touched_rows();
    writer.put(static_cast<std::int64_t>(!v.has_gradient() ? GradientState::absent
                                         : rows != nullptr ? GradientState::rows
                                                           : GradientState::dense));
    if (!v.has_gradient()) continue;
    const Tensor gradient = v.gradient();
    if (rows == nullptr) {
      writer.put(gradient.data(), static_cast<std::size_t>(gradient.size()));
      continue;
    }
    writer.put(static_cast<std::int64_t>(rows->size()));
    writer.put(rows->data(), rows->size());
    const std::int64_t n = gradient.columns();
    for (const std::int32_t row : *rows) writer.put(gradient.data() + row * n, static_cast<std::size_t>(n));
  }
  return writer.bytes();
}

// What a message says of one variable.
struct Part {
  GradientState state = GradientState::absent;
  std::vector<std::int32_t> rows;
  std::vector<float> values;
};

Part next_part(Reader& reader, const Variable& v) {
  Part part;
  part.state = static_cast<GradientState>(reader.get());
  std::int64_t n = 0;
  if (part.state == GradientState::dense) n = v.value().size();
  if (part.state == GradientState::rows) {
    const std::int64_t n_rows = reader.get();
    require(n_rows >= 0 && n_rows <= v.value().n_rows(), "ranks: a gradient has {} of {} rows", n_rows,
            v.value().n_rows());
    part.rows.resize(static_cast<std::size_t>(n_rows));
    reader.get(part.rows.data(), part.rows.size());
    for (std::size_t i = 0; i < part.rows.size(); ++i) {
      require(part.rows[i] >= (i == 0 ? 0 : part.rows[i - 1] + 1) && part.rows[i] < v.value().n_rows(),
              "ranks: row {} of a gradient of {} rows is out of order", part.rows[i], v.value().n_rows());
    }
    n = n_rows * v.value().columns();
  }
  part.values.resize(static_cast<std::size_t>(n));
  reader.get(part.values.data(), part.values.size());
  return part;
}

// Adds behind what is there. Zeros are added too, wherever the gradients of the shards would have been: -0 + 0 is 0.
void add(const Variable& v, const Part& part) {
  if (part.state == GradientState::dense ||
      (part.state == GradientState::rows && v.has_gradient() && v.touched_rows() == nullptr)) {
    Tensor term = part.state == GradientState::dense ? Tensor::from(v.shape(), part.values) : Tensor::zeros(v.shape());
    const std::int64_t n = v.value().columns();
    for (std::size_t i = 0; i < part.rows.size(); ++i)
      std::copy_n(part.values.data() + static_cast<std::int64_t>(i) * n, n, term.data() + part.rows[i] * n);
    v.add_gradient(term);
  } else if (part.state == GradientState::rows) {
    const bool is_there = v.has_gradient();
    std::vector<std::int32_t> before;
    if (is_there) before = *v.touched_rows();
    float* sum = v.gradient_rows(part.rows);
    const std::int64_t n = v.value().columns();
    const float* from = part.values.data();
    for (const std::int32_t row : part.rows) {
      for (std::int64_t i = 0; i < n; ++i) {
        const float value = *from++;
        sum[row * n + i] = is_there ? sum[row * n + i] + value : value;
      }
    }
    std::vector<std::int32_t> others;  // rows that the part lacks
    std::set_difference(before.begin(), before.end(), part.rows.begin(), part.rows.end(), std::back_inserter(others));
    for (const std::int32_t row : others) {
      for (std::int64_t i = 0; i < n; ++i) sum[row * n + i] += 0.0f;
    }
  }
}

void scale(const Variable& v, float factor) {
  if (!v.has_gradient()) return;
  const std::vector<std::int32_t>* rows = v.touched_rows();
  const Tensor gradient = v.gradient();
  const std::int64_t n = gradient.columns(),
                     n_rows = rows != nullptr ? static_cast<std::int64_t>(rows->size()) : gradient.n_rows();
  parallel_for(n_rows, 64, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      float* row = gradient.data() + (rows != nullptr ? (*rows)[static_cast<std::size_t>(i)] : i) * n;
      for (std::int64_t j = 0; j < n; ++j) row[j] = factor * row[j];
    }
  });
}

}  // namespace

void add_up_ranks(Ranks& ranks, std::span<const Variable> variables, std::size_t n_parameters, float factor) {
  const int rank = ranks.rank();
  for (int stride = 1; stride < ranks.size(); stride *= 2) {
    if (rank % (2 * stride) != 0) {
      send(ranks, rank - stride, packed(variables));
      return;
    }
    if (rank + stride >= ranks.size()) continue;
    const Bytes bytes = receive(ranks, rank + stride);
    Reader reader(bytes);
    const std::int64_t n = reader.get();
    if (n < static_cast<std::int64_t>(n_parameters) || n > static_cast<std::int64_t>(variables.size()))
      throw Failure(
          fmt::format("ranks: rank {} has gradients of {} tensors, rank {} of {}: a rank had no texts to learn "
                      "from; a larger --batch gives it some",
                      rank + stride, n, rank, variables.size()));
    for (std::int64_t i = 0; i < n; ++i) {
      const Variable& v = variables[static_cast<std::size_t>(i)];
      add(v, next_part(reader, v));
    }
  }
  for (const Variable& v : variables) scale(v, factor);
}

void send_from_first(Ranks& ranks, std::span<const Variable> variables) {
  if (ranks.is_first()) {
    const Bytes bytes = packed(variables);
    for (int to = 1; to < ranks.size(); ++to) send(ranks, to, bytes);
    return;
  }
  const Bytes bytes = receive(ranks, 0);
  Reader reader(bytes);
  require(reader.get() == static_cast<std::int64_t>(variables.size()), "ranks: the first one has other parameters");
  for (Variable v : variables) {
    v.clear_gradient();
    const Part part = next_part(reader, v);
    add(v, part);
  }
}

}  // namespace ingot::engine
