// How threads share loops that last tens of microseconds.
//
// A parallel region per loop would end at a barrier for the whole team. With a busy neighbour on the machine, each
// barrier then waits until its slowest thread is given a processor again, which is most of the time when loops last
// 50 us. So there is one OpenMP team for the life of the process, fed through a ticket. The caller works too, takes
// whatever nobody has taken, and waits only for chunks under way. A worker that sleeps costs nothing.
//
// The caller takes the chunks of the first half, and the workers take those of the second. Loop after loop over the
// same rows then finds the first half of them in one processor's caches and the second half in another's. Whoever is
// done with a half goes on with what the other would take last.
//
// The price is processor time: a worker that finds nothing to do looks for work for kSpin before it sleeps, and the
// caller spins until the last chunk is done. In return, the next loop of a step finds the workers awake. And the team
// serves one loop at a time: a loop inside of a loop, or of a second thread meanwhile, runs on the thread that asks.
//
// Groups are teams below this one: each thread that works on a body of parallel_groups has a team of its own for the
// loops inside, so that two groups never wait for each other.
#include "engine/base/threads.h"

#include <omp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <exception>
#include <limits>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include "engine/base/error.h"

namespace ingot::engine {
namespace {

std::atomic<int> thread_count{0};  // 0: not set yet
// How many threads a loop of this thread may use; 0: as many as threads() says, of the process's team.
thread_local int allowed = 0;
thread_local bool is_worker = false;  // of a team: it lives as long as the process

// Sets `allowed` while a body runs.
class Allowing {
 public:
  explicit Allowing(int n) : before_(std::exchange(allowed, n)) {}
  ~Allowing() { allowed = before_; }
  Allowing(const Allowing&) = delete;
  Allowing& operator=(const Allowing&) = delete;

 private:
  int before_;
};

void pause_briefly() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

// The first version of Linux's struct sched_attr, whose header cannot be included beside <sched.h>.
struct SchedulingAttributes {
  std::uint32_t size, policy;
  std::uint64_t flags;
  std::int32_t nice;
  std::uint32_t priority;
  std::uint64_t runtime, deadline, period;  // nanoseconds
};

// Asks the system for short turns: a thread with short turns is given a processor at once when it wakes, in exchange
// for being asked to leave sooner. Linux before 6.12 knows no such wish; there nothing changes.
void ask_for_short_turns() {
  constexpr std::uint64_t kShortest = 100'000;  // nanoseconds: Linux takes none that is shorter
  SchedulingAttributes wish{};
  if (::syscall(SYS_sched_getattr, 0, &wish, sizeof wish, 0) != 0) return;  // as they are, niceness among them
  wish.runtime = kShortest;
  ::syscall(SYS_sched_setattr, 0, &wish, 0);
}

// The ticket counts the chunks taken by the caller and by the workers, below the epoch. Epochs are odd while a job is
// being written, even while it may be worked on. A worker claims a chunk by increasing a ticket that has not changed
// since before it read the job, so it can neither mix two jobs nor come late to one. Every field of the job is stored
// after the odd ticket (release) and read before the ticket is increased (acquire): whoever has read a field of a new
// job meets the odd ticket, and its claim fails. On x86 that costs nothing; other CPUs would reorder plain accesses.
class Team {
 public:
  static constexpr int kCountBits = 20;
  static constexpr std::int64_t kMostChunks = (std::int64_t{1} << kCountBits) - 1;

  // n_chunks <= kMostChunks. Workers beside the caller; more are started at need. A loop inside of a chunk may use
  // n_inside threads.
  void share(std::int64_t n_chunks, detail::RunChunk run, const void* work, int n_workers, int n_inside) {
    if (n_workers > n_started_) start(n_workers);
    const std::uint64_t epoch = (ticket_.load(std::memory_order_relaxed) >> kEpochAt) + 1;
    ticket_.store(epoch << kEpochAt, std::memory_order_seq_cst);
    n_chunks_.store(n_chunks, std::memory_order_release);
    run_.store(run, std::memory_order_release);
    work_.store(work, std::memory_order_release);
    n_workers_.store(n_workers, std::memory_order_release);
    n_inside_.store(n_inside, std::memory_order_release);
    n_done_.store(0, std::memory_order_release);
    ticket_.store((epoch + 1) << kEpochAt, std::memory_order_seq_cst);
    if (n_asleep_.load(std::memory_order_seq_cst) > 0) {
      alarm_.fetch_add(1, std::memory_order_seq_cst);
      alarm_.notify_all();
    }
    while (work_on_one(-1)) {
    }
    for (int i = 0; n_done_.load(std::memory_order_acquire) < n_chunks; ++i) {
      i < kPausesBeforeYield ? pause_briefly() : std::this_thread::yield();
    }
    if (has_failed_.exchange(false, std::memory_order_acq_rel))
      std::rethrow_exception(std::exchange(failure_, nullptr));
  }

  std::mutex& busy() { return busy_; }

 private:
  static constexpr int kEpochAt = 2 * kCountBits;
  static constexpr std::uint64_t kByCaller = 1, kByWorkers = std::uint64_t{1} << kCountBits;
  static constexpr int kPausesBeforeYield = 2000;
  static constexpr std::chrono::microseconds kSpin{60};  // longer than the gaps between the loops of a step
  // After so long a worker offers its processor to others, if there are any. The system would take it in the middle of
  // a chunk some time later, for milliseconds in which the caller waits for that chunk.
  static constexpr std::chrono::microseconds kTurn{500};

  // The chunks in the order in which each side takes them: upwards in its own half, then downwards from the end of the
  // other's.
  static std::int64_t chunk_of_caller(std::int64_t i, std::int64_t n_chunks) {
    const std::int64_t half = (n_chunks + 1) / 2;
    return i < half ? i : n_chunks - 1 - (i - half);
  }
  static std::int64_t chunk_of_workers(std::int64_t i, std::int64_t n_chunks) {
    const std::int64_t half = (n_chunks + 1) / 2;
    return half + i < n_chunks ? half + i : n_chunks - 1 - i;
  }

  // Works on one chunk of the current job, if there is one for this worker (-1: the caller).
  bool work_on_one(int worker) {
    std::uint64_t ticket = ticket_.load(std::memory_order_acquire);
    for (;;) {
      const auto by_caller = static_cast<std::int64_t>(ticket & (kByWorkers - 1));
      const auto by_workers = static_cast<std::int64_t>(ticket >> kCountBits & (kByWorkers - 1));
      const std::int64_t n_chunks = n_chunks_.load(std::memory_order_acquire);
      if ((ticket >> kEpochAt) % 2 != 0 || by_caller + by_workers >= n_chunks ||
          worker >= n_workers_.load(std::memory_order_acquire)) {
        return false;
      }
      const detail::RunChunk run = run_.load(std::memory_order_acquire);
      const void* work = work_.load(std::memory_order_acquire);
      const bool is_caller = worker < 0;
      if (!ticket_.compare_exchange_weak(ticket, ticket + (is_caller ? kByCaller : kByWorkers),
                                         std::memory_order_acq_rel)) {
        continue;
      }
      const Allowing allowing(n_inside_.load(std::memory_order_acquire));
      try {
        run(work, is_caller ? chunk_of_caller(by_caller, n_chunks) : chunk_of_workers(by_workers, n_chunks));
      } catch (
          ...) {  // no memory for what the body needs: it must reach the caller, and not before all chunks are done
        if (!has_failed_.exchange(true, std::memory_order_acq_rel)) failure_ = std::current_exception();
      }
      n_done_.fetch_add(1, std::memory_order_release);
      return true;
    }
  }

  void serve(int worker) {
    is_worker = true;
    ask_for_short_turns();
    auto idle_since = std::chrono::steady_clock::now(), turn_since = idle_since;
    for (int i = 0;; ++i) {
      if (work_on_one(worker)) {
        i = -1;
        if (std::chrono::steady_clock::now() - turn_since < kTurn) continue;
        std::this_thread::yield();
        turn_since = std::chrono::steady_clock::now();
        continue;
      }
      pause_briefly();
      if (i == 0) idle_since = std::chrono::steady_clock::now();
      if (i % 16 != 15 || std::chrono::steady_clock::now() - idle_since < kSpin) continue;
      sleep(worker);
      i = -1;
    }
  }

  void sleep(int worker) {
    const std::uint32_t heard = alarm_.load(std::memory_order_seq_cst);
    n_asleep_.fetch_add(1, std::memory_order_seq_cst);
    if (!work_on_one(worker)) alarm_.wait(heard, std::memory_order_seq_cst);
    n_asleep_.fetch_sub(1, std::memory_order_seq_cst);
  }

  // A team of OpenMP threads that never ends its region, opened by a thread of its own.
  void start(int n_workers) {
    try {
      std::thread([this, first = n_started_, count = n_workers - n_started_] {
#pragma omp parallel num_threads(count)
        serve(first + omp_get_thread_num());
      }).detach();
    } catch (const std::system_error& error) {
      throw Failure(fmt::format("threads: cannot start {} more: {}; --threads 1 needs none", n_workers - n_started_,
                                error.code().message()));
    }
    n_started_ = n_workers;
  }

  std::mutex busy_;
  int n_started_ = 0;  // guarded by busy_
  alignas(64) std::atomic<std::uint64_t> ticket_{0};
  alignas(64) std::atomic<std::int64_t> n_done_{0};
  alignas(64) std::atomic<std::int64_t> n_chunks_{0};
  std::atomic<detail::RunChunk> run_{nullptr};
  std::atomic<const void*> work_{nullptr};
  std::atomic<int> n_workers_{0};
  std::atomic<int> n_inside_{1};
  alignas(64) std::atomic<std::uint32_t> alarm_{0};
  std::atomic<int> n_asleep_{0};
  std::atomic<bool> has_failed_{false};  // a chunk of the current job
  std::exception_ptr failure_;           // whose first to fail writes it, before it counts as done
};

Team& team() {
  static Team& the_team = *new Team;  // never destroyed: its threads run until the process ends
  return the_team;
}

// The team of a group's first thread. Workers live as long as the process, and so does the team of each. Of threads
// that call parallel_groups one at a time has a group: they share a team, and leave none behind when they end.
Team& team_of_group() {
  static Team& of_callers = *new Team;
  if (!is_worker) return of_callers;
  thread_local Team& of_worker = *new Team;
  return of_worker;
}

// Chunks on the calling thread and `n_workers` others, each of which may use n_inside threads for loops inside.
void share_on(Team& the_team, std::int64_t n_chunks, detail::RunChunk run, const void* work, int n_workers,
              int n_inside) {
  if (n_workers >= 1 && the_team.busy().try_lock()) {
    const std::lock_guard lock(the_team.busy(), std::adopt_lock);
    the_team.share(n_chunks, run, work, n_workers, n_inside);
    return;
  }
  for (std::int64_t i = 0; i < n_chunks; ++i) run(work, i);
}

}  // namespace

void set_threads(int count) {
  require(count >= 1 && count <= 1024, "threads: must be between 1 and 1024, got {}", count);
  thread_count = count;
}

int threads() {
  const int count = thread_count.load(std::memory_order_relaxed);
  return count > 0 ? count : omp_get_num_procs();
}

// The time of n_bodies equal pieces is rounds / threads of a group, if each thread of a group but the first is worth
// kShare of one alone.
Groups groups_for(std::int64_t n_bodies) {
  constexpr double kShare = 0.85;
  const std::int64_t n = threads();
  Groups best;
  double least = std::numeric_limits<double>::infinity();
  for (std::int64_t n_groups = std::max<std::int64_t>(std::min(n, n_bodies), 1); n_groups >= 1; --n_groups) {
    const auto rounds = static_cast<double>((n_bodies + n_groups - 1) / n_groups);
    const double time = rounds / (1 + kShare * static_cast<double>(n / n_groups - 1));
    if (time < least) {
      least = time;
      best = {n_groups, n / n_groups};
    }
  }
  return best;
}

void detail::share(std::int64_t n_chunks, RunChunk run, const void* work) {
  if (n_chunks > Team::kMostChunks) {
    const std::int64_t grain = (n_chunks + Team::kMostChunks - 1) / Team::kMostChunks;
    parallel_for(n_chunks, grain, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) run(work, i);
    });
    return;
  }
  const std::int64_t n_threads = allowed == 0 ? threads() : allowed;
  const auto n_workers = static_cast<int>(std::min(n_threads, n_chunks)) - 1;
  share_on(allowed == 0 ? team() : team_of_group(), n_chunks, run, work, n_workers, 1);
}

void detail::share_in_groups(std::int64_t n_bodies, RunChunk run, const void* work) {
  const Groups groups = groups_for(n_bodies);
  if (allowed != 0 || groups.n_groups == 1) {  // loops inside share the threads that there are
    for (std::int64_t i = 0; i < n_bodies; ++i) run(work, i);
    return;
  }
  share_on(team(), n_bodies, run, work, static_cast<int>(groups.n_groups) - 1, static_cast<int>(groups.n_threads));
}

}  // namespace ingot::engine
