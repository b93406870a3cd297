#include "bench/programs.h"

#include <algorithm>
#include <regex>

#include "bench/child.h"
#include "engine/io/json.h"

namespace ingot::bench {

std::vector<std::string> list_benchmarks(const std::string& program) {
  Child child({built("bench/" + program).string(), "--benchmark_list_tests"}, Child::Errors::pass);
  std::vector<std::string> names;
  while (const std::optional<std::string> line = child.read_line()) names.push_back(*line);
  return names;
}

engine::Json run_benchmarks(const std::string& program, const std::string& filter,
                            const std::vector<std::string>& more) {
  const std::vector<std::string> names = list_benchmarks(program);
  const std::regex pattern(filter);
  if (std::none_of(names.begin(), names.end(), [&](const auto& name) { return std::regex_search(name, pattern); }))
    return engine::Json::array();
  std::vector<std::string> command{built("bench/" + program).string(), "--benchmark_format=json",
                                   "--benchmark_min_time=0.1", "--benchmark_filter=" + filter};
  command.insert(command.end(), more.begin(), more.end());
  return engine::Json::parse(output_of(command))["benchmarks"];
}

}  // namespace ingot::bench
