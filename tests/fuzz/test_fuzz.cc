// The share of fuzzing that every run of the tests has: all readers on their inputs and on some mutations of these.
#include <doctest/doctest.h>

#include <algorithm>
#include <set>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "tests/fuzz/mutations.h"
#include "tests/fuzz/several_files.h"
#include "tests/fuzz/target.h"
#include "tests/support/error_text.h"

using namespace ingot;
using namespace ingot::fuzz;
namespace fs = std::filesystem;

namespace {

constexpr int kMutations = 100;  // of each target

std::vector<std::string> inputs_of(const std::string& name) {
  std::vector<std::string> inputs;
  std::set<fs::path> files;
  for (const auto& item : fs::directory_iterator(fs::path(INGOT_FUZZ_CORPUS) / name)) files.insert(item.path());
  for (const fs::path& file : files) inputs.push_back(engine::read_file(file));
  return inputs;
}

}  // namespace

TEST_CASE("every reader of what strangers write has inputs, of which it reads some") {
  std::set<std::string> names;
  for (const Target& target : targets()) {
    names.insert(target.name);
    int n_read = 0;
    std::string refusals;
    for (const std::string& input : inputs_of(target.name)) {
      n_read += outcome_of(target, input) == Outcome::read;
      refusals += test::error_text([&] { target.read(input); }) + "\n";
    }
    INFO(std::string(target.name), ":\n", refusals);
    CHECK(n_read > 0);
  }
  for (const auto& item : fs::directory_iterator(INGOT_FUZZ_CORPUS)) CHECK(names.contains(item.path().filename()));
}

TEST_CASE("readers read mutated inputs, or refuse them with a sentence that can be shown") {
  int n_read = 0, n_refused = 0;
  for (const Target& target : targets()) {
    INFO(std::string(target.name));
    Rng rng(1, static_cast<std::uint64_t>(engine::Stream::test));
    const std::vector<std::string> inputs = inputs_of(target.name);
    for (int i = 0; i < kMutations; ++i) {
      const std::string input = mutated(target, inputs[static_cast<std::size_t>(i) % inputs.size()], rng);
      ++(outcome_of(target, input) == Outcome::read ? n_read : n_refused);
    }
  }
  CHECK(n_read > 300);
  CHECK(n_refused > 300);
}

TEST_CASE("a reader that refuses without a sentence, or with one that is too long, is at fault") {
  const auto outcome = [](void (*read)(std::string_view)) { return outcome_of({.name = "a", .read = read}, "abc"); };
  CHECK(outcome([](std::string_view) {}) == Outcome::read);
  CHECK(outcome([](std::string_view) { throw engine::Error("a: must be b\x1b[31m\n"); }) == Outcome::refused);
  CHECK_THROWS_AS(outcome([](std::string_view) { throw engine::Error(""); }), std::logic_error);
  CHECK_THROWS_AS(outcome([](std::string_view) { throw engine::Failure(std::string(5000, 'x')); }), std::logic_error);
  CHECK_THROWS_AS(outcome([](std::string_view) { throw std::out_of_range("3"); }), std::out_of_range);
}

TEST_CASE("inputs of several files come apart and together again") {
  const std::vector<NamedFile> files = files_in("lost\n--- a.json\n{}\n--- ../b\nno\n--- c\n\n--- d\n");
  REQUIRE(files.size() == 3);
  CHECK(files[0].name == "a.json");
  CHECK(files[0].bytes == "{}");
  CHECK(files[1].name == "c");
  CHECK(files[1].bytes.empty());
  CHECK(files[2].name == "d");
  CHECK(joined(files) == "--- a.json\n{}\n--- c\n\n--- d\n\n");
}
