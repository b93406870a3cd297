// A file to which several processes append lines, in the format of Optuna's JournalFileBackend: complete lines only
// count, appending is done under a lock that Optuna's processes honour too, and is on disk when it returns.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

namespace ingot::search {

class Journal {
 public:
  explicit Journal(std::filesystem::path path);  // created if it does not exist; throws Error
  ~Journal();
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  // While it lives, no other process appends. Waits for those that do; after 30 s without a change of the file a lock
  // that an Optuna process left behind is broken (its own rule), one that a killed ingot left at once.
  class Lock {
   public:
    explicit Lock(Journal& journal);
    ~Lock();
    Lock(const Lock&) = delete;
    Lock& operator=(const Lock&) = delete;

   private:
    Journal& journal_;
  };

  // Calls visit(line, number from 1) for the complete lines written since the last call.
  void read(const std::function<void(std::string_view line, std::int64_t number)>& visit);

  // Appends whole lines under a Lock, in one write. What a killed writer left of a line is cut off first. When the disk
  // is full, throws Error and leaves the file as it was.
  void append(std::string_view lines);

  const std::string& name() const { return name_; }      // of the file, for messages
  const std::string& worker() const { return worker_; }  // names this process in records

  // Whether the worker is an ingot process of this machine that has ended.
  static bool is_dead(const std::string& worker);
  static bool is_ingot(const std::string& worker);
  static bool is_here(const std::string& worker);  // an ingot process of this machine

 private:
  void lock();
  void unlock();
  void break_stale_link(double waited_seconds, std::int64_t& seen_change);
  void cut_torn_line();

  std::filesystem::path path_, link_;
  std::string name_, worker_;
  int descriptor_ = -1;
  std::int64_t read_to_ = 0, n_lines_ = 0;
};

}  // namespace ingot::search
