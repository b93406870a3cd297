#include "cli/page_server.h"

#include <fmt/format.h>
#include <httplib.h>
#include <sys/socket.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "engine/base/error.h"
#include "engine/base/printable.h"
#include "engine/base/process.h"

namespace ingot::cli {
namespace {

constexpr const char kHost[] = "127.0.0.1";
constexpr int kPortsTried = 100, kLastPort = 65535;
constexpr std::size_t kThreads = 4;  // a browser opens connections in advance, and each holds one for a while
constexpr auto kPatience = std::chrono::seconds(1);

using Handled = httplib::Server::HandlerResponse;

bool is_own_host(const std::string& host, int port) {
  return host == fmt::format("{}:{}", kHost, port) || host == fmt::format("localhost:{}", port);
}

void answer(const std::function<std::string()>& page, httplib::Response& response) {
  try {
    response.set_content(page(), "text/html; charset=utf-8");
  } catch (const engine::Message& error) {
    response.status = 500;
    response.set_header("Refresh", "5");
    response.set_content(engine::printable(error.sentence()) + "\n", "text/plain; charset=utf-8");
  }
}

void set_up(httplib::Server& server) {
  server.new_task_queue = [] { return new httplib::ThreadPool(kThreads); };  // NOLINT: httplib deletes it
  // Not SO_REUSEPORT, with which two servers of one user would share a port.
  server.set_socket_options([](socket_t socket) {
    const int yes = 1;
    ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  });
  server.set_keep_alive_max_count(1);
  server.set_keep_alive_timeout(kPatience.count());
  server.set_read_timeout(kPatience);
  server.set_payload_max_length(0);  // nobody sends us anything
  server.set_default_headers({{"Cache-Control", "no-store"}, {"X-Content-Type-Options", "nosniff"}});
}

int bound_port(httplib::Server& server, int first) {
  for (int port = first; port < first + kPortsTried && port <= kLastPort; ++port) {
    if (server.bind_to_port(kHost, port)) return port;
  }
  throw engine::Failure(fmt::format("--port: none of {} to {} is free on {}", first,
                                    std::min(first + kPortsTried - 1, kLastPort), kHost));
}

}  // namespace

void serve_page(int first_port, const std::function<std::string()>& page, const std::function<void(int)>& started) {
  httplib::Server server;
  set_up(server);
  const int port = bound_port(server, first_port);
  server.set_pre_routing_handler([&](const httplib::Request& request, httplib::Response& response) {
    if (!is_own_host(request.get_header_value("Host"), port)) {
      response.status = 403;
    } else if (request.method == "GET" && request.target == "/") {
      answer(page, response);
    } else {
      response.status = 404;
    }
    return Handled::Handled;
  });
  started(port);  // it may throw, and who connects already waits
  std::atomic<bool> is_over = false;
  std::thread listener([&] {
    server.listen_after_bind();
    is_over = true;
  });
  while (!engine::interrupted()) std::this_thread::sleep_for(std::chrono::milliseconds(50));
  // An interruption may come before the listener runs, and stop() has no effect until then.
  while (!server.is_running() && !is_over) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  server.stop();
  listener.join();
}

}  // namespace ingot::cli
