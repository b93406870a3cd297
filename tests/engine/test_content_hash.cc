#include <doctest/doctest.h>

#include <set>

#include "engine/base/files.h"

using namespace ingot::engine;

TEST_CASE("a content hash changes with every bit of the content, at every length") {
  for (std::size_t size = 0; size < 40; ++size) {
    const std::string text(size, 'a');
    std::set<std::uint64_t> seen{content_hash(text)};
    for (std::size_t bit = 0; bit < 8 * size; ++bit) {
      std::string changed = text;
      changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ 1 << bit % 8);
      seen.insert(content_hash(changed));
    }
    CHECK(seen.size() == 1 + 8 * size);
  }
}

TEST_CASE("a content hash tells runs of zeros of different lengths apart") {
  std::set<std::uint64_t> seen;
  for (std::size_t size = 0; size < 100; ++size) seen.insert(content_hash(std::string(size, '\0')));
  CHECK(seen.size() == 100);
}

TEST_CASE("a chained content hash depends on both parts and their order") {
  CHECK(content_hash("b", content_hash("a")) == content_hash("b", content_hash("a")));
  CHECK(content_hash("b", content_hash("a")) != content_hash("a", content_hash("b")));
  CHECK(content_hash("b", content_hash("a")) != content_hash("b"));
}

TEST_CASE("a hundred thousand short texts have as many content hashes, in the low half of the bits too") {
  std::set<std::uint64_t> seen, low;
  for (int i = 0; i < 100000; ++i) {
    const std::uint64_t hash = content_hash("row " + std::to_string(i));
    seen.insert(hash);
    low.insert(hash & 0xffffffffu);
  }
  CHECK(seen.size() == 100000);
  CHECK(low.size() > 99990);  // 1.2 collisions of 32 bits are expected
}
