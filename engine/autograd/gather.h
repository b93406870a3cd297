// Rows by index: embedding tables and selections.
#pragma once

#include <span>
#include <vector>

#include "engine/autograd/variable.h"

namespace ingot::engine {

struct Lookup {
  Variable table;                 // [n_ids, n]
  std::vector<std::int32_t> ids;  // one for each output row
};

// y[i] = sum over the lookups of table[ids[i]]: [n_rows, n]. The gradient of each table is row-sparse.
// Throws Error for an id outside its table.
Variable embedding(std::vector<Lookup> lookups);

// y[i] = x[rows[i]]: [n_rows, n] -> [rows.size(), n]. Rows may repeat.
Variable select_rows(const Variable& x, std::vector<std::int32_t> rows);

}  // namespace ingot::engine
