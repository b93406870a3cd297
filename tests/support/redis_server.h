// A Redis server of a test's own: in a temporary folder, on a free port of this machine, gone with the test.
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "engine/base/error.h"
#include "search/storage/redis_connection.h"
#include "tests/support/temporary_folder.h"

namespace ingot::test {

// A port that nobody listens on.
inline int free_port() {
  const int probe = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{.sin_family = AF_INET, .sin_port = 0, .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_zero = {}};
  socklen_t size = sizeof address;
  const bool is_bound = ::bind(probe, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
                        ::getsockname(probe, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  ::close(probe);
  if (!is_bound) throw std::runtime_error("no port is free");
  return ntohs(address.sin_port);
}

class RedisServer {
 public:
  // Whether the program is there: that of the package redis-server, or of redis-tools, where it has another name.
  static bool is_there() { return std::system("command -v redis-server redis-check-rdb >/dev/null 2>&1") == 0; }

  // Keeps everything on disk, each append at once.
  explicit RedisServer(std::string password = "") : port_(free_port()), password_(std::move(password)) { start(); }
  ~RedisServer() { stop(SIGKILL); }
  RedisServer(const RedisServer&) = delete;
  RedisServer& operator=(const RedisServer&) = delete;

  void start() {
    std::vector<std::string> words{
        "redis-server", "--port", std::to_string(port_), "--bind", "127.0.0.1", "--dir", folder_.path().string(),
        "--appendonly", "yes",    "--appendfsync",       "always", "--save",    ""};
    if (!password_.empty()) words.insert(words.end(), {"--requirepass", password_});
    process_ = ::fork();
    if (process_ == 0) run(words);
    for (int i = 0; i < 1000; ++i) {
      try {
        search::check_server(url());
        return;
      } catch (const engine::Error&) {
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
      }
    }
    stop(SIGKILL);
    throw std::runtime_error("redis-server does not start");
  }

  void stop(int signal) {
    if (process_ <= 0) return;
    ::kill(process_, signal);
    ::waitpid(process_, nullptr, 0);
    process_ = -1;
  }

  int port() const { return port_; }
  pid_t process() const { return process_; }
  std::string name() const { return fmt::format("redis://127.0.0.1:{}/0", port_); }
  std::string url() const {
    return password_.empty() ? name() : fmt::format("redis://:{}@127.0.0.1:{}/0", password_, port_);
  }

  search::RedisReply command(const std::vector<std::string>& words) const {
    return search::RedisConnection(search::parse_redis_url(url())).command(words);
  }

 private:
  [[noreturn]] static void run(std::vector<std::string>& words) {
    std::vector<char*> arguments;
    for (std::string& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // a test that crashes leaves none behind
    const int null = ::open("/dev/null", O_RDWR);
    ::dup2(null, STDOUT_FILENO);
    ::execvp("redis-server", arguments.data());
    ::execvp("redis-check-rdb", arguments.data());  // the same program, which goes by the name it is called by
    ::_exit(127);
  }

  TemporaryFolder folder_;
  int port_;
  std::string password_;
  pid_t process_ = -1;
};

}  // namespace ingot::test
