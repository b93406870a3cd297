// Runs trials in batches: all of a batch are drawn, then run on as many threads as asked for.
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
#include <thread>

#include "engine/base/error.h"
#include "engine/base/process.h"
#include "search/active_trial.h"
#include "search/study.h"

namespace ingot::search {

using engine::require;

void Study::optimize(const Objective& objective, const Budget& budget) {
  require(budget.trials >= 1, "study {}: the budget must be at least 1 trial, got {}", options_.name, budget.trials);
  require(budget.seconds > 0, "study {}: the budget must be more than 0 seconds, got {}", options_.name,
          budget.seconds);
  require(budget.jobs >= 1, "study {}: must have at least 1 job, got {}", options_.name, budget.jobs);
  const auto start = std::chrono::steady_clock::now();
  const auto seconds = [&] { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(); };
  while (seconds() < budget.seconds) {
    if (engine::interrupted())
      throw engine::Interrupted(fmt::format("study {}: stopped between trials", options_.name));
    std::vector<Trial> batch = ask_batch(budget.trials);
    if (batch.empty() && !await_free()) return;
    run_batch(batch, objective, budget.jobs);
    if (!budget.told) continue;
    for (const Trial& trial : batch) budget.told(trial.record());
  }
}

bool Study::await_free() {
  const std::lock_guard lock(mutex_);
  return storage_->await_free();
}

std::vector<Trial> Study::ask_batch(int most_trials) {
  std::vector<Trial> batch;
  std::optional<int> index;
  while (static_cast<int>(batch.size()) < options_.batch) {
    std::optional<Trial> trial = try_ask(most_trials, index);
    if (!trial) break;
    index = trial->number() / options_.batch;
    batch.push_back(std::move(*trial));
  }
  return batch;
}

void Study::run_batch(std::vector<Trial>& batch, const Objective& objective, int jobs) {
  std::vector<std::exception_ptr> errors(batch.size());
  std::atomic<std::size_t> next = 0;
  std::atomic<bool> is_over = false;
  const auto work = [&] {
    for (std::size_t i = next++; i < batch.size() && !is_over; i = next++) {
      try {
        run(batch[i], objective);
      } catch (...) {
        errors[i] = std::current_exception();
        is_over = true;
      }
    }
  };
  std::vector<std::jthread> threads;  // they end before this function does, however it ends
  try {
    for (std::size_t i = 1; i < std::min(batch.size(), static_cast<std::size_t>(jobs)); ++i) threads.emplace_back(work);
  } catch (...) {  // there can be no more threads
    is_over = true;
    throw;
  }
  work();
  threads.clear();
  for (const std::exception_ptr& error : errors) {
    if (error) std::rethrow_exception(error);
  }
}

void Study::run(Trial& trial, const Objective& objective) {
  for (;;) {
    try {
      tell(trial, objective(trial));
      return;
    } catch (const DrawAgain&) {
      continue;
    } catch (const Ended& end) {
      const std::lock_guard lock(mutex_);
      finish(*trial.active_, end.state, end.values);
      return;
    } catch (const Pruned&) {
      tell_pruned(trial);
      return;
    } catch (const engine::Message&) {
      throw;
    } catch (const engine::Interrupted&) {
      throw;
    } catch (const std::bad_alloc&) {  // the machine's fault, and no property of the trial
      throw;
    } catch (const std::system_error&) {  // of file systems too
      throw;
    } catch (const std::exception& error) {
      tell_failed(trial, error.what());
      return;
    }
  }
}

}  // namespace ingot::search
