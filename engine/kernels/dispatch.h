// How kernels are chosen, and how a family of them is laid out. The family `family` is a folder of that name:
//
//   family.h      what callers call
//   family.cc     shares the work between threads, and has the table: kRows, best first, the reference last
//   table.h       FamilyRow (an instruction set, and the functions written for it), the rows, and family_rows()
//   ref.cc        the normative functions, and their row kFamilyReference
//   x86_body.h    the functions in the words of simd/, written once for every width
//   x86_<isa>.cc  the words of one instruction set, what else the body needs of it, the body, and the row kFamily<Isa>
//
// An instruction set comes to a family as one file and one row: x86_<isa>.cc, which meson.build finds by its name, and
// its row in kRows, declared in table.h. Dispatch, tests and benches read the table. Only ref.cc and x86_*.cc name
// functions of one instruction set, and those functions are local to their file.
#pragma once

#include <span>

#include "engine/base/isa.h"

namespace ingot::engine::kernels {

// The first row that this run uses.
template <class Row>
const Row& active_row(std::span<const Row* const> rows) {
  const Row* const* row = rows.data();
  while (!uses((*row)->isa)) ++row;
  return **row;
}

}  // namespace ingot::engine::kernels
