// The functions that libFuzzer calls (llvm.org/docs/LibFuzzer.html), for the target that --reader=NAME names. libFuzzer
// passes over options that begin so.
#include <sanitizer/allocator_interface.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "tests/fuzz/bounds.h"
#include "tests/fuzz/target.h"

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t n_bytes, std::size_t most_bytes);

namespace {

using namespace ingot::fuzz;

const Target* target = nullptr;

const Target* target_of(int argc, char** argv) {
  constexpr std::string_view kOption = "--reader=";
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    for (const Target& each : targets()) {
      if (word.starts_with(kOption) && word.substr(kOption.size()) == each.name) return &each;
    }
  }
  return nullptr;
}

// What is allocated and not yet freed, and the most that it was since the last input began.
std::atomic<std::int64_t> held{0}, peak{0};

void count_allocated(const volatile void*, std::size_t n_bytes) {
  const std::int64_t now = held.fetch_add(static_cast<std::int64_t>(n_bytes)) + static_cast<std::int64_t>(n_bytes);
  if (now > peak) peak = now;
}

void count_freed(const volatile void* memory) {
  if (memory != nullptr) held -= static_cast<std::int64_t>(__sanitizer_get_allocated_size(memory));
}

}  // namespace

// The flags of bounds.h stand before those that were given, which so win.
extern "C" int LLVMFuzzerInitialize(int* argc, char*** argv) {
  target = target_of(*argc, *argv);
  if (target == nullptr) {
    std::fprintf(stderr, "%s: --reader=NAME must name one of the targets\n", (*argv)[0]);
    std::exit(2);
  }
  static std::vector<char*> arguments{(*argv)[0]};
  for (const char* flag : kFlags) arguments.push_back(const_cast<char*>(flag));
  arguments.insert(arguments.end(), *argv + 1, *argv + *argc + 1);
  *argc = static_cast<int>(arguments.size()) - 1;
  *argv = arguments.data();
  __sanitizer_install_malloc_and_free_hooks(count_allocated, count_freed);
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t n_bytes) {
  const std::int64_t before = held;
  peak = before;
  outcome_of(*target, {reinterpret_cast<const char*>(data), n_bytes});
  const std::size_t taken = static_cast<std::size_t>(peak - before);
  const std::size_t most = target->most_memory + kMemoryMultiple * n_bytes;
  if (taken > most) {
    std::fprintf(stderr, "%s: %zu bytes of input take %zu of memory, at most %zu are allowed\n", target->name, n_bytes,
                 taken, most);
    std::abort();
  }
  return 0;
}

// A quarter is left to libFuzzer, which knows what the reader compares its input with.
extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t n_bytes, std::size_t most_bytes,
                                               unsigned seed) {
  Rng rng(seed, static_cast<std::uint64_t>(ingot::engine::Stream::test));
  if (rng.below(4) == 0) return LLVMFuzzerMutate(data, n_bytes, most_bytes);
  const std::string bytes = mutated(*target, std::string(reinterpret_cast<const char*>(data), n_bytes), rng);
  const std::size_t n = std::min(bytes.size(), most_bytes);
  std::memcpy(data, bytes.data(), n);
  return n;
}
