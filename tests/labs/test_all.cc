// ingot lab all, with labs that are not run: what they would be typed is answered by hand.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/base/progress.h"
#include "engine/io/json.h"
#include "labs/all.h"
#include "labs/lab.h"
#include "labs/typed.h"
#include "tests/support/error_text.h"
#include "tests/support/temporary_folder.h"

namespace ingot {
namespace {

namespace fs = std::filesystem;
using engine::Json;

// While it lives, no program is found.
class NoPrograms {
 public:
  NoPrograms() : path_(std::getenv("PATH")) { ::setenv("PATH", "/none", 1); }
  ~NoPrograms() { ::setenv("PATH", path_.c_str(), 1); }
  NoPrograms(const NoPrograms&) = delete;
  NoPrograms& operator=(const NoPrograms&) = delete;

 private:
  std::string path_;
};

struct All {
  std::vector<std::string> typed;
  Json result;
  std::string text, failure;
};

// Every lab leaves a result with a row that is done and one that is not; `broken` fails.
All run_all(const labs::LabOptions& o, const pipeline::Run& run, const std::string& broken = "") {
  engine::set_quiet(true);
  All all;
  const labs::RunCommand command = [&](const std::vector<std::string>& words) {
    all.typed.push_back(labs::command_line(words));
    if (words[1] == broken) throw engine::Failure("the disk is full");
    const fs::path folder = fs::path(o.out) / ("lab-" + words[1]);
    fs::create_directories(folder);
    engine::write_file(folder / "result.json", R"({"rows": [{"state": "done"}, {"state": "open"}]})");
    engine::write_file(folder / "table.md", "# A table\n");
    return 0;
  };
  try {
    labs::run_all_labs(o, run, {.run_command = command, .threads = 2, .quiet = true},
                       [&](const Json& result, const std::string& text) {
                         all.result = result;
                         all.text = text;
                       });
  } catch (const engine::Failure& failure) {
    all.failure = failure.what();
  }
  return all;
}

labs::LabOptions quick_options(const test::TemporaryFolder& place) {
  labs::LabOptions o;
  o.lab = "all";
  o.out = (place / "all").string();
  o.quick = true;
  return o;
}

}  // namespace

TEST_CASE("all labs are typed one after the other with the options that were given, and a summary counts their rows") {
  const test::TemporaryFolder place;
  labs::LabOptions o = quick_options(place);
  const pipeline::Run run{.command = "lab",
                          .options = {{"quick", true}, {"trials", 5}, {"seed", 3}, {"out", o.out}, {"from", "model"}},
                          .seed = 3,
                          .given = {"--quick", "--trials", "--seed", "--out", "--from"}};
  o.from = "model";
  const All all = run_all(o, run);
  CHECK(all.failure.empty());
  REQUIRE(all.result["labs"].size() == labs::kLabs.size());
  std::size_t n_done = 0;
  for (std::size_t i = 0; i < labs::kLabs.size(); ++i) {
    const Json& lab = all.result["labs"][i];
    CHECK(lab["lab"] == labs::kLabs[i].name);
    if (lab["state"] == "left out") continue;  // of hardware, where programs are missing
    ++n_done;
    CHECK(lab["state"] == "done");
    CHECK(lab["rows"] == 2);
    CHECK(lab["rows_done"] == 1);
  }
  CHECK(all.typed.size() == n_done);
  CHECK(n_done >= 7);
  CHECK(all.typed[0] == fmt::format("ingot lab 1.1 --from=model --quick --seed=3 --trials=5 --data=glosses --out "
                                    "{}/lab-1.1 --threads 2 --quiet",
                                    o.out));
  // Lab 2.1 trains models of its own.
  CHECK(all.typed[2] == fmt::format("ingot lab 2.1 --quick --seed=3 --trials=5 --data=glosses --out {}/lab-2.1 "
                                    "--threads 2 --quiet",
                                    o.out));
  const std::string table = engine::read_file(place / "all/table.md");
  CHECK(test::contains(table, "| 1.1 | "));
  CHECK(test::contains(table, "- [Lab 3.2](lab-3.2/table.md): a search for each number format"));
}

TEST_CASE("a lab whose programs are missing is left out, one that fails is named, and the others go on") {
  const test::TemporaryFolder place;
  const pipeline::Run run{.command = "lab", .given = {}};
  std::optional<NoPrograms> nothing;
  nothing.emplace();
  const All all = run_all(quick_options(place), run, "1.2");
  nothing.reset();
  CHECK(all.typed.size() == labs::kLabs.size() - 2);
  CHECK(test::contains(all.failure, "1 of 9 labs did not work; the first: lab 1.2: failed: the disk is full"));
  CHECK(test::contains(all.text, "lab 4: left out: needs verilator_bin: install the Debian package verilator\n"));
  CHECK(test::contains(all.text, "lab 5.2: left out: "));
  CHECK(all.result["labs"][1]["state"] == "failed");
  CHECK(all.result["labs"][7]["state"] == "done");
}

TEST_CASE("all labs need texts unless they are quick, and have no rows in common") {
  const test::TemporaryFolder place;
  const pipeline::Run run{.command = "lab", .given = {}};
  labs::LabOptions o = quick_options(place);
  o.rows = "float";
  CHECK(test::contains(test::error_text([&] { run_all(o, run); }), "--rows: labs have rows of different names"));
  o = quick_options(place);
  o.quick = false;
  CHECK(test::contains(test::error_text([&] { run_all(o, run); }), "--data: lab all needs texts"));
  CHECK_FALSE(fs::exists(place / "all"));
}

}  // namespace ingot
