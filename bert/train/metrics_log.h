// metrics.jsonl of a run, and the same numbers for TensorBoard.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/files.h"
#include "engine/io/event_file.h"
#include "engine/io/json.h"

namespace ingot::bert {

// Beside metrics.jsonl. TensorBoard reads every file with "tfevents" in its name.
inline constexpr const char kEventsFile[] = "events.out.tfevents.ingot";

// An event for each line of metrics.jsonl. The lines win: of the events that are there already those stay which say
// what the lines say, and what is missing or otherwise is written anew.
class EventLog {
 public:
  // `lines`: what metrics.jsonl holds. Throws Error or Failure if the file cannot be written.
  EventLog(const std::filesystem::path& path, const std::vector<engine::Json>& lines);
  void write(const engine::Json& line);

 private:
  void append(const std::string& event);

  std::optional<engine::AppendedFile> file_;  // there once it is known what stays
};

// Lines are appended; what a resumed run had logged beyond its state is cut off first.
class MetricsLog {
 public:
  // `keep_bytes`: of metrics.jsonl, that belong to the state. Throws Error or Failure if a file cannot be written.
  MetricsLog(const std::filesystem::path& folder, std::int64_t keep_bytes, bool tensorboard);
  void write(const engine::Json& line);
  std::int64_t n_bytes() const { return file_.n_bytes(); }  // of metrics.jsonl

 private:
  engine::AppendedFile file_;
  std::optional<EventLog> events_;
};

// The numbers of a line but its step, under the names that TensorBoard groups by: train/loss, validation/accuracy.
std::vector<engine::Scalar> scalars_of(const engine::Json& line);

}  // namespace ingot::bert
