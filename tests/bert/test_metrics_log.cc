// What a training run logs, for TensorBoard too.
#include <doctest/doctest.h>

#include <cerrno>
#include <fstream>
#include <string>
#include <vector>

#include "bert/train/metrics_log.h"
#include "engine/base/files.h"
#include "tests/bert/toy.h"
#include "tests/support/error_text.h"
#include "tests/support/failing_call.h"
#include "tests/support/temporary_folder.h"

using namespace ingot;
using test::Toy;

namespace {

namespace fs = std::filesystem;

std::vector<engine::Json> lines_in(const fs::path& folder) {
  std::vector<engine::Json> lines;
  std::ifstream file(folder / "metrics.jsonl");
  for (std::string line; std::getline(file, line);) lines.push_back(engine::Json::parse(line));
  return lines;
}

// The file's events, without the first, and their times.
struct Events {
  std::vector<std::string> events;
  std::vector<double> times;
  bool is_whole = false;  // nothing is left behind the last
};

Events events_in(const fs::path& folder) {
  const std::string file = engine::read_file(folder / bert::kEventsFile);
  Events all;
  std::string_view rest = file;
  for (engine::Record one; (one = engine::first_record(rest)).n_bytes > 0; rest.remove_prefix(one.n_bytes)) {
    all.events.emplace_back(one.event);
    all.times.push_back(engine::dated(one.event).wall_time);
  }
  all.is_whole = rest.empty();
  REQUIRE(!all.events.empty());
  CHECK(all.events[0] == engine::version_event(all.times[0]));
  all.events.erase(all.events.begin());
  all.times.erase(all.times.begin());
  return all;
}

// There is an event for each line, in their order, and no other.
void check_same(const fs::path& folder) {
  const std::vector<engine::Json> lines = lines_in(folder);
  const Events all = events_in(folder);
  CHECK(all.is_whole);
  REQUIRE(all.events.size() == lines.size());
  for (std::size_t i = 0; i < lines.size(); ++i) {
    CHECK(all.events[i] == engine::scalars_event(all.times[i], lines[i]["step"], bert::scalars_of(lines[i])));
  }
}

void train(const fs::path& out, bool resume, bool tensorboard, std::int64_t stops_after = -1) {
  const Toy toy;
  bert::Model model = Toy::model();
  bert::Job job = toy.job(model);
  struct Killed {};
  const auto step = job.step;
  std::int64_t n = 0;
  job.step = [&](std::int64_t epoch, std::int64_t index, engine::DropoutStreams& streams) {
    if (n++ == stops_after) throw Killed();
    return step(epoch, index, streams);
  };
  bert::TrainerOptions how = test::options(out);
  how.resume = resume;
  how.tensorboard = tensorboard;
  how.save_every = 5;
  try {
    bert::train(model.parameters(), job, how);
  } catch (const Killed&) {
  }
}

}  // namespace

TEST_CASE("the golden file has the numbers of its metrics.jsonl, under TensorBoard's names") {
  check_same(std::string(INGOT_GOLDEN) + "/tensorboard");
  const std::vector<engine::Scalar> training =
      bert::scalars_of(engine::Json::parse(R"({"step": 20, "loss": 0.5, "note": "x", "rate": 1.5})"));
  REQUIRE(training.size() == 2);
  CHECK(training[0].tag == "train/loss");
  CHECK(training[0].value == 0.5f);
  CHECK(training[1].tag == "train/rate");
  const std::vector<engine::Scalar> validation =
      bert::scalars_of(engine::Json::parse(R"({"score": 0.25, "validation_loss": 2, "step": 20})"));
  REQUIRE(validation.size() == 2);
  CHECK(validation[0].tag == "validation/score");
  CHECK(validation[1].tag == "validation/loss");
  CHECK(validation[1].value == 2.0f);
}

TEST_CASE("a run without --tensorboard has no event file, one with it an event for each line") {
  const test::TemporaryFolder folder;
  train(folder / "without", false, false);
  CHECK_FALSE(fs::exists(folder / "without" / bert::kEventsFile));
  train(folder / "with", false, true);
  check_same(folder / "with");
  CHECK(lines_in(folder / "with").size() == 4);  // three validations, one line of losses
}

TEST_CASE(
    "a run that was killed after any step and resumed has no step twice, and keeps the times of the events before") {
  const test::TemporaryFolder folder;
  for (const std::int64_t killed_after : {0, 3, 7, 13, 16}) {
    INFO("killed after ", killed_after);
    const fs::path out = folder / std::to_string(killed_after);
    train(out, false, true, killed_after);
    const Events before = events_in(out);
    train(out, true, true);
    check_same(out);
    const Events after = events_in(out);
    if (killed_after == 13) CHECK(after.times[0] == before.times[0]);
    std::int64_t last = 0;
    for (const engine::Json& line : lines_in(out)) {
      CHECK(line["step"].get<std::int64_t>() >= last);
      last = line["step"];
    }
    CHECK(lines_in(out).size() == 4);
  }
}

TEST_CASE("events are written from metrics.jsonl where they are missing, damaged or of other numbers") {
  const test::TemporaryFolder folder;
  const fs::path out = folder / "a", file = out / bert::kEventsFile;
  train(out, false, false, 13);
  train(out, true, true);
  check_same(out);
  const std::string whole = engine::read_file(file);
  for (const std::string& other :
       {std::string(), whole.substr(0, whole.size() - 1), whole.substr(0, 60), "x" + whole, whole + whole}) {
    engine::write_file(file, other);
    train(out, true, true);
    check_same(out);
  }
}

TEST_CASE("a line of metrics.jsonl that is no line of a run is refused by its number") {
  const test::TemporaryFolder folder;
  const std::string right = "{\"step\":1,\"loss\":2.5}\n";
  for (const std::string& wrong :
       {"[1]", "7", "{}", "{\"loss\":1}", "{\"step\":\"1\"}", "{\"step\":1.5}", "{\"step\":null}"}) {
    INFO(wrong);
    test::put(folder / "metrics.jsonl", right + wrong + "\n");
    const auto open = [&] {
      bert::MetricsLog(folder.path(), static_cast<std::int64_t>(right.size() + wrong.size()), true);
    };
    CHECK(test::contains(test::error_text(open), (folder / "metrics.jsonl").string() + ": line 2"));
  }
  test::put(folder / "metrics.jsonl", right);
  bert::MetricsLog(folder.path(), static_cast<std::int64_t>(right.size()), true);
  check_same(folder.path());
}

TEST_CASE("a log on a disk that fails is a failure at work that says why") {
  const test::TemporaryFolder folder;
  const auto thrown = test::thrown_where(SYS_openat, EIO, [&] { bert::MetricsLog(folder.path(), 0, false); });
  if (thrown)
    CHECK(*thrown == "Failure: " + (folder / "metrics.jsonl").string() + ": cannot write: Input/output error");
}
