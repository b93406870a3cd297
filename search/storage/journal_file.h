// A file to which several processes append lines, in the format of Optuna's JournalFileBackend: complete lines only
// count, appending is done under a lock that Optuna's processes honour too, and is on disk when it returns.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

namespace ingot::search {

// What a journal may ask of memory, as multiples of its bytes, measured with `search bench`, which holds all trials
// twice.
//
//   a line                       kMostLineBytes; a longer one is an error that names it
//   what searches write          1
//   studies                      2.1
//   trials without parameters    35
//   attributes of one trial      19 for names and numbers, 57 for lists in lists: JSON of two bytes a value
inline constexpr std::size_t kMostLineBytes = std::size_t{16} << 20;

class JournalFile {
 public:
  // Created if it does not exist; throws Error. `note` is told, as a sentence, what was mended.
  explicit JournalFile(std::filesystem::path path, std::function<void(const std::string&)> note = nullptr);
  ~JournalFile();
  JournalFile(const JournalFile&) = delete;
  JournalFile& operator=(const JournalFile&) = delete;

  // While it lives, no other process appends. Waits for those that do; after 30 s without a change of the file a lock
  // that an Optuna process left behind is broken (its own rule), one that a killed ingot left at once.
  class Lock {
   public:
    explicit Lock(JournalFile& journal);
    ~Lock();
    Lock(const Lock&) = delete;
    Lock& operator=(const Lock&) = delete;

   private:
    JournalFile& journal_;
  };

  // Calls visit(line, number from 1) for the complete lines written since the last call. Throws Error for a line that
  // is too long or holds zero bytes.
  void read(const std::function<void(std::string_view line, std::int64_t number)>& visit);

  // Under a Lock: cuts off what a killed writer or a power loss left behind the last whole line, a part of a record or
  // zero bytes. Throws Error if it is anything else: then the file is no journal.
  void mend();

  // Mends the file and appends whole lines under a Lock, in one write. When the disk is full, throws Failure and leaves
  // the file as it was.
  void append(std::string_view lines);

  const std::string& name() const { return name_; }  // of the file, for messages

 private:
  void lock();
  void unlock();
  void break_stale_link(double waited_seconds, std::int64_t& seen_change);
  void check_length(std::size_t n_bytes) const;  // of the next line
  void check_line(std::string_view line) const;
  std::int64_t last_place(std::int64_t end, std::int64_t least, bool (*is_sought)(char));

  std::filesystem::path path_, link_;
  std::string name_;
  std::function<void(const std::string&)> note_;
  int descriptor_ = -1;
  std::int64_t read_to_ = 0, n_lines_ = 0;
};

}  // namespace ingot::search
