#include "tests/faults/record.h"

#include <fmt/format.h>

#include <fstream>
#include <nlohmann/json.hpp>

namespace ingot::test {

namespace fs = std::filesystem;
using Json = nlohmann::json;

namespace {

const std::vector<std::string> kOutcomes = {"survived", "untidy", "refused", "stopped", "missed", "library", "FAILED"};

std::string table(const std::string& title, const std::map<std::string, std::map<std::string, int>>& counts) {
  std::string text = fmt::format("| {} | injected |", title), rule = "|---|--:|";
  for (const std::string& outcome : kOutcomes) {
    text += fmt::format(" {} |", outcome);
    rule += "--:|";
  }
  text += "\n" + rule + "\n";
  for (const auto& [name, by_outcome] : counts) {
    int n_injected = 0;
    std::string row;
    for (const std::string& outcome : kOutcomes) {
      const auto found = by_outcome.find(outcome);
      const int n = found == by_outcome.end() ? 0 : found->second;
      if (outcome != "missed") n_injected += n;
      row += fmt::format(" {} |", n);
    }
    text += fmt::format("| {} | {} |{}\n", name, n_injected, row);
  }
  return text;
}

}  // namespace

Record::Record(const fs::path& folder) : folder_(folder) {
  fs::create_directories(folder);
  std::ifstream file(folder / "journal.jsonl");
  for (std::string text; std::getline(file, text);) {
    const Json line = Json::parse(text, nullptr, false);
    if (line.is_discarded()) continue;
    lines_.push_back({line["command"], line["kind"], line["fault"], line["outcome"], line["where"], line["text"]});
    done_.insert(lines_.back().command + "\n" + lines_.back().fault);
  }
}

bool Record::has(const std::string& command, const Fault& fault) const {
  return done_.contains(command + "\n" + fault.name());
}

void Record::add(const std::string& command, const Fault& fault, const Verdict& verdict) {
  lines_.push_back({command, fault.kind, fault.name(), verdict.outcome, verdict.where, verdict.text});
  done_.insert(command + "\n" + fault.name());
  const Json line = {{"command", command},         {"kind", fault.kind},     {"fault", fault.name()},
                     {"outcome", verdict.outcome}, {"where", verdict.where}, {"text", verdict.text}};
  std::ofstream(folder_ / "journal.jsonl", std::ios::app)
      << line.dump(-1, ' ', false, Json::error_handler_t::replace) << "\n";
}

int Record::n_failed() const {
  int n = 0;
  for (const Line& line : lines_) n += line.outcome == "FAILED";
  return n;
}

void Record::write_tables(const std::map<std::string, std::set<std::string>>& unsteady) const {
  std::map<std::string, std::map<std::string, int>> by_kind, by_command;
  Json all = Json::object();
  std::string wrong;
  for (const Line& line : lines_) {
    ++by_kind[line.kind][line.outcome];
    ++by_command[line.command][line.outcome];
    if (line.outcome == "FAILED" || line.outcome == "library")
      wrong += fmt::format("- {}: {}, {} ({}): {}\n", line.outcome, line.command, line.fault, line.where, line.text);
  }
  std::string text = table("kind", by_kind) + "\n" + table("command", by_command);
  text += "\nMembers of JSON that depend on the clock and are not compared:";
  for (const std::string& member : kUnsteadyMembers) text += " " + member;
  text += ".\n";
  for (const auto& [command, files] : unsteady) {
    if (files.empty()) continue;
    text += fmt::format("Not compared, as two unbroken runs of {} write them differently:", command);
    for (const std::string& file : files) text += " " + file;
    text += ".\n";
  }
  text += "\n" + wrong;
  std::ofstream(folder_ / "table.md") << text;
  std::ofstream(folder_ / "table.json") << Json({{"kinds", by_kind}, {"commands", by_command}}).dump(1) << "\n";
}

}  // namespace ingot::test
