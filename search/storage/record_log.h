// Where the records of a journal lie: a list to which several processes append, and which none of them changes
// otherwise. A file is one (journal_file.h), a Redis server keeps others (redis_log.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <string_view>

namespace ingot::search {

// What a journal may ask of memory, as multiples of its bytes, measured with `search bench`, which holds all trials
// twice.
//
//   a record                     kMostLineBytes; a longer one is an error that names it
//   what searches write          1
//   studies                      2.1
//   trials without parameters    35
//   attributes of one trial      19 for names and numbers, 57 for lists in lists: JSON of two bytes a value
inline constexpr std::size_t kMostLineBytes = std::size_t{16} << 20;

// Functions throw Error if the log cannot be read or holds what is no journal, Failure if it cannot be written, and
// Interrupted if waiting is ended by the user.
class RecordLog {
 public:
  virtual ~RecordLog() = default;

  virtual const std::string& name() const = 0;  // for messages; holds no password
  virtual const char* unit() const = 0;         // what a record is called there, before its number: "line"

  // Calls `work`, in which what is appended follows what was read: nobody else appends between. It may be called again
  // from its beginning, after an append that did nothing because somebody else was faster.
  virtual void exclusively(const std::function<void()>& work) = 0;

  // Calls visit(record, number) for the whole records that were appended since the last call, our own among them.
  virtual void read(const std::function<void(std::string_view record, std::int64_t number)>& visit) = 0;

  // Appends whole lines, one a record: all of them or, if it throws, none.
  virtual void append(std::string_view lines) = 0;

  // Whether that worker, an ingot of any machine, has ended. False where that is not known. Never throws.
  virtual bool is_gone(const std::string& worker) = 0;

  // Waits until one of the workers that `workers` gives, again and again, has ended (true), or until it gives none that
  // is not known to run (false).
  virtual bool await_gone(const std::function<std::set<std::string>()>& workers) = 0;
};

}  // namespace ingot::search
