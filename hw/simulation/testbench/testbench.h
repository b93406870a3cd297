// Tests a clocked design in any simulator. Streams go in with random gaps, come out against random stalls, and are
// compared word for word. The testbench includes nothing else of ingot, because it is compiled with each simulator.
//
// A stream has the ports data, valid and ready. A beat moves at a rising edge at which valid and ready are high. A port
// is seen as memory: little endian, with a beat in its first ceil(bits / 8) bytes.
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
  bool is_probe = false;  // nothing goes in, and what comes out is never made to wait
};

// The beats that go into one channel, and those that must come out.
struct ChannelBeats {
  std::vector<Byte> input, expected;
};

// The simulated design. The glue of each simulator derives from it and sets the pointers to the ports.
class Device {
 public:
  virtual ~Device() = default;
  virtual void settle() = 0;  // lets the design react to changed ports

  Byte* clock = nullptr;
  Byte* reset = nullptr;
  std::vector<Channel> channels;

 protected:
  // Adds a probe: a port whose words are compared with those that are expected, in their order.
  void add_probe(const std::string& name, int bits, Byte* data, Byte* valid) {
    Byte* idle = unconnected_;
    channels.push_back({name, {8, 1, idle, idle + 1, idle + 2}, {bits, 1, data, valid, idle + 3}, true});
  }

 private:
  Byte unconnected_[4] = {};  // what a probe has instead of ports
};

// How the two ends of each channel wait. Time is cut into phases of 16 to 143 cycles. In each cycle of a phase the
// source is idle, or the sink not ready, with the probability drawn for that phase.
enum class Stalls {
  none,
  random,  // probabilities 0, .1, .5, .9, 1; in some phases the sink is ready only once it has seen valid
  bursts,  // probabilities 0 and 1 in turn, in phases of 1 to 16 cycles
};

struct Run {
  Stalls stalls = Stalls::random;
  std::uint64_t seed = 1;
  int n_resets = 0;                   // runs that a reset breaks off, before the one that counts
  std::int64_t trace_cycles = 0;      // cycles to trace in the run that counts
  std::int64_t watchdog = 1'000'000;  // cycles without a moving beat after which the design counts as stuck
};

struct Difference {
  std::int64_t beat;
  std::vector<Byte> got, expected;
};

struct ChannelOutcome {
  std::int64_t vectors = 0, beats = 0;            // that came out
  std::int64_t differences = 0;                   // beats that differ from the expected ones
  std::vector<Difference> first_differences;      // at most four of them
  std::int64_t extra_beats = 0;                   // beats after the last expected one
  std::int64_t broken_holds = 0;                  // times that valid fell, or data changed, before ready
  std::int64_t latency_min = 0, latency_max = 0;  // cycles from accepting a vector's last beat to its first output beat
  double interval = 0;                            // mean cycles between the last output beats of successive vectors
};

struct Outcome {
  std::int64_t cycles = 0;  // in all runs, reset included
  double seconds = 0;
  bool stuck = false;  // the watchdog ended the run
  std::vector<ChannelOutcome> channels;
  // For each traced cycle, just before its rising edge: reset, then for each channel data, valid and ready of the
  // input and of the output.
  std::vector<Byte> trace;

  bool ok() const;
};

// Sends beats[i] through channel i and compares.
Outcome run(Device& device, const std::vector<ChannelBeats>& beats, const Run& run);

// The main() of a simulation; its arguments are FOLDER STALLS SEED RESETS TRACE_CYCLES WATCHDOG. Reads FOLDER/input-I
// and FOLDER/expected-I for channel I. Writes FOLDER/trace and FOLDER/outcome.json. Returns the exit code: 0 if all is
// as expected, 1 if not, 3 if arguments or files are wrong.
int main(Device& device, int argc, char** argv);

}  // namespace ingot::testbench
