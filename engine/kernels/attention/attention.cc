// Shares attention among threads. A head of a sequence is a natural piece of work, but sizes differ widely: a head of a
// short sequence is too little for a thread to fetch by itself, and one long text has fewer heads than there are
// threads.
//
// So small heads share a chunk, and where heads are fewer than threads the forward pass cuts each head into pieces of
// queries. A piece has to pack the keys of its head again, which is its price. The backward pass takes whole heads:
// all queries of a head add to the same gradients of keys and values, and the order of these sums must not depend on
// the number of threads.
#include "engine/kernels/attention/attention.h"

#include <algorithm>

#include "engine/base/scratch.h"
#include "engine/base/threads.h"
#include "engine/kernels/attention/table.h"
#include "engine/kernels/dispatch.h"

namespace ingot::engine::kernels {
namespace {

constexpr const AttentionRow* kRows[] = {
#if defined(__x86_64__)
    &kAttentionAvx512,
    &kAttentionAvx2,
#endif
    &kAttentionReference,
};

constexpr const AttentionRow* kBf16Rows[] = {
#if defined(__x86_64__)
    &kAttentionAmx,       &kAttentionAvx512bf16, &kAttentionAvx512, &kAttentionAvx2,
#endif
    &kAttentionReference,
};

const AttentionRow& row_for(const AttentionShape& shape) {
  return active_row(shape.bf16 ? bf16_attention_rows() : attention_rows());
}

// A head smaller than this shares its chunk with the next ones, so that taking a chunk costs little beside its work.
constexpr std::int64_t kChunkFlops = 1 << 20;
// Queries of a piece where there are fewer heads than threads: the packing of keys, done again for each piece, stays
// a few hundredths of its work.
constexpr std::int64_t kPieceQueries = 128;

// Where head `index % n_heads` of sequence `index / n_heads` starts.
struct Place {
  std::int64_t row;           // first of the sequence
  std::int64_t column;        // first of the head
  std::int64_t float_offset;  // of that row's head in a [n_rows, stride] array
  std::int64_t head_row;      // in a [n_heads, n_rows] array
};

Place place(const AttentionShape& shape, std::int64_t index) {
  const std::int64_t head = index % shape.n_heads;
  const std::int64_t row = shape.offsets[index / shape.n_heads];
  const std::int64_t column = head * shape.head_dim;
  return {row, column, row * shape.stride + column, head * shape.n_rows() + row};
}

std::int64_t output_stride(const AttentionShape& shape) {
  return shape.output_stride == 0 ? shape.stride : shape.output_stride;
}

AttentionHead head_at(const AttentionShape& shape, std::int64_t index, const float* query, const float* key,
                      const float* value) {
  const Place at = place(shape, index);
  const std::int64_t sequence = index / shape.n_heads;
  AttentionHead head{.length = shape.offsets[sequence + 1] - at.row,
                     .head_dim = shape.head_dim,
                     .stride = shape.stride,
                     .output_stride = output_stride(shape),
                     .key_visible = shape.key_visible == nullptr ? nullptr : shape.key_visible + at.row,
                     .scale = shape.scale,
                     .query = query + at.float_offset,
                     .key = key + at.float_offset,
                     .value = value + at.float_offset,
                     .drops = shape.dropout.probability > 0,
                     .mask_row = at.row * shape.n_heads + index % shape.n_heads,
                     .mask_step = shape.n_heads};
  if (head.drops) {
    head.dropout_seed = shape.dropout.seed;
    head.dropout_stream = shape.dropout.stream;
    head.dropout_threshold = shape.dropout.threshold();
    head.dropout_scale = shape.dropout.scale();
  }
  return head;
}

std::int64_t longest(const AttentionShape& shape) {
  std::int64_t length = 0;
  for (std::int64_t i = 0; i < shape.n_sequences; ++i)
    length = std::max<std::int64_t>(length, shape.offsets[i + 1] - shape.offsets[i]);
  return length;
}

// Heads to a chunk, from the mean work of a head in one product of queries and keys.
std::int64_t heads_to_a_chunk(const AttentionShape& shape) {
  std::int64_t flops = 0;
  for (std::int64_t i = 0; i < shape.n_sequences; ++i) {
    const std::int64_t length = shape.offsets[i + 1] - shape.offsets[i];
    flops += 2 * length * length * shape.head_dim;
  }
  return std::max<std::int64_t>(1, kChunkFlops * shape.n_sequences / std::max<std::int64_t>(1, flops));
}

}  // namespace

std::span<const AttentionRow* const> attention_rows() { return kRows; }
std::span<const AttentionRow* const> bf16_attention_rows() { return kBf16Rows; }

void attention_forward(const AttentionRow& row, const AttentionShape& shape, const float* query, const float* key,
                       const float* value, float* output, float* log_sum_exp) {
  const std::int64_t n_heads = shape.n_sequences * shape.n_heads;
  const std::int64_t max_length = longest(shape);
  const std::int64_t n_scratch = row.scratch(max_length, shape.head_dim);
  // The value of a query's row depends on no other query, so pieces change no bits.
  const bool in_pieces = n_heads < threads();
  const std::int64_t n_pieces = in_pieces ? (max_length + kPieceQueries - 1) / kPieceQueries : 1;
  const auto body = [&](std::int64_t begin, std::int64_t end) {
    float* memory = scratch(Scratch::attention, n_scratch);
    for (std::int64_t i = begin; i < end; ++i) {
      const AttentionHead head = head_at(shape, i / n_pieces, query, key, value);
      const Place at = place(shape, i / n_pieces);
      const std::int64_t first = in_pieces ? i % n_pieces * kPieceQueries : 0;
      const std::int64_t last = in_pieces ? std::min(head.length, first + kPieceQueries) : head.length;
      if (first < last)
        row.forward(head, first, last, output + at.row * output_stride(shape) + at.column,
                    log_sum_exp == nullptr ? nullptr : log_sum_exp + at.head_row, memory);
    }
  };
  parallel_for(n_heads * n_pieces, in_pieces ? 1 : heads_to_a_chunk(shape), body);
}

void attention_backward(const AttentionRow& row, const AttentionShape& shape, const float* query, const float* key,
                        const float* value, const float* output, const float* log_sum_exp, const float* d_output,
                        float* d_query, float* d_key, float* d_value) {
  const std::int64_t n_scratch = row.scratch(longest(shape), shape.head_dim);
  const auto body = [&](std::int64_t begin, std::int64_t end) {
    float* memory = scratch(Scratch::attention, n_scratch);
    for (std::int64_t i = begin; i < end; ++i) {
      const Place at = place(shape, i);
      row.backward(head_at(shape, i, query, key, value),
                   {.output = output + at.float_offset,
                    .log_sum_exp = log_sum_exp + at.head_row,
                    .d_output = d_output + at.float_offset,
                    .d_query = d_query + at.float_offset,
                    .d_key = d_key + at.float_offset,
                    .d_value = d_value + at.float_offset},
                   memory);
    }
  };
  parallel_for(shape.n_sequences * shape.n_heads, heads_to_a_chunk(shape), body);
}

void attention_forward(const AttentionShape& shape, const float* query, const float* key, const float* value,
                       float* output, float* log_sum_exp) {
  attention_forward(row_for(shape), shape, query, key, value, output, log_sum_exp);
}

void attention_backward(const AttentionShape& shape, const float* query, const float* key, const float* value,
                        const float* output, const float* log_sum_exp, const float* d_output, float* d_query,
                        float* d_key, float* d_value) {
  attention_backward(row_for(shape), shape, query, key, value, output, log_sum_exp, d_output, d_query, d_key, d_value);
}

}  // namespace ingot::engine::kernels
