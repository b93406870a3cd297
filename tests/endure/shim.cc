// A library that is preloaded into the program: its threads lose the processor at moments that a seed chooses.
//
// Before and after calls that hand something from one thread or process to another (locks, conditions, futexes, writes,
// renames, locks of files) a thread yields or sleeps for a moment, or does neither. And a thread of the library sends
// the others a signal now and then, whose handler does the same: so they lose it between any two instructions, also
// those on atomics.
//
// INGOT_STRESS_SEED=N    of all that is drawn; without it nothing happens
// INGOT_STRESS_LOG=FILE  gets a line with the numbers of pauses at calls and by signals, of each process that ends
// Calls have their own names, not those for large files.
#undef _FILE_OFFSET_BITS
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <atomic>

namespace {

std::atomic<bool> is_on{false};
std::atomic<uint64_t> seed{0}, n_threads{0};
std::atomic<long> n_at_calls{0}, n_by_signals{0};
std::atomic<int64_t> n_paused{0};  // nanoseconds
int64_t started = 0;
thread_local uint64_t state = 0;

// Of a symbol whose oldest version is another function, `version` names the one that programs of today are linked to.
template <class Function>
Function real(const char* name, const char* version = nullptr) {
  void* const found = version == nullptr ? dlsym(RTLD_NEXT, name) : dlvsym(RTLD_NEXT, name, version);
  return reinterpret_cast<Function>(found);
}

uint64_t drawn() {  // xorshift64*
  if (state == 0) state = (seed.load() + 0x9e3779b97f4a7c15u * (n_threads.fetch_add(1) + 1)) | 1;
  state ^= state >> 12;
  state ^= state << 25;
  state ^= state >> 27;
  return state * 0x2545f4914f6cdd1du;
}

void sleep_microseconds(uint64_t n) {
  const timespec time{0, static_cast<long>(n * 1000)};
  nanosleep(&time, nullptr);
}

int64_t nanoseconds() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return int64_t{1'000'000'000} * now.tv_sec + now.tv_nsec;
}

// Eight in `most` times it sleeps, one in `most` it yields. On a busy machine a yield may last as long as the turns of
// all others: no more is begun while pauses make up more than three quarters of the time.
void pause_now(std::atomic<long>& count, uint64_t most) {
  const uint64_t choice = (drawn() >> 32) % most;
  if (choice > 8) return;
  const int reason = errno;
  const int64_t start = nanoseconds();
  if (n_paused.load() < (start - started) / 4 * 3) {
    count.fetch_add(1);
    if (choice < 8) {
      sleep_microseconds(drawn() % 100);
    } else {
      sched_yield();
    }
    n_paused.fetch_add(nanoseconds() - start);
  }
  errno = reason;
}

// What is called for every tensor is seldom held up, or a run would take minutes.
constexpr uint64_t kSeldom = 256, kOften = 12;

class Around {
 public:
  explicit Around(uint64_t most = kOften) : most_(most) { pause(); }
  ~Around() { pause(); }

 private:
  void pause() const {
    if (is_on.load(std::memory_order_relaxed)) pause_now(n_at_calls, most_);
  }
  uint64_t most_;
};

void on_signal(int) { pause_now(n_by_signals, kOften); }

int signal_number() { return SIGRTMIN + 3; }

// Sends the signal to one thread after the other, at moments up to four milliseconds apart.
void* disturb(void*) {
  const pid_t process = getpid(), own = static_cast<pid_t>(syscall(SYS_gettid));
  for (;;) {
    DIR* const folder = opendir("/proc/self/task");
    if (folder == nullptr) return nullptr;
    while (const dirent* entry = readdir(folder)) {
      const auto thread = static_cast<pid_t>(atol(entry->d_name));
      if (thread == 0 || thread == own) continue;
      sleep_microseconds(200 + drawn() % 4000);
      syscall(SYS_tgkill, process, thread, signal_number());
    }
    closedir(folder);
  }
}

void say_counts() {
  const char* const name = getenv("INGOT_STRESS_LOG");
  const int file = name == nullptr ? -1 : open(name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (file < 0) return;
  char line[64];
  const int n = snprintf(line, sizeof line, "%ld %ld\n", n_at_calls.load(), n_by_signals.load());
  if (write(file, line, static_cast<size_t>(n)) < 0) return;
  close(file);
}

__attribute__((constructor)) void begin() {
  const char* const number = getenv("INGOT_STRESS_SEED");
  if (number == nullptr || strcmp(program_invocation_short_name, "ingot") != 0) return;
  seed = strtoull(number, nullptr, 10) * 0x9e3779b97f4a7c15u + static_cast<uint64_t>(getpid() % 7);
  struct sigaction action {};
  action.sa_handler = on_signal;
  action.sa_flags = SA_RESTART;
  sigaction(signal_number(), &action, nullptr);
  atexit(say_counts);
  started = nanoseconds();
  sigset_t all, before;  // what is meant for the program is none of this thread's
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, &before);
  pthread_t thread;
  if (pthread_create(&thread, nullptr, disturb, nullptr) == 0) pthread_detach(thread);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  is_on = true;
}

}  // namespace

extern "C" {

int pthread_mutex_lock(pthread_mutex_t* mutex) {
  static const auto call = real<int (*)(pthread_mutex_t*)>("pthread_mutex_lock");
  const Around around(kSeldom);
  return call(mutex);
}

int pthread_mutex_unlock(pthread_mutex_t* mutex) {
  static const auto call = real<int (*)(pthread_mutex_t*)>("pthread_mutex_unlock");
  const Around around(kSeldom);
  return call(mutex);
}

int pthread_cond_wait(pthread_cond_t* condition, pthread_mutex_t* mutex) {
  static const auto call = real<int (*)(pthread_cond_t*, pthread_mutex_t*)>("pthread_cond_wait", "GLIBC_2.3.2");
  const Around around;
  return call(condition, mutex);
}

int pthread_cond_clockwait(pthread_cond_t* condition, pthread_mutex_t* mutex, clockid_t clock, const timespec* until) {
  static const auto call =
      real<int (*)(pthread_cond_t*, pthread_mutex_t*, clockid_t, const timespec*)>("pthread_cond_clockwait");
  const Around around;
  return call(condition, mutex, clock, until);
}

int pthread_cond_signal(pthread_cond_t* condition) {
  static const auto call = real<int (*)(pthread_cond_t*)>("pthread_cond_signal", "GLIBC_2.3.2");
  const Around around;
  return call(condition);
}

int pthread_cond_broadcast(pthread_cond_t* condition) {
  static const auto call = real<int (*)(pthread_cond_t*)>("pthread_cond_broadcast", "GLIBC_2.3.2");
  const Around around;
  return call(condition);
}

ssize_t write(int file, const void* bytes, size_t n) {
  static const auto call = real<ssize_t (*)(int, const void*, size_t)>("write");
  const Around around;
  return call(file, bytes, n);
}

int rename(const char* from, const char* to) {
  static const auto call = real<int (*)(const char*, const char*)>("rename");
  const Around around;
  return call(from, to);
}

int unlink(const char* path) {
  static const auto call = real<int (*)(const char*)>("unlink");
  const Around around;
  return call(path);
}

int symlink(const char* target, const char* path) {
  static const auto call = real<int (*)(const char*, const char*)>("symlink");
  const Around around;
  return call(target, path);
}

int mkdir(const char* path, mode_t mode) {
  static const auto call = real<int (*)(const char*, mode_t)>("mkdir");
  const Around around;
  return call(path, mode);
}

int flock(int file, int operation) {
  static const auto call = real<int (*)(int, int)>("flock");
  const Around around;
  return call(file, operation);
}

int fsync(int file) {
  static const auto call = real<int (*)(int)>("fsync");
  const Around around;
  return call(file);
}

int fcntl(int file, int command, ...) {
  static const auto call = real<int (*)(int, int, void*)>("fcntl");
  va_list more;
  va_start(more, command);
  void* const argument = va_arg(more, void*);
  va_end(more);
  const Around around;
  return call(file, command, argument);
}

int fcntl64(int file, int command, ...) {
  va_list more;
  va_start(more, command);
  void* const argument = va_arg(more, void*);
  va_end(more);
  return fcntl(file, command, argument);
}

// std::atomic waits and wakes by it.
long syscall(long number, ...) {
  static const auto call = real<long (*)(long, ...)>("syscall");
  va_list more;
  va_start(more, number);
  long words[6];
  for (long& word : words) word = va_arg(more, long);
  va_end(more);
  if (number != SYS_futex) return call(number, words[0], words[1], words[2], words[3], words[4], words[5]);
  const Around around;
  return call(number, words[0], words[1], words[2], words[3], words[4], words[5]);
}
}
