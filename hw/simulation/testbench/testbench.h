// A clocked design under test, whatever simulates it: streams go in with random gaps, come out against random stalls,
// and are compared word for word. Written to be compiled without anything of ingot: simulators link it.
//
// A stream is data, valid and ready; a beat moves at a rising edge where valid and ready are high. Ports are memory:
// little endian, a beat in its first ceil(bits / 8) bytes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace ingot::testbench {

using Byte = unsigned char;

struct Stream {
  int bits;   // of a beat
  int beats;  // of a vector
  Byte* data;
  Byte* valid;
  Byte* ready;

  int bytes() const { return (bits + 7) / 8; }
};

// An input and the output that answers it.
struct Channel {
  std::string name;
  Stream input, output;
};

// What one channel is given and must answer, beat by beat.
struct ChannelBeats {
  std::vector<Byte> input, expected;
};

class Device {
 public:
  virtual ~Device() = default;
  virtual void settle() = 0;  // after ports have changed

  Byte* clock = nullptr;
  Byte* reset = nullptr;
  std::vector<Channel> channels;
};

// How the two ends of each channel wait. A phase lasts 16 to 143 cycles; in it a source is idle, and a sink not ready,
// with a probability of its own in each cycle.
enum class Stalls {
  none,
  random,  // probabilities 0, .1, .5, .9, 1; or a sink that is ready only once it has seen valid
  bursts,  // 0 or 1, for 1 to 16 cycles
};

struct Run {
  Stalls stalls = Stalls::random;
  std::uint64_t seed = 1;
  int n_resets = 0;                   // runs broken off by a reset, before the one that counts
  std::int64_t trace_cycles = 0;      // of the run that counts
  std::int64_t watchdog = 1'000'000;  // cycles in which nothing moves
};

struct Difference {
  std::int64_t beat;
  std::vector<Byte> got, expected;
};

struct ChannelOutcome {
  std::int64_t vectors = 0, beats = 0;            // that came out
  std::int64_t differences = 0;                   // beats that differ
  std::vector<Difference> first_differences;      // a few
  std::int64_t extra_beats = 0;                   // after the last one
  std::int64_t broken_holds = 0;                  // valid fell, or data changed, before ready
  std::int64_t latency_min = 0, latency_max = 0;  // cycles: last beat of a vector accepted to first beat valid
  double interval = 0;  // cycles from vector to vector: last beats, from the first vector to the last
};

struct Outcome {
  std::int64_t cycles = 0;  // all
  double seconds = 0;
  bool stuck = false;  // the watchdog ended it
  std::vector<ChannelOutcome> channels;
  // For each traced cycle, just before its rising edge: reset, then for each channel data, valid and ready of the
  // input and of the output.
  std::vector<Byte> trace;

  bool ok() const;
};

Outcome run(Device& device, const std::vector<ChannelBeats>& beats, const Run& run);

// main() of a simulator: FOLDER STALLS SEED RESETS TRACE_CYCLES WATCHDOG. Reads FOLDER/input-I and expected-I of
// channel I, writes FOLDER/trace and FOLDER/outcome.json. Returns the exit code: 0 if all is as expected, 1 if not.
int main(Device& device, int argc, char** argv);

}  // namespace ingot::testbench
