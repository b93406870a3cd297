// A message holds some rows of gradients: the number of variables; then of each its state, rows and columns; if it is
// row-sparse the number of its rows here and these; and the numbers of the rows. All in 4 bytes each.
#include "engine/autograd/rank_sums.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <utility>

#include "engine/autograd/tree_sum.h"
#include "engine/base/divide.h"
#include "engine/base/error.h"
#include "engine/base/threads.h"

namespace ingot::engine {
namespace {

using Rows = std::vector<std::int32_t>;
using Messages = std::vector<std::span<const std::byte>>;

// The rows of a variable that belong to a rank: first, first + step, ...
struct Share {
  std::int64_t first = 0, step = 1;

  static Share of(std::size_t variable, std::size_t rank, std::size_t n_ranks) {
    return {static_cast<std::int64_t>((rank + n_ranks - variable % n_ranks) % n_ranks),
            static_cast<std::int64_t>(n_ranks)};
  }
  bool holds(std::int64_t row) const { return row % step == first; }
  std::int64_t count(std::int64_t n_rows) const { return n_rows <= first ? 0 : ceil_div(n_rows - first, step); }
  std::int64_t row(std::int64_t i) const { return first + i * step; }
};

// The rows of the share that a gradient has; null: it is dense.
Rows rows_of(const Rows* touched, const Share& share, std::int64_t n_rows) {
  Rows rows;
  if (touched != nullptr) {
    std::copy_if(touched->begin(), touched->end(), std::back_inserter(rows),
                 [&](auto row) { return share.holds(row); });
  } else {
    for (std::int64_t i = 0; i < share.count(n_rows); ++i) rows.push_back(static_cast<std::int32_t>(share.row(i)));
  }
  return rows;
}

GradientState state_of(const Variable& v) {
  if (!v.has_gradient()) return GradientState::absent;
  return v.touched_rows() != nullptr ? GradientState::rows : GradientState::dense;
}

class Writer {
 public:
  explicit Writer(Bytes& message) : message_(message) { message_.clear(); }
  template <class T>
  void put(const T* values, std::size_t n) {
    static_assert(sizeof(T) == 4);
    const auto* bytes = reinterpret_cast<const std::byte*>(values);
    message_.insert(message_.end(), bytes, bytes + n * sizeof(T));
  }
  void put(std::int64_t value) {
    const auto word = static_cast<std::int32_t>(value);
    put(&word, 1);
  }

 private:
  Bytes& message_;
};

void write(std::span<const Variable> variables, std::size_t rank, std::size_t n_ranks, Bytes& message) {
  Writer writer(message);
  writer.put(static_cast<std::int64_t>(variables.size()));
  for (std::size_t i = 0; i < variables.size(); ++i) {
    const Variable& v = variables[i];
    const std::int64_t n = v.value().columns();
    writer.put(static_cast<std::int64_t>(state_of(v)));
    writer.put(v.value().n_rows());
    writer.put(n);
    if (!v.has_gradient()) continue;
    const Rows rows = rows_of(v.touched_rows(), Share::of(i, rank, n_ranks), v.value().n_rows());
    if (v.touched_rows() != nullptr) {
      writer.put(static_cast<std::int64_t>(rows.size()));
      writer.put(rows.data(), rows.size());
    }
    const Tensor gradient = v.gradient();
    for (const std::int32_t row : rows) writer.put(gradient.data() + row * n, static_cast<std::size_t>(n));
  }
}

// What a rank says of the rows of a variable that belong to a rank.
struct Part {
  GradientState state = GradientState::absent;
  std::int64_t n_rows = 0, n_columns = 0;
  std::span<const std::int32_t> rows{};  // of state rows
  const float* values = nullptr;         // of each of its rows, or of each of the share
};

class Reader {
 public:
  explicit Reader(const Bytes& message)
      : message_(message), n_variables_(message.empty() ? 0 : static_cast<std::size_t>(number())) {}
  std::size_t n_variables() const { return n_variables_; }

  Part next(const Share& share) {
    Part part;
    part.state = static_cast<GradientState>(number());
    part.n_rows = number();
    part.n_columns = number();
    std::int64_t count = 0;
    if (part.state == GradientState::dense) count = share.count(part.n_rows);
    if (part.state == GradientState::rows) {
      count = number();
      part.rows = {get<std::int32_t>(count), static_cast<std::size_t>(count)};
      std::int64_t before = -1;
      for (const std::int32_t row : part.rows) {
        require(row > before && row < part.n_rows && share.holds(row),
                "ranks: row {} of a gradient of {} rows is out of order", row, part.n_rows);
        before = row;
      }
    }
    part.values = get<float>(count * part.n_columns);
    return part;
  }

 private:
  std::int32_t number() {
    std::int32_t value = 0;
    std::memcpy(&value, get<std::int32_t>(1), sizeof value);
    require(value >= 0, "ranks: a message has {} where a number must be at least 0", value);
    return value;
  }
  template <class T>
  const T* get(std::int64_t n) {
    const auto n_bytes = static_cast<std::size_t>(n) * sizeof(T);
    require(n_bytes <= message_.size() - at_, "ranks: a message of {} bytes ends too soon", message_.size());
    at_ += n_bytes;
    return reinterpret_cast<const T*>(message_.data() + at_ - n_bytes);
  }

  const Bytes& message_;
  std::size_t at_ = 0;
  std::size_t n_variables_;
};

// What rank r says of a row that it may lack: zeros then, which are added wherever those of the shards would have been.
// -0 + 0 is 0.
const float* row_of(const Part& part, const Share& share, std::int32_t row, const float* zeros) {
  if (part.state == GradientState::dense) return part.values + row / share.step * part.n_columns;
  if (part.state != GradientState::rows) return nullptr;
  const auto found = std::lower_bound(part.rows.begin(), part.rows.end(), row);
  return found == part.rows.end() || *found != row ? zeros : part.values + (found - part.rows.begin()) * part.n_columns;
}

// The gradient of `v` in the rows that belong to this rank becomes factor times the sum of its own and the parts of the
// other ranks, parts[own] apart.
void add(const Variable& v, const Share& share, std::span<const Part> parts, std::size_t own, float factor) {
  const GradientState before = state_of(v);
  bool is_sparse = before != GradientState::dense, is_there = before != GradientState::absent;
  Rows rows;
  if (before == GradientState::rows) rows = rows_of(v.touched_rows(), share, v.value().n_rows());
  for (const Part& part : parts) {
    is_sparse = is_sparse && part.state != GradientState::dense;
    is_there = is_there || part.state != GradientState::absent;
    rows.insert(rows.end(), part.rows.begin(), part.rows.end());
  }
  if (!is_there) return;
  float* sum = nullptr;
  if (is_sparse) {
    std::sort(rows.begin(), rows.end());
    rows.erase(std::unique(rows.begin(), rows.end()), rows.end());
    sum = v.gradient_rows(rows);
  } else {
    rows = rows_of(nullptr, share, v.value().n_rows());
    sum = v.gradient_slot().data;
  }
  const std::int64_t n = v.value().columns();
  const std::vector<float> zeros(static_cast<std::size_t>(n));
  parallel_for(static_cast<std::int64_t>(rows.size()), 32, [&](std::int64_t begin, std::int64_t end) {
    std::vector<const float*> terms(parts.size());
    for (std::int64_t i = begin; i < end; ++i) {
      const std::int32_t row = rows[static_cast<std::size_t>(i)];
      for (std::size_t rank = 0; rank < parts.size(); ++rank)
        terms[rank] = row_of(parts[rank], share, row, zeros.data());
      terms[own] = before == GradientState::absent ? nullptr : sum + row * n;
      add_tree(terms, 0, n, factor, sum + row * n);
    }
  });
}

// The gradient of `v` in the rows of others becomes theirs: what parts[r] says of the share of rank r of n. All are in
// the same state.
void place(const Variable& v, std::size_t variable, std::span<const Part> parts, std::size_t n_ranks) {
  Rows touched;
  GradientState state = GradientState::absent;
  for (const Part& part : parts) {
    touched.insert(touched.end(), part.rows.begin(), part.rows.end());
    if (part.state != GradientState::absent) state = part.state;
  }
  if (state == GradientState::absent) return;
  std::sort(touched.begin(), touched.end());
  const std::int64_t n = v.value().columns();
  float* const to = state == GradientState::rows ? v.gradient_rows(touched) : v.gradient_slot().data;
  for (std::size_t rank = 0; rank < parts.size(); ++rank) {
    const Part& part = parts[rank];
    if (part.state == GradientState::absent) continue;
    const Share share = Share::of(variable, rank, n_ranks);
    const std::int64_t count = state == GradientState::rows ? std::ssize(part.rows) : share.count(part.n_rows);
    for (std::int64_t i = 0; i < count; ++i) {
      const std::int64_t row = state == GradientState::rows ? part.rows[static_cast<std::size_t>(i)] : share.row(i);
      std::copy_n(part.values + i * n, n, to + row * n);
    }
  }
}

void require_same_shape(const Variable& v, const Part& part, std::size_t rank) {
  require(part.n_rows == v.value().n_rows() && part.n_columns == v.value().columns(),
          "ranks: a gradient is [{},{}] on this rank and [{},{}] on rank {}", v.value().n_rows(), v.value().columns(),
          part.n_rows, part.n_columns, rank);
}

}  // namespace

void RankSums::add_up(std::span<const Variable> own_variables, float factor) {
  const auto own = static_cast<std::size_t>(ranks_.rank());
  for (std::size_t rank = 0; rank < size(); ++rank)
    if (rank != own) write(own_variables, rank, size(), written_[rank]);
  ranks_.exchange(Messages(written_.begin(), written_.end()), from_);

  std::vector<Reader> readers(from_.begin(), from_.end());
  std::vector<std::size_t> counts;
  for (const Reader& reader : readers) counts.push_back(reader.n_variables());
  counts[own] = own_variables.size();
  const std::size_t n_variables = *std::max_element(counts.begin(), counts.end());
  lacked_.clear();
  for (const std::size_t count : counts) lacked_.push_back(count < n_variables);

  std::vector<Variable> variables(own_variables.begin(), own_variables.end());
  for (std::size_t i = 0; i < n_variables; ++i) {
    const Share share = Share::of(i, own, size());
    std::vector<Part> parts(size());
    for (std::size_t rank = 0; rank < size(); ++rank) {
      if (rank == own || i >= counts[rank]) continue;
      parts[rank] = readers[rank].next(share);
      if (i == variables.size())  // this rank adds up its rows of one that it lacks
        variables.emplace_back(Tensor::empty({parts[rank].n_rows, parts[rank].n_columns}), true);
      require_same_shape(variables[i], parts[rank], rank);
    }
    add(variables[i], share, parts, own, factor);
  }

  write(variables, own, size(), written_[own]);
  ranks_.exchange(Messages(size(), written_[own]), from_);
  std::vector<Reader> sums(from_.begin(), from_.end());
  for (std::size_t i = 0; i < n_variables; ++i) {
    std::vector<Part> parts(size());
    for (std::size_t rank = 0; rank < size(); ++rank)
      if (rank != own) parts[rank] = sums[rank].next(Share::of(i, rank, size()));
    place(variables[i], i, parts, size());
  }
}

void RankSums::give_to_those_that_lacked(std::span<const Variable> variables) {
  if (std::find(lacked_.begin(), lacked_.end(), true) == lacked_.end()) return;
  const auto first = static_cast<std::size_t>(std::find(lacked_.begin(), lacked_.end(), false) - lacked_.begin());
  for (Bytes& message : written_) message.clear();
  if (static_cast<std::size_t>(ranks_.rank()) == first) {
    for (std::size_t rank = 0; rank < size(); ++rank)
      if (lacked_[rank]) write(variables, 0, 1, written_[rank]);
  }
  ranks_.exchange(Messages(written_.begin(), written_.end()), from_);
  if (!lacked()) return;
  Reader reader(from_[first]);
  require(reader.n_variables() == variables.size(), "ranks: rank {} has other parameters", first);
  for (std::size_t i = 0; i < variables.size(); ++i) {
    Variable v = variables[i];
    v.clear_gradient();
    const Part part = reader.next({});
    require_same_shape(v, part, first);
    place(v, i, {&part, 1}, 1);
  }
}

}  // namespace ingot::engine
