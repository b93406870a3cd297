#include "bert/train/metrics_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <sstream>
#include <string>
#include <string_view>

#include "engine/base/files.h"
#include "engine/io/saved.h"

namespace ingot::bert {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kValidation = "validation_";

double now() { return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count(); }

std::string event_of(double wall_time, const engine::Json& line) {
  return engine::scalars_event(wall_time, line["step"].get<std::int64_t>(), scalars_of(line));
}

std::vector<engine::Json> lines_of(const fs::path& path) {
  std::vector<engine::Json> lines;
  std::istringstream text(engine::read_file(path));
  for (std::string line; std::getline(text, line);) {
    const std::string subject = fmt::format("{}: line {}", path.string(), lines.size() + 1);
    lines.push_back(engine::parse_json(line, subject));
    engine::Saved(lines.back(), subject).get<std::int64_t>("step");
  }
  return lines;
}

// The path, once the file has no more than so many bytes.
fs::path cut(const fs::path& path, std::int64_t n_bytes) {
  const auto most = static_cast<std::uintmax_t>(n_bytes);
  if (fs::exists(path) && fs::file_size(path) >= most) fs::resize_file(path, most);
  return path;
}

}  // namespace

std::vector<engine::Scalar> scalars_of(const engine::Json& line) {
  // What belongs to both, as the epoch does, is of the kind that the line is of.
  const bool is_training = line.contains("loss");
  std::vector<engine::Scalar> scalars;
  for (const auto& [name, value] : line.items()) {
    if (name == "step" || !value.is_number()) continue;
    const std::string_view rest = std::string_view(name).substr(name.starts_with(kValidation) ? kValidation.size() : 0);
    scalars.push_back({(is_training ? "train/" : "validation/") + std::string(rest), value.get<float>()});
  }
  return scalars;
}

EventLog::EventLog(const fs::path& path, const std::vector<engine::Json>& lines) {
  const std::string there = fs::exists(path) ? engine::read_file(path) : std::string();
  std::size_t kept = 0;  // bytes
  const auto keep = [&](const std::string& event) {
    const engine::Record record = engine::first_record(std::string_view(there).substr(kept));
    const bool is_same = record.n_bytes > 0 && engine::dated(record.event).content == engine::dated(event).content;
    if (is_same) kept += record.n_bytes;
    return is_same;
  };
  const double time = now();
  const std::string version = engine::version_event(time);
  const bool has_version = keep(version);
  const auto first_missing =
      std::find_if(lines.begin(), lines.end(), [&](const auto& line) { return !keep(event_of(time, line)); });
  file_.emplace(cut(path, static_cast<std::int64_t>(kept)));
  if (!has_version) append(version);
  std::for_each(first_missing, lines.end(), [&](const auto& line) { append(event_of(time, line)); });
}

void EventLog::write(const engine::Json& line) { append(event_of(now(), line)); }

void EventLog::append(const std::string& event) { file_->write(engine::record(event)); }

MetricsLog::MetricsLog(const fs::path& folder, std::int64_t keep_bytes, bool tensorboard)
    : file_(cut(folder / "metrics.jsonl", keep_bytes)) {
  if (tensorboard) events_.emplace(folder / kEventsFile, lines_of(folder / "metrics.jsonl"));
}

void MetricsLog::write(const engine::Json& line) {
  file_.write(line.dump() + "\n");
  if (events_) events_->write(line);
}

}  // namespace ingot::bert
