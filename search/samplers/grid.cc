// Every combination of listed values once, in random order.
#include <algorithm>
#include <set>

#include "engine/base/error.h"
#include "search/history/json.h"
#include "search/samplers/sampler.h"

namespace ingot::search {
namespace {

using engine::require;

class Grid final : public Sampler {
 public:
  explicit Grid(const SamplerOptions& options) : axes_(options.grid) {
    require(!axes_.empty(), "sampler grid: needs the values of each parameter");
    std::sort(axes_.begin(), axes_.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    constexpr double kMostCells = 10'000'000;
    double n_cells = 1;
    for (const auto& [name, values] : axes_) {
      require(!values.empty(), "sampler grid: parameter {} has no values", name);
      n_cells *= static_cast<double>(values.size());
    }
    require(n_cells <= kMostCells, "sampler grid: must have at most {} combinations, has {}", kMostCells, n_cells);
    order_.resize(static_cast<std::size_t>(n_cells));
    for (std::size_t i = 0; i < order_.size(); ++i) order_[i] = static_cast<std::uint32_t>(i);
    NumpyStream stream(options.seed);  // as NumPy's RandomState(seed).shuffle
    for (std::size_t i = order_.size(); i > 1; --i) {
      std::swap(order_[i - 1], order_[stream.at_most(static_cast<std::uint32_t>(i - 1))]);
    }
  }

  std::map<std::string, double> joint(Draw& draw) override {
    auto cell = static_cast<std::size_t>(draw.trial.number);
    if (cell >= order_.size()) {  // numbers were spent on other trials
      const std::vector<std::size_t> open = open_cells(draw.view);
      const auto i = static_cast<std::size_t>(draw.rng.below(open.empty() ? order_.size() : open.size()));
      cell = open.empty() ? i : open[i];
    }
    draw.attributes.emplace_back("grid_id", cell);
    return {};
  }

  double single(Draw& draw, const std::string& name, const Distribution& d) override {
    std::size_t rest = order_[static_cast<std::size_t>(draw.trial.system_attributes.at("grid_id"))];
    for (auto axis = axes_.rbegin(); axis != axes_.rend(); ++axis) {
      const Choice& value = axis->second[rest % axis->second.size()];
      rest /= axis->second.size();
      if (axis->first != name) continue;
      // Ordinals are listed by their items, too.
      const auto label = std::find(d.choices.begin(), d.choices.end(), value);
      const auto held = label != d.choices.end() ? std::optional(static_cast<double>(label - d.choices.begin()))
                                                 : held_value(d, to_json(value));
      require(held && d.contains(*held), "sampler grid: parameter {}: {} is not of {}", name, to_string(value),
              to_string(d));
      return *held;
    }
    engine::fail("sampler grid: parameter {} is not on the grid", name);
  }

  bool draws_again() const override { return false; }

  bool is_exhausted(const View& view) const override { return open_cells(view).empty(); }

 private:
  // Those that no trial has tried or tries.
  std::vector<std::size_t> open_cells(const View& view) const {
    std::vector<char> is_tried(order_.size(), 0);
    for (const TrialRecord& t : view.history.trials) {
      const auto id = t.system_attributes.find("grid_id");
      if (id != t.system_attributes.end() && id->is_number_unsigned() && id->get<std::size_t>() < order_.size()) {
        is_tried[id->get<std::size_t>()] = 1;
      }
    }
    std::vector<std::size_t> open;
    for (std::size_t i = 0; i < is_tried.size(); ++i) {
      if (is_tried[i] == 0) open.push_back(i);
    }
    return open;
  }

  std::vector<std::pair<std::string, std::vector<Choice>>> axes_;  // by name
  std::vector<std::uint32_t> order_;                               // cell to combination
};

}  // namespace

std::unique_ptr<Sampler> make_grid(const SamplerOptions& options) { return std::make_unique<Grid>(options); }

}  // namespace ingot::search
