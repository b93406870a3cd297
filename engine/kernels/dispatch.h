// A kernel family's table has one row for each instruction set that it is written for: the best first, the reference
// last. The row is at once declaration, dispatch, test and benchmark.
#pragma once

#include <span>

#include "engine/base/isa.h"

namespace ingot::engine::kernels {

// The first row that this run uses.
template <class Row>
const Row& active_row(std::span<const Row> rows) {
  const Row* row = rows.data();
  while (!uses(row->isa)) ++row;
  return *row;
}

// The same for a table of pointers to rows.
template <class Row>
const Row& active_row(std::span<const Row* const> rows) {
  const Row* const* row = rows.data();
  while (!uses((*row)->isa)) ++row;
  return **row;
}

}  // namespace ingot::engine::kernels
