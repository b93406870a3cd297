// A few rows of zeros and ones that a test can write out.
#pragma once

#include <vector>

#include "pipeline/ngrams/features.h"

namespace ingot::test {

inline pipeline::FeatureRows rows_of(const std::vector<std::vector<std::uint32_t>>& buckets) {
  pipeline::FeatureRows rows;
  for (const auto& row : buckets) {
    rows.buckets.insert(rows.buckets.end(), row.begin(), row.end());
    rows.offsets.push_back(rows.buckets.size());
  }
  return rows;
}

inline std::vector<std::size_t> first(std::size_t n) {
  std::vector<std::size_t> numbers;
  for (std::size_t i = 0; i < n; ++i) numbers.push_back(i);
  return numbers;
}

}  // namespace ingot::test
