#include "bench/products.h"

namespace ingot::bench {
namespace {

constexpr const ProductPeer* kPeers[] = {
    &kEigen,
#ifdef INGOT_HAS_OPENBLAS
    &kOpenBlas,
#endif
#ifdef INGOT_HAS_ONEDNN
    &kOneDnn,
#endif
};

}  // namespace

std::span<const ProductPeer* const> product_peers() { return kPeers; }

std::string missing_product_peers() {
  std::string text;
#ifndef INGOT_HAS_OPENBLAS
  text += "No column for OpenBLAS: install libopenblas-openmp-dev and configure the build again. ";
#endif
#ifndef INGOT_HAS_ONEDNN
  text += "No column for oneDNN: install libdnnl-dev and configure the build again. ";
#endif
  if (!text.empty()) text.pop_back();
  return text;
}

}  // namespace ingot::bench
