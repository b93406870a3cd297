// --precision: the number format of the factors of products, those of Linear layers and of attention. Everything else
// stays float32: weights and what the optimizer knows of them, sums, norms, softmax.
#pragma once

#include <string>

#include "bert/model.h"
#include "compress/compression.h"

namespace ingot::pipeline {

inline constexpr const char* kFloat32 = "float32";
inline constexpr const char* kPrecisions = "float32|bf16";

// Throws Error for any other name.
void check_precision(const std::string& precision);

// What it means. Says so where this processor has no instructions for it. Throws Error as check_precision does.
engine::Sums sums_of(const std::string& precision);

// Makes the model multiply in this precision. Says so where this processor has no instructions
// for it. `subject` names the model. Throws Error if a layer of the model's compression has a format of its own, whose
// numbers bfloat16 would round again.
void set_precision(bert::Model& model, const std::string& precision, const compress::Compression& compression,
                   const std::string& subject);

}  // namespace ingot::pipeline
