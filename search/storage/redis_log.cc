// A lock on a server would have to expire, for its holder may die, and then two could hold it. So nobody locks: what
// must follow from what was read (which trial is next, whether a trial is still ours) is appended by a script that does
// nothing if a record has come since. The script also renews the lease, so that no trial is claimed without one.
//
// When a connection is lost, nobody knows whether the last script was run. A record names its worker, which draws its
// name once, so its first record tells: if it is among those that came since, the script was run.
#include "search/storage/redis_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <optional>

#include "engine/base/error.h"
#include "engine/base/printable.h"
#include "engine/base/process.h"
#include "search/storage/worker.h"

namespace ingot::search {
namespace {

using engine::fail;
using engine::require;
using std::chrono::milliseconds;
using Kind = RedisReply::Kind;

constexpr std::size_t kPageBytes = std::size_t{1} << 20;  // after which no further record is added to a page
constexpr std::size_t kPageRecords = 1000;
constexpr milliseconds kFirstPause{50}, kLongestPause{2000};

// ARGV: first number wanted, bytes of a page, records of a page, most bytes of a record.
// Gives the last number as a text, then records up to one that is missing; an empty one stands for one that is too
// long.
constexpr const char* kRead = R"(
local last = redis.call('get', ':log_number')
if not last then return {'-1'} end
local page, bytes = {last}, 0
for i = tonumber(ARGV[1]), tonumber(last) or -1 do
  local key = string.format(':log:%d', i)
  local size = redis.call('strlen', key)
  if size == 0 then break end
  page[#page + 1] = size <= tonumber(ARGV[4]) and redis.call('get', key) or ''
  bytes = bytes + size
  if bytes >= tonumber(ARGV[2]) or #page > tonumber(ARGV[3]) or size > tonumber(ARGV[4]) then break end
end
return page)";

// ARGV: lease key, machine, milliseconds, least last number, most last number ('' for any), records.
// Gives 1, or 0 if there are more records, or -1 if there are fewer. Appends as Optuna does.
constexpr const char* kAppend = R"(
local last = tonumber(redis.call('get', ':log_number') or '-1')
if last < tonumber(ARGV[4]) then return -1 end
if ARGV[5] ~= '' and last > tonumber(ARGV[5]) then return 0 end
redis.call('set', ARGV[1], ARGV[2], 'px', ARGV[3])
redis.call('setnx', ':log_number', -1)
for i = 6, #ARGV do
  redis.call('set', string.format(':log:%d', redis.call('incr', ':log_number')), ARGV[i])
end
return 1)";

// Thrown out of an exclusive append: somebody else was faster.
struct Overtaken {};

// This machine since it was started; containers on it are one machine.
std::string this_machine() {
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string id;
  std::getline(file, id);
  return id.empty() ? random_hex() : id;
}

milliseconds in_milliseconds(double seconds) { return milliseconds(static_cast<std::int64_t>(seconds * 1000)); }

// So that several connections are tried within the patience.
milliseconds silence_of(double patience) { return in_milliseconds(std::clamp(patience / 4, 1.0, 10.0)); }

[[noreturn]] void fail_for_loss(const std::string& name, std::int64_t n_read) {
  throw engine::Failure(fmt::format(
      "{}: must still have the {} records that were read, but others or fewer are there: a server that starts again "
      "keeps all with appendonly yes and appendfsync always",
      name, n_read));
}

void sleep_unless_interrupted(const std::string& name, milliseconds pause) {
  if (engine::interrupted()) throw engine::Interrupted(fmt::format("stopped while waiting for {}", name));
  std::this_thread::sleep_for(pause);
}

}  // namespace

RedisLog::RedisLog(const StudyOptions& options, std::string worker)
    : connection_(parse_redis_url(options.storage), silence_of(options.patience)),
      worker_(std::move(worker)),
      machine_(this_machine()),
      lease_(in_milliseconds(options.lease)),
      patience_(in_milliseconds(options.patience)),
      renewal_(parse_redis_url(options.storage), silence_of(options.patience)) {
  require(lease_ >= milliseconds(100), "study {}: a lease must be at least 0.1 seconds, got {}", options.name,
          options.lease);
  try {
    connection_.command({"SET", lease_of(worker_), machine_, "NX", "PX", std::to_string(lease_.count())});
  } catch (const RedisAway& away) {
    fail("{}: {}", name(), away.what());
  } catch (const RedisRefusal& refusal) {
    fail("{}: cannot be written: {}", name(), refusal.what());
  }
  thread_ = std::thread([this] { renew(); });
}

RedisLog::~RedisLog() {
  {
    const std::lock_guard lock(mutex_);
    is_over_ = true;
  }
  end_.notify_all();
  thread_.join();
  try {
    connection_.command({"DEL", lease_of(worker_)});
  } catch (const std::exception&) {
    // It expires.
  }
}

std::string RedisLog::lease_of(const std::string& worker) const { return ":ingot:lease:" + worker; }

// A server that is away is no concern of this thread: whoever needs it for more says so.
void RedisLog::renew() {
  milliseconds pause = lease_ / 4;
  std::unique_lock lock(mutex_);
  while (!end_.wait_for(lock, pause, [this] { return is_over_; })) {
    lock.unlock();
    try {
      renewal_.command({"SET", lease_of(worker_), machine_, "PX", std::to_string(lease_.count())});
      pause = lease_ / 4;
    } catch (const std::exception&) {
      pause = std::min(lease_ / 4, milliseconds(500));
    }
    lock.lock();
  }
}

RedisReply RedisLog::patiently(const std::vector<std::string>& words, const std::function<bool()>& was_done) {
  const Clock::time_point start = Clock::now();
  milliseconds pause = kFirstPause;
  for (bool is_first = true;; is_first = false) {
    try {
      if (!is_first && was_done && was_done()) return {};
      return connection_.command(words);
    } catch (const RedisAway& away) {
      if (Clock::now() - start > patience_)
        throw engine::Failure(fmt::format("{}: was away for {:.3g} s: {}", name(),
                                          static_cast<double>(patience_.count()) / 1000, away.what()));
    }
    sleep_unless_interrupted(name(), pause);
    pause = std::min(2 * pause, kLongestPause);
  }
}

void RedisLog::exclusively(const std::function<void()>& work) {
  for (std::int64_t n_before = -1;;) {
    is_exclusive_ = true;
    try {
      work();
      is_exclusive_ = false;
      return;
    } catch (const Overtaken&) {
      is_exclusive_ = false;
      require(n_read_ > n_before, "{}: says that others wrote more than {} records, but gives no more", name(),
              n_read_);
      n_before = n_read_;
    } catch (...) {
      is_exclusive_ = false;
      throw;
    }
  }
}

// Records from number `from` on, as many as come at once, and the number of the last one of all.
std::vector<std::string> RedisLog::page(std::int64_t from, std::int64_t& last) {
  RedisReply reply;
  try {
    reply = patiently({"EVAL", kRead, "0", std::to_string(from), std::to_string(kPageBytes),
                       std::to_string(kPageRecords), std::to_string(kMostLineBytes)});
  } catch (const RedisRefusal& refusal) {
    fail("{}: cannot be read from record {} on: {}", name(), from, refusal.what());
  }
  require(reply.kind == Kind::list && !reply.items.empty(), "{}: a list of records must begin with its last number",
          name());
  const std::string& text = reply.items[0].text;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), last);
  require(error == std::errc() && end == text.data() + text.size() && last >= -1 && last < (std::int64_t{1} << 53),
          "{}: log_number must be a whole number from -1 on, got {}", name(), engine::excerpt(text));
  std::vector<std::string> records;
  for (std::size_t i = 1; i < reply.items.size(); ++i) {
    const auto number = from + static_cast<std::int64_t>(i) - 1;
    require(!reply.items[i].text.empty(), "{}: record {}: must have at most {} bytes", name(), number, kMostLineBytes);
    records.push_back(std::move(reply.items[i].text));
  }
  return records;
}

// Each page begins with the last record that was read before: were it another, others would have been lost.
void RedisLog::read(const std::function<void(std::string_view, std::int64_t)>& visit) {
  std::optional<Clock::time_point> missing_since;
  milliseconds pause = kFirstPause;
  for (;;) {
    const std::int64_t from = std::max<std::int64_t>(n_read_ - 1, 0);
    std::int64_t last = -1;
    std::vector<std::string> records = page(from, last);
    if (last + 1 < n_read_) fail_for_loss(name(), n_read_);
    if (n_read_ > 0 && (records.empty() || records[0] != last_read_)) fail_for_loss(name(), n_read_);
    const std::int64_t n_before = n_read_;
    for (std::size_t i = static_cast<std::size_t>(n_read_ - from); i < records.size(); ++i) {
      visit(records[i], n_read_);
      last_read_ = std::move(records[i]);
      ++n_read_;
    }
    if (n_read_ > last) return;
    if (n_read_ > n_before) {
      missing_since.reset();
      continue;
    }
    if (!missing_since) missing_since = Clock::now();
    require(Clock::now() - *missing_since < patience_,
            "{}: record {} of {} is missing: its writer died before it wrote it, or the server dropped it", name(),
            n_read_, last);
    sleep_unless_interrupted(name(), pause);
    pause = std::min(2 * pause, kLongestPause);
  }
}

// Whether this record is among those that were not read yet.
bool RedisLog::has_appended(const std::string& first) {
  for (std::int64_t from = n_read_, last = from; from <= last;) {
    const std::vector<std::string> records = page(from, last);
    if (std::find(records.begin(), records.end(), first) != records.end()) return true;
    if (records.empty()) return false;
    from += std::ssize(records);
  }
  return false;
}

void RedisLog::append(std::string_view lines) {
  const std::string last = std::to_string(n_read_ - 1);
  std::vector<std::string> words{"EVAL",   kAppend,
                                 "0",      lease_of(worker_),
                                 machine_, std::to_string(lease_.count()),
                                 last,     is_exclusive_ ? last : ""};
  const std::size_t first = words.size();
  while (!lines.empty()) {
    const std::size_t end = lines.find('\n');
    require(end <= kMostLineBytes, "{}: a record must have at most {} bytes, has {}", name(), kMostLineBytes, end);
    words.emplace_back(lines.substr(0, end));
    lines.remove_prefix(end + 1);
  }
  if (words.size() == first) return;
  RedisReply reply;
  try {
    reply = patiently(words, [&] { return has_appended(words[first]); });
  } catch (const RedisRefusal& refusal) {
    throw engine::Failure(fmt::format("{}: cannot be written: {}", name(), refusal.what()));
  }
  if (reply.kind == Kind::nil || reply.integer == 1) return;
  if (reply.integer == -1) fail_for_loss(name(), n_read_);
  require(is_exclusive_ && reply.kind == Kind::integer && reply.integer == 0,
          "{}: must answer a script that appends with 1, 0 or -1, or does not keep its rule", name());
  throw Overtaken();
}

// A worker without a lease, or one of this machine that ended and left its lease behind, runs no more.
bool RedisLog::is_alive(const std::string& worker, std::int64_t& milliseconds_left) {
  const RedisReply machine = patiently({"GET", lease_of(worker)});
  if (machine.kind == Kind::nil) return false;
  if (machine.text == machine_ && is_dead_worker(worker)) return false;
  milliseconds_left = patiently({"PTTL", lease_of(worker)}).integer;
  return milliseconds_left != -2;
}

// A worker with a lease is looked at again only after a while: claims ask for every trial that runs.
bool RedisLog::is_gone(const std::string& worker) {
  if (!is_ingot_worker(worker)) return false;
  const Clock::time_point now = Clock::now();
  const auto known = alive_.find(worker);
  if (known != alive_.end() && now < known->second) return false;
  try {
    std::int64_t left = 0;
    if (!is_alive(worker, left)) return alive_.erase(worker), true;
    alive_[worker] = now + std::min(lease_ / 20, milliseconds(std::max<std::int64_t>(left, 0)));
  } catch (const std::exception&) {
    // Whoever appends next says what is wrong.
  }
  return false;
}

// A lease that is longer than when it was last seen was renewed: its worker runs.
bool RedisLog::await_gone(const std::function<std::set<std::string>()>& workers) {
  const Clock::time_point start = Clock::now();
  std::map<std::string, std::int64_t> seen;
  std::set<std::string> running;
  while (Clock::now() - start < 2 * lease_) {
    std::size_t n_unknown = 0;
    for (const std::string& worker : workers()) {
      if (running.contains(worker)) continue;
      std::int64_t left = 0;
      if (!is_alive(worker, left)) return alive_.erase(worker), true;
      const auto [before, is_new] = seen.try_emplace(worker, left);
      if (left > before->second) running.insert(worker);
      n_unknown += left <= before->second;
      before->second = left;
    }
    if (n_unknown == 0) return false;
    sleep_unless_interrupted(name(), std::min(lease_ / 20, milliseconds(200)));
  }
  return false;
}

}  // namespace ingot::search
