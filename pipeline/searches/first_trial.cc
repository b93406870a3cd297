// Few of the combinations of formats lie below a tight bound, and a sampler that has seen none of them can only guess.
// A search that begins with one of them has tried a model within the bound, and knows what one format everywhere gives.
#include "pipeline/searches/first_trial.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "engine/base/error.h"

namespace ingot::pipeline {
namespace {

// All that `run` can pick, in lexical order: it runs once for each. A parameter may depend on those before it.
Alternatives all_picks(const std::function<void(const Pick&)>& run) {
  Alternatives found;
  std::vector<std::size_t> at;  // of each pick, the item that it gets
  for (;;) {
    Parameters parameters;
    std::vector<std::size_t> sizes;
    run([&](const std::string& name, const search::Distribution& d) {
      if (sizes.size() == at.size()) at.push_back(0);
      const std::size_t i = at[sizes.size()];
      sizes.push_back(d.choices.size());
      parameters[name] = d.choices[i];
      return static_cast<double>(i);
    });
    found.push_back(std::move(parameters));
    while (!at.empty() && ++at.back() == sizes[at.size() - 1]) at.pop_back();
    if (at.empty()) return found;
  }
}

// Of every tensor the alternative of this place, or its last.
Parameters everywhere(std::size_t place, const std::vector<Alternatives>& tensors) {
  Parameters all;
  for (const Alternatives& tensor : tensors) all.merge(Parameters(tensor[std::min(place, tensor.size() - 1)]));
  return all;
}

Parameters fewest_bits(const std::vector<Alternatives>& tensors,
                       const std::function<double(const Parameters&)>& bits_of) {
  Parameters best = everywhere(0, tensors);
  double bits = bits_of(best);
  for (const Alternatives& tensor : tensors) {
    for (const Parameters& alternative : tensor) {
      Parameters changed = alternative;
      changed.merge(Parameters(best));
      if (const double b = bits_of(changed); b < bits) {
        bits = b;
        best = std::move(changed);
      }
    }
  }
  return best;
}

}  // namespace

std::vector<Alternatives> alternatives_of(const std::vector<SearchedTensor>& tensors,
                                          const std::vector<FormatSpace>& spaces) {
  std::vector<Alternatives> all;
  for (const SearchedTensor& tensor : tensors)
    all.push_back(all_picks([&](const Pick& pick) { pick_format(tensor, spaces, pick); }));
  return all;
}

std::vector<Alternatives> alternatives_of(const std::vector<WidthAxis>& axes) {
  std::vector<Alternatives> all;
  for (const WidthAxis& axis : axes) {
    all.push_back(all_picks([&](const Pick& pick) { pick_formats({axis}, pick); }));
    // Bits of parameters do not depend on edges.
    if (axis.tensors[0].role != compress::Role::weight) all.back().erase(all.back().begin(), all.back().end() - 1);
  }
  return all;
}

double pick_from(const Parameters& parameters, const std::string& name, const search::Distribution& distribution) {
  const auto& choices = distribution.choices;
  return static_cast<double>(std::find(choices.begin(), choices.end(), parameters.at(name)) - choices.begin());
}

Parameters first_below(double most_bits, const std::vector<Alternatives>& tensors,
                       const std::function<double(const Parameters&)>& bits_of) {
  std::size_t n_places = 1;
  for (const Alternatives& tensor : tensors) n_places = std::max(n_places, tensor.size());
  std::optional<std::pair<double, Parameters>> widest;
  for (std::size_t place = 0; place < n_places; ++place) {
    Parameters parameters = everywhere(place, tensors);
    const double bits = bits_of(parameters);
    if (bits <= most_bits && (!widest || bits > widest->first)) widest = {bits, std::move(parameters)};
  }
  if (widest) return widest->second;
  Parameters narrowest = fewest_bits(tensors, bits_of);
  const double bits = bits_of(narrowest);
  engine::require(bits <= most_bits,
                  "--max-bits {}: the formats with the fewest bits still need {:.2f} a parameter on average", most_bits,
                  std::ceil(bits * 100) / 100);  // a bound that would do
  return narrowest;
}

}  // namespace ingot::pipeline
