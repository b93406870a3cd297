#include "tests/faults/trees.h"

#include <fmt/format.h>

#include <cstdint>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <regex>
#include <sstream>

#include "tests/support/temporary_folder.h"

namespace ingot::test {

namespace fs = std::filesystem;
using Json = nlohmann::json;

const std::set<std::string> kUnsteadyMembers = {"cpu_seconds",      "wall_seconds",      "peak_memory_bytes",
                                                "training_seconds", "tokens_per_second", "seconds",
                                                "worker_id",        "datetime_start",    "datetime_complete",
                                                "fitting_seconds",  "reading_seconds",   "seconds_per_trial",
                                                "started",          "texts_per_second",  "resume",
                                                "resumed",          "metrics_bytes",     "evaluation_seconds",
                                                "trials_per_second"};

Tree tree_of(const fs::path& folder) {
  Tree tree;
  for (const auto& item : fs::recursive_directory_iterator(folder)) {
    const std::string name = fs::relative(item.path(), folder).string();
    if (item.is_directory()) {
      tree[name + "/"];
    } else if (item.is_regular_file()) {
      std::ifstream file(item.path(), std::ios::binary);
      tree[name] = {std::istreambuf_iterator<char>(file), {}};
    }
  }
  return tree;
}

void write_tree(const Tree& tree, const fs::path& folder) {
  fs::create_directories(folder);
  for (const auto& [name, content] : tree) {
    if (name.ends_with('/')) {
      fs::create_directories(folder / name);
    } else {
      fs::create_directories((folder / name).parent_path());
      put(folder / name, content);
    }
  }
  // What programs make of files (objects, libraries) is older than they are for no other reason than the order here.
  const auto now = fs::file_time_type::clock::now();
  for (const auto& [name, content] : tree) {
    if (!name.ends_with('/')) fs::last_write_time(folder / name, now);
  }
}

namespace {

void remove_unsteady(Json& value) {
  if (value.is_object()) {
    for (const std::string& member : kUnsteadyMembers) value.erase(member);
  }
  if (!value.is_structured()) return;
  for (Json& item : value) remove_unsteady(item);
}

std::string steady_json(const std::string& text) {
  Json value = Json::parse(text, nullptr, false);
  if (value.is_discarded()) return text;
  remove_unsteady(value);
  return value.dump();
}

// The header of a file of tensors is JSON too, behind its size in 8 bytes.
std::string steady_tensors(const std::string& content) {
  std::uint64_t size = 0;
  if (content.size() < sizeof size) return content;
  std::memcpy(&size, content.data(), sizeof size);
  if (size > content.size() - sizeof size) return content;
  return steady_json(content.substr(sizeof size, size)) + content.substr(sizeof size + size);
}

std::string steady_lines(const std::string& text) {
  std::istringstream lines(text);
  std::string all;
  for (std::string line; std::getline(lines, line);) all += steady_json(line) + "\n";
  return all;
}

// Times in texts for people.
std::string steady_text(const std::string& text) {
  static const std::regex time(R"([0-9.:,]+ (s|ms|seconds|MB|MiB|tokens/s|texts/s|trials/s)\b)");
  return std::regex_replace(text, time, "# $1");
}

}  // namespace

std::string steady(const std::string& name, const std::string& content) {
  const std::string extension = fs::path(name).extension().string();
  if (extension == ".safetensors") return steady_tensors(content);
  if (extension == ".json") return steady_json(content);
  if (extension == ".jsonl" || extension == ".log") return steady_lines(content);
  if (extension == ".md" || extension == ".txt") return steady_text(content);
  return content;
}

std::string differences(const Tree& expected, const Tree& found, const std::set<std::string>& unsteady, int most) {
  std::string text;
  int n = 0;
  const auto add = [&](const std::string& line) {
    if (n++ < most) text += (n > 1 ? "; " : "") + line;
  };
  for (const auto& [name, content] : expected) {
    const auto other = found.find(name);
    if (other == found.end()) {
      add(name + " is missing");
    } else if (content != other->second && !unsteady.contains(name) &&
               steady(name, content) != steady(name, other->second)) {
      add(fmt::format("{} differs", name));
    }
  }
  for (const auto& [name, content] : found) {
    if (!expected.contains(name)) add(name + " is too many");
  }
  if (n > most) text += fmt::format("; and {} more", n - most);
  return text;
}

bool is_temporary(const std::string& name) {
  static const std::regex temporary(R"(.*\.tmp[0-9]*)");
  return std::regex_match(name, temporary);
}

}  // namespace ingot::test
