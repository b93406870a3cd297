#include "hw/simulation/testbench/testbench.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace ingot::testbench {
namespace {

constexpr std::size_t kShownDifferences = 4;
constexpr int kResetCycles = 2;
constexpr int kDrainCycles = 64;

// SplitMix64 (Steele, Lea, Flood, 2014): fast, and any seed will do.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t bits() {
    std::uint64_t z = state_ += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
  }
  int below(int bound) { return static_cast<int>((bits() >> 32) * static_cast<std::uint64_t>(bound) >> 32); }

 private:
  std::uint64_t state_;
};

// When one end of a channel waits.
class Waiting {
 public:
  Waiting(Stalls stalls, bool is_sink, std::uint64_t seed) : stalls_(stalls), is_sink_(is_sink), random_(seed) {}

  bool waits(bool sees_valid) {
    if (stalls_ == Stalls::none) return false;
    if (after_valid_ && !sees_valid) return true;  // such a phase does not end before
    if (left_-- == 0) begin_phase();
    if (after_valid_) return !sees_valid;
    return static_cast<int>(random_.bits() & 255) < threshold_;
  }

 private:
  void begin_phase() {
    constexpr int kThresholds[] = {0, 26, 128, 230, 256};
    after_valid_ = false;
    if (stalls_ == Stalls::bursts) {
      left_ = random_.below(16);
      threshold_ = threshold_ == 0 ? 256 : 0;
      return;
    }
    left_ = 15 + random_.below(128);
    const int kind = random_.below(is_sink_ ? 6 : 5);
    after_valid_ = kind == 5;
    threshold_ = after_valid_ ? 0 : kThresholds[kind];
  }

  Stalls stalls_;
  bool is_sink_;
  Random random_;
  int left_ = 0, threshold_ = 0;
  bool after_valid_ = false;
};

// One channel at work: source, sink, scoreboard and measurements.
class Lane {
 public:
  Lane(const Channel& channel, const ChannelBeats& beats, const Run& run, std::uint64_t seed)
      : in_(channel.input),
        out_(channel.output),
        beats_(beats),
        n_in_(static_cast<std::int64_t>(beats.input.size()) / in_.bytes()),
        n_out_(static_cast<std::int64_t>(beats.expected.size()) / out_.bytes()),
        source_(run.stalls, false, 2 * seed),
        sink_(channel.is_probe ? Stalls::none : run.stalls, true, 2 * seed + 1),
        accepted_at_(static_cast<std::size_t>(n_in_ / in_.beats)) {}

  bool done() const { return received_ >= n_out_ && sent_ >= n_in_; }

  // Before the model settles.
  void drive() {
    if (!offers_ && sent_ < n_in_ && !source_.waits(false)) {
      offers_ = true;
      std::memcpy(in_.data, &beats_.input[static_cast<std::size_t>(sent_ * in_.bytes())],
                  static_cast<std::size_t>(in_.bytes()));
    }
    *in_.valid = offers_ ? 1 : 0;
    *out_.ready = sink_.waits(saw_valid_) ? 0 : 1;
  }

  // After it, before the edge. Whether a beat moves.
  bool sample(std::int64_t cycle) {
    const bool gives = offers_ && (*in_.ready & 1) != 0;
    if (gives) {
      ++sent_;
      offers_ = false;
      if (sent_ % in_.beats == 0) accepted_at_[static_cast<std::size_t>(sent_ / in_.beats - 1)] = cycle;
    }
    const bool takes = watch_output(cycle);
    return gives || (takes && received_ <= n_out_);  // beats that nobody expects may have no end
  }

  ChannelOutcome outcome() {
    outcome_.beats = std::min(received_, n_out_);
    outcome_.vectors = outcome_.beats / out_.beats;
    if (outcome_.vectors > 1)
      outcome_.interval = static_cast<double>(last_at_ - first_at_) / static_cast<double>(outcome_.vectors - 1);
    return std::move(outcome_);
  }

 private:
  bool watch_output(std::int64_t cycle) {
    const bool valid = (*out_.valid & 1) != 0;
    const auto n = static_cast<std::size_t>(out_.bytes());
    if (is_held_ && (!valid || std::memcmp(out_.data, held_.data(), n) != 0)) ++outcome_.broken_holds;
    if (valid && !is_held_) measure_latency(cycle);
    const bool takes = valid && *out_.ready != 0;
    is_held_ = valid && !takes;
    if (is_held_) held_.assign(out_.data, out_.data + n);
    saw_valid_ = is_held_;
    if (takes) compare(cycle);
    return takes;
  }

  void measure_latency(std::int64_t cycle) {
    if (received_ % out_.beats != 0 || received_ >= n_out_) return;
    const std::int64_t vector = received_ / out_.beats;
    if (vector >= sent_ / in_.beats) return;  // it begins before all of its input is there
    const std::int64_t latency = cycle - accepted_at_[static_cast<std::size_t>(vector)];
    outcome_.latency_min = outcome_.latency_max == 0 ? latency : std::min(outcome_.latency_min, latency);
    outcome_.latency_max = std::max(outcome_.latency_max, latency);
  }

  void compare(std::int64_t cycle) {
    const std::int64_t beat = received_++;
    if (beat >= n_out_) {
      ++outcome_.extra_beats;
      return;
    }
    const auto n = static_cast<std::size_t>(out_.bytes());
    const Byte* expected = &beats_.expected[static_cast<std::size_t>(beat) * n];
    if (std::memcmp(out_.data, expected, n) != 0) {
      ++outcome_.differences;
      if (outcome_.first_differences.size() < kShownDifferences)
        outcome_.first_differences.push_back({beat, {out_.data, out_.data + n}, {expected, expected + n}});
    }
    if (received_ % out_.beats != 0) return;
    last_at_ = cycle;
    if (received_ == out_.beats) first_at_ = cycle;
  }

  Stream in_, out_;
  const ChannelBeats& beats_;
  std::int64_t n_in_, n_out_;
  Waiting source_, sink_;
  std::vector<std::int64_t> accepted_at_;  // by vector: the cycle of its last beat
  std::int64_t sent_ = 0, received_ = 0, first_at_ = 0, last_at_ = 0;
  bool offers_ = false, saw_valid_ = false, is_held_ = false;
  std::vector<Byte> held_;
  ChannelOutcome outcome_;
};

class Bench {
 public:
  Bench(Device& device, const std::vector<ChannelBeats>& beats, const Run& run)
      : device_(device), beats_(beats), run_(run), random_(run.seed) {}

  Outcome run() {
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < run_.n_resets && !outcome_.stuck && is_right(); ++i) attempt(1 + random_.below(400), 0);
    if (!outcome_.stuck && is_right()) attempt(-1, run_.trace_cycles);
    outcome_.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return std::move(outcome_);
  }

 private:
  bool is_right() const { return outcome_.channels.empty() || outcome_.ok(); }

  // From reset on, until all is done and nothing more comes, or for a number of cycles.
  void attempt(std::int64_t cycles, std::int64_t trace_cycles) {
    std::vector<Lane> lanes;
    for (std::size_t i = 0; i < device_.channels.size(); ++i)
      lanes.emplace_back(device_.channels[i], beats_[i], run_, random_.bits() >> 1);
    trace_left_ = trace_cycles;
    reset();
    std::int64_t idle = 0;
    for (std::int64_t cycle = 0, drain = 0; cycle != cycles && drain < kDrainCycles; ++cycle) {
      for (Lane& lane : lanes) lane.drive();
      device_.settle();
      bool moved = false, done = true;
      for (Lane& lane : lanes) {
        moved |= lane.sample(cycle);
        done &= lane.done();
      }
      edge();
      drain = done ? drain + 1 : 0;
      idle = moved || done ? 0 : idle + 1;
      outcome_.stuck = idle > run_.watchdog;
      if (outcome_.stuck) break;
    }
    outcome_.channels.clear();
    for (Lane& lane : lanes) outcome_.channels.push_back(lane.outcome());
  }

  void reset() {
    *device_.reset = 1;
    for (Channel& channel : device_.channels) *channel.input.valid = *channel.output.ready = 0;
    for (int i = 0; i < kResetCycles; ++i) {
      device_.settle();
      edge();
    }
    *device_.reset = 0;
  }

  // The model has settled with the clock low; what is traced is what the edge sees.
  void edge() {
    if (trace_left_ > 0) trace();
    *device_.clock = 1;
    device_.settle();
    *device_.clock = 0;
    ++outcome_.cycles;
  }

  void trace() {
    --trace_left_;
    outcome_.trace.push_back(*device_.reset);
    for (const Channel& channel : device_.channels) {
      for (const Stream* s : {&channel.input, &channel.output}) {
        outcome_.trace.insert(outcome_.trace.end(), s->data, s->data + s->bytes());
        outcome_.trace.push_back(*s->valid & 1);
        outcome_.trace.push_back(*s->ready & 1);
      }
    }
  }

  Device& device_;
  const std::vector<ChannelBeats>& beats_;
  Run run_;
  Random random_;
  Outcome outcome_;
  std::int64_t trace_left_ = 0;
};

std::vector<Byte> read_bytes(const std::string& path) {
  std::FILE* file = std::fopen(path.c_str(), "rb");
  if (file == nullptr) {
    std::fprintf(stderr, "%s: cannot be read\n", path.c_str());
    std::exit(3);
  }
  std::vector<Byte> bytes;
  std::fseek(file, 0, SEEK_END);
  bytes.resize(static_cast<std::size_t>(std::ftell(file)));
  std::rewind(file);
  const std::size_t n = std::fread(bytes.data(), 1, bytes.size(), file);
  std::fclose(file);
  bytes.resize(n);
  return bytes;
}

void write_bytes(const std::string& path, const void* data, std::size_t n) {
  std::FILE* file = std::fopen(path.c_str(), "wb");
  const bool written = file != nullptr && std::fwrite(data, 1, n, file) == n;
  if (file == nullptr || std::fclose(file) != 0 || !written) {
    std::fprintf(stderr, "%s: cannot be written\n", path.c_str());
    std::exit(3);
  }
}

// A beat as hexadecimal digits, the highest first.
std::string hex(const std::vector<Byte>& bytes) {
  std::string text;
  char digits[3];
  for (auto byte = bytes.rbegin(); byte != bytes.rend(); ++byte) {
    std::snprintf(digits, sizeof digits, "%02x", *byte);
    text += digits;
  }
  return text;
}

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.17g", value);
  return text;
}

std::string to_json(const ChannelOutcome& c) {
  std::string shown;
  for (const Difference& d : c.first_differences) {
    shown += (shown.empty() ? "" : ",");
    shown += "{\"beat\":" + std::to_string(d.beat) + ",\"got\":\"" + hex(d.got) + "\",\"expected\":\"" +
             hex(d.expected) + "\"}";
  }
  return "{\"vectors\":" + std::to_string(c.vectors) + ",\"beats\":" + std::to_string(c.beats) +
         ",\"differences\":" + std::to_string(c.differences) + ",\"first_differences\":[" + shown +
         "],\"extra_beats\":" + std::to_string(c.extra_beats) + ",\"broken_holds\":" + std::to_string(c.broken_holds) +
         ",\"latency\":[" + std::to_string(c.latency_min) + "," + std::to_string(c.latency_max) +
         "],\"interval\":" + number(c.interval) + "}";
}

std::string to_json(const Outcome& outcome) {
  std::string channels;
  for (const ChannelOutcome& channel : outcome.channels) channels += (channels.empty() ? "" : ",") + to_json(channel);
  return "{\"cycles\":" + std::to_string(outcome.cycles) + ",\"seconds\":" + number(outcome.seconds) +
         ",\"stuck\":" + (outcome.stuck ? "true" : "false") + ",\"channels\":[" + channels + "]}\n";
}

}  // namespace

bool Outcome::ok() const {
  return !stuck && std::all_of(channels.begin(), channels.end(), [](const ChannelOutcome& c) {
    return c.differences == 0 && c.extra_beats == 0 && c.broken_holds == 0;
  });
}

Outcome run(Device& device, const std::vector<ChannelBeats>& beats, const Run& run) {
  return Bench(device, beats, run).run();
}

int main(Device& device, int argc, char** argv) {
  if (argc != 7) {
    std::fprintf(stderr, "usage: %s FOLDER STALLS SEED RESETS TRACE_CYCLES WATCHDOG\n", argv[0]);
    return 3;
  }
  const std::string folder = argv[1];
  const Run how{.stalls = static_cast<Stalls>(std::atoi(argv[2])),
                .seed = std::strtoull(argv[3], nullptr, 10),
                .n_resets = std::atoi(argv[4]),
                .trace_cycles = std::atoll(argv[5]),
                .watchdog = std::atoll(argv[6])};
  std::vector<ChannelBeats> beats;
  for (std::size_t i = 0; i < device.channels.size(); ++i) {
    const std::string suffix = std::to_string(i);
    beats.push_back({read_bytes(folder + "/input-" + suffix), read_bytes(folder + "/expected-" + suffix)});
  }
  const Outcome outcome = run(device, beats, how);
  const std::string json = to_json(outcome);
  write_bytes(folder + "/trace", outcome.trace.data(), outcome.trace.size());
  write_bytes(folder + "/outcome.json", json.data(), json.size());
  return outcome.ok() ? 0 : 1;
}

}  // namespace ingot::testbench
