// The examples of a regression as a sparse matrix of zeros and ones: by rows and by columns.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "pipeline/ngrams/features.h"

namespace ingot::pipeline {

// A column for each bucket that occurs in one of the examples, in the order of the buckets.
class Design {
 public:
  // `examples`: rows of `rows`, at most 2^32 - 1. They become rows 0, 1, ... of the matrix.
  Design(const FeatureRows& rows, std::span<const std::size_t> examples, std::size_t n_buckets);

  std::size_t n_rows() const { return row_begins_.size() - 1; }
  std::size_t n_columns() const { return buckets_.size(); }
  std::span<const std::uint32_t> buckets() const { return buckets_; }  // [n_columns]

  // The columns of the ones in row i and the rows of those in column j, both ascending.
  std::span<const std::uint32_t> row(std::size_t i) const {
    return std::span(columns_).subspan(row_begins_[i], row_begins_[i + 1] - row_begins_[i]);
  }
  std::span<const std::uint32_t> column(std::size_t j) const {
    return std::span(rows_).subspan(column_begins_[j], column_begins_[j + 1] - column_begins_[j]);
  }

 private:
  std::vector<std::uint32_t> buckets_;
  std::vector<std::uint64_t> row_begins_, column_begins_;
  std::vector<std::uint32_t> columns_, rows_;
};

}  // namespace ingot::pipeline
