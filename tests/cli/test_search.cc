#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>

#include "engine/io/json.h"
#include "tests/search/golden.h"
#include "tests/support/program.h"

using namespace ingot;
using engine::Json;
using test::Outcome;
using test::Workplace;

TEST_CASE("no trial begins after the time that a search was given") {
  const Workplace place;
  const auto begin = std::chrono::steady_clock::now();
  const Outcome outcome =
      place.run("search bench --problem condfmt6 --sampler random --trials 1000000 --time 0.3 --json --quiet");
  REQUIRE_MESSAGE(outcome.code == 0, outcome.error);
  const std::size_t n = Json::parse(outcome.out)["values"].size();
  CHECK(n > 0);
  CHECK(n < 1'000'000);
  CHECK(std::chrono::steady_clock::now() - begin < std::chrono::seconds(60));  // on a busy machine
}

TEST_CASE("search bench prints the values of Optuna, trial by trial") {
  const Workplace place;
  for (const auto& [version, golden] : test::golden_search().items()) {
    for (const engine::Json& t : golden["trajectories"]) {
      if (t["seed"] != 7) continue;
      CAPTURE(version);
      CAPTURE(t["problem"]);
      const Outcome outcome = place.run(
          fmt::format("search bench --problem {} --sampler tpe --rules {} {} --seed 7 --trials {} --json --quiet",
                      t["problem"].get<std::string>(), version[0] == '4' ? "optuna4" : "optuna5",
                      t["multivariate"] == true ? "--multivariate" : "--univariate", t["values"].size()));
      REQUIRE(outcome.code == 0);
      const engine::Json values = engine::Json::parse(outcome.out)["values"];
      REQUIRE(values.size() == t["values"].size());
      for (std::size_t i = 0; i < values.size(); ++i) REQUIRE(test::near(values[i], t["values"][i], 1e-6));
    }
  }
}

TEST_CASE("a search in a journal goes on where it stopped, with any number of jobs") {
  const Workplace place;
  const std::string words = "search bench --problem condfmt6 --batch 4 --json --quiet --trials ";
  const auto values = [&](const std::string& more) {
    const Outcome outcome = place.run(words + more);
    REQUIRE(outcome.code == 0);
    return engine::Json::parse(outcome.out)["values"];
  };
  const engine::Json whole = values("40");
  REQUIRE(values("17 --journal j --jobs 4").size() == 17);
  CHECK(values("40 --journal j --jobs 2") == whole);
  const Outcome other = place.run(words + "50 --journal j --seed 2");
  CHECK(other.code == 2);
  CHECK(other.error == "ingot: j: study bench was started with seed 1, not 2\n");
}

TEST_CASE("a search that goes on shows the best and the number of all trials, and its result on a line of its own") {
  const Workplace place;
  const std::string words = "search bench --problem sphere_mixed --journal j --trials ";
  const auto values = [&](const std::string& more) {
    return engine::Json::parse(place.run(words + more + " --json --quiet").out)["values"];
  };
  const engine::Json first = values("30");
  const double best = *std::min_element(first.begin(), first.end());
  const Outcome more = place.run(words + "31");
  CHECK(more.code == 0);
  CHECK(more.error.find("31/31") != std::string::npos);
  CHECK(more.error.find(fmt::format("best {:.6g}", std::min(best, values("31")[30].get<double>()))) !=
        std::string::npos);
  if (std::system("script --version >/dev/null 2>&1") != 0) return;
  const std::string terminal =
      fmt::format("cd '{}' && TERM=xterm script -qec \"'{}' {} 40\" tty </dev/null >/dev/null 2>&1",
                  (place / "").string(), INGOT_BINARY, words);
  REQUIRE(std::system(terminal.c_str()) == 0);
  const std::string shown = test::text_of_file(place / "tty");
  const std::size_t result = shown.find("sphere_mixed: ");
  REQUIRE(result != std::string::npos);
  CHECK(shown[result - 1] == '\n');
  CHECK(shown.find("search") < result);  // there was a progress line
}

TEST_CASE("names and choices of a journal are printed printable") {
  const Workplace place;
  std::string journal = R"({"op_code":0,"worker_id":"w","study_name":"bench","directions":[1]})"
                        "\n";
  for (int i = 0; i < 2; ++i) {
    journal += R"({"op_code":4,"worker_id":"w","study_id":0,"datetime_start":null})"
               "\n";
    journal += fmt::format(
        R"({{"op_code":5,"worker_id":"w","trial_id":{},"param_name":"x\u001b[2J\ny","param_value_internal":{},)"
        R"("distribution":"{{\"name\":\"CategoricalDistribution\",\"attributes\":{{\"choices\":[\"\\u001b]0;a\",\"\\u009b2J\"]}}}}"}})"
        "\n",
        i, i);
    journal += fmt::format(R"({{"op_code":6,"worker_id":"w","trial_id":{},"state":1,"values":[{}.0]}})"
                           "\n",
                           i, i);
  }
  place.write("j", journal);
  const Outcome outcome = place.run("search bench --problem sphere_mixed --journal j --trials 2");
  CHECK(outcome.code == 0);
  CHECK(outcome.out.find("\nx\\x1b[2J\\ny ") != std::string::npos);
  for (const std::string& text : {outcome.out, outcome.error}) {
    CHECK(text.find('\x1b') == std::string::npos);
    CHECK(text.find("\xc2\x9b") == std::string::npos);
  }
  place.write("j", journal + "{\"op_code\":\x1b[2J}\n");
  const Outcome broken = place.run("search bench --problem sphere_mixed --journal j --trials 2");
  CHECK(broken.code == 2);
  CHECK(broken.error.starts_with("ingot: j: line 8: "));
  CHECK(broken.error.find('\x1b') == std::string::npos);
}

TEST_CASE("regret is measured over seeds, beside Optuna's") {
  const Workplace place;
  const Outcome outcome = place.run("search bench --regret --problem nas_bert --seeds 3 --quiet");
  CHECK(outcome.code == 0);
  CHECK(outcome.out.find("nas_bert     100  ") != std::string::npos);
  CHECK(outcome.out.find("(-0.8457)") != std::string::npos);
  const Outcome json = place.run("search bench --regret --problem nas_bert --seeds 3 --quiet --json");
  const engine::Json rows = engine::Json::parse(json.out)["rows"];
  REQUIRE(rows.size() == 14);
  for (const engine::Json& row : rows) {
    CHECK(row["quartiles"][0] <= row["quartiles"][1]);
    CHECK(row["quartiles"][1] <= row["quartiles"][2]);
    CHECK(row["quartiles"][0] >= -0.85016);
  }
}

TEST_CASE("search bench says what is wrong, and exits with 2") {
  const Workplace place;
  const auto message = [&](const std::string& words) {
    const Outcome outcome = place.run("search bench " + words);
    CHECK(outcome.code == 2);
    CHECK(outcome.out.empty());
    return outcome.error;
  };
  CHECK(message("") == "ingot: --problem: must be given, or --regret for all of them, or --table\n");
  CHECK(message("--problem sphere").find("problem: must be one of sphere_mixed, branin") != std::string::npos);
  CHECK(message("--problem branin --rules optuna3") ==
        "ingot: --rules: must be one of optuna4, optuna5, got 'optuna3'\n");
  CHECK(message("--problem branin --sampler gp") == "ingot: sampler: must be one of tpe, random, grid, got 'gp'\n");
  CHECK(message("--problem branin --group --univariate").find("at most one") != std::string::npos);
  CHECK(
      message("--problem branin --sampler grid") ==
      "ingot: --sampler: must be tpe or random, got 'grid': it needs lists of values, and the problems have ranges or "
      "more combinations than can be listed\n");
  CHECK(message("--problem branin --stream numpy --journal j").find("is not kept in journals") != std::string::npos);
  CHECK(message("--problem branin --seed 4294967296").find("must be below 2^32") != std::string::npos);
  CHECK(message("--table t --problem branin").find("--table: is a problem of its own") != std::string::npos);
  CHECK(message("--table missing").find("missing") != std::string::npos);
  place.write("j", "text,label\n");
  CHECK(message("--problem branin --journal j") ==
        "ingot: j: line 1: not valid JSON: parse error at line 1, column 2: syntax error while parsing value - invalid "
        "literal\n");
}
