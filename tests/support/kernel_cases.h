// What tests of kernels share: sizes around the widths of vectors, noise, the table rows that this machine can run, and
// runs on one and two threads.
#pragma once

#include <doctest/doctest.h>

#include <cstdint>
#include <cstring>
#include <span>
#include <utility>
#include <vector>

#include "engine/base/isa.h"
#include "engine/base/rng.h"
#include "engine/base/threads.h"

namespace ingot::test {

inline constexpr std::int64_t kTailSizes[] = {1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 33, 63, 64, 65, 127, 128, 129, 257};

// count normal numbers times `scale`, a function of the stream.
inline std::vector<float> noise(std::int64_t count, std::uint64_t stream, double scale = 1) {
  engine::Rng rng(17, stream);
  std::vector<float> values(static_cast<std::size_t>(count));
  for (float& value : values) value = static_cast<float>(scale * rng.normal());
  return values;
}

inline bool same_bits(std::span<const float> a, std::span<const float> b) {
  return a.size() == b.size() && (a.empty() || std::memcmp(a.data(), b.data(), a.size_bytes()) == 0);
}

// check(row) for the rows of a kernel table that this machine executes; what fails names the instruction set.
template <class Row, class Check>
void for_each_row(std::span<const Row* const> rows, const Check& check) {
  for (const Row* row : rows) {
    if (!engine::executes(row->isa)) continue;
    CAPTURE(engine::name(row->isa));
    check(*row);
  }
}

// What run() returns on one thread and on `count` threads.
template <class Run>
auto on_one_and_on(int count, const Run& run) {
  const int before = engine::threads();
  engine::set_threads(1);
  auto one = run();
  engine::set_threads(count);
  auto many = run();
  engine::set_threads(before);
  return std::pair{one, many};
}

}  // namespace ingot::test
