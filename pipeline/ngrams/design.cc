#include "pipeline/ngrams/design.h"

namespace ingot::pipeline {

Design::Design(const FeatureRows& rows, std::span<const std::size_t> examples, std::size_t n_buckets) {
  std::vector<std::uint32_t> of_bucket(n_buckets);  // how many rows have it, then its column
  std::size_t n_ones = 0;
  for (const std::size_t example : examples) {
    for (const std::uint32_t bucket : rows.row(example)) ++of_bucket[bucket];
    n_ones += rows.row(example).size();
  }
  column_begins_.push_back(0);
  for (std::size_t bucket = 0; bucket < n_buckets; ++bucket) {
    if (of_bucket[bucket] == 0) continue;
    column_begins_.push_back(column_begins_.back() + of_bucket[bucket]);
    of_bucket[bucket] = static_cast<std::uint32_t>(buckets_.size());
    buckets_.push_back(static_cast<std::uint32_t>(bucket));
  }
  columns_.reserve(n_ones);
  rows_.resize(n_ones);
  row_begins_.push_back(0);
  std::vector<std::uint64_t> next(column_begins_.begin(), column_begins_.end() - 1);
  for (const std::size_t example : examples) {
    const auto i = static_cast<std::uint32_t>(n_rows());
    for (const std::uint32_t bucket : rows.row(example)) {
      columns_.push_back(of_bucket[bucket]);
      rows_[next[of_bucket[bucket]]++] = i;
    }
    row_begins_.push_back(columns_.size());
  }
}

}  // namespace ingot::pipeline
