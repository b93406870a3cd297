// Attention of one head, forward and backward, written once for every Vec.
//
// The score matrix of a sequence has length^2 numbers, more than the caches hold. So it is never stored: work goes over
// blocks of kQueryBlock queries and kKeyBlock keys, whose scores stay in the first-level cache. The forward pass is the
// online softmax: it keeps the largest score and the sum so far of each query, and rescales what was summed before when
// a larger score comes. The backward pass computes the probabilities again from the saved log_sum_exp of each query.
// That costs one more product of matrices, and saves writing and reading all scores.
//
// Scores are held in units of log 2 (the keys are packed times scale / ln 2), so that a probability is a power of two.
// A hidden key, or one past the end that fills a Vec, counts as zeros and starts its score at minus infinity, so its
// probability is exactly 0.
//
// The including file has brought the panels and products: x86_tile.h or x86_bf16_tile.h.
#pragma once

#include "engine/kernels/attention/x86_product.h"
#include "engine/kernels/simd/philox.h"

namespace ingot::engine::kernels {
namespace {

constexpr std::int64_t kQueryBlock = 48;  // a multiple of kTileRows (of the left factor's rows) and of kWidth
constexpr std::int64_t kKeyBlock = 128;   // one group of the dropout mask
// An odd number of cache lines, so that a column of scores does not fall into a few sets of the cache.
constexpr std::int64_t kScoreStride = kKeyBlock + 16;
constexpr float kLog2E = 1.44269504088896341f;
constexpr float kLn2 = 0.69314718055994531f;

// 2^x for x < 127, relative error below 1e-7; 0 where the result would not be normal; NaN stays NaN.
// 2^x = 2^n 2^r with n = round(x), |r| <= 1/2, and for 2^r the degree-6 minimax polynomial with value 1 at 0.
inline Vec power_of_two(Vec x) {
  const Vec n = round(x);
  const Vec r = x - n;
  Vec p = set1(1.559467782e-04f);
  p = fma(p, r, set1(1.340664341e-03f));
  p = fma(p, r, set1(9.617692791e-03f));
  p = fma(p, r, set1(5.550310388e-02f));
  p = fma(p, r, set1(2.402265221e-01f));
  p = fma(p, r, set1(6.931472421e-01f));
  p = fma(p, r, set1(1.0f));
  return select_greater(set1(-126.0f), x, zero(), scale_by_power(p, n));
}

// Gives out pieces of memory one after another, each aligned to 64 bytes.
struct Pieces {
  float* next;
  float* take(std::int64_t n) {
    float* piece = next;
    next += round_up_to(n, 16);
    return piece;
  }
};

inline MaskSource source_of(const AttentionHead& head) {
  return mask_source(head.dropout_seed, head.dropout_stream, head.dropout_threshold, head.dropout_scale);
}

inline std::uint32_t mask_row(const AttentionHead& head, std::int64_t query) {
  return static_cast<std::uint32_t>(head.mask_row + query * head.mask_step);
}

// Keys first .. first + count - 1 of a head.
struct KeyBlock {
  std::int64_t first;
  std::int64_t count;
  std::int64_t columns() const { return round_up_to(count, kWidth); }
};

inline KeyBlock key_block(const AttentionHead& head, std::int64_t first) {
  return {first, at_most(kKeyBlock, head.length - first)};
}

inline bool any_visible(const AttentionHead& head, KeyBlock block) {
  if (head.key_visible == nullptr) return true;
  for (std::int64_t i = 0; i < block.count; ++i)
    if (head.key_visible[block.first + i] != 0) return true;
  return false;
}

inline Rows rows_of(const AttentionHead& head, const float* data, KeyBlock block, float scale) {
  return {data + block.first * head.stride,
          head.stride,
          block.count,
          head.head_dim,
          head.key_visible == nullptr ? nullptr : head.key_visible + block.first,
          scale};
}

// What the scores of a block's columns start at: 0, or minus infinity for those that are no visible key.
inline void set_bias(const AttentionHead& head, KeyBlock block, float* bias) {
  for (std::int64_t i = 0; i < block.columns(); ++i) {
    const bool visible = i < block.count && (head.key_visible == nullptr || head.key_visible[block.first + i] != 0);
    bias[i] = visible ? 0.0f : -__builtin_inff();
  }
}

// Queries to a block, so that blocks are about equal and end on whole tiles.
inline std::int64_t query_step(std::int64_t n_queries) {
  const std::int64_t n_blocks = (n_queries + kQueryBlock - 1) / kQueryBlock;
  return round_up_to((n_queries + n_blocks - 1) / n_blocks, kTileRows);
}

// ---- Forward

// The online softmax of a block of queries: probabilities so far are relative to the largest score so far.
struct Softmax {
  float largest[kQueryBlock];
  float sum[kQueryBlock];
  float rescale[kQueryBlock];  // of what was summed before the present block of keys
};

// Turns one row of scores into probabilities (not yet divided by their sum), times mask unless null; returns the sum.
inline float exponentiate(float* row, std::int64_t columns, float largest, const float* mask) {
  Vec sum_even = zero(), sum_odd = zero();
  std::int64_t c = 0;
  const auto step = [&](std::int64_t at, Vec& total) {
    const Vec p = power_of_two(load(row + at) - set1(largest));
    total = total + p;
    store(row + at, mask == nullptr ? p : p * load(mask + at));
  };
  for (; c + 2 * kWidth <= columns; c += 2 * kWidth) {
    step(c, sum_even);
    step(c + kWidth, sum_odd);
  }
  if (c < columns) step(c, sum_even);
  return sum(sum_even + sum_odd);
}

inline float largest_of(const float* row, std::int64_t columns) {
  Vec largest = load(row);
  for (std::int64_t c = kWidth; c < columns; c += kWidth) largest = max(largest, load(row + c));
  return maximum(largest);
}

inline void add_block(const AttentionHead& head, const MaskSource& source, std::int64_t first_query, std::int64_t rows,
                      KeyBlock block, bool first, float* scores, Softmax& softmax) {
  alignas(64) float mask[kKeyBlock];
  for (std::int64_t r = 0; r < rows; ++r) {
    const float block_largest = largest_of(scores + r * kScoreStride, block.columns());
    const float before = first ? block_largest : softmax.largest[r];
    softmax.largest[r] = block_largest > before ? block_largest : before;
    softmax.rescale[r] = before - softmax.largest[r];
  }
  for (std::int64_t r = 0; !first && r < rows; r += kWidth)
    store(softmax.rescale + r, power_of_two(load(softmax.rescale + r)));
  for (std::int64_t r = 0; r < rows; ++r) {
    if (head.drops)
      mask_columns(source, mask_row(head, first_query + r), static_cast<std::uint32_t>(block.first / kKeyBlock), mask);
    const float sum =
        exponentiate(scores + r * kScoreStride, block.columns(), softmax.largest[r], head.drops ? mask : nullptr);
    softmax.sum[r] = first ? sum : softmax.sum[r] * softmax.rescale[r] + sum;
  }
}

// Floats of a packed block of keys or values.
constexpr std::int64_t keys_size(std::int64_t head_dim) { return panels_size(head_dim, kKeyBlock); }
constexpr std::int64_t values_size(std::int64_t head_dim) { return panels_size(kKeyBlock, head_dim); }

// Packed keys and values of a head, block after block of keys.
struct Packed {
  float* keys;
  float* values;
  float* bias;
  std::int64_t last_block;  // first key of the last block that has visible keys
};

inline Packed pack_head(const AttentionHead& head, Pieces& pieces) {
  const std::int64_t n_blocks = (head.length + kKeyBlock - 1) / kKeyBlock;
  Packed packed{pieces.take(n_blocks * keys_size(head.head_dim)), pieces.take(n_blocks * values_size(head.head_dim)),
                pieces.take(round_up_to(head.length, kWidth)), 0};
  for (std::int64_t first = 0; first < head.length; first += kKeyBlock) {
    const KeyBlock block = key_block(head, first);
    if (!any_visible(head, block)) continue;
    pack_transposed(rows_of(head, head.key, block, head.scale * kLog2E),
                    packed.keys + first / kKeyBlock * keys_size(head.head_dim));
    pack(rows_of(head, head.value, block, 1.0f), packed.values + first / kKeyBlock * values_size(head.head_dim));
    set_bias(head, block, packed.bias + first);
    packed.last_block = first;
  }
  return packed;
}

inline void forward_queries(const AttentionHead& head, const MaskSource& source, const Packed& packed,
                            std::int64_t first_query, std::int64_t rows, float* scores, float* output,
                            float* log_sum_exp) {
  Softmax softmax;
  float inverse[kQueryBlock];
  bool first = true;
  float* out = output + first_query * head.output_stride;
  for (std::int64_t first_key = 0; first_key <= packed.last_block; first_key += kKeyBlock) {
    const KeyBlock block = key_block(head, first_key);
    if (!any_visible(head, block)) continue;
    multiply({.depth = head.head_dim,
              .left = head.query + first_query * head.stride,
              .left_stride = head.stride,
              .right = packed.keys + first_key / kKeyBlock * keys_size(head.head_dim),
              .start = packed.bias + first_key,
              .start_stride = 0,
              .start_scale = nullptr,
              .out = scores,
              .out_stride = kScoreStride,
              .finish_scale = nullptr},
             rows, block.columns());
    add_block(head, source, first_query, rows, block, first, scores, softmax);
    const bool last = first_key == packed.last_block;
    if (last)
      for (std::int64_t r = 0; r < rows; ++r) inverse[r] = 1.0f / softmax.sum[r];
    multiply({.depth = block.count,
              .left = scores,
              .left_stride = kScoreStride,
              .right = packed.values + first_key / kKeyBlock * values_size(head.head_dim),
              .start = first ? nullptr : out,
              .start_stride = head.output_stride,
              .start_scale = softmax.rescale,
              .out = out,
              .out_stride = head.output_stride,
              .finish_scale = last ? inverse : nullptr},
             rows, head.head_dim);
    first = false;
  }
  if (log_sum_exp != nullptr)
    for (std::int64_t r = 0; r < rows; ++r)
      log_sum_exp[first_query + r] = softmax.largest[r] * kLn2 + __builtin_logf(softmax.sum[r]);
}

inline void forward(const AttentionHead& head, std::int64_t first, std::int64_t last, float* output, float* log_sum_exp,
                    float* memory) {
  Pieces pieces{memory};
  const MaskSource source = source_of(head);
  float* scores = pieces.take(kQueryBlock * kScoreStride);
  const Packed packed = pack_head(head, pieces);
  const std::int64_t step = query_step(last - first);
  for (std::int64_t query = first; query < last; query += step)
    forward_queries(head, source, packed, query, at_most(step, last - query), scores, output, log_sum_exp);
}

// ---- Backward

// One block of keys, packed for the products of the backward pass, and memory for one block of queries.
struct BackwardBlock {
  KeyBlock keys;
  float* keys_transposed;  // times scale / ln 2
  float* values_transposed;
  float* keys_packed;  // times scale
  float* bias;
  float* queries;  // packed, times scale
  float* d_outputs;
  float* scores;    // then the probabilities, after dropout
  float* d_scores;  // from d_output value^T to the gradients of the scores
  float* mean;      // [length]: sum_k P dP = d_output . output of each query
};

// Scores and d_scores of `rows` queries: P = 2^(score - log2 sum), d_score = P (M dP - mean), and M P for d_value.
inline void differentiate(const AttentionHead& head, const MaskSource& source, const BackwardBlock& block,
                          const float* log_sum_exp, std::int64_t first_query, std::int64_t rows) {
  alignas(64) float mask[kKeyBlock];
  const std::int64_t columns = block.keys.columns();
  for (std::int64_t r = 0; r < rows; ++r) {
    const Vec log_sum = set1(log_sum_exp[first_query + r] * kLog2E);
    const Vec mean = set1(block.mean[first_query + r]);
    float* score = block.scores + r * kScoreStride;
    float* d_score = block.d_scores + r * kScoreStride;
    if (head.drops) {
      mask_columns(source, mask_row(head, first_query + r), static_cast<std::uint32_t>(block.keys.first / kKeyBlock),
                   mask);
      for (std::int64_t c = 0; c < columns; c += kWidth) {
        const Vec p = power_of_two(load(score + c) - log_sum), multiplier = load(mask + c);
        store(d_score + c, p * (load(d_score + c) * multiplier - mean));
        store(score + c, p * multiplier);
      }
    } else {
      for (std::int64_t c = 0; c < columns; c += kWidth) {
        const Vec p = power_of_two(load(score + c) - log_sum);
        store(d_score + c, p * (load(d_score + c) - mean));
        store(score + c, p);
      }
    }
  }
}

inline void backward_queries(const AttentionHead& head, const AttentionHeadGradient& gradient, const MaskSource& source,
                             const BackwardBlock& block, std::int64_t first_query, std::int64_t rows, bool first_keys) {
  const std::int64_t dim = head.head_dim, stride = head.stride, count = block.keys.count;
  const float* query = head.query + first_query * stride;
  const float* d_output = gradient.d_output + first_query * stride;
  float* d_query = gradient.d_query + first_query * stride;
  float* d_key = gradient.d_key + block.keys.first * stride;
  float* d_value = gradient.d_value + block.keys.first * stride;
  const auto from_rows = [&](const float* left, const float* right, const float* start, float* out) {
    multiply({dim, left, stride, right, start, 0, nullptr, out, kScoreStride, nullptr}, rows, block.keys.columns());
  };
  from_rows(query, block.keys_transposed, block.bias, block.scores);
  from_rows(d_output, block.values_transposed, nullptr, block.d_scores);
  differentiate(head, source, block, gradient.log_sum_exp, first_query, rows);
  multiply({count, block.d_scores, kScoreStride, block.keys_packed, first_keys ? nullptr : d_query, stride, nullptr,
            d_query, stride, nullptr},
           rows, dim);
  pack({query, stride, rows, dim, nullptr, head.scale}, block.queries);
  pack({d_output, stride, rows, dim, nullptr, 1.0f}, block.d_outputs);
  const auto to_keys = [&](const float* left, const float* right, float* out) {
    multiply<true>(
        {rows, left, kScoreStride, right, first_query == 0 ? nullptr : out, stride, nullptr, out, stride, nullptr},
        count, dim);
  };
  to_keys(block.d_scores, block.queries, d_key);
  to_keys(block.scores, block.d_outputs, d_value);
}

inline void clear(const AttentionHead& head, KeyBlock block, float* rows) {
  for (std::int64_t i = 0; i < block.count; ++i)
    for (std::int64_t c = 0; c < head.head_dim; ++c) rows[(block.first + i) * head.stride + c] = 0.0f;
}

inline void backward(const AttentionHead& head, const AttentionHeadGradient& gradient, float* memory) {
  Pieces pieces{memory};
  const MaskSource source = source_of(head);
  const std::int64_t dim = head.head_dim;
  BackwardBlock block{.keys = {},
                      .keys_transposed = pieces.take(keys_size(dim)),
                      .values_transposed = pieces.take(keys_size(dim)),
                      .keys_packed = pieces.take(values_size(dim)),
                      .bias = pieces.take(kKeyBlock),
                      .queries = pieces.take(panels_size(kQueryBlock, dim)),
                      .d_outputs = pieces.take(panels_size(kQueryBlock, dim)),
                      .scores = pieces.take(kQueryBlock * kScoreStride),
                      .d_scores = pieces.take(kQueryBlock * kScoreStride),
                      .mean = pieces.take(head.length)};
  for (std::int64_t i = 0; i < head.length; ++i)
    block.mean[i] = sum_lanes(dim, [&](std::int64_t c, auto lanes) {
      return load(gradient.d_output + i * head.stride + c, lanes) * load(gradient.output + i * head.stride + c, lanes);
    });
  const std::int64_t step = query_step(head.length);
  bool first_keys = true;
  for (std::int64_t first = 0; first < head.length; first += kKeyBlock) {
    block.keys = key_block(head, first);
    if (!any_visible(head, block.keys)) {
      clear(head, block.keys, gradient.d_key);
      clear(head, block.keys, gradient.d_value);
      continue;
    }
    pack_transposed(rows_of(head, head.key, block.keys, head.scale * kLog2E), block.keys_transposed);
    pack_transposed(rows_of(head, head.value, block.keys, 1.0f), block.values_transposed);
    pack(rows_of(head, head.key, block.keys, head.scale), block.keys_packed);
    set_bias(head, block.keys, block.bias);
    for (std::int64_t query = 0; query < head.length; query += step)
      backward_queries(head, gradient, source, block, query, at_most(step, head.length - query), first_keys);
    first_keys = false;
  }
}

inline std::int64_t scratch_floats(std::int64_t length, std::int64_t head_dim) {
  const std::int64_t rows = round_up_to(length, kWidth), n_blocks = (length + kKeyBlock - 1) / kKeyBlock;
  const std::int64_t forward =
      kQueryBlock * kScoreStride + n_blocks * (keys_size(head_dim) + values_size(head_dim)) + rows;
  const std::int64_t backward = 2 * keys_size(head_dim) + values_size(head_dim) + kKeyBlock +
                                2 * panels_size(kQueryBlock, head_dim) + 2 * kQueryBlock * kScoreStride + rows;
  const std::int64_t rounding = 16 * 16;  // of fewer than 16 pieces to whole cache lines
  return (forward > backward ? forward : backward) + rounding;
}

}  // namespace
}  // namespace ingot::engine::kernels
