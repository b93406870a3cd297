// ingot search mixed on a small table of texts: plans, budgets, formats, killed, beside another process.
#include <doctest/doctest.h>

#include <algorithm>
#include <csignal>

#include "engine/io/json.h"
#include "tests/support/error_text.h"
#include "tests/support/program.h"

using namespace ingot;
using engine::Json;
using test::Outcome;
using test::Workplace;
namespace fs = std::filesystem;

namespace {

// A workplace with a trained model.
struct MixedPlace : Workplace {
  MixedPlace() { REQUIRE(run(Workplace::train("--out start")).code == 0); }
  Json result(const std::string& words) const {
    const Outcome outcome = run(words + " --json --quiet");
    REQUIRE_MESSAGE(outcome.code == 0, outcome.error);
    return Json::parse(outcome.out);
  }
};

std::string mixed(const std::string& more) {
  return "search mixed start --data train.csv --validation 20 --out mixed " + more;
}

Json trials_of(const Json& result) {
  Json trials = result["trials"];
  for (Json& trial : trials) trial.erase("seconds");
  return trials;
}

}  // namespace

TEST_CASE("the best plan of a search, given to quantize, makes the same model with the same accuracy") {
  const MixedPlace place;
  for (const std::string options :
       {"--embeddings --widths 2,3,4 --inputs 'fixed(8,calibrated)'", "--widths 8,16,32 --fracs 2,4,8",
        "--formats fixed,block_fp,minifloat,mx,ternary,binary_residual --embeddings --group", "--per tensor"}) {
    INFO(options);
    const Json result = place.result(mixed(options + " --trials 8 --startup 3"));
    const Json again =
        place.result("quantize start --data train.csv --validation 20 --plan mixed/plan.toml --out again");
    for (const char* file : {"compression.json", "model.safetensors", "config.json"}) {
      CHECK(test::text_of_file(place / ("again/best/" + std::string(file))) ==
            test::text_of_file(place / ("mixed/best/" + std::string(file))));
    }
    for (const char* key : {"accuracy", "loss", "average_bits", "validation_accuracy"})
      CHECK(again[key] == result[key]);
    const Json best = result["trials"][result["best"]["number"].get<std::size_t>()];
    CHECK(best["average_bits"] == again["average_bits"]);
    CHECK(best["loss"] == again["loss"]);  // there are no test texts: it is measured on the same ones
    fs::remove_all(place / "mixed");
    fs::remove_all(place / "again");
  }
}

TEST_CASE("what trials share changes none of them: in another process, with nothing shared, they are the same") {
  const MixedPlace place;
  const std::string options = "--embeddings --widths 2,3,4 --inputs 'fixed(8,calibrated)' --startup 3 --resume ";
  const Json whole = place.result(mixed(options + "--trials 8"));
  fs::remove_all(place / "mixed");
  for (const int n : {3, 4, 5, 8}) place.result(mixed(options + fmt::format("--trials {}", n)));
  CHECK(trials_of(Json::parse(test::text_of_file(place / "mixed/result.json"))) == trials_of(whole));
}

TEST_CASE("a limit of bits over all parameters is kept by every trial that was evaluated") {
  const MixedPlace place;
  const Json result = place.result(mixed("--embeddings --widths 2,3,4,6,8 --max-bits 5 --trials 12"));
  std::size_t n = 0;
  for (const Json& trial : result["trials"]) {
    if (trial["state"] != "complete") continue;
    ++n;
    CHECK(trial["average_bits"].get<double>() <= 5);
  }
  CHECK(n >= 6);
  CHECK(result["average_bits"].get<double>() <= 5);
  for (const auto& [name, value] : result["trials"][0]["parameters"].items()) {
    CAPTURE(name);
    CHECK(value == 3);  // it begins with the widest format that fits everywhere; norms and biases are floats
  }
  // None can have fewer than 2, which is known before any work.
  const Outcome none = place.run(mixed("--embeddings --widths 2,3 --max-bits 1 --trials 2 --out none --quiet"));
  CHECK(none.code == 2);
  CHECK(test::contains(none.error, "--max-bits 1: the formats with the fewest bits still need "));
  CHECK_FALSE(fs::exists(place / "none"));
  // A grid has an order of its own, and is bounded all the same.
  const Json grid = place.result(
      "search mixed start --data train.csv --validation 20 --out grid --sampler grid --widths 2,4 --max-bits 27 "
      "--trials 4");
  for (const Json& trial : grid["trials"])
    CHECK((trial["state"] != "complete" || trial["average_bits"].get<double>() <= 27));
}

TEST_CASE("every format has models of few bits, and a search within a bound finds one at once") {
  const MixedPlace place;
  for (const std::string format : {"minifloat", "minifloat_denorm", "block_fp", "block_minifloat", "block_log", "log",
                                   "binary_residual", "fixed", "log,mx"}) {
    CAPTURE(format);
    const Json result = place.result(
        "search mixed start --data train.csv --validation 20 --embeddings --max-bits 6 --trials 1 --inputs "
        "'fixed(8,calibrated)' --format " +
        format + " --out " + format);
    CHECK(result["trials"][0]["state"] == "complete");
    CHECK(result["average_bits"].get<double>() <= 6);
    // What it takes is known before anything is calibrated, to the last bit.
    const double bits = result["trials"][0]["average_bits"];
    const Json exact = place.result(fmt::format(
        "search mixed start --data train.csv --validation 20 --embeddings --max-bits {} --trials 1 --inputs "
        "'fixed(8,calibrated)' --format {} --out exact-{}",
        bits, format, format));
    CHECK(exact["trials"][0]["parameters"] == result["trials"][0]["parameters"]);
  }
  const Json whole = place.result(mixed("--integer-only --max-bits 6 --trials 1"));
  CHECK(whole["average_bits"].get<double>() <= 6);
  CHECK(whole["trials"][0]["parameters"]["layer.0.intermediate.dense.weight"] == 4);
  fs::remove_all(place / "mixed");
  const Json again = place.result(mixed(fmt::format("--integer-only --max-bits {} --trials 4 --jobs 2",
                                                    whole["trials"][0]["average_bits"].get<double>())));
  CHECK(again["trials"][0]["parameters"] == whole["trials"][0]["parameters"]);
}

TEST_CASE("accuracy and bits give a front, each point with its plan") {
  const MixedPlace place;
  const Json result = place.result(mixed("--embeddings --objectives accuracy,bits --trials 16"));
  double bits = 1e9, accuracy = 2;
  for (const Json& number : result["front"]) {
    const Json& trial = result["trials"][number.get<std::size_t>()];
    CHECK(trial["values"]["bits"] == trial["average_bits"]);
    CHECK(trial["values"]["bits"].get<double>() < bits);
    CHECK(trial["values"]["accuracy"].get<double>() < accuracy);
    bits = trial["values"]["bits"];
    accuracy = trial["values"]["accuracy"];
    CHECK(fs::exists(place / fmt::format("mixed/plans/trial-{}.toml", number.get<int>())));
  }
  CHECK(result["best"]["number"] == result["front"][0]);
  CHECK(result["start"]["bits"] == 32);
  CHECK(result["start"]["accuracy"].get<double>() > 0.5);

  // The table is the front, says so, and says what it leaves out; the figure has the other trials and the model itself.
  const Outcome table = place.run(mixed("--embeddings --objectives accuracy,bits --trials 16 --resume"));
  REQUIRE(table.code == 0);
  CHECK(test::contains(table.out,
                       fmt::format("front: {} of {} evaluated trials", result["front"].size(),
                                   result["states"]["complete"].get<int>() - result["duplicates"].get<int>())));
  const std::string rows = table.out.substr(0, table.out.find("front: "));
  CHECK(std::count(rows.begin(), rows.end(), '\n') ==
        static_cast<long>(1 + std::min<std::size_t>(10, result["front"].size())));
  const std::string points = test::text_of_file(place / "mixed/figure.csv");
  for (const char* series : {"front", "other trials", "\"the model itself, 32 bits\""})
    CHECK(test::contains(points, fmt::format("\n{},", series)));
  CHECK(test::contains(test::text_of_file(place / "mixed/figure.svg"), ">the model itself, 32 bits<"));
  // The journal says what is measured, and in which folder; the same plans come out wherever the folder is.
  const std::string journal = test::text_of_file(place / "mixed/study.log");
  CHECK(test::contains(journal, R"("study_name":"mixed")"));
  CHECK(test::contains(journal, R"({"study:metric_names":["accuracy","bits"]})"));
  fs::rename(place / "mixed", place / "moved");
  CHECK(place.run(mixed("--out moved --embeddings --objectives accuracy,bits --trials 16 --resume")).code == 0);
}

TEST_CASE("accuracy and hardware give a front, along which fewer bits are multiplied") {
  const MixedPlace place;
  const Json result = place.result(mixed("--objectives accuracy,hardware --widths 2,4,8 --trials 12"));
  std::vector<std::pair<double, double>> points;
  for (const Json& trial : result["trials"]) {
    double product = 0;
    for (const auto& [name, value] : trial["parameters"].items()) product += value.get<double>() * value.get<double>();
    points.emplace_back(product, trial["values"]["hardware"].get<double>());
  }
  CHECK(std::max_element(points.begin(), points.end())->second >
        std::min_element(points.begin(), points.end())->second);
  const Json widest = place.result(mixed("--objectives accuracy,hardware --widths 8 --trials 1 --out widest"));
  for (const auto& [product, logic] : points) {
    CHECK(logic > 0);
    CHECK(logic <= widest["trials"][0]["values"]["hardware"].get<double>());
  }
}

TEST_CASE("a trial may train with its formats; killed in it, the search goes on to the same trials") {
  const MixedPlace place;
  const std::string words = mixed("--widths 2,3,4 --trials 2 --qat-steps 400 --save-every 20 --lr 1e-3 --resume");
  const Json whole = place.result(words);
  fs::remove_all(place / "mixed");
  const pid_t process = place.start(words);
  CHECK(Workplace::wait_until([&] { return fs::exists(place / "mixed/trials/0/training.safetensors"); }));
  Workplace::end(process, SIGKILL);
  CHECK(trials_of(place.result(words)) == trials_of(whole));
  // The float model that trials begin with is what it was.
  const Json at_once = place.result(mixed("--widths 4 --trials 1 --out at-once"));
  const Json plain = place.result("quantize start --data train.csv --validation 20 --width 4 --out plain");
  CHECK(at_once["accuracy"] == plain["accuracy"]);
}

TEST_CASE("two processes share a search for formats") {
  const MixedPlace place;
  const std::string words = mixed("--trials 12 --sampler random --threads 1 --resume");
  const pid_t one = place.start(words, ".one"), two = place.start(words, ".two");
  CHECK(WEXITSTATUS(Workplace::end(one)) == 0);
  CHECK(WEXITSTATUS(Workplace::end(two)) == 0);
  const Json result = Json::parse(test::text_of_file(place / "mixed/result.json"));
  CHECK(result["states"]["complete"] == 12);
  fs::remove_all(place / "mixed");
  CHECK(trials_of(place.result(mixed("--trials 12 --sampler random --jobs 3"))) == trials_of(result));
}

TEST_CASE("search mixed says what is wrong before any work, and exits with 2") {
  const MixedPlace place;
  const auto refused = [&](const std::string& more, const std::string& part) {
    const Outcome outcome = place.run(mixed(more));
    INFO(more, ": ", outcome.error);
    CHECK(outcome.code == 2);
    CHECK(test::contains(outcome.error, part));
  };
  refused("--formats fixed,int", "--formats: must be of fixed, minifloat, ");
  refused("--widths 4,33", "--widths: must be integers from 1 to 32");
  refused("--fracs most", "--fracs: must be integers from -95 to 126");
  refused("--inputs int8", "int8");
  refused("--per row", "--per: must be channel or tensor, got 'row'");
  refused("--inputs 'fixed(8,sums)'", "--inputs: only a bias has the fraction bits of sums, got fixed(8,sums)");
  refused("--formats mx,log --widths 2", "--widths: goes with fixed, got --formats mx,log");
  refused("--format mx --per channel", "--per: goes with fixed, got --formats mx");
  refused("--max-bits -1", "--max-bits: must be above 0, or 0 for no limit, got -1");
  refused("--max-bits inf", "--max-bits: must be above 0, or 0 for no limit, got inf");
  refused("--objectives accuracy,beauty", "--objectives: must be of accuracy, bits, bytes, hardware, got 'beauty'");
  refused("--objectives accuracy,hardware --formats mx", "--objectives hardware: is of fixed point; got --formats mx");
  refused("--pruner median", "--pruner median: ends training early; give --qat-epochs or --qat-steps");
  refused("--sampler grid --widths 2,3,4,5,6,7,8,9,10,11,12,13,14,15,16", "must have at most 10000000 combinations");
  refused("--sampler grid --formats fixed,mx", "--sampler grid: lists every combination");
  CHECK_FALSE(fs::exists(place / "mixed"));
  const Json grid = place.result(mixed("--sampler grid --widths 4,8 --trials 3"));
  CHECK(grid["distinct"] == 3);
  REQUIRE(place.run(Workplace::train("--seed 2 --out start --resume")).code != 0);
  fs::copy(place / "start/last", place / "other", fs::copy_options::recursive);
  REQUIRE(place.run("quantize other --data train.csv --width 8 --qat-epochs 1 --out trained --quiet").code == 0);
  const Outcome other = place.run(
      "search mixed trained --data train.csv --validation 20 --out mixed --sampler grid --widths 4,8 --trials 4 "
      "--resume");
  CHECK(other.code == 2);
  CHECK(test::contains(other.error, "study mixed was started with from_"));
}
