#include "engine/base/scratch.h"

#include <memory>
#include <new>

namespace ingot::engine {
namespace {

constexpr std::align_val_t kAlignment{64};

struct Release {
  void operator()(float* block) const { ::operator delete(block, kAlignment); }
};

struct Buffer {
  std::unique_ptr<float, Release> block;
  std::int64_t n_floats = 0;
};

thread_local Buffer buffers[kScratchSlots];

}  // namespace

float* scratch(Scratch slot, std::int64_t n_floats) {
  Buffer& buffer = buffers[static_cast<int>(slot)];
  if (buffer.n_floats < n_floats) {
    buffer.block.reset();
    buffer.n_floats = 0;
    buffer.block.reset(
        static_cast<float*>(::operator new(static_cast<std::size_t>(n_floats) * sizeof(float), kAlignment)));
    buffer.n_floats = n_floats;
  }
  return buffer.block.get();
}

}  // namespace ingot::engine
