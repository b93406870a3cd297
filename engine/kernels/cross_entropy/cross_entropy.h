// Softmax cross entropy, forward and backward in one pass.
#pragma once

#include <cstdint>

namespace ingot::engine::kernels {

inline constexpr std::int32_t kIgnoredLabel = -100;  // as in PyTorch and Hugging Face

// losses[r] = log sum_c exp(logits[r, c]) - logits[r, labels[r]], 0 for ignored rows. If gradient is not null:
// gradient[r, c] = weight (softmax(logits[r])[c] - [c = labels[r]]), 0 for ignored rows; it may be logits.
// logits [n_rows, n_classes]; 0 <= labels[r] < n_classes or kIgnoredLabel. Threads inside.
void cross_entropy(std::int64_t n_rows, std::int64_t n_classes, const float* logits, const std::int32_t* labels,
                   float weight, float* losses, float* gradient);

}  // namespace ingot::engine::kernels
