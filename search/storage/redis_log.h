// A list of records on a Redis server, in the format of Optuna's JournalRedisBackend without a prefix:
//
//   :log_number      the number of the last record; the first is 0
//   :log:N           record N, a JSON object
//   :ingot:lease:W   that worker W runs; it expires when W does not renew it. Its value stands for the machine of W
//                    and the last time that it was started
//
// Optuna's `:snapshot` is a pickle, which could run anything: it is not read. Records are appended by scripts, of which
// a server does one at a time, and wholly or not at all.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "search/storage/record_log.h"
#include "search/storage/redis_connection.h"
#include "search/storage/study_options.h"

namespace ingot::search {

class RedisLog : public RecordLog {
 public:
  // Takes a lease for the worker and renews it as long as it lives. Throws Error if the server is away, or is none that
  // serves. Later a lost connection is tried again for options.patience seconds before it is a Failure.
  RedisLog(const StudyOptions& options, std::string worker);
  ~RedisLog() override;  // gives the lease back

  const std::string& name() const override { return connection_.name(); }
  const char* unit() const override { return "record"; }

  // Of optimistic kind: what is appended counts if no record came since the last read(), else `work` is called again.
  void exclusively(const std::function<void()>& work) override;

  // For a record that is counted and not there it waits as long as for a server: an Optuna with use_cluster writes it
  // later, unless it died. Throws Error then, and Failure if records are gone that had been read.
  void read(const std::function<void(std::string_view record, std::int64_t number)>& visit) override;

  void append(std::string_view lines) override;
  bool is_gone(const std::string& worker) override;
  bool await_gone(const std::function<std::set<std::string>()>& workers) override;

 private:
  using Clock = std::chrono::steady_clock;

  // command() again and again, with pauses, until it succeeds. `was_done` is asked before each repetition; if it says
  // yes, the reply is nil. Throws RedisRefusal.
  RedisReply patiently(const std::vector<std::string>& words, const std::function<bool()>& was_done = nullptr);
  std::vector<std::string> page(std::int64_t from, std::int64_t& last);
  bool has_appended(const std::string& first);
  bool is_alive(const std::string& worker, std::int64_t& milliseconds_left);
  std::string lease_of(const std::string& worker) const;
  void renew();  // until the end, in its own thread

  RedisConnection connection_;
  std::string worker_, machine_;
  std::chrono::milliseconds lease_, patience_;
  std::int64_t n_read_ = 0;
  std::string last_read_;  // record n_read_ - 1
  bool is_exclusive_ = false;
  std::map<std::string, Clock::time_point> alive_;  // workers, and until when they need not be looked at again

  RedisConnection renewal_;  // of the thread
  std::mutex mutex_;
  std::condition_variable end_;
  bool is_over_ = false;
  std::thread thread_;
};

}  // namespace ingot::search
