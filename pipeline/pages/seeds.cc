#include "pipeline/pages/seeds.h"

#include <fmt/format.h>

#include <algorithm>

#include "pipeline/pages/fields.h"

namespace ingot::pipeline {
namespace {

using engine::Json;

constexpr const char* kOfNoWeight[] = {"seed",       "out",         "threads", "quiet",  "json", "resume",
                                       "save-every", "tensorboard", "from",    "report", "rows"};
constexpr std::size_t kOfLabsAlone = 3;  // of them, at the end

// What repetitions have in common; null if that is not known.
Json identity_of(const RunFolder& folder) {
  const bool is_lab = folder.result.contains("lab");
  Json options = field(folder.result, "options");
  if (!options.is_object() || !field(folder.result, "seed").is_number()) return {};
  const std::size_t n = std::size(kOfNoWeight) - (is_lab ? 0 : kOfLabsAlone);
  for (std::size_t i = 0; i < n; ++i) options.erase(kOfNoWeight[i]);
  return {{"command", folder.command}, {"options", options}, {"recipe", field(folder.result, "recipe")}};
}

}  // namespace

std::vector<SeedGroup> seed_groups(std::span<const RunFolder> folders) {
  std::vector<SeedGroup> groups;
  for (std::size_t i = 0; i < folders.size(); ++i) {
    const Json identity = identity_of(folders[i]);
    const auto is_repeated = [&](const SeedGroup& group) {
      return !identity.is_null() && identity_of(folders[group[0]]) == identity &&
             std::none_of(group.begin(), group.end(),
                          [&](std::size_t k) { return folders[k].result["seed"] == folders[i].result["seed"]; });
    };
    const auto group = std::find_if(groups.begin(), groups.end(), is_repeated);
    group == groups.end() ? groups.push_back({i}) : group->push_back(i);
  }
  return groups;
}

std::string mean_name(std::span<const RunFolder> folders, const SeedGroup& group) {
  std::string begin = folders[group[0]].name, end = begin;
  std::size_t shortest = begin.size();
  for (const std::size_t i : group) {
    const std::string& name = folders[i].name;
    begin.resize(static_cast<std::size_t>(std::mismatch(begin.begin(), begin.end(), name.begin(), name.end()).first -
                                          begin.begin()));
    const auto same = std::mismatch(end.rbegin(), end.rend(), name.rbegin(), name.rend()).first - end.rbegin();
    end = end.substr(end.size() - static_cast<std::size_t>(same));
    shortest = std::min(shortest, name.size());
  }
  end = end.substr(end.size() - std::min(end.size(), shortest - begin.size()));
  return fmt::format("{}*{}: mean of {} seeds", begin, end, group.size());
}

}  // namespace ingot::pipeline
