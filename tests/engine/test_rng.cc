#include <doctest/doctest.h>

#include "engine/base/rng.h"

using namespace ingot::engine;

// Known-answer vectors of the authors' library Random123 (kat_vectors, philox4x32 with 10 rounds).
TEST_CASE("philox agrees with the known answers of Random123") {
  CHECK(philox({0, 0, 0, 0}, 0) == PhiloxBlock{0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u});
  CHECK(philox({~0u, ~0u, ~0u, ~0u}, ~0ull) == PhiloxBlock{0x408f276du, 0x41c83b0eu, 0xa20bc7c6u, 0x6d5451fdu});
  CHECK(philox({0x243f6a88u, 0x85a308d3u, 0x13198a2eu, 0x03707344u}, 0x299f31d0a4093822ull) ==
        PhiloxBlock{0xd16cfe09u, 0x94fdccebu, 0x5001e420u, 0x24126ea1u});
}

TEST_CASE("a random stream continues where its position says") {
  Rng a(7), b(7);
  for (int i = 0; i < 13; ++i) a.bits();
  b.seek(a.position());
  CHECK(a.bits() == b.bits());
}
