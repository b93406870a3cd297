// What operations read of a model file (compress/lower/model_file.h): formats, and the weights that it names or draws.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "compress/formats/fixed.h"
#include "compress/integer/fields.h"
#include "engine/io/safetensors.h"

namespace ingot::compress {

// The fixed-point format under a name. Throws Error for another one, or one that is rounded at random.
FixedPoint fixed_in(Fields& fields, const std::string& name);

// The weights and biases of the layers: read from a file, or drawn.
class ModelWeights {
 public:
  // `file`: relative to `folder`; empty: drawn by the seed, of all codes of their formats or within +-bound.
  ModelWeights(const std::string& file, const std::filesystem::path& folder, bool of_all_codes, std::uint64_t seed);

  // Counts the weights of one more layer, before memory is allocated for them. Throws Error beyond kMaxWeights.
  void count(const std::string& where, std::int64_t n);

  // The tensor of that name and shape as codes of the format. Throws Error for a number outside of it.
  std::vector<std::int64_t> codes(const std::string& name, const std::vector<std::int64_t>& shape, double bound,
                                  const FixedPoint& format);

 private:
  std::vector<float> values(const std::string& name, const std::vector<std::int64_t>& shape, double bound,
                            const FixedPoint& format);

  std::optional<engine::Safetensors> file_;
  bool of_all_codes_;
  std::uint64_t seed_, n_drawn_ = 0;
  std::int64_t n_counted_ = 0;
};

}  // namespace ingot::compress
