// ingot report --watch, and ingot plot: looks at a run while it goes on.
#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <sstream>
#include <string>

#include "cli/page_server.h"
#include "engine/base/process.h"
#include "tests/support/error_text.h"
#include "tests/support/program.h"

using namespace ingot;
using test::contains;
using test::Outcome;
using test::Workplace;

namespace {

// A socket to or at a port of this machine: what ::connect or ::bind made of it, -1 if it refused.
template <class Call>
int socket_at(const char* address, int port, const Call& call) {
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in place{};
  place.sin_family = AF_INET;
  place.sin_port = htons(static_cast<std::uint16_t>(port));
  ::inet_pton(AF_INET, address, &place.sin_addr);
  if (call(socket, reinterpret_cast<const sockaddr*>(&place), sizeof place) == 0) return socket;
  ::close(socket);
  return -1;
}

// The whole answer to a request.
std::string answer(int port, const std::string& first_line, const std::string& host) {
  const int socket = socket_at("127.0.0.1", port, ::connect);
  if (socket < 0) return "";
  const std::string request = first_line + " HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n";
  if (::write(socket, request.data(), request.size()) != static_cast<ssize_t>(request.size())) return "";
  std::string all;
  char room[4096];
  for (ssize_t n = 0; (n = ::read(socket, room, sizeof room)) > 0;) all.append(room, static_cast<std::size_t>(n));
  ::close(socket);
  return all;
}

void make_run(const Workplace& place) {
  place.write("run/config.toml", "# ingot train\nseed = 1\n");
  place.write("run/metrics.jsonl", "{\"step\": 20, \"loss\": 0.75}\n{\"step\": 40, \"loss\": 0.5}\n");
}

// A server on that run, which ends with this object unless it was ended before.
struct Watch {
  explicit Watch(const Workplace& place, const std::string& suffix = "") {
    process = place.start("report run --watch --port 21765", suffix);
    const auto said = [&] { return test::text_of_file(place / ("stdout" + suffix)); };
    REQUIRE(Workplace::wait_until([&] { return said().ends_with("/\n"); }));
    REQUIRE(said().starts_with("page: http://127.0.0.1:"));
    port = std::stoi(said().substr(std::string("page: http://127.0.0.1:").size()));
  }
  ~Watch() {
    if (process > 0) Workplace::end(process, SIGKILL);
  }
  std::string page() const { return answer(port, "GET /", own_host()); }
  std::string own_host() const { return fmt::format("127.0.0.1:{}", port); }
  int end() { return Workplace::end(std::exchange(process, 0), SIGINT); }

  pid_t process = 0;
  int port = 0;
};

// Addresses that something listens on at that port, as the kernel writes them: IPv4 or IPv6, in hexadecimal.
std::vector<std::string> listening(int port) {
  std::vector<std::string> found;
  for (const char* table : {"/proc/net/tcp", "/proc/net/tcp6"}) {
    std::ifstream file(table);
    for (std::string line; std::getline(file, line);) {
      std::istringstream words(line);
      std::string number, local, remote, state;
      words >> number >> local >> remote >> state;
      const std::size_t colon = local.find(':');
      if (state == "0A" && local.substr(colon + 1) == fmt::format("{:04X}", port))
        found.push_back(local.substr(0, colon));
    }
  }
  return found;
}

}  // namespace

TEST_CASE("report --watch serves the page of a run as it is now, and ends at Ctrl-C") {
  const Workplace place;
  make_run(place);
  Watch watch(place);
  const std::string page = watch.page();
  CHECK(page.starts_with("HTTP/1.1 200 "));
  CHECK(contains(page, "Content-Type: text/html; charset=utf-8"));
  CHECK(contains(page, "Training loss over steps"));
  CHECK(contains(page, "<meta http-equiv=\"refresh\" content=\"5\">"));
  CHECK_FALSE(contains(page, "60, 0.125"));
  std::ofstream(place / "run/metrics.jsonl", std::ios::app) << "{\"step\": 60, \"loss\": 0.125}\n";
  CHECK(contains(watch.page(), "60, 0.125"));
  place.write("run/result.json", "{");
  const std::string broken = watch.page();
  CHECK(broken.starts_with("HTTP/1.1 500 "));
  CHECK(contains(broken, "result.json"));
  std::filesystem::remove(place / "run/result.json");
  CHECK(watch.page().starts_with("HTTP/1.1 200 "));
  const int status = watch.end();
  REQUIRE(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 130);
  CHECK(contains(test::text_of_file(place / "stderr"), "ingot: stopped watching"));
}

TEST_CASE("an interruption that comes before the server of a page listens ends it all the same") {
  const pid_t child = ::fork();
  if (child == 0) {
    engine::catch_interrupts();
    try {
      cli::serve_page(
          21765, [] { return std::string(); }, [](int) { std::raise(SIGINT); });
    } catch (...) {
      ::_exit(1);
    }
    ::_exit(0);
  }
  int status = 0;
  bool is_over = false;
  Workplace::wait_until([&] { return is_over = is_over || ::waitpid(child, &status, WNOHANG) == child; });
  if (!is_over) Workplace::end(child, SIGKILL);
  REQUIRE(is_over);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
}

TEST_CASE("report --watch listens on the loopback alone, and answers nothing but GET / under a name of its own") {
  const Workplace place;
  make_run(place);
  const Watch watch(place);
  CHECK(listening(watch.port) == std::vector<std::string>{"0100007F"});  // 127.0.0.1
  CHECK(answer(watch.port, "GET /", fmt::format("localhost:{}", watch.port)).starts_with("HTTP/1.1 200 "));
  for (const char* host : {"evil.example", "127.0.0.1", "127.0.0.1:1", "localhost", "", "127.0.0.1.evil.example"}) {
    INFO(host);
    const std::string refused = answer(watch.port, "GET /", host);
    CHECK(refused.starts_with("HTTP/1.1 403 "));
    CHECK_FALSE(contains(refused, "loss"));
  }
  for (const char* line :
       {"GET /run/metrics.jsonl", "GET /?a", "GET /..", "POST /", "HEAD /", "OPTIONS /", "DELETE /"}) {
    INFO(line);
    CHECK(answer(watch.port, line, watch.own_host()).starts_with("HTTP/1.1 404 "));
  }
}

TEST_CASE("report --watch takes the next port where one is taken, and says so; wrong use is refused before") {
  const Workplace place;
  make_run(place);
  const Watch first(place), second(place, ".2");
  CHECK(second.port > first.port);
  CHECK(contains(test::text_of_file(place / "stderr.2"), "port 21765 is taken; this is the next one that is free"));
  CHECK(second.page().starts_with("HTTP/1.1 200 "));
  CHECK(first.page().starts_with("HTTP/1.1 200 "));
  const auto says = [&](const std::string& words, const std::string& sentence) {
    const Outcome outcome = place.run(words);
    CHECK(outcome.code == 2);
    CHECK(contains(outcome.error, sentence));
  };
  says("report none --watch", "none: no such folder");
  says("report run --port 9000", "--port: is where --watch serves the page; add --watch");
  says("report run --watch --out a.html", "--out: writes a page; --watch serves it instead");
  says("report run --watch --port 65536", "--port: must be between 1 and 65535, got 65536");
}

TEST_CASE("plot draws the training loss and the measure of the best model, in 80 columns where it is piped") {
  const Workplace place;
  REQUIRE(place.run(Workplace::train("--out run")).code == 0);
  const Outcome ascii = place.run("plot run", "", "LC_ALL=C");
  REQUIRE_MESSAGE(ascii.code == 0, ascii.error);
  CHECK(ascii.out.starts_with("Training loss over steps\n"));
  CHECK(contains(ascii.out, "\n\nValidation accuracy over steps\n"));
  CHECK(contains(ascii.out, "  * run\n"));
  std::size_t longest = 0;
  std::istringstream lines(ascii.out);
  for (std::string line; std::getline(lines, line);) longest = std::max(longest, line.size());
  CHECK(longest > 70);
  CHECK(longest <= 80);
  for (const char c : ascii.out) CHECK((c == '\n' || (c >= ' ' && c <= '~')));
  const Outcome braille = place.run("plot run --metric learning_rate --metric loss", "", "LC_ALL=C.UTF-8");
  CHECK(contains(braille.out, "⠤⠤ run\n\nTraining loss over steps\n"));
  CHECK_FALSE(contains(braille.out, "\x1b"));
  const Outcome unknown = place.run("plot run --metric lost");
  CHECK(unknown.code == 2);
  CHECK(contains(unknown.error, "--metric: must be in metrics.jsonl (loss, "));
  place.write("empty/config.toml", "# ingot train\n");
  CHECK(contains(place.run("plot empty").error, "empty: has no line of metrics.jsonl to plot"));
  CHECK(contains(place.run("plot run --metric loss --json").out, R"("metrics":{"loss":[{"points":[[)"));
}

TEST_CASE("plot colours on a terminal as wide as that, unless NO_COLOR is set") {
  const Workplace place;
  make_run(place);
  const auto on_terminal = [&](const std::string& before) {
    const std::string words = fmt::format("stty cols 60; {} {} plot run", before, INGOT_BINARY);
    const std::string line =
        fmt::format("cd '{}' && TERM=xterm script -qec '{}' /dev/null >typed </dev/null", (place / "").string(), words);
    REQUIRE(std::system(line.c_str()) == 0);
    return test::text_of_file(place / "typed");
  };
  const std::string coloured = on_terminal("LC_ALL=C");
  CHECK(contains(coloured, "\x1b[34m*\x1b[0m"));
  CHECK(contains(coloured, "  +-"));
  const std::string plain = on_terminal("LC_ALL=C NO_COLOR=1");
  CHECK_FALSE(contains(plain, "\x1b"));
  std::size_t longest = 0;
  std::istringstream lines(plain);
  for (std::string typed; std::getline(lines, typed);)
    longest = std::max(longest, typed.size() - typed.ends_with('\r'));
  CHECK(longest > 50);
  CHECK(longest <= 59);
}

TEST_CASE("--tensorboard writes events beside metrics.jsonl; resuming does not need it, and may add it") {
  const Workplace place;
  REQUIRE(place.run(Workplace::train("--tensorboard --out run")).code == 0);
  REQUIRE(place.run(Workplace::train("--out plain")).code == 0);
  const std::string events = "events.out.tfevents.ingot";
  CHECK(std::filesystem::exists(place / ("run/" + events)));
  CHECK_FALSE(std::filesystem::exists(place / ("plain/" + events)));
  REQUIRE(place.run(Workplace::train("--tensorboard --resume --out plain")).code == 0);
  CHECK(std::filesystem::file_size(place / ("plain/" + events)) ==
        std::filesystem::file_size(place / ("run/" + events)));
}
