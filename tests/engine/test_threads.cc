#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <iterator>
#include <new>
#include <set>
#include <stdexcept>
#include <thread>
#include <vector>

#include "engine/base/threads.h"
#include "tests/support/error_text.h"

using namespace ingot::engine;

namespace {

// How often parallel_for visits each of [0, count).
std::vector<int> visits(std::int64_t count, std::int64_t grain) {
  std::vector<std::atomic<int>> seen(static_cast<std::size_t>(count));
  parallel_for(count, grain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) ++seen[static_cast<std::size_t>(i)];
  });
  return {seen.begin(), seen.end()};
}

struct ThreadCount {
  explicit ThreadCount(int count) : before(threads()) { set_threads(count); }
  ~ThreadCount() { set_threads(before); }
  int before;
};

}  // namespace

TEST_CASE("every index is visited once, for any count, grain and number of threads") {
  for (const int count : {1, 2, 5, 3}) {
    const ThreadCount guard(count);
    for (const std::int64_t n : {0, 1, 2, 63, 1000}) {
      for (const std::int64_t grain : {1, 7, 1000})
        CHECK(visits(n, grain) == std::vector<int>(static_cast<std::size_t>(n), 1));
    }
  }
}

TEST_CASE("a loop of millions of chunks visits every index once") {
  const ThreadCount guard(2);
  const std::int64_t n = 2500000;
  CHECK(visits(n, 1) == std::vector<int>(static_cast<std::size_t>(n), 1));
}

TEST_CASE("chunks do not depend on the number of threads") {
  std::vector<std::set<std::pair<std::int64_t, std::int64_t>>> all;
  for (const int count : {1, 4}) {
    const ThreadCount guard(count);
    std::vector<std::pair<std::int64_t, std::int64_t>> chunks(15);
    parallel_for(100, 7, [&](std::int64_t begin, std::int64_t end) {
      chunks[static_cast<std::size_t>(begin / 7)] = {begin, end};
    });
    all.emplace_back(chunks.begin(), chunks.end());
  }
  CHECK(all[0] == all[1]);
  CHECK(all[0].contains({98, 100}));
}

TEST_CASE("many short loops in a row, with pauses long enough to fall asleep, lose nothing") {
  const ThreadCount guard(4);
  std::int64_t total = 0;
  for (int i = 0; i < 20000; ++i) {
    std::atomic<std::int64_t> sum{0};
    parallel_for(1 + i % 9, 1, [&](std::int64_t begin, std::int64_t) { sum += begin + 1; });
    total += sum;
    if (i % 2000 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  std::int64_t expected = 0;
  for (int i = 0; i < 20000; ++i) expected += (1 + i % 9) * (2 + i % 9) / 2;
  CHECK(total == expected);
}

TEST_CASE("several threads share the work, and a loop inside a loop runs in line") {
  const ThreadCount guard(2);
  std::atomic<int> n_inside{0};
  std::vector<std::thread::id> ids(2);
  parallel_for(2, 1, [&](std::int64_t begin, std::int64_t) {
    ids[static_cast<std::size_t>(begin)] = std::this_thread::get_id();
    ++n_inside;
    while (n_inside < 2) std::this_thread::yield();  // until the other chunk runs too
    const std::thread::id outer = std::this_thread::get_id();
    parallel_for(10, 1, [&](std::int64_t, std::int64_t) { CHECK(std::this_thread::get_id() == outer); });
  });
  CHECK(ids[0] != ids[1]);
}

TEST_CASE("loops called from several threads at once are all done") {
  const ThreadCount guard(3);
  std::vector<std::thread> callers;
  std::atomic<int> n_right{0};
  for (int t = 0; t < 4; ++t) {
    callers.emplace_back([&] {
      for (int i = 0; i < 200; ++i) n_right += visits(50, 3) == std::vector<int>(50, 1);
    });
  }
  for (std::thread& caller : callers) caller.join();
  CHECK(n_right == 800);
}

TEST_CASE("a number of threads out of range is refused") {
  CHECK(ingot::test::contains(ingot::test::error_text([] { set_threads(0); }), "between 1 and 1024, got 0"));
}

TEST_CASE("groups call every body once, and the loops inside visit every index once, on any number of threads") {
  for (const int count : {1, 2, 3, 5, 8}) {
    const ThreadCount guard(count);
    for (const std::int64_t n : {0, 1, 2, 7}) {
      std::vector<std::atomic<int>> seen(static_cast<std::size_t>(n) * 100);
      for (int repeat = 0; repeat < 20; ++repeat) {
        parallel_groups(n, [&](std::int64_t body) {
          parallel_for(100, 3, [&](std::int64_t begin, std::int64_t end) {
            for (std::int64_t i = begin; i < end; ++i) ++seen[static_cast<std::size_t>(body * 100 + i)];
          });
        });
      }
      CHECK(std::all_of(seen.begin(), seen.end(), [](int times) { return times == 20; }));
    }
  }
}

TEST_CASE("a loop inside of a body uses the threads of its group") {
  const ThreadCount guard(4);
  CHECK(groups_for(2).n_groups == 2);
  CHECK(groups_for(2).n_threads == 2);
  std::atomic<int> n_inside{0};
  parallel_groups(2, [&](std::int64_t) {  // all four are inside at once, or this does not end
    parallel_for(2, 1, [&](std::int64_t, std::int64_t) {
      ++n_inside;
      while (n_inside < 4) std::this_thread::yield();
    });
  });
  CHECK(n_inside == 4);
}

TEST_CASE("threads that call groups and end leave no threads behind") {
  const ThreadCount guard(4);
  const auto n_threads_of_process = [] {
    const std::filesystem::directory_iterator tasks("/proc/self/task");
    return std::distance(begin(tasks), end(tasks));
  };
  const auto call = [] {
    std::atomic<int> n_inside{0};
    std::thread([&] {
      parallel_groups(2, [&](std::int64_t) {
        ++n_inside;
        while (n_inside < 2) std::this_thread::yield();  // until the other group works too
        parallel_for(2, 1, [](std::int64_t, std::int64_t) {});
      });
    }).join();
  };
  for (int i = 0; i < 10; ++i) call();  // whatever teams there may be are there now
  const auto before = n_threads_of_process();
  for (int i = 0; i < 30; ++i) call();
  CHECK(n_threads_of_process() <= before + 2);
}

TEST_CASE("threads that do not divide among the bodies are in the groups that are done first") {
  const std::int64_t expected[][4] = {
      // threads, bodies, groups, threads of each
      {16, 8, 8, 2}, {12, 8, 4, 3}, {8, 8, 8, 1}, {2, 8, 2, 1}, {16, 1, 1, 16}, {1, 8, 1, 1}, {16, 0, 1, 16}};
  for (const auto& [n_threads, n_bodies, n_groups, n_each] : expected) {
    const ThreadCount guard(static_cast<int>(n_threads));
    CAPTURE(n_threads);
    CAPTURE(n_bodies);
    CHECK(groups_for(n_bodies).n_groups == n_groups);
    CHECK(groups_for(n_bodies).n_threads == n_each);
  }
}

TEST_CASE("an exception of a body is thrown again, and nothing is called after it") {
  const ThreadCount guard(1);
  int n_called = 0;
  const auto body = [&](std::int64_t i) {
    ++n_called;
    if (i == 2) throw std::runtime_error("third");
  };
  CHECK_THROWS_WITH(parallel_groups(5, body), "third");
  CHECK(n_called == 3);
  CHECK(visits(10, 1) == std::vector<int>(10, 1));  // and threads work as before
}

TEST_CASE("what a chunk throws on any thread reaches the caller, once all chunks are done, and the next loop works") {
  const int before = threads();
  for (const int n : {1, 2, 4}) {
    set_threads(n);
    for (const std::int64_t thrower : {0, 5, 15}) {
      std::atomic<int> n_done = 0;
      const auto body = [&](std::int64_t begin, std::int64_t) {
        if (begin == thrower || begin == thrower + 1) throw std::bad_alloc();
        std::this_thread::sleep_for(std::chrono::microseconds(50));
        ++n_done;
      };
      CHECK_THROWS_AS(parallel_for(16, 1, body), std::bad_alloc);
      const int n_seen = n_done;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      CHECK(n_done == n_seen);  // none is under way any more
      CHECK(visits(100, 1) == std::vector<int>(100, 1));
    }
  }
  set_threads(before);
}
