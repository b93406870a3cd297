#include "search/storage/record_writer.h"

#include <fmt/format.h>

#include <chrono>
#include <ctime>

#include "search/history/json.h"

namespace ingot::search {
namespace {

using engine::Json;

// Local time without a zone, which every Optuna reads right on one machine.
std::string now() {
  const auto time = std::chrono::system_clock::now();
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  const auto micros =
      std::chrono::duration_cast<std::chrono::microseconds>(time.time_since_epoch()).count() % 1'000'000;
  std::tm local{};
  ::localtime_r(&seconds, &local);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}", local.tm_year + 1900, local.tm_mon + 1, local.tm_mday,
                     local.tm_hour, local.tm_min, local.tm_sec, micros);
}

// ASCII on one line. Bytes that are no UTF-8, as messages of the system may hold, are replaced.
std::string text(const Json& value) { return value.dump({.ascii = true, .mended = true}); }

template <class... Args>
std::string record(RecordKind op, const std::string& worker, fmt::format_string<Args...> fields, Args&&... args) {
  return fmt::format("{{\"op_code\":{},\"worker_id\":{},{}}}\n", static_cast<int>(op), text(worker),
                     fmt::format(fields, std::forward<Args>(args)...));
}

}  // namespace

std::string RecordWriter::create_study(const std::string& name, const std::vector<Direction>& directions) const {
  Json numbers = Json::array();
  for (const Direction direction : directions) numbers.push_back(static_cast<int>(direction));
  return record(kCreateStudy, worker_, "\"study_name\":{},\"directions\":{}", text(name), text(numbers));
}

std::string RecordWriter::study_attribute(int study, const std::string& key, const Json& value) const {
  return record(kStudySystemAttribute, worker_, "\"study_id\":{},\"system_attr\":{}", study,
                text(Json::object({{key, value}})));
}

std::string RecordWriter::create_trial(int study) const {
  return record(kCreateTrial, worker_, "\"study_id\":{},\"datetime_start\":\"{}\"", study, now());
}

std::string RecordWriter::enqueue_trial(int study, const Json& fixed_parameters) const {
  return record(kCreateTrial, worker_,
                "\"study_id\":{},\"datetime_start\":null,\"state\":4,\"value\":null,\"values\":null,\"params\":{{}},"
                "\"distributions\":{{}},\"user_attrs\":{{}},\"system_attrs\":{},\"intermediate_values\":{{}}",
                study, text(Json::object({{"fixed_params", fixed_parameters}})));
}

std::string RecordWriter::parameter(int trial, const std::string& name, const Distribution& d, double value) const {
  const std::string number =
      d.kind == Distribution::Kind::real ? number_text(value) : std::to_string(static_cast<std::int64_t>(value));
  return record(kParameter, worker_,
                "\"trial_id\":{},\"param_name\":{},\"param_value_internal\":{},\"distribution\":{}", trial, text(name),
                number, text(to_optuna(d)));
}

std::string RecordWriter::start(int trial) const {
  return record(kState, worker_, "\"trial_id\":{},\"state\":0,\"values\":null,\"datetime_start\":\"{}\"", trial, now());
}

std::string RecordWriter::finish(int trial, State state, const std::vector<double>& values) const {
  std::string list;
  for (const double value : values) {
    if (!list.empty()) list += ',';
    list += number_text(value);
  }
  return record(kState, worker_, "\"trial_id\":{},\"state\":{},\"values\":{},\"datetime_complete\":\"{}\"", trial,
                static_cast<int>(state), values.empty() ? "null" : fmt::format("[{}]", list), now());
}

std::string RecordWriter::report(int trial, std::int64_t step, double value) const {
  return record(kReport, worker_, "\"trial_id\":{},\"step\":{},\"intermediate_value\":{}", trial, step,
                number_text(value));
}

std::string RecordWriter::user_attribute(int trial, const std::string& key, const Json& value) const {
  return record(kUserAttribute, worker_, "\"trial_id\":{},\"user_attr\":{}", trial, text(Json::object({{key, value}})));
}

std::string RecordWriter::system_attribute(int trial, const std::string& key, const Json& value) const {
  return record(kSystemAttribute, worker_, "\"trial_id\":{},\"system_attr\":{}", trial,
                text(Json::object({{key, value}})));
}

}  // namespace ingot::search
