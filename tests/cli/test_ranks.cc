// Trainings that mpirun starts. Skipped where there is no mpirun, or this build has no MPI.
#include <doctest/doctest.h>

#include <filesystem>
#include <set>

#include "engine/io/json.h"
#include "tests/support/program.h"

using namespace ingot::test;
namespace fs = std::filesystem;

namespace {

const std::string kTrain =
    "train --data train.csv --text text --label label --tokenizer vocab.txt --layers 1 --hidden 16 --heads 2 --ffn 32 "
    "--length 16 --batch 16 --epochs 2 --lr 5e-3 --validation 20";

bool has_mpi() {
  const fs::path module = fs::path(INGOT_BINARY).parent_path() / ".." / "engine" / "libingot_mpi.so";
  const bool found = fs::exists(module) && std::system("command -v mpirun >/dev/null 2>&1") == 0;
  if (!found) MESSAGE("skipped: no mpirun, or a build without MPI");
  return found;
}

// As root and on few processors too. Open MPI leaves memory to the end of the process, which is no leak of ours.
const std::string kMpirun =
    "OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 LSAN_OPTIONS=detect_leaks=0 "
    "XDG_CACHE_HOME=\"$PWD/cache\" "
    "timeout 100 mpirun --oversubscribe ";

Outcome by_two_ranks(const Workplace& place, const std::string& words) {
  return place.run(words, "", kMpirun + "-n 2 env");
}

std::string weights(const Workplace& place, const std::string& run) {
  return text_of_file(place / (run + "/best/model.safetensors"));
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace

TEST_CASE("two ranks train, quantise and prune to the bits of one process") {
  if (!has_mpi()) return;
  const Workplace place;
  REQUIRE(place.run(kTrain + " --out one").code == 0);
  const Outcome two = by_two_ranks(place, kTrain + " --out two");
  INFO(two.error);
  REQUIRE(two.code == 0);
  CHECK(weights(place, "two") == weights(place, "one"));
  CHECK(contains(text_of_file(place / "two/result.json"), "\"steps\""));
  for (const std::string words : {"quantize one --data train.csv --text text --label label --width 4 --qat-epochs 1",
                                  "prune one --data train.csv --text text --label label --sparsity 0.5 --epochs 1"}) {
    CAPTURE(words);
    REQUIRE(place.run(words + " --out a").code == 0);
    CHECK(by_two_ranks(place, words + " --out b").code == 0);
    CHECK(weights(place, "a") == weights(place, "b"));
    CHECK(text_of_file(place / "a/best/compression.json") == text_of_file(place / "b/best/compression.json"));
    fs::remove_all(place / "a");
    fs::remove_all(place / "b");
  }
}

TEST_CASE("what ranks cannot share is refused in a sentence") {
  if (!has_mpi()) return;
  const Workplace place;
  const Outcome shards = by_two_ranks(place, kTrain + " --shards 3 --out a");
  CHECK(shards.code == 2);
  CHECK(contains(shards.error,
                 "--shards: the shards of a step must be a power of two times the ranks, got 3 shards and 2 ranks"));
  const Outcome eval = by_two_ranks(place, "eval nothing --data train.csv");
  CHECK(eval.code == 2);
  CHECK(contains(eval.error, "eval: is done by one process, and mpirun started 2"));
  const Outcome bench = by_two_ranks(place, "search bench --problem branin");
  CHECK(bench.code == 2);
  CHECK(contains(bench.error, "search bench: is done by one process, and mpirun started 2"));
  const Outcome recipe = by_two_ranks(place, kTrain + " --recipe good --out a");
  CHECK(recipe.code == 2);
  CHECK(contains(recipe.error, "--recipe good: pretraining and training"));
  const std::string other =
      fmt::format("{} --out a : -n 1 '{}' {} --dropout 0.2 --out a", kTrain, INGOT_BINARY, kTrain);
  const Outcome options = place.run(other, "", kMpirun + "-n 1 env");
  CHECK(options.code == 2);
  CHECK(contains(options.error, "ranks: must learn the same, but dropout is 0.1 on rank 0 and 0.2 on rank 1"));
  const Outcome kernels =
      place.run(fmt::format("{} --out a : -n 1 env INGOT_ISA=ref '{}' {} --out a", kTrain, INGOT_BINARY, kTrain), "",
                kMpirun + "-n 1 env");
  CHECK(kernels.code == 2);
  CHECK(contains(kernels.error, "and rank 1 uses ref; INGOT_ISA caps them"));
}

TEST_CASE("tasks of srun are ranks where PMIx tells them of each other, and refused where nobody does") {
  const Workplace place;
  const Outcome strangers = place.run(kTrain + " --out a", "", "SLURM_STEP_NUM_TASKS=4 SLURM_PROCID=2");
  CHECK(strangers.code == 2);
  CHECK(
      contains(strangers.error, "ingot: rank 2: srun: started 4 tasks that do not know of each other, and would all"));
  CHECK_FALSE(fs::exists(place / "a"));
  CHECK(place.run("format 'fixed(8,4)'", "", "SLURM_STEP_NUM_TASKS=4").code == 0);
  if (!has_mpi()) return;
  // mpirun stands for srun: each process has PMIx's words, and Slurm's in the place of Open MPI's.
  const std::string srun =
      kMpirun + "-n 2 env -u OMPI_COMM_WORLD_SIZE -u OMPI_COMM_WORLD_RANK SLURM_PROCID=0 SLURM_STEP_NUM_TASKS=";
  const Outcome two = place.run(kTrain + " --max-steps 3 --out two", "", srun + "2");
  INFO(two.error);
  CHECK(two.code == 0);
  REQUIRE(place.run(kTrain + " --max-steps 3 --out one").code == 0);
  CHECK(weights(place, "two") == weights(place, "one"));
  const Outcome other = place.run(kTrain + " --out b", "", srun + "3");
  CHECK(other.code == 2);
  CHECK(contains(other.error, "srun: started 3 processes, but MPI knows of 2"));
}

TEST_CASE("ranks of a search do its trials side by side, in one folder that all of them see") {
  if (!has_mpi()) return;
  const Workplace place;
  const std::string words =
      "search nas --data train.csv --tokenizer vocab.txt --layers 1,2 --heads 1,2 --hidden 8,16 --ffn 8,16 --length 16 "
      "--batch 8 --steps 60 --lr 1e-2 --validation 20 --sampler random --trials 6 --threads 1 ";
  const auto trials = [&](const std::string& out) {
    ingot::engine::Json all = ingot::engine::Json::parse(text_of_file(place / (out + "/result.json")))["trials"];
    for (ingot::engine::Json& trial : all) trial.erase("seconds");
    return all;
  };
  REQUIRE(place.run(words + "--out one").code == 0);
  const Outcome two = by_two_ranks(place, words + "--out two");
  REQUIRE_MESSAGE(two.code == 0, two.error);
  CHECK(trials("two") == trials("one"));
  const std::string journal = text_of_file(place / "two/study.log"), worker = "\"worker_id\":\"";
  std::set<std::string> workers;
  for (std::size_t at = journal.find(worker); at != journal.npos; at = journal.find(worker, at + 1))
    workers.insert(journal.substr(at, journal.find('"', at + worker.size()) - at));
  CHECK(workers.size() == 2);
  for (int i = 0; i < 6; ++i) {
    const std::string line = fmt::format("trial {}: complete", i);
    CHECK(contains(two.error, line));
    CHECK(two.error.find(line) == two.error.rfind(line));
  }
  const Outcome apart =
      place.run(fmt::format("{} --out a : -n 1 '{}' {} --out b", words, INGOT_BINARY, words), "", kMpirun + "-n 1 env");
  CHECK(apart.code == 2);
  CHECK(contains(apart.error,
                 "it is not the folder in which the first rank began the search; give one on a disk that "
                 "all ranks share, or a server by --storage"));
  const Outcome jobs = by_two_ranks(place, words + "--jobs 2 --out c");
  CHECK(jobs.code == 2);
  CHECK(contains(jobs.error, "--jobs 2: mpirun started 2 processes, each of which runs one trial"));
}
