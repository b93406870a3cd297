// Simulates an emitted core, text by text, and compares with the integer graph: not only the answers, but every code of
// every edge that the core computes on the way.
#pragma once

#include "hw/simulation/verify.h"

namespace ingot::hw {

// What a length costs: simulated, and by cycles_of() of core/schedule.h.
struct MeasuredLength {
  std::int64_t tokens, cycles, promised, products;
};

struct CoreVerification : Verification {  // its vectors are texts, their beats the words of the answers
  std::int64_t n_edge_codes = 0;          // compared inside the core; 0 if the simulator or a netlist shows none
  std::int64_t n_different_edge_beats = 0;
  std::vector<MeasuredLength> measured;  // empty for netlists and icarus

  bool ok() const { return Verification::ok() && n_different_edge_beats == 0; }
};

// As verify(), for a folder with a core. Without texts of its own, random ones of all lengths up to the longest are
// sent, more of them short.
CoreVerification verify_core(const EmittedRtl& rtl, const VerifyOptions& options,
                             const std::function<void(std::int64_t, std::int64_t)>& progress = {});

}  // namespace ingot::hw
