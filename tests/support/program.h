// The program as its users meet it: a process with output and an exit code.
#pragma once

#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include "tests/support/temporary_folder.h"

namespace ingot::test {

struct Outcome {
  int code = 0;
  std::string out;    // standard output
  std::string error;  // standard error
};

inline std::string text_of_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// A folder for one test, with a cache of its own, in which the program runs.
class Workplace {
 public:
  Workplace() {
    std::string train = "text,label\n";
    const char* const words[] = {"iron", "steel", "copper", "apple", "plum", "cherry"};
    for (int i = 0; i < 120; ++i) {
      const char* word = words[i % 6];
      train += fmt::format("\"the {} number {} is {} here\",{}\n", word, i, i % 4 == 0 ? "small" : "large",
                           i % 6 < 3 ? "metal" : "fruit");
    }
    write("train.csv", train);
    write("vocab.txt",
          "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]"
          "\nthe\niron\nsteel\ncopper\napple\nplum\ncherry\nnumber\nis\nsmall\nlarge\nhere\n");
  }

  std::filesystem::path operator/(const std::string& name) const { return folder_ / name; }
  void write(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name, std::ios::binary) << text;
  }

  // Runs `ingot WORDS` in the folder; `before` goes in front of it in the shell, input to its standard input.
  Outcome run(const std::string& words, const std::string& input = "", const std::string& before = "") const {
    write("stdin", input);
    const std::string line = fmt::format("cd '{}' && {} XDG_CACHE_HOME=\"$PWD/cache\" '{}' {} <stdin >stdout 2>stderr",
                                         folder_.path().string(), before, INGOT_BINARY, words);
    const int status = std::system(("bash -c '" + escaped(line) + "'").c_str());
    return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), text_of_file(folder_ / "stdout"),
            text_of_file(folder_ / "stderr")};
  }

  // Starts `ingot WORDS` in the folder and goes on. Its output goes into the files stdout and stderr, with the suffix.
  pid_t start(const std::string& words, const std::string& suffix = "") const {
    const std::string line =
        fmt::format("cd '{}' && exec env XDG_CACHE_HOME=\"$PWD/cache\" '{}' {} >stdout{} 2>stderr{}",
                    folder_.path().string(), INGOT_BINARY, words, suffix, suffix);
    const pid_t child = ::fork();
    if (child == 0) {
      ::execl("/bin/bash", "bash", "-c", line.c_str(), nullptr);
      ::_exit(127);
    }
    return child;
  }

  // Waits until something is so, at most 15 seconds.
  template <class Condition>
  static bool wait_until(const Condition& is_so) {
    for (int i = 0; i < 15000 && !is_so(); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    return is_so();
  }

  // The wait status of a process that was started, after it got the signal unless that is 0.
  static int end(pid_t process, int signal = 0) {
    if (signal != 0) ::kill(process, signal);
    int status = 0;
    ::waitpid(process, &status, 0);
    return status;
  }

  // A training run of a second or less.
  static std::string train(const std::string& more) {
    return "train --data train.csv --tokenizer vocab.txt --layers 1 --hidden 16 --heads 2 --ffn 16 --length 16 --batch "
           "8 "
           "--epochs 3 --lr 1e-2 --validation 20 --quiet " +
           more;
  }

 private:
  static std::string escaped(const std::string& line) {
    std::string all;
    for (const char c : line) all += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return all;
  }
  TemporaryFolder folder_;
};

}  // namespace ingot::test
