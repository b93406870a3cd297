#include "pipeline/searches/jobs.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <sstream>
#include <thread>
#include <vector>

#include "engine/base/child.h"
#include "engine/base/files.h"
#include "engine/base/printable.h"
#include "engine/base/process.h"
#include "engine/base/progress.h"
#include "engine/base/temporary_folder.h"
#include "engine/base/threads.h"
#include "search/storage/redis_url.h"

namespace ingot::pipeline {
namespace {

using Words = std::vector<std::string>;

constexpr const char* kJob = "INGOT_SEARCH_JOB";  // the number of a job, in its environment
constexpr std::chrono::milliseconds kBetweenLooks{1000}, kBetweenChecks{50};

// What goes wrong is said with --quiet too.
void complain(const std::string& line) {
  engine::clear_progress();
  std::fputs((engine::printable(line) + "\n").c_str(), stderr);
}

class Job {
 public:
  Job(int number, const Words& command, const engine::Surroundings& surroundings)
      : number_(number), child_(command, engine::Child::Errors::merge, surroundings), reader_([this] { read(); }) {}
  ~Job() {
    if (!is_over_) child_.send_signal(SIGKILL);
    reader_.join();
  }
  Job(const Job&) = delete;
  Job& operator=(const Job&) = delete;

  void stop() {
    if (!is_over_) child_.send_signal(SIGTERM);
  }

  // Whether it has ended. The first time that it has, says how, unless it was asked to.
  bool has_ended() {
    if (is_over_ || !is_silent_) return is_over_;
    const int code = child_.wait();
    is_over_ = true;
    if (code != 0 && !engine::interrupted()) {
      const std::string how = code > 128 ? fmt::format("by signal {}", code - 128) : fmt::format("with code {}", code);
      complain(fmt::format("job {}: ended {}; its trial will be taken over", number_, how));
    }
    return true;
  }

 private:
  // In a thread of its own: a line comes when it likes, and a full pipe would stop the job.
  void read() {
    for (bool is_open = true; is_open;) {
      try {
        const std::optional<std::string> line = child_.read_line();
        is_open = line.has_value();
        if (is_open) complain(fmt::format("job {}: {}", number_, *line));
      } catch (const std::bad_alloc&) {  // the line is lost, but the job goes on
      }
    }
    is_silent_ = true;
  }

  int number_;
  engine::Child child_;
  std::atomic<bool> is_silent_ = false;  // its output is closed
  bool is_over_ = false;
  std::thread reader_;
};

// The options of this process, and what is different for a job. They win over the file's, whatever was given here.
Words command_of_job(const Run& run, const Jobs& jobs, const std::string& config, int n_threads) {
  Words words{"/proc/self/exe"};
  std::istringstream names(run.command);
  for (std::string name; names >> name;) words.push_back(name);
  words.insert(words.end(), {"--config=" + config, "--out=" + jobs.out, "--resume", "--quiet", "--jobs=1",
                             fmt::format("--threads={}", n_threads), fmt::format("--time={}", jobs.seconds)});
  if (!jobs.storage.empty()) words.push_back("--storage=" + search::without_secret(jobs.storage));
  return words;
}

// Only this user can read the environment of a process, but all its command line.
engine::Surroundings surroundings_of_job(const Jobs& jobs, int number) {
  engine::Surroundings surroundings{.environment = {fmt::format("{}={}", kJob, number)}};
  if (!jobs.storage.empty())
    surroundings.environment.push_back("INGOT_REDIS_PASSWORD=" + search::parse_redis_url(jobs.storage).password);
  return surroundings;
}

}  // namespace

int usual_jobs(int n_threads, int n_trials) { return std::max(1, std::min(n_threads / 2, n_trials / 4)); }

bool is_job() { return std::getenv(kJob) != nullptr; }

void run_jobs(const Run& run, const Jobs& jobs) {
  const engine::TemporaryFolder place;
  const std::string config = (place / "config.toml").string();
  engine::write_file(config, run.config);
  std::vector<std::unique_ptr<Job>> all;
  for (int i = 0; i < jobs.count; ++i) {
    const int n_threads = std::max(1, (engine::threads() + i) / jobs.count);  // the remainder to the last ones
    all.push_back(
        std::make_unique<Job>(i + 1, command_of_job(run, jobs, config, n_threads), surroundings_of_job(jobs, i + 1)));
  }
  using Clock = std::chrono::steady_clock;
  bool is_stopping = false;
  for (Clock::time_point looked = Clock::now();;) {
    if (engine::interrupted() && !is_stopping) {
      for (const auto& job : all) job->stop();
      is_stopping = true;
    }
    const auto n_ended = std::count_if(all.begin(), all.end(), [](const auto& job) { return job->has_ended(); });
    if (n_ended == jobs.count) break;
    std::this_thread::sleep_for(kBetweenChecks);
    if (Clock::now() - looked < kBetweenLooks) continue;
    jobs.look();
    looked = Clock::now();
  }
  jobs.look();
}

}  // namespace ingot::pipeline
