// Two processes and one output: the second is told who holds it.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstddef>

#include "engine/base/file_lock.h"
#include "tests/support/error_text.h"
#include "tests/support/program.h"

using namespace ingot;
using test::contains;
using test::Outcome;
using test::Workplace;
namespace fs = std::filesystem;

namespace {

const std::string kSmall =
    " --layers 1 --hidden 16 --heads 2 --ffn 16 --length 16 --batch 8 --tokenizer vocab.txt --data train.csv ";

const std::string kModel =
    "name = \"fc\"\ninput = \"fixed(8,3)\"\n[[layers]]\nname = \"fc\"\ntype = \"linear\"\ninputs = 4\noutputs = 4\n"
    "weight = \"fixed(8,3)\"\nbias = \"fixed(8,3)\"\noutput = \"fixed(8,3)\"\n";

// From now on the file system keeps no locks: fcntl says so to every request for one.
void keep_no_locks() {
  sock_filter program[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_fcntl, 0, 4),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args[1])),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, F_OFD_SETLK, 1, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, F_OFD_SETLKW, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOLCK),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog filter{.len = std::size(program), .filter = program};
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) != 0)
    ::_exit(99);
}

}  // namespace

TEST_CASE("of two processes with one folder the second says who holds it, and changes nothing") {
  const Workplace place;
  const pid_t first = place.start(Workplace::train("--epochs 100000 --save-every 7 --out run"));
  REQUIRE(Workplace::wait_until([&] { return fs::exists(place / "run/training.safetensors"); }));
  const std::string options = test::text_of_file(place / "run/config.toml");
  for (const std::string more : {"--seed 2", "--seed 2 --resume", "--resume --epochs 100000 --save-every 7"}) {
    const Outcome second = place.run(Workplace::train(more + " --out run"));
    CHECK(second.code == 2);
    CHECK(contains(second.error, "ingot: --out run: another process is writing there (process "));
    CHECK(contains(second.error, fmt::format("process {} on host ", first)));
    CHECK(contains(second.error, ", ingot train, since 20"));
    CHECK(second.out.empty());
  }
  CHECK(test::text_of_file(place / "run/config.toml") == options);
  Workplace::end(first, SIGKILL);
  CHECK(fs::exists(place / "run/.ingot.lock"));  // counts for nothing: nobody holds it
  const auto before = fs::last_write_time(place / "run/training.safetensors");
  const pid_t third = place.start(Workplace::train("--epochs 100000 --save-every 7 --resume --out run"));
  REQUIRE(Workplace::wait_until([&] { return fs::last_write_time(place / "run/training.safetensors") != before; }));
  const int status = Workplace::end(third, SIGINT);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 130);
  CHECK_FALSE(fs::exists(place / "run/.ingot.lock"));
}

TEST_CASE("every command that writes an output leaves it alone while another process holds it") {
  const Workplace place;
  place.write("mlp.toml", kModel);
  REQUIRE(place.run(Workplace::train("--epochs 1 --out run")).code == 0);
  REQUIRE(place.run("emit mlp.toml --out rtl --quiet").code == 0);
  fs::create_directories(place / "held");
  const auto is_refused = [&](const std::string& words, const std::string& lock_file) {
    INFO(words);
    const engine::FileLock lock(place / lock_file, engine::Wait::no);
    REQUIRE(lock.is_held());
    const Outcome outcome = place.run(words);
    CHECK(outcome.code == 2);
    CHECK(contains(outcome.error, "another process is writing there (which does not say who it is)"));
    CHECK(outcome.out.empty());
  };
  const std::string in = "held/.ingot.lock";
  for (const std::string words :
       {"train" + kSmall + "--out held", "pretrain" + kSmall + "--out held",
        std::string("quantize run --data train.csv --out held"), std::string("prune run --data train.csv --out held"),
        std::string("search nas --data train.csv --tokenizer vocab.txt --out held"),
        std::string("search mixed run --data train.csv --out held"),
        std::string("eval run --data train.csv --out held"), std::string("export run held"),
        std::string("export run held --packed"), std::string("import run/best --out held"),
        std::string("simulate rtl --out held"), std::string("synth --sweep 2 --out held"),
        std::string("lab 1.1 --data train.csv --out held"), std::string("lab 4 --out held"),
        std::string("demo --out held")})
    is_refused(words, in);
  is_refused("emit mlp.toml --out rtl", ".rtl.ingot.lock");
  is_refused("emit mlp.toml --out rtl/", ".rtl.ingot.lock");
  is_refused("tokenizer train --data train.csv --pieces 40 --out tok.model", ".tok.model.ingot.lock");
  is_refused("trace run --batch none.safetensors --out trace.safetensors", ".trace.safetensors.ingot.lock");
  fs::remove(place / in);
  CHECK(fs::is_empty(place / "held"));
}

TEST_CASE("searches share a folder, and keep a training run out of it") {
  const Workplace place;
  fs::create_directories(place / "run");
  const fs::path file = place / "run/.ingot.lock";
  const int descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  REQUIRE(engine::lock_descriptor(descriptor, engine::Sharing::together, engine::Wait::no) ==
          engine::LockOutcome::locked);
  CHECK(place.run(Workplace::train("--out run")).code == 2);
  const Outcome search = place.run(
      "search nas --data train.csv --tokenizer vocab.txt --layers 1 --heads 2 --hidden 16 --ffn 16 --length 16 --steps "
      "4 "
      "--trials 1 --quiet --out run");
  CHECK_MESSAGE(search.code == 0, search.error);
  CHECK(fs::exists(file));  // it is not the last one
  ::close(descriptor);
}

TEST_CASE("what fails before it has written anything leaves no folder, nor a lock") {
  const Workplace place;
  CHECK(place.run(Workplace::train("--data none.csv --out new/deep/run")).code == 2);
  CHECK_FALSE(fs::exists(place / "new"));
  fs::create_directories(place / "there");
  CHECK(place.run(Workplace::train("--data none.csv --out there")).code == 2);
  CHECK(fs::is_empty(place / "there"));
  CHECK(place.run("tokenizer train --data none.csv --out there/tok.model").code == 2);
  CHECK(fs::is_empty(place / "there"));
  REQUIRE(place.run(Workplace::train("--epochs 1 --out there")).code == 0);
  CHECK_FALSE(fs::exists(place / "there/.ingot.lock"));
}

TEST_CASE("half of an export or import that was killed is written anew, half of something else is not") {
  const Workplace place;
  REQUIRE(place.run(Workplace::train("--epochs 1 --out run")).code == 0);
  for (const auto& [command, words] :
       {std::pair<std::string, std::string>{"export", "export run there"}, {"import", "import run/best --out there"}}) {
    INFO(words);
    fs::remove_all(place / "there");
    place.write("there/config.json", "{}");
    place.write("there/.ingot.lock", "process 1 on host x, ingot train, since 2026-01-01 00:00:00 UTC");
    const Outcome other = place.run(words);
    CHECK(other.code == 2);
    CHECK(contains(other.error, "holds a model or a run already"));
    CHECK(test::text_of_file(place / "there/config.json") == "{}");
    place.write("there/.ingot.lock", "process 1 on host x, ingot " + command + ", since 2026-01-01 00:00:00 UTC");
    place.write("there/model.safetensors.tmp1", "half");
    CHECK(place.run(words).code == 0);
    CHECK_FALSE(fs::exists(place / "there/model.safetensors.tmp1"));
    CHECK_FALSE(fs::exists(place / "there/.ingot.lock"));
    CHECK(place.run(words).code == 2);  // it is whole now
  }
}

TEST_CASE("half of an export or import that failed is written anew once its reason is gone") {
  const Workplace place;
  REQUIRE(place.run(Workplace::train("--epochs 1 --out run")).code == 0);
  const fs::path seen = place / "run/best/seen_texts.safetensors";
  for (const std::string words : {"export run there", "export run there --onnx", "import run/best --out there"}) {
    INFO(words);
    fs::remove_all(place / "there");
    fs::rename(seen, place / "seen");
    fs::create_directories(seen);  // which is copied last, and cannot be read
    CHECK(place.run(words).code == 2);
    CHECK(fs::exists(place / "there/vocab.txt"));
    fs::remove(seen);
    fs::rename(place / "seen", seen);
    const Outcome again = place.run(words);
    CHECK_MESSAGE(again.code == 0, again.error);
    CHECK(test::text_of_file(place / "there/seen_texts.safetensors") == test::text_of_file(seen));
    CHECK_FALSE(fs::exists(place / "there/.ingot.lock"));
    CHECK(place.run(words).code == 2);  // it is whole now
  }
}

TEST_CASE("a lock that leads elsewhere is refused, and nothing is written where it leads") {
  const Workplace place;
  place.write("mine", "precious");
  fs::create_directories(place / "run");
  fs::create_symlink(place / "mine", place / "run/.ingot.lock");
  const Outcome outcome = place.run(Workplace::train("--out run"));
  CHECK(outcome.code == 2);
  CHECK(contains(outcome.error, ".ingot.lock"));
  CHECK(test::text_of_file(place / "mine") == "precious");
  fs::remove(place / "run/.ingot.lock");
  fs::create_directories(place / "run/.ingot.lock");
  CHECK(place.run(Workplace::train("--out run")).code == 2);
}

TEST_CASE("a holder's words cannot reach the terminal") {
  const Workplace place;
  place.write("run/.ingot.lock", "process 1\n\x1b[2J");
  const engine::FileLock lock(place / "run/.ingot.lock", engine::Wait::no);
  const Outcome outcome = place.run(Workplace::train("--out run"));
  CHECK(contains(outcome.error, "process 1\\n\\x1b[2J"));
}

TEST_CASE("where the file system keeps no locks the work is done, and that is said") {
  const Workplace place;
  const pid_t child = ::fork();
  if (child == 0) {
    keep_no_locks();
    const Outcome outcome = place.run("eval none --data train.csv --out evaluated");  // fails behind the lock
    const Outcome trained = place.run(
        "train --data train.csv --tokenizer vocab.txt --layers 1 --hidden 16 --heads 2 --ffn 16 --length 16 --epochs 1 "
        "--out run");
    const bool is_said = contains(
        trained.error, "note: run: its file system keeps no locks (No locks available): nothing keeps a second");
    ::_exit(outcome.code == 2 && trained.code == 0 && is_said && !fs::exists(place / "run/.ingot.lock") ? 0 : 1);
  }
  const int code = WEXITSTATUS(Workplace::end(child));
  if (code == 99) {
    MESSAGE("skipped: this system lets no process filter its calls");
    return;
  }
  CHECK(code == 0);
  CHECK(fs::exists(place / "run/result.json"));
}

TEST_CASE("--resume goes on with what the same command made, and with nothing else") {
  const Workplace place;
  REQUIRE(place.run(Workplace::train("--out run")).code == 0);
  REQUIRE(place.run("quantize run --data train.csv --width 4 --quiet --out q").code == 0);
  REQUIRE(place.run("export run hf").code == 0);
  const std::string weights = test::text_of_file(place / "q/best/model.safetensors");
  const auto refused = [&](const std::string& words, const std::string& why) {
    const test::Outcome outcome = place.run(words);
    INFO(words, ": ", outcome.error);
    CHECK(outcome.code == 2);
    CHECK(outcome.error.find(why) != std::string::npos);
  };
  refused(Workplace::train("--out q --resume"), "is a folder of `ingot quantize`, not of `ingot train`");
  refused(Workplace::train("--out q"), "holds a run already");
  refused(Workplace::train("--out hf --resume"), "holds a model already (config.json)");
  refused("prune run --data train.csv --sparsity 0.5 --quiet --out q --resume", "is a folder of `ingot quantize`");
  CHECK(test::text_of_file(place / "q/best/model.safetensors") == weights);
  CHECK(place.run(Workplace::train("--out run --resume")).code == 0);
}
