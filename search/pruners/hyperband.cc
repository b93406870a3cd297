// Hyperband: brackets of successive halving that start pruning at different steps.
#include <fmt/format.h>

#include <cmath>

#include "engine/base/error.h"
#include "search/pruners/pruner.h"

namespace ingot::search {
namespace {

using engine::require;

// CRC-32 of IEEE 802.3, as zlib computes it.
std::uint32_t crc32(std::string_view bytes) {
  std::uint32_t crc = ~0u;
  for (const char byte : bytes) {
    crc ^= static_cast<unsigned char>(byte);
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320u : 0);
  }
  return ~crc;
}

class Hyperband final : public Pruner {
 public:
  explicit Hyperband(const HyperbandOptions& options) : options_(options) {
    require(options.min_resource >= 1, "pruner hyperband: the least resource must be at least 1 step, got {}",
            options.min_resource);
    require(options.max_resource == 0 || options.max_resource >= options.min_resource,
            "pruner hyperband: the most resource must be at least the least, {}, got {}", options.min_resource,
            options.max_resource);
    require(options.reduction >= 2, "pruner hyperband: the reduction must be at least 2, got {}", options.reduction);
  }

  bool should_prune(Report& report) const override {
    const std::int64_t last = options_.max_resource == 0 ? first_last_step(report.view) : options_.max_resource - 1;
    if (last < 0) return false;
    const std::vector<std::int64_t> shares = bracket_shares(std::max(last + 1, options_.min_resource));
    const int bracket = bracket_of(report.study, report.trial.number, shares);
    const HalvingOptions halving{
        .min_resource = options_.min_resource, .reduction = options_.reduction, .early_stopping = bracket};
    return prune_by_halving(report, halving,
                            [&](int number) { return bracket_of(report.study, number, shares) == bracket; });
  }

 private:
  // Of how many trials each bracket gets so many. The first has the most trials, and prunes earliest.
  std::vector<std::int64_t> bracket_shares(std::int64_t max_resource) const {
    const double ratio = static_cast<double>(max_resource) / static_cast<double>(options_.min_resource);
    const auto reduction = static_cast<double>(options_.reduction);
    const int n = static_cast<int>(std::log(ratio) / std::log(reduction)) + 1;  // in doubles: log(243) / log(3) < 5
    std::vector<std::int64_t> shares;
    for (int s = n - 1; s >= 0; --s) {
      shares.push_back(static_cast<std::int64_t>(std::ceil(n * std::pow(reduction, s) / (s + 1))));
    }
    return shares;
  }

  static int bracket_of(const std::string& study, int number, const std::vector<std::int64_t>& shares) {
    std::int64_t total = 0;
    for (const std::int64_t share : shares) total += share;
    std::int64_t place = std::int64_t{crc32(fmt::format("{}_{}", study, number))} % total;
    int bracket = 0;
    while (place >= shares[static_cast<std::size_t>(bracket)]) place -= shares[static_cast<std::size_t>(bracket++)];
    return bracket;
  }

  HyperbandOptions options_;
};

}  // namespace

std::unique_ptr<Pruner> make_hyperband(const HyperbandOptions& options) { return std::make_unique<Hyperband>(options); }

}  // namespace ingot::search
