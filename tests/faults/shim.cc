// A library that is preloaded into the program: allocations fail, one of them or all from one on.
//
// INGOT_FAULT_SITES=FILE    writes the number of the first allocation from each place (a place: the innermost calls).
// INGOT_FAULT_AT=N          the N-th allocation fails; with INGOT_FAULT_ON=1 all after it too.
// INGOT_FAULT_LOG=FILE      gets the objects of the calls that led to the failed allocation, the innermost first.
// Allocations count from main() on, and in the program itself alone, not in programs that it starts.
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <atomic>

extern "C" {
void* __libc_malloc(size_t);
void* __libc_calloc(size_t, size_t);
void* __libc_realloc(void*, size_t);
void* __libc_memalign(size_t, size_t);
}

namespace {

constexpr int kDepth = 5;  // calls that make a place
constexpr size_t kPlaces = size_t{1} << 18;

std::atomic<bool> counts{false};
std::atomic<long> n_allocations{0};
std::atomic<bool> is_logged{false};
long fails_at = 0;
bool fails_on = false;
int sites_file = -1, log_file = -1;
thread_local bool is_inside = false;
uint64_t places[kPlaces];  // a hash table; 0: free
std::atomic_flag places_busy;

int open_of(const char* variable) {
  const char* name = getenv(variable);
  return name == nullptr ? -1 : open(name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
}

bool is_new(uint64_t place) {
  while (places_busy.test_and_set()) {
  }
  size_t at = place % kPlaces;
  while (places[at] != 0 && places[at] != place) at = (at + 1) % kPlaces;
  const bool found = places[at] == 0;
  places[at] = place;
  places_busy.clear();
  return found;
}

// Where the program itself lies may differ from run to run: addresses count from there.
uint64_t place_of(void* const* calls, int n) {
  uint64_t hash = 1469598103934665603u;
  for (int i = 2; i < n; ++i) {
    Dl_info object{};
    dladdr(calls[i], &object);
    const auto offset = reinterpret_cast<uintptr_t>(calls[i]) - reinterpret_cast<uintptr_t>(object.dli_fbase);
    hash = (hash ^ offset) * 1099511628211u;
  }
  return hash | 1;
}

void note_place(long number) {
  void* calls[kDepth + 2];
  const int n = backtrace(calls, kDepth + 2);
  const uint64_t place = place_of(calls, n);
  if (!is_new(place)) return;
  char line[64];
  const int length = snprintf(line, sizeof line, "%ld %016lx\n", number, place);
  if (write(sites_file, line, static_cast<size_t>(length)) < 0) return;
}

void note_calls() {
  void* calls[40];
  const int n = backtrace(calls, 40);
  char line[512];
  for (int i = 2; i < n; ++i) {
    Dl_info object{};
    dladdr(calls[i], &object);
    const char* file = object.dli_fname == nullptr ? "?" : object.dli_fname;
    const char* base = strrchr(file, '/');
    const auto offset = reinterpret_cast<uintptr_t>(calls[i]) - reinterpret_cast<uintptr_t>(object.dli_fbase);
    const int length = snprintf(line, sizeof line, "%s %lx %s\n", base == nullptr ? file : base + 1, offset - 1,
                                object.dli_sname == nullptr ? "?" : object.dli_sname);
    if (write(log_file, line, static_cast<size_t>(length)) < 0) return;
  }
}

void note_failure() {
  if (log_file >= 0 && !is_logged.exchange(true)) note_calls();
}

// Whether this allocation fails.
bool fails() {
  if (!counts.load(std::memory_order_relaxed) || is_inside) return false;
  const long number = ++n_allocations;
  bool failed = false;
  is_inside = true;
  if (sites_file >= 0) note_place(number);
  if (fails_at != 0 && (fails_on ? number >= fails_at : number == fails_at)) {
    note_failure();
    errno = ENOMEM;
    failed = true;
  }
  is_inside = false;
  return failed;
}

using Main = int (*)(int, char**, char**);
Main real_main = nullptr;

int counted_main(int argc, char** argv, char** environment) {
  if (strcmp(program_invocation_short_name, "ingot") == 0) {
    void* calls[4];
    backtrace(calls, 4);  // loads what it needs
    sites_file = open_of("INGOT_FAULT_SITES");
    log_file = open_of("INGOT_FAULT_LOG");
    if (const char* at = getenv("INGOT_FAULT_AT")) fails_at = atol(at);
    fails_on = getenv("INGOT_FAULT_ON") != nullptr;
    for (const char* variable : {"LD_PRELOAD", "INGOT_FAULT_SITES", "INGOT_FAULT_LOG", "INGOT_FAULT_AT"})
      unsetenv(variable);
    counts = true;
  }
  return real_main(argc, argv, environment);
}

}  // namespace

extern "C" {

void* malloc(size_t n_bytes) { return fails() ? nullptr : __libc_malloc(n_bytes); }
void* calloc(size_t n, size_t n_bytes) { return fails() ? nullptr : __libc_calloc(n, n_bytes); }
void* realloc(void* block, size_t n_bytes) { return fails() ? nullptr : __libc_realloc(block, n_bytes); }
void* memalign(size_t alignment, size_t n_bytes) { return fails() ? nullptr : __libc_memalign(alignment, n_bytes); }
void* aligned_alloc(size_t alignment, size_t n_bytes) { return memalign(alignment, n_bytes); }
int posix_memalign(void** block, size_t alignment, size_t n_bytes) {
  void* const found = memalign(alignment, n_bytes);
  if (found == nullptr) return ENOMEM;
  *block = found;
  return 0;
}

int __libc_start_main(Main main, int argc, char** argv, void (*init)(), void (*fini)(), void (*rtld_fini)(),
                      void* end) {
  using Start = int (*)(Main, int, char**, void (*)(), void (*)(), void (*)(), void*);
  real_main = main;
  return reinterpret_cast<Start>(dlsym(RTLD_NEXT, "__libc_start_main"))(counted_main, argc, argv, init, fini, rtld_fini,
                                                                        end);
}
}
