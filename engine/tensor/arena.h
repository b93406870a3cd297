// Memory of tensors: a reserved range of addresses, handed out first fit, neighbours merged when freed. Pages stay with
// the process once touched, so after the first step of the largest size nothing is asked of the system again, and the
// footprint is the largest live set, whatever the order of batch sizes.
//
// Each thread that asks for tensors has a range of its own: what it freed last, which its processor's caches hold, it
// gets again, and no other thread waits for it. A range outlives its thread; the next new thread gets it.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace ingot::engine::arena {

// Header in front of each block, a cache line of its own; the floats follow it.
struct alignas(64) Block {
  class Arena* arena;  // that it goes back to
  std::atomic<std::int32_t> references;
  std::int64_t n_bytes;

  float* floats() { return reinterpret_cast<float*>(this + 1); }
};

// A block with one reference and room for n_floats (64-byte aligned, contents undefined). Throws OutOfMemory
// (engine/base/memory.h) when there is no room. Thread-safe.
Block* allocate(std::int64_t n_floats);
void release(Block* block);  // when its references reached 0

struct Statistics {
  std::int64_t live_bytes = 0;
  std::int64_t peak_bytes = 0;    // largest live_bytes so far
  std::int64_t extent_bytes = 0;  // ends of the highest blocks ever used: what the process may have touched
};
Statistics statistics();

}  // namespace ingot::engine::arena
