#include "pipeline/precision.h"

#include <algorithm>

#include "engine/base/error.h"
#include "engine/base/progress.h"
#include "engine/kernels/bf16_gemm/bf16_gemm.h"

namespace ingot::pipeline {

void check_precision(const std::string& precision) {
  engine::require(precision == kFloat32 || precision == "bf16", "--precision: must be float32 or bf16, got '{}'",
                  precision);
}

engine::Sums sums_of(const std::string& precision) {
  check_precision(precision);
  if (precision == kFloat32) return engine::Sums::fastest;
  if (!engine::kernels::has_bf16_products())
    engine::say(
        "note: this processor has no instructions for bfloat16 (avx512bf16 or amx): factors are rounded to it, which "
        "takes longer than float32");
  return engine::Sums::bf16;
}

void set_precision(bert::Model& model, const std::string& precision, const compress::Compression& compression,
                   const std::string& subject) {
  check_precision(precision);
  if (precision == kFloat32) return;
  for (const auto& [layer, how] : compression) {
    engine::require(
        std::none_of(how.quantizers.begin(), how.quantizers.end(), [](const auto& q) { return q.has_value(); }),
        "--precision bf16: is about models in floats, but {} of {} has a format of its own, whose numbers "
        "bfloat16 would round again",
        layer, subject);
  }
  model.set_sums(sums_of(precision));
}

}  // namespace ingot::pipeline
