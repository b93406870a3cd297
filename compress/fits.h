// Whether a compression can be attached to a model.
#pragma once

#include "compress/compression.h"

namespace ingot::compress {

// Throws Error, beginning with `subject`, if the compression names a layer that the model lacks, or one of its settings
// does not fit the layer or contradicts another.
void check_fits(const std::string& subject, bert::Model& model, const Compression& compression);

}  // namespace ingot::compress
