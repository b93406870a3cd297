// Working memory that outlives a call, so that kernels allocate nothing once they have seen their largest shape.
#pragma once

#include <cstdint>

namespace ingot::engine {

// Who holds the memory: one name a purpose, since a slot serves one live block at a time.
enum class Scratch {
  attention,          // what one worker of attention, or of its divergence, packs for a head
  fixed_gemm,         // what one worker of a fixed-point product packs of its rows, unpacks of the weights and sums up
  integer_attention,  // what one worker of attention in integers has of a block of queries
  integer_graph,      // what one worker of an integer graph has of its rows between nodes
  gemm,               // filled by the caller of a product, read by its workers
  bf16_gemm,          // the same in bfloat16
  bf16_rows,          // what one worker of a product in bfloat16 packs of its rows
};
inline constexpr int kScratchSlots = 7;

// At least n_floats floats, 64-byte aligned, uninitialised, owned by the calling thread. The block stays valid until
// the same thread asks for more in the same slot; it never shrinks.
float* scratch(Scratch slot, std::int64_t n_floats);

}  // namespace ingot::engine
