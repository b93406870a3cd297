// What a server answers: a journal kept on one that says these bytes to whoever connects, whatever it is asked.
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "search/storage/redis_connection.h"
#include "search/storage/redis_log.h"
#include "tests/fuzz/mutations.h"
#include "tests/fuzz/target.h"

namespace ingot::fuzz {
namespace {

constexpr std::string_view kPieces[] = {"+OK\r\n",
                                        "$-1\r\n",
                                        "*-1\r\n",
                                        "*2\r\n",
                                        "$3\r\nabc\r\n",
                                        ":1\r\n",
                                        ":-1\r\n",
                                        "-ERR no\r\n",
                                        "-LOADING\r\n",
                                        "-NOAUTH\r\n",
                                        "redis_version:7.0\r\n",
                                        "redis_version:4\r\n",
                                        "*4096\r\n",
                                        "*4097\r\n",
                                        "$99999999999\r\n",
                                        "%1\r\n",
                                        "~1\r\n",
                                        "_\r\n",
                                        "#t\r\n",
                                        ",1.5\r\n",
                                        "(123\r\n",
                                        ">1\r\n",
                                        "=5\r\ntxt:a\r\n",
                                        "$0\r\n\r\n"};

class Server {
 public:
  Server() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    auto* const any = reinterpret_cast<sockaddr*>(&address);
    if (listener_ < 0 || ::bind(listener_, any, length) != 0 || ::listen(listener_, 16) != 0 ||
        ::getsockname(listener_, any, &length) != 0)
      throw std::runtime_error("no port for a server");
    port_ = ntohs(address.sin_port);
    std::thread([this] { serve(); }).detach();
  }

  std::string url(std::string_view answers) {
    const std::lock_guard lock(mutex_);
    answers_ = answers;
    return "redis://127.0.0.1:" + std::to_string(port_) + "/0";
  }

 private:
  void serve() {
    for (;;) {
      const int client = ::accept(listener_, nullptr, nullptr);
      if (client < 0) continue;
      {
        const std::lock_guard lock(mutex_);
        ::send(client, answers_.data(), answers_.size(), MSG_NOSIGNAL);
      }
      ::shutdown(client, SHUT_WR);
      char ignored[4096];
      while (::recv(client, ignored, sizeof ignored, 0) > 0) {
      }
      ::close(client);
    }
  }

  int listener_, port_ = 0;
  std::mutex mutex_;
  std::string answers_;
};

void read(std::string_view bytes) {
  static Server* const server = new Server;  // its thread outlives what is destroyed at exit
  search::StudyOptions options{.name = "s"};
  options.storage = server->url(bytes);
  options.patience = 0;
  search::RedisLog log(options, "ingot-worker");
  log.read([](std::string_view, std::int64_t) {});
  log.is_gone("ingot-0123456789abcdef");
  log.append("{}\n");
}

}  // namespace

Target redis() {
  return {.name = "redis",
          .read = read,
          .mutated = [](std::string bytes, Rng& rng) { return mutated_lines(std::move(bytes), rng, kPieces); },
          .pieces = kPieces};
}

}  // namespace ingot::fuzz
