#include "labs/given.h"

#include <algorithm>

#include "engine/io/json.h"

namespace ingot::labs {
using engine::Json;

std::vector<std::string> same_lab(const Lab& lab, const pipeline::Run& run,
                                  const std::vector<std::string_view>& dropped) {
  std::vector<std::string> words{"lab", std::string(lab.name)};
  for (const std::string& option : run.given) {
    constexpr std::string_view kOwn[] = {"--out", "--threads", "--quiet", "--json", "--config", "--help"};
    if (std::find(std::begin(kOwn), std::end(kOwn), option) != std::end(kOwn)) continue;
    if (std::find(dropped.begin(), dropped.end(), option) != dropped.end()) continue;
    const Json value = run.options.value(option.substr(2), Json());
    if (value.is_boolean()) {
      if (value.get<bool>()) words.push_back(option);
    } else if (!value.is_null()) {
      words.push_back(option + "=" + (value.is_string() ? value.get<std::string>() : value.dump()));
    }
  }
  return words;
}

void add_place(std::vector<std::string>& words, const std::filesystem::path& folder, const Terminal& terminal) {
  words.insert(words.end(), {"--out", folder.string()});
  if (terminal.threads > 0) words.insert(words.end(), {"--threads", std::to_string(terminal.threads)});
  if (terminal.quiet) words.emplace_back("--quiet");
}

}  // namespace ingot::labs
