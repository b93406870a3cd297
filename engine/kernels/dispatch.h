// A kernel family's table has one row for each instruction set that it is written for: the best first, the reference
// last. The row is at once declaration, dispatch, test and benchmark.
#pragma once

#include <span>

#include "engine/base/isa.h"

namespace ingot::engine::kernels {

// The first row that active_isa() executes.
template <class Row>
const Row& active_row(std::span<const Row> rows) {
  const Isa isa = active_isa();
  const Row* row = rows.data();
  while (row->isa > isa) ++row;
  return *row;
}

}  // namespace ingot::engine::kernels
