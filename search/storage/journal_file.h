// A file to which several processes append lines, in the format of Optuna's JournalFileBackend: complete lines only
// count, appending is done under a lock that Optuna's processes honour too, and is on disk when it returns.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <set>
#include <span>
#include <string>
#include <string_view>

#include "search/storage/record_log.h"

namespace ingot::search {

class JournalFile : public RecordLog {
 public:
  // Created if it does not exist; throws Error. `note` is told, as a sentence, what was mended.
  explicit JournalFile(std::filesystem::path path, std::function<void(const std::string&)> note = nullptr);
  ~JournalFile() override;
  JournalFile(const JournalFile&) = delete;
  JournalFile& operator=(const JournalFile&) = delete;

  const std::string& name() const override { return name_; }
  const char* unit() const override { return "line"; }

  // Mends the file first. Waits for those that write; after 30 s without a change of the file a lock that an Optuna
  // process left behind is broken (its own rule), one that a killed ingot left at once. Not to be nested.
  void exclusively(const std::function<void()>& work) override;

  // Throws Error for a line that is too long or holds zero bytes.
  void read(const std::function<void(std::string_view line, std::int64_t number)>& visit) override;

  // In one write. When the disk is full, throws Failure and leaves the file as it was.
  void append(std::string_view lines) override;

  bool is_gone(const std::string& worker) override;  // known of this machine's alone
  bool await_gone(const std::function<std::set<std::string>()>&) override { return false; }

 private:
  class Lock;

  void lock();
  void unlock();

  // Cuts off what a killed writer or a power loss left behind the last whole line, a part of a record or zero bytes.
  // Throws Error if it is anything else: then the file is no journal.
  void mend();

  void break_stale_link(double waited_seconds, std::int64_t& seen_change);
  void check_length(std::size_t n_bytes) const;  // of the next line
  void check_line(std::string_view line) const;
  void read_at(std::int64_t begin, std::span<char> room) const;
  std::int64_t last_place(std::int64_t end, std::int64_t least, bool (*is_sought)(char));

  std::filesystem::path path_, link_;
  std::string name_;
  std::function<void(const std::string&)> note_;
  int descriptor_ = -1;
  bool is_locked_ = false;  // by this object
  std::int64_t read_to_ = 0, n_lines_ = 0;
};

}  // namespace ingot::search
