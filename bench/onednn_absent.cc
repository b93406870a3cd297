// In place of onednn_products.cc where the library is missing.
#include <cassert>

#include "bench/onednn_products.h"

namespace ingot::bench {

struct OneDnnProduct::State {};

bool has_onednn() { return false; }

OneDnnProduct::OneDnnProduct(int, std::int64_t, std::int64_t, std::int64_t, const std::uint8_t*, const std::int8_t*,
                             std::int32_t*) {
  assert(false);
}

OneDnnProduct::~OneDnnProduct() = default;

void OneDnnProduct::run() const {}

const char* OneDnnProduct::implementation() const { return ""; }

}  // namespace ingot::bench
