#include "engine/tensor/arena.h"

#include <sys/mman.h>

#include <algorithm>
#include <atomic>
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

// Of all arenas together.
std::atomic<std::int64_t> live_bytes{0}, peak_bytes{0}, extent_bytes{0};

void raise_to(std::atomic<std::int64_t>& highest, std::int64_t value) {
  for (std::int64_t now = highest; now < value && !highest.compare_exchange_weak(now, value);) {
  }
}

}  // namespace

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
                                    live_bytes >> 20, n_bytes >> 20, capacity_ >> 20));
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
    raise_to(peak_bytes, live_bytes += n_bytes);
    extent_bytes += std::max<std::int64_t>(begin + n_bytes - extent_, 0);
    extent_ = std::max(extent_, begin + n_bytes);
    ASAN_UNPOISON_MEMORY_REGION(base_ + begin, static_cast<std::size_t>(sizeof(Block)) + n_floats * 4);
    auto* block = new (base_ + begin) Block;
    block->arena = this;
    block->references.store(1, std::memory_order_relaxed);
    block->n_bytes = n_bytes;
    return block;
  }

  void release(Block* block) {
    const std::lock_guard lock(mutex_);
    const std::int64_t begin = reinterpret_cast<std::byte*>(block) - base_;
    live_bytes -= block->n_bytes;
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
  std::int64_t extent_ = 0;     // end of the highest block so far
};

namespace {

// Arenas of threads that ended. Never destroyed, as arenas are not: tensors in static storage may be released after
// main.
struct Idle {
  std::mutex mutex;
  std::vector<Arena*> arenas;
  std::size_t n_made = 0;
};
Idle& idle() {
  static Idle& the_idle = *new Idle;
  return the_idle;
}

// The arena of a thread while it lives.
class Own {
 public:
  Own() {
    const std::lock_guard lock(idle().mutex);
    if (!idle().arenas.empty()) {
      arena_ = idle().arenas.back();
      idle().arenas.pop_back();
    } else {
      idle().arenas.reserve(idle().n_made + 1);  // for when all threads have ended: a destructor may ask for nothing
      arena_ = new Arena;
      ++idle().n_made;
    }
  }
  ~Own() {
    const std::lock_guard lock(idle().mutex);
    idle().arenas.push_back(arena_);
  }
  Own(const Own&) = delete;
  Own& operator=(const Own&) = delete;
  Arena& arena() const { return *arena_; }

 private:
  Arena* arena_ = nullptr;
};

}  // namespace

Block* allocate(std::int64_t n_floats) {
  thread_local const Own own;
  return own.arena().allocate(n_floats);
}

void release(Block* block) { block->arena->release(block); }

Statistics statistics() { return {live_bytes, peak_bytes, extent_bytes}; }

}  // namespace ingot::engine::arena
