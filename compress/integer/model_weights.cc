#include "compress/integer/model_weights.h"

#include <cmath>

#include "compress/integer/graph.h"
#include "engine/base/error.h"
#include "engine/base/rng.h"

namespace ingot::compress {

using engine::require;

namespace {

std::int64_t code_of(float x, const FixedPoint& format, const std::string& where, std::size_t i) {
  const auto [lowest, highest] = engine::fixed_range(format.width, format.frac_bits, format.is_signed);
  const double unit = engine::power_of_two(-format.frac_bits);
  require(std::isfinite(x) && x > lowest - unit && x < highest + unit,
          "{}[{}]: {} does not fit into {}, which goes from {} to {}", where, i, x, to_string(format), lowest, highest);
  return engine::fixed_code(x, format.frac_bits, *format.rounding, format.codes());
}

}  // namespace

FixedPoint fixed_in(Fields& fields, const std::string& name) {
  const std::string text = fields.text(name);
  const auto fixed =
      engine::with_subject([&] { return fields.place(name); }, [&] { return as_fixed(parse_format(text)); });
  require(fixed && fixed->rounding && fixed->set == CodeSet::all,
          "{}: must be fixed point that is not rounded at random, got '{}'", fields.place(name), text);
  return *fixed;
}

ModelWeights::ModelWeights(const std::string& file, const std::filesystem::path& folder, bool of_all_codes,
                           std::uint64_t seed)
    : of_all_codes_(of_all_codes), seed_(seed) {
  if (!file.empty()) file_.emplace(folder / file);
}

void ModelWeights::count(const std::string& where, std::int64_t n) {
  n_counted_ += n;
  require(n_counted_ <= kMaxWeights, "{}: {} weights make {} with those of the layers before; at most {} are possible",
          where, n, n_counted_, kMaxWeights);
}

std::vector<std::int64_t> ModelWeights::codes(const std::string& name, const std::vector<std::int64_t>& shape,
                                              double bound, const FixedPoint& format) {
  const std::vector<float> numbers = values(name, shape, bound, format);
  std::vector<std::int64_t> codes;
  for (std::size_t i = 0; i < numbers.size(); ++i) codes.push_back(code_of(numbers[i], format, name, i));
  return codes;
}

std::vector<float> ModelWeights::values(const std::string& name, const std::vector<std::int64_t>& shape, double bound,
                                        const FixedPoint& format) {
  if (file_) return file_->floats(file_->get(name, "F32", shape));
  std::int64_t n = 1;
  for (const std::int64_t d : shape) n *= d;
  engine::Rng rng(seed_, static_cast<std::uint64_t>(engine::Stream::initialisation) << 56 | n_drawn_++);
  std::vector<float> values;
  const engine::CodeRange codes = format.codes();
  const auto n_codes = static_cast<std::uint64_t>(codes.highest - codes.lowest + 1);
  for (std::int64_t i = 0; of_all_codes_ && i < n; ++i) {
    const std::int64_t code = codes.lowest + static_cast<std::int64_t>(rng.below(n_codes));
    values.push_back(static_cast<float>(std::ldexp(static_cast<double>(code), -format.frac_bits)));
  }
  for (std::int64_t i = 0; !of_all_codes_ && i < n; ++i)
    values.push_back(static_cast<float>((2 * rng.uniform() - 1) * bound));
  return values;
}

}  // namespace ingot::compress
