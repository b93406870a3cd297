#include <doctest/doctest.h>

#include <cstdint>
#include <thread>

#include "engine/base/scratch.h"

using namespace ingot::engine;

TEST_CASE("scratch memory is aligned, keeps its place while it is large enough, and belongs to its slot and thread") {
  float* first = scratch(Scratch::gemm, 1000);
  CHECK(reinterpret_cast<std::uintptr_t>(first) % 64 == 0);
  first[999] = 7.0f;
  CHECK(scratch(Scratch::gemm, 10) == first);
  CHECK(scratch(Scratch::gemm, 1000) == first);
  CHECK(first[999] == 7.0f);
  CHECK(scratch(Scratch::attention, 1000) != first);
  float* other = first;
  std::thread([&] { other = scratch(Scratch::gemm, 1000); }).join();
  CHECK(other != first);
}
