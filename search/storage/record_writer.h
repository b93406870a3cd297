// Writes the records of an Optuna journal: one JSON object a line, the keys as its JournalStorage has them.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "engine/io/json.h"
#include "search/history/record.h"

namespace ingot::search {

// The numbers in "op_code".
enum RecordKind {
  kCreateStudy,
  kDeleteStudy,
  kStudyUserAttribute,
  kStudySystemAttribute,
  kCreateTrial,
  kParameter,
  kState,
  kReport,
  kUserAttribute,
  kSystemAttribute,
};

// For one worker. Studies and trials are named by their place in the file, as Replay tells it.
class RecordWriter {
 public:
  explicit RecordWriter(std::string worker) : worker_(std::move(worker)) {}

  std::string create_study(const std::string& name, const std::vector<Direction>& directions) const;
  std::string study_attribute(int study, const std::string& key, const engine::Json& value) const;
  std::string create_trial(int study) const;
  std::string enqueue_trial(int study, const engine::Json& fixed_parameters) const;
  std::string parameter(int trial, const std::string& name, const Distribution& distribution, double value) const;
  std::string start(int trial) const;
  std::string finish(int trial, State state, const std::vector<double>& values) const;
  std::string report(int trial, std::int64_t step, double value) const;
  std::string user_attribute(int trial, const std::string& key, const engine::Json& value) const;
  std::string system_attribute(int trial, const std::string& key, const engine::Json& value) const;

 private:
  std::string worker_;
};

}  // namespace ingot::search
