// What reading an input may take, in one place. Inputs are short, so the constants weigh more than the multiples:
// docs/limits.md has those, which other tests measure on large files.
//
// Memory is that of malloc: what is held at a time, counted.
#pragma once

#include <cstddef>

namespace ingot::fuzz {

// Bytes that are held at a time for each of the input, beside Target::most_memory.
inline constexpr std::size_t kMemoryMultiple = 128;

// Bytes of a message for each of the input, and beside: it may quote a value in whole.
inline constexpr std::size_t kMessageMultiple = 8, kMessageBytes = 4096;

// Of a program of libFuzzer: bytes of an input, seconds for one, MiB of the process and of one allocation.
inline constexpr char kFlags[][32] = {"-max_len=8192", "-timeout=10", "-rss_limit_mb=3000", "-malloc_limit_mb=1500"};

}  // namespace ingot::fuzz
