#include "bench/torch_peer.h"

#include <fmt/format.h>

#include <chrono>
#include <thread>

#include "engine/base/error.h"
#include "engine/io/json.h"

namespace ingot::bench {
namespace {

// Threads of either program that wait for work by spinning have stopped by then.
void let_threads_sleep() { std::this_thread::sleep_for(std::chrono::milliseconds(5)); }

}  // namespace

TorchPeer::TorchPeer(const std::vector<std::string>& options) {
  std::vector<std::string> command{INGOT_PEERS "/run", "--paced"};
  command.insert(command.end(), options.begin(), options.end());
  child_ = std::make_unique<Child>(command, Child::Errors::merge);
  while (const std::optional<std::string> line = child_->read_line()) {
    const auto found = engine::parse_json_or_null(*line);
    if (found.is_object()) {
      ready_ = true;
      note_ = fmt::format("torch {}, OpenBLAS kernels: {}", found.value("torch", "?"),
                          found["openblas_core"].is_string() ? found.value("openblas_core", "?") : "not in use");
      return;
    }
    note_ = *line;
  }
}

double TorchPeer::sample(int calls) {
  let_threads_sleep();
  child_->write_line(std::to_string(calls));
  const std::string line = child_->read_line().value_or("");
  double seconds = 0.0;
  try {
    seconds = std::stod(line);
  } catch (const std::logic_error&) {
    engine::fail("bench/peers/run: must answer with seconds, got '{}'", line);
  }
  let_threads_sleep();
  return seconds;
}

}  // namespace ingot::bench
