// ingot search with --storage: workers that share a Redis server and no folder.
#include <doctest/doctest.h>

#include <csignal>
#include <sstream>

#include "engine/io/json.h"
#include "tests/support/error_text.h"
#include "tests/support/program.h"
#include "tests/support/redis_server.h"

using namespace ingot;
using engine::Json;
using test::contains;
using test::Outcome;
using test::RedisServer;
using test::Workplace;
namespace fs = std::filesystem;

namespace {

constexpr const char* kPassword = "opensesame";

std::string nas(const std::string& url, const std::string& more) {
  return "search nas --data train.csv --tokenizer vocab.txt --layers 1,2 --heads 1,2 --hidden 8,16 --ffn 8,16 "
         "--length 16 --batch 8 --steps 20 --lr 1e-2 --validation 20 --trials 6 --storage " +
         url + " --out " + more;
}

// What is written anywhere in a folder.
std::string all_text(const fs::path& folder) {
  std::string text;
  for (const auto& file : fs::recursive_directory_iterator(folder))
    if (file.is_regular_file()) text += test::text_of_file(file.path());
  return text;
}

bool has_server() {
  if (RedisServer::is_there()) return true;
  MESSAGE("skipped: searches on a server: need redis-server (Debian package redis-tools has it)");
  return false;
}

}  // namespace

TEST_CASE("workers with folders of their own share a search on a server, a killed one's trial is done by the others") {
  if (!has_server()) return;
  const Workplace place;
  const RedisServer server(kPassword);
  // The first is killed in its second trial; what others may read of it does not hold the password.
  const pid_t killed = place.start(nas(server.url(), "a --steps 400"), "-a");
  REQUIRE(Workplace::wait_until([&] { return fs::exists(place / "a/trials/1/float"); }));
  const std::string command = test::text_of_file(fmt::format("/proc/{}/cmdline", killed));
  CHECK(contains(command, "--storage"));
  CHECK_FALSE(contains(command, kPassword));
  Workplace::end(killed, SIGKILL);
  const pid_t other = place.start(nas(server.url(), "b --steps 400"), "-b");
  const Outcome last = place.run(nas(server.url(), "c --steps 400 --json"));
  REQUIRE_MESSAGE(last.code == 0, last.error);
  CHECK(WEXITSTATUS(Workplace::end(other)) == 0);
  // Whoever has run the best trial has its model; and the whole is told by whoever comes last.
  const Outcome again = place.run(nas(server.url(), "c --steps 400 --json --resume"));
  const Json result = Json::parse(again.out);
  CHECK(result["states"] == Json({{"complete", 6}}));
  CHECK(result["unfinished"] == 0);
  const int best = result["best"]["number"].get<int>();
  int n_models = 0;
  for (const char* folder : {"a", "b", "c"}) {
    CHECK_FALSE(contains(all_text(place / folder), kPassword));
    CHECK(contains(test::text_of_file(place / folder / "config.toml"), "storage = \"" + server.name() + "\""));
    CHECK_FALSE(fs::exists(place / folder / "study.log"));
    const std::string kept = test::text_of_file(place / folder / "best.json");
    n_models += contains(kept, fmt::format("\"number\":{},", best));
  }
  CHECK(n_models == 1);
  CHECK_FALSE(contains(again.out + again.error + last.error, kPassword));
  // config.toml reads back; the password comes from the environment.
  const Outcome without = place.run("search nas --config c/config.toml --out d");
  CHECK(without.code == 2);
  CHECK_MESSAGE(contains(without.error, "wants a password"), without.error);
  const Outcome with = place.run("search nas --config c/config.toml --out d", "", "INGOT_REDIS_PASSWORD=opensesame");
  CHECK_MESSAGE(with.code == 0, with.error);
  CHECK(contains(with.out, "lies in the folder of its worker, on "));
}

TEST_CASE("jobs reach the server with the password that their first process was given, and do not show it") {
  if (!has_server()) return;
  const Workplace place;
  const RedisServer server(kPassword);
  const pid_t process = place.start(nas(server.url(), "a --steps 200 --jobs 2"));
  const std::string children = fmt::format("/proc/{0}/task/{0}/children", process);
  REQUIRE(Workplace::wait_until([&] { return fs::exists(place / "a/trials/1/float"); }));
  std::istringstream jobs(test::text_of_file(children));
  int n_jobs = 0;
  for (std::string job; jobs >> job; ++n_jobs) {
    const std::string command = test::text_of_file(fmt::format("/proc/{}/cmdline", job));
    CHECK(contains(command, "--storage"));
    CHECK_FALSE(contains(command, kPassword));
  }
  CHECK(n_jobs == 2);
  CHECK(WEXITSTATUS(Workplace::end(process)) == 0);
  const Json result = Json::parse(test::text_of_file(place / "a/result.json"));
  CHECK(result["states"] == Json({{"complete", 6}}));
  CHECK(fs::exists(place / "a/best/model.safetensors"));
  CHECK_FALSE(contains(all_text(place / "a"), kPassword));
}

TEST_CASE("a server that cannot be used ends a search before any work, and no message shows a password") {
  if (!has_server()) return;
  const Workplace place;
  const RedisServer server(kPassword);
  const auto check = [&](const std::string& words, const std::string& rule) {
    const Outcome outcome = place.run(words);
    CHECK(outcome.code == 2);
    CHECK_MESSAGE(contains(outcome.error, rule), outcome.error);
    CHECK_FALSE(contains(outcome.error, "guess"));
    CHECK(std::count(outcome.error.begin(), outcome.error.end(), '\n') == 1);
    CHECK_FALSE(fs::exists(place / "out"));
  };
  const std::string port = std::to_string(server.port());
  check(nas("redis://:guess@127.0.0.1:" + port, "out"), "/0: takes no such password: WRONGPASS");
  check(nas("redis://:guess@127.0.0.1:" + std::to_string(test::free_port()), "out"), "cannot connect: ");
  check(nas("redis://:guess@127.0.0.1:" + port + "/x", "out"), "the database must be a number");
  check(nas("mysql://:guess@host", "out"), "a server must be given as redis://");
  check("search nas redis://:guess@host", "ingot: ");
  check("search nas --storge=redis://:guess@host --out out", "ingot: ");
  check(nas(server.url(), "out --trials redis://:guess@host"), "ingot: ");
  check("search nas --data train.csv --study s --out out", "--study: goes with --storage");
  check("search bench --problem branin --journal j --storage " + server.url(), "--journal, --storage: at most one");
}

TEST_CASE("bench keeps a search on a server, and goes on with it") {
  if (!has_server()) return;
  const Workplace place;
  const RedisServer server;
  const std::string words = "search bench --problem mixedprec14 --seed 7 --json --storage " + server.url();
  REQUIRE(place.run(words + " --trials 5").code == 0);
  const Json parts = Json::parse(place.run(words + " --trials 12").out);
  const Json whole =
      Json::parse(place.run("search bench --problem mixedprec14 --seed 7 --json --stream per-trial --trials 12").out);
  CHECK(parts["values"] == whole["values"]);
}
