// What strangers may write, given to the readers in any form: a target is one reader with what can be said of its
// syntax. tests/fuzz/run builds a program of them with libFuzzer, which looks for inputs that go new ways; the tests
// run all targets over the inputs of corpus/ and some mutations of these.
//
// What counts as right: a reader returns, or throws what main() shows (Error, Failure, filesystem_error) with a
// sentence that fits on a terminal. Anything else is a fault: another exception, a crash, a leak, what a sanitizer
// reports, more memory than bounds.h has, more time than the runner gives.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "engine/base/rng.h"

namespace ingot::fuzz {

using engine::Rng;

struct Target {
  const char* name;  // of the option --reader, of its file in targets/, of its folder in corpus/
  void (*read)(std::string_view bytes);
  // The bytes, changed by the rules of their syntax. Null: by what any bytes can suffer.
  std::string (*mutated)(std::string bytes, Rng& rng) = nullptr;
  std::span<const std::string_view> pieces{};      // of the syntax, which mutations insert
  std::size_t most_memory = std::size_t{8} << 20;  // bytes beside kMemoryMultiple times the input
};

// All targets, by the list in meson.build.
std::span<const Target> targets();

enum class Outcome { read, refused };

// Reads the bytes. Throws std::logic_error if the reader refuses them without a sentence that can be shown, and
// whatever else the reader throws.
Outcome outcome_of(const Target& target, std::string_view bytes);

// The bytes, changed as the target says or as any bytes.
std::string mutated(const Target& target, std::string bytes, Rng& rng);

// A file with these bytes, in a folder of the process's own: for readers that take paths. A call overwrites what an
// earlier one put under that name.
std::filesystem::path file_of(std::string_view name, std::string_view bytes);

// That folder.
const std::filesystem::path& folder();

}  // namespace ingot::fuzz
