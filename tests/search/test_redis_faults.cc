// What may be wrong with a Redis server or with what it keeps: one sentence each.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "search/storage/record_log.h"
#include "search/storage/redis_log.h"
#include "tests/search/study_of.h"
#include "tests/support/error_text.h"
#include "tests/support/redis_server.h"

using namespace ingot::search;
using ingot::test::contains;
using ingot::test::error_text;
using ingot::test::every_kind;
using ingot::test::failure_text;
using ingot::test::RedisServer;

namespace {

bool has_server() {
  if (RedisServer::is_there()) return true;
  MESSAGE("skipped: faults of a server: need redis-server (Debian package redis-tools has it)");
  return false;
}

StudyOptions at(const std::string& url) {
  return {.name = "s", .sampling = {.seed = 9}, .storage = url, .patience = 0.2};
}

// What is said of a server, without its name.
std::string fault(const std::string& url) {
  const std::string text = error_text([&] { Study study(at(url)); });
  const std::size_t end = text.find("/0: ");
  return end == text.npos ? text : text.substr(end + 4);
}

// Answers every connection with the same bytes, whatever is asked, in a process of its own.
class Impostor {
 public:
  explicit Impostor(const std::string& answer, std::size_t times = 1) : port_(ingot::test::free_port()) {
    const int listener = ::socket(AF_INET, SOCK_STREAM, 0), yes = 1;
    ::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port_));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    REQUIRE(::bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    REQUIRE(::listen(listener, 8) == 0);
    process_ = ::fork();
    if (process_ == 0) serve(listener, answer, times);
    ::close(listener);
  }
  ~Impostor() {
    ::kill(process_, SIGKILL);
    ::waitpid(process_, nullptr, 0);
  }
  std::string url() const { return fmt::format("redis://127.0.0.1:{}/0", port_); }

 private:
  [[noreturn]] static void serve(int listener, const std::string& answer, std::size_t times) {
    for (;;) {
      const int peer = ::accept(listener, nullptr, nullptr);
      char asked[4096];
      while (::recv(peer, asked, sizeof asked, 0) > 0) {
        bool goes_on = true;
        for (std::size_t i = 0; goes_on && i < times; ++i)
          goes_on = ::send(peer, answer.data(), answer.size(), MSG_NOSIGNAL) > 0;
        if (!goes_on || times > 1) break;
      }
      ::close(peer);
    }
  }
  int port_;
  pid_t process_ = -1;
};

}  // namespace

TEST_CASE("a URL of a server is read as redis-py reads it, and its password is shown nowhere") {
  const RedisUrl whole = parse_redis_url("redis://me:p%40ss%2F@host:1234/5");
  CHECK(whole.user == "me");
  CHECK(whole.password == "p@ss/");
  CHECK(whole.host == "host");
  CHECK(whole.port == 1234);
  CHECK(whole.database == 5);
  CHECK(whole.name == "redis://host:1234/5");
  CHECK(parse_redis_url("redis://host").name == "redis://host:6379/0");
  CHECK(parse_redis_url("redis://:a@b@host/3").password == "a@b");
  CHECK(parse_redis_url("redis://[::1]:7/0").host == "::1");
  CHECK(parse_redis_url("redis://[::1]:7/0").name == "redis://[::1]:7/0");
  ::setenv("INGOT_REDIS_PASSWORD", "hidden", 1);
  CHECK(parse_redis_url("redis://host").password == "hidden");
  CHECK(parse_redis_url("redis://:own@host").password == "own");
  ::unsetenv("INGOT_REDIS_PASSWORD");
  const auto message = [](const std::string& url) { return error_text([&] { parse_redis_url(url); }); };
  CHECK(message("http://:secret@host") == "a server must be given as redis://HOST:PORT/DATABASE, got 'host'");
  CHECK(message("rediss://:secret@host") == "a server must be given as redis://HOST:PORT/DATABASE, got 'host'");
  CHECK(message("redis://:secret@") == "redis://: must name a host: redis://HOST:PORT/DATABASE");
  CHECK(message("redis://:secret@host:port") ==
        "redis://host:port: the port must be a number from 0 to 65535, got 'port'");
  CHECK(message("redis://:secret@host:70000") ==
        "redis://host:70000: the port must be a number from 0 to 65535, got '70000'");
  CHECK(message("redis://host/x") == "redis://host/x: the database must be a number from 0 to 1048576, got 'x'");
  CHECK(message("redis://:secret@[::1") == "redis://[::1: the address has no ]");
  CHECK(message("redis://:%zz@host").starts_with("redis://host: in user and password a % must stand before two"));
  CHECK(without_password("a redis://u:p@q/@host:1/2 b") == "a redis://host:1/2 b");
  CHECK(without_password("mail a@b") == "mail a@b");
}

TEST_CASE("a server that is absent, wants another password, is too old or none at all is an error before any work") {
  if (!has_server()) return;
  CHECK(fault(fmt::format("redis://127.0.0.1:{}", ingot::test::free_port())) == "cannot connect: Connection refused");
  CHECK(contains(fault("redis://no.such.host.invalid"), "cannot connect: "));
  const RedisServer server("p@w");
  const std::string place = fmt::format("127.0.0.1:{}", server.port());
  CHECK(fault("redis://" + place) ==
        "wants a password: it stands before the host in the URL, or in INGOT_REDIS_PASSWORD");
  CHECK(fault("redis://:wrong@" + place).starts_with("takes no such password: WRONGPASS"));
  CHECK(fault("redis://you:p@" + place).starts_with("takes no such password: WRONGPASS"));
  CHECK(fault("redis://:p%40w@" + place).empty());
  CHECK(contains(error_text([&] { Study study(at("redis://:p%40w@" + place + "/99")); }),
                 "/99: cannot be used: ERR DB index is out of range"));
  const RedisServer open;
  CHECK(fault(fmt::format("redis://:p@127.0.0.1:{}", open.port())).starts_with("takes no such password: ERR AUTH"));
  CHECK(fault(Impostor("$22\r\nredis_version:2.4.18\r\n\r\n").url()) == "must be Redis 5 or later, is 2.4.18");
  CHECK(fault(Impostor("+OK\r\n").url()) == "does not say which version of Redis it is");
  CHECK(fault(Impostor("HTTP/1.1 400 Bad Request\r\n").url()) ==
        "sends what is no answer of a Redis server, or a list of more than 4096 items: Protocol error, got \"H\" as "
        "reply "
        "type byte");
  for (const char* const answer : {",1.5\r\n", "#t\r\n", "*1\r\n,1.5\r\n"})  // of a later protocol
    CHECK(fault(Impostor(answer).url()).starts_with("sends what is no answer of a Redis server"));
  CHECK(fault(Impostor("-LOADING Redis is loading\r\n").url()) == "LOADING Redis is loading");
  CHECK(fault(Impostor("-ERR \x1b[2J\r\n").url()) == "cannot be used: ERR \\x1b[2J");
}

TEST_CASE("a server cannot make us take more than an answer may be") {
  CHECK(fault(Impostor("*2000000000\r\n").url()).starts_with("sends what is no answer of a Redis server, or a list"));
  CHECK(fault(Impostor("*4097\r\n").url()).starts_with("sends what is no answer of a Redis server, or a list"));
  CHECK(fault(Impostor("*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n").url())
            .starts_with("sends what is no answer"));
  CHECK(fault(Impostor("$99999999999\r\n" + std::string(1 << 20, 'a'), 80).url()) ==
        "an answer must have at most 67108864 bytes");
}

TEST_CASE("a server that answers scripts against their rules is an error, and no search that never ends") {
  // One answer to each command: who is there, the lease, and then records and appends in turns.
  const std::string begin = "+OK\r\n$17\r\nredis_version:7.0\r\n+OK\r\n", none = "*1\r\n$2\r\n-1\r\n";
  CHECK(fault(Impostor(begin + none + ":0\r\n" + none + ":0\r\n").url()) ==
        "says that others wrote more than 0 records, but gives no more");
  for (const char* records : {":7\r\n", "$2\r\n-1\r\n", "*0\r\n"})
    CHECK(fault(Impostor(begin + records).url()) == "a list of records must begin with its last number");
  for (const char* answer : {":0\r\n", ":7\r\n", "+OK\r\n", "*0\r\n"}) {
    const Impostor impostor(begin + answer);
    RedisLog log(at(impostor.url()), "worker");
    CHECK(contains(error_text([&] { log.append("{}\n"); }), "must answer a script that appends with 1, 0 or -1"));
  }
}

TEST_CASE("a damaged journal on a server is one sentence that names the record, and stays as it is") {
  if (!has_server()) return;
  const RedisServer server;
  const std::string study = R"({"op_code":0,"worker_id":"w","study_name":"s","directions":[1]})";
  const auto message = [&](const std::vector<std::string>& records, const std::vector<std::string>& more = {}) {
    server.command({"FLUSHALL"});
    server.command({"SET", ":log_number", std::to_string(records.size() - 1)});
    for (std::size_t i = 0; i < records.size(); ++i)
      if (!records[i].empty()) server.command({"SET", fmt::format(":log:{}", i), records[i]});
    if (!more.empty()) server.command(more);
    const std::string text = fault(server.url());
    for (std::size_t i = 0; more.empty() && i < records.size(); ++i)
      CHECK(server.command({"GET", fmt::format(":log:{}", i)}).text == records[i]);
    return text;
  };
  CHECK(message({study}).empty());
  CHECK(message({study}, {"SET", ":snapshot", "\x80\x04cos\nsystem\n"}).empty());  // a pickle, which is not read
  CHECK(message({study, "no JSON"}).starts_with("record 1: not valid JSON: "));
  CHECK(message({study, "[1]"}) == "record 1: is no record of a journal");
  CHECK(message({study, R"({"op_code":10,"worker_id":"w"})"}) == "record 1: op_code 10 is unknown");
  CHECK(message({study, R"({"op_code":6,"worker_id":"w","trial_id":0,"state":1,"values":[1.0]})"}) ==
        "record 1: there is no trial_id 0 before it");
  CHECK(message({study, std::string(100'000, '[')}) == "record 1: JSON must not nest deeper than 64 levels");
  CHECK(message({study, "", study}) ==
        "record 1 of 2 is missing: its writer died before it wrote it, or the server dropped it");
  CHECK(message({study, std::string(kMostLineBytes + 1, ' ')}) ==
        fmt::format("record 1: must have at most {} bytes", kMostLineBytes));
  CHECK(message({study}, {"SET", ":log_number", "many"}) == "log_number must be a whole number from -1 on, got many");
  CHECK(message({study}, {"SET", ":log_number", "-7"}) == "log_number must be a whole number from -1 on, got -7");
  CHECK(message({study}, {"SET", ":log_number", "1e300"}) == "log_number must be a whole number from -1 on, got 1e300");
  server.command({"DEL", ":log:0"});
  server.command({"SET", ":log_number", "0"});
  server.command({"LPUSH", ":log:0", "a"});
  CHECK(contains(fault(server.url()), "cannot be read from record 0 on: "));
  CHECK(contains(fault(server.url()), "WRONGTYPE"));
}

TEST_CASE("a server that may not be written ends a search as a failure, with its own words") {
  if (!has_server()) return;
  const RedisServer server;
  Study study(at(server.url()));
  server.command({"CONFIG", "SET", "maxmemory", "1mb"});
  CHECK(contains(failure_text([&] { study.optimize(every_kind, {.trials = 3}); }), "/0: cannot be written: OOM"));
  CHECK(fault(server.url()).starts_with("cannot be written: OOM"));
  server.command({"CONFIG", "SET", "maxmemory", "0"});
  study.optimize(every_kind, {.trials = 3});
  CHECK(study.trials().size() == 3);
}
