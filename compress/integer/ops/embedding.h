// The sum of three embeddings in integers.
#pragma once

#include <cstdint>
#include <vector>

#include "compress/integer/operation.h"

namespace ingot::compress {

// Rows of codes with a scale each: row r stands for codes << shifts[r] in the unit of the sum.
struct EmbeddingRows {
  std::int64_t n = 0;
  int width = 8;                    // bits of a code
  std::vector<std::int32_t> codes;  // [n, size]
  std::vector<int> shifts;          // [n], 0 to 30
};

// x = word[id] + position[place of the token in its text] + token_type[type], exact. Reads ids and types, edges of one
// number each.
struct EmbeddingSum {
  EmbeddingRows word, position, token_type;
};

// No sum is larger in magnitude. `size`: of a row.
std::int64_t sum_bound(const EmbeddingSum& sum, std::int64_t size);

}  // namespace ingot::compress
