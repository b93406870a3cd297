#include "engine/tensor/arena.h"

#include <sys/mman.h>

#include <algorithm>
#include <mutex>
#include <new>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/memory.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(address, size) static_cast<void>(0)
#define ASAN_UNPOISON_MEMORY_REGION(address, size) static_cast<void>(0)
#endif

namespace ingot::engine::arena {
namespace {

constexpr std::int64_t kLine = 64;
constexpr std::int64_t kHugePage = std::int64_t{2} << 20;

struct Range {
  std::int64_t begin;
  std::int64_t size;
  bool free;
};

class Arena {
 public:
  Block* allocate(std::int64_t n_floats) {
    const std::int64_t n_bytes = (static_cast<std::int64_t>(sizeof(Block)) + n_floats * 4 + kLine - 1) / kLine * kLine;
    const std::lock_guard lock(mutex_);
    if (base_ == nullptr) reserve();
    auto range = std::find_if(ranges_.begin() + n_taken_, ranges_.end(),
                              [&](const Range& r) { return r.free && r.size >= n_bytes; });
    if (range == ranges_.end()) {
      throw OutOfMemory(fmt::format("memory: {} MB of tensors are in use and {} MB more do not fit into {} MB",
                                    statistics_.live_bytes >> 20, n_bytes >> 20, capacity_ >> 20));
    }
    const std::int64_t begin = range->begin;
    if (range - ranges_.begin() == n_taken_) ++n_taken_;
    if (range->size > n_bytes) {
      range->begin += n_bytes;
      range->size -= n_bytes;
      ranges_.insert(range, {begin, n_bytes, false});
    } else {
      range->free = false;
    }
    statistics_.live_bytes += n_bytes;
    statistics_.peak_bytes = std::max(statistics_.peak_bytes, statistics_.live_bytes);
    statistics_.extent_bytes = std::max(statistics_.extent_bytes, begin + n_bytes);
    ASAN_UNPOISON_MEMORY_REGION(base_ + begin, static_cast<std::size_t>(sizeof(Block)) + n_floats * 4);
    auto* block = new (base_ + begin) Block;
    block->references.store(1, std::memory_order_relaxed);
    block->n_bytes = n_bytes;
    return block;
  }

  void release(Block* block) {
    const std::lock_guard lock(mutex_);
    const std::int64_t begin = reinterpret_cast<std::byte*>(block) - base_;
    statistics_.live_bytes -= block->n_bytes;
    ASAN_POISON_MEMORY_REGION(block, static_cast<std::size_t>(block->n_bytes));
    auto range = std::lower_bound(ranges_.begin(), ranges_.end(), begin,
                                  [](const Range& r, std::int64_t at) { return r.begin < at; });
    range->free = true;
    n_taken_ = std::min(n_taken_, range - ranges_.begin());
    if (range + 1 != ranges_.end() && (range + 1)->free) {
      range->size += (range + 1)->size;
      ranges_.erase(range + 1);
    }
    if (range != ranges_.begin() && (range - 1)->free) {  // then n_taken_ is at most its index
      (range - 1)->size += range->size;
      ranges_.erase(range);
    }
  }

  Statistics statistics() {
    const std::lock_guard lock(mutex_);
    return statistics_;
  }

 private:
  // Addresses only: the system gives pages when they are touched. Where limits forbid the wish, half of it is tried.
  void reserve() {
    void* range = MAP_FAILED;
    for (capacity_ = std::int64_t{64} << 30; range == MAP_FAILED && capacity_ >= kHugePage; capacity_ /= 2) {
      range = ::mmap(nullptr, static_cast<std::size_t>(capacity_ + kHugePage), PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
      if (range != MAP_FAILED) break;
    }
    require(range != MAP_FAILED, "memory: the system gives no addresses for tensors");
    const auto address = reinterpret_cast<std::uintptr_t>(range);
    const std::uintptr_t aligned = (address + kHugePage - 1) / kHugePage * kHugePage;
    base_ = static_cast<std::byte*>(range) + (aligned - address);
    ::madvise(base_, static_cast<std::size_t>(capacity_), MADV_HUGEPAGE);
    ranges_.reserve(4096);
    ranges_.push_back({0, capacity_, true});
  }

  std::mutex mutex_;
  std::byte* base_ = nullptr;
  std::int64_t capacity_ = 0;
  std::vector<Range> ranges_;   // by address, covering everything, no two free neighbours
  std::ptrdiff_t n_taken_ = 0;  // so many ranges at the beginning are not free: a model's parameters, mostly
  Statistics statistics_;
};

// Never destroyed: tensors in static storage may be released after main.
Arena& the_arena() {
  static Arena& arena = *new Arena;
  return arena;
}

}  // namespace

Block* allocate(std::int64_t n_floats) { return the_arena().allocate(n_floats); }
void release(Block* block) { the_arena().release(block); }
Statistics statistics() { return the_arena().statistics(); }

}  // namespace ingot::engine::arena
