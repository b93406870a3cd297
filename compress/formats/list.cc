// The list of formats: a new one is its file and a line here.
#include "compress/formats/kind.h"

namespace ingot::compress {

extern const FormatKind kFixed, kUfixed, kMinifloat, kMinifloatDenorm, kLog, kBlockFp, kBlockMinifloat, kBlockLog,
    kBinary, kBinaryPow2, kBinaryResidual, kTernary, kTernaryPow2, kMx;

std::span<const FormatKind* const> format_kinds() {
  static constexpr const FormatKind* kKinds[] = {
      &kFixed,    &kUfixed, &kMinifloat,  &kMinifloatDenorm, &kLog,     &kBlockFp,     &kBlockMinifloat,
      &kBlockLog, &kBinary, &kBinaryPow2, &kBinaryResidual,  &kTernary, &kTernaryPow2, &kMx,
  };
  return kKinds;
}

}  // namespace ingot::compress
