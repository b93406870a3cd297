// The testbench itself: devices in C++ that break the rules of a stream, each in its own way, are found out.
#include <doctest/doctest.h>

#include "hw/simulation/testbench/testbench.h"

namespace ingot::testbench {
namespace {

enum class Fault {
  none,
  wrong_value,
  dropped,
  doubled,
  valid_falls,
  data_change,
  valid_waits_for_ready,
  deaf,
  endless,
  forgets_reset
};

// A register between two streams of 16 bits: y = x + 1.
class Increment : public Device {
 public:
  explicit Increment(Fault fault) : fault_(fault) {
    clock = &clk_;
    reset = &rst_;
    channels.push_back({"increment", {16, 1, in_, &in_valid_, &in_ready_}, {16, 1, out_, &out_valid_, &out_ready_}});
  }

  void settle() override {
    if (clk_ != 0 && was_low_) edge();
    was_low_ = clk_ == 0;
    out_valid_ = full_ && !(fault_ == Fault::valid_waits_for_ready && out_ready_ == 0) ? 1 : 0;
    in_ready_ = (!full_ || out_ready_ != 0) && !(fault_ == Fault::deaf && count_ > 50) && !is_endless() ? 1 : 0;
  }

 private:
  // Takes nothing any more, and gives the same again and again.
  bool is_endless() const { return fault_ == Fault::endless && count_ > 50; }

  void edge() {
    if (rst_ != 0) {
      if (fault_ != Fault::forgets_reset) full_ = false;
      return;
    }
    const bool takes = in_valid_ != 0 && in_ready_ != 0, gives = out_valid_ != 0 && out_ready_ != 0;
    const bool faulty = ++count_ % 97 == 0;
    if (gives) full_ = fault_ == Fault::doubled && faulty;
    if (is_endless()) full_ = true;
    if (!gives && full_ && faulty && fault_ == Fault::valid_falls) full_ = false;
    if (!gives && full_ && faulty && fault_ == Fault::data_change) out_[0] ^= 1;
    if (!takes || (fault_ == Fault::dropped && faulty)) return;
    const int sum = in_[0] + 256 * in_[1] + (fault_ == Fault::wrong_value && faulty ? 2 : 1);
    out_[0] = static_cast<Byte>(sum);
    out_[1] = static_cast<Byte>(sum >> 8);
    full_ = true;
  }

  Fault fault_;
  Byte clk_ = 0, rst_ = 0, in_valid_ = 0, in_ready_ = 0, out_valid_ = 0, out_ready_ = 0;
  Byte in_[2] = {}, out_[2] = {};
  bool full_ = false, was_low_ = true;
  int count_ = 0;
};

ChannelBeats numbers(int n) {
  ChannelBeats beats;
  for (int i = 0; i < n; ++i) {
    for (const int value : {i, i + 1}) {
      std::vector<Byte>& end = value == i ? beats.input : beats.expected;
      end.push_back(static_cast<Byte>(value));
      end.push_back(static_cast<Byte>(value >> 8));
    }
  }
  return beats;
}

Outcome outcome_of(Fault fault, const Run& how) {
  Increment device(fault);
  return run(device, {numbers(5000)}, how);
}

TEST_CASE("A device that keeps the rules passes under every kind of stall, from reset to reset") {
  for (const Stalls stalls : {Stalls::none, Stalls::random, Stalls::bursts}) {
    const Outcome outcome = outcome_of(Fault::none, {.stalls = stalls, .n_resets = 5});
    CHECK(outcome.ok());
    CHECK(outcome.channels[0].beats == 5000);
  }
}

TEST_CASE("Without stalls, latency and interval are exact") {
  const Outcome outcome = outcome_of(Fault::none, {.stalls = Stalls::none});
  CHECK(outcome.channels[0].latency_min == 1);
  CHECK(outcome.channels[0].latency_max == 1);
  CHECK(outcome.channels[0].interval == 1.0);
}

TEST_CASE("Every broken rule is found") {
  const Run how{.n_resets = 2, .watchdog = 1000};
  CHECK(outcome_of(Fault::wrong_value, how).channels[0].differences > 0);
  CHECK_FALSE(outcome_of(Fault::dropped, how).ok());
  CHECK_FALSE(outcome_of(Fault::doubled, how).ok());
  CHECK(outcome_of(Fault::valid_falls, how).channels[0].broken_holds > 0);
  CHECK(outcome_of(Fault::data_change, how).channels[0].broken_holds > 0);
  CHECK(outcome_of(Fault::deaf, how).stuck);
  CHECK_FALSE(outcome_of(Fault::forgets_reset, {.n_resets = 20}).ok());
}

TEST_CASE("A device that gives beats without end, and takes none, ends the run") {
  const Outcome outcome = outcome_of(Fault::endless, {.watchdog = 1000});
  CHECK(outcome.channels[0].extra_beats > 0);
  CHECK(outcome.stuck);
}

TEST_CASE("Valid that waits for ready stops a sink that waits for valid") {
  CHECK(outcome_of(Fault::valid_waits_for_ready, {.watchdog = 2000}).stuck);
  CHECK_FALSE(outcome_of(Fault::none, {.watchdog = 2000}).stuck);
}

TEST_CASE("The same seed gives the same run, another seed another one") {
  CHECK(outcome_of(Fault::none, {.seed = 3}).cycles == outcome_of(Fault::none, {.seed = 3}).cycles);
  CHECK(outcome_of(Fault::none, {.seed = 3}).cycles != outcome_of(Fault::none, {.seed = 4}).cycles);
}

TEST_CASE("A trace holds the ports before each edge") {
  const Outcome outcome = outcome_of(Fault::none, {.stalls = Stalls::none, .trace_cycles = 6});
  constexpr std::size_t kBytes = 1 + 2 * (2 + 1 + 1);  // of a cycle
  REQUIRE(outcome.trace.size() == 6 * kBytes);
  const auto cycle = [&](std::size_t i) {
    return std::vector<Byte>(outcome.trace.begin() + static_cast<std::ptrdiff_t>(i * kBytes),
                             outcome.trace.begin() + static_cast<std::ptrdiff_t>((i + 1) * kBytes));
  };
  CHECK(cycle(0)[0] == 1);                                          // reset
  CHECK(cycle(2) == std::vector<Byte>{0, 0, 0, 1, 1, 0, 0, 0, 1});  // 0 goes in
  CHECK(cycle(3) == std::vector<Byte>{0, 1, 0, 1, 1, 1, 0, 1, 1});  // its successor comes out
}

}  // namespace
}  // namespace ingot::testbench
