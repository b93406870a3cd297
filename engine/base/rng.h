// Counter-based random numbers: Philox4x32-10 (Salmon, Moraes, Dror, Shaw: Parallel Random Numbers: As Easy as 1, 2, 3,
// SC 2011). A number is a pure function of (seed, stream, index), so the order of evaluation and the number of threads
// do not matter, and a backward pass can regenerate what the forward pass drew.
#pragma once

#include <array>
#include <cstdint>
#include <utility>

namespace ingot::engine {

using PhiloxBlock = std::array<std::uint32_t, 4>;

inline PhiloxBlock philox(PhiloxBlock counter, std::uint64_t seed) {
  auto k0 = static_cast<std::uint32_t>(seed);
  auto k1 = static_cast<std::uint32_t>(seed >> 32);
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t a = std::uint64_t{0xD2511F53u} * counter[0];
    const std::uint64_t b = std::uint64_t{0xCD9E8D57u} * counter[2];
    counter = {static_cast<std::uint32_t>(b >> 32) ^ counter[1] ^ k0, static_cast<std::uint32_t>(b),
               static_cast<std::uint32_t>(a >> 32) ^ counter[3] ^ k1, static_cast<std::uint32_t>(a)};
    k0 += 0x9E3779B9u;
    k1 += 0xBB67AE85u;
  }
  return counter;
}

// A sequence of numbers drawn in order from one stream of a seed. `position` is all its state.
class Rng {
 public:
  explicit Rng(std::uint64_t seed, std::uint64_t stream = 0) : seed_(seed), stream_(stream) {}

  std::uint32_t bits();                      // uniform over 32 bits
  double uniform();                          // uniform over [0, 1), 53 bits
  double normal();                           // standard normal (Box-Muller)
  std::uint64_t below(std::uint64_t bound);  // uniform over [0, bound), without bias; bound > 0

  std::uint64_t position() const { return position_; }
  void seek(std::uint64_t position) { position_ = position; }

 private:
  std::uint64_t seed_;
  std::uint64_t stream_;
  std::uint64_t position_ = 0;  // in 32-bit words
};

// Streams of one seed that must not meet: each use of randomness has its own.
enum class Stream : std::uint64_t {
  split = 1,
  shuffle,
  initialisation,
  dropout,
  masking,
  tokenizer,
  sampling,
  test,
  rounding,
  pruning,
  search,
  folds,
};

template <class Range>
void shuffle(Range& items, Rng& rng) {  // Fisher-Yates
  for (std::uint64_t i = items.size(); i > 1; --i) {
    using std::swap;
    swap(items[i - 1], items[rng.below(i)]);
  }
}

}  // namespace ingot::engine
