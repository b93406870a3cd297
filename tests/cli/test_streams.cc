// Lines of standard input: answered as they come, one bad line at a time, in bounded memory.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "cli/line_stream.h"
#include "engine/base/error.h"
#include "engine/io/json.h"
#include "tests/support/program.h"

using namespace ingot;
using cli::InputLine;
using cli::LineStream;
using test::Outcome;
using test::Workplace;

namespace {

struct Pipe {
  Pipe() { REQUIRE(::pipe(ends) == 0); }
  ~Pipe() {
    ::close(ends[0]);
    close();
  }
  void write(const std::string& text) { REQUIRE(::write(ends[1], text.data(), text.size()) == ssize_t(text.size())); }
  void close() { ::close(std::exchange(ends[1], -1)); }
  int ends[2];
};

std::vector<std::string> texts(const std::vector<InputLine>& lines) {
  std::vector<std::string> found;
  for (const InputLine& line : lines) found.push_back(line.fault.empty() ? line.text : "!" + line.fault);
  return found;
}

using Texts = std::vector<std::string>;

std::size_t n_lines(const std::string& text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

// A model of two labels that knows a few words.
void train(const Workplace& place) { REQUIRE(place.run(Workplace::train("--out run")).code == 0); }

}  // namespace

TEST_CASE("lines are taken as they come, and nobody waits for more than one") {
  Pipe pipe;
  LineStream stream(pipe.ends[0]);
  pipe.write("one\ntwo\r\nthr");
  CHECK(texts(stream.next(10)) == Texts{"one", "two"});
  pipe.write("ee\n\nfour\n");
  CHECK(texts(stream.next(2)) == Texts{"three", ""});
  CHECK(texts(stream.next(10)) == Texts{"four"});
  pipe.write("\nlast");
  pipe.close();
  CHECK(texts(stream.next(10)) == Texts{"", "last"});
  CHECK(stream.next(10).empty());
}

TEST_CASE("a line that is not UTF-8 or too long is a fault with its number, and the next is good") {
  const Workplace place;
  const std::string longest(cli::kMostLineBytes, 'x');
  place.write("in",
              "\xef\xbb\xbf"
              "a\nb\xff\n" +
                  longest + "\n" + longest + "y\nc\n" + longest + "yz");
  const int file = ::open((place / "in").c_str(), O_RDONLY);
  LineStream stream(file);
  std::vector<InputLine> lines;
  for (std::vector<InputLine> more; !(more = stream.next(4)).empty();)
    lines.insert(lines.end(), more.begin(), more.end());
  ::close(file);
  REQUIRE(lines.size() == 6);
  for (std::size_t i = 0; i < lines.size(); ++i) CHECK(lines[i].number == i + 1);
  CHECK(lines[0].text == "a");
  CHECK(lines[1].fault == "must be UTF-8, got byte 0xff at byte offset 1 of the line");
  CHECK(lines[2].text == longest);
  CHECK(lines[3].fault == "must have at most 16777216 bytes, has 16777217");
  CHECK(lines[4].text == "c");
  CHECK(lines[5].fault == "must have at most 16777216 bytes, has 16777218");
}

TEST_CASE("what cannot be read is an error, not the end") {
  const Workplace place;
  const int folder = ::open((place / ".").c_str(), O_RDONLY);
  LineStream stream(folder);
  CHECK_THROWS_WITH_AS(stream.next(1), "standard input: cannot read: Is a directory", engine::Error);
  ::close(folder);
}

TEST_CASE("predict and encode answer a line while the pipe stays open") {
  const Workplace place;
  train(place);
  REQUIRE(::mkfifo((place / "pipe").c_str(), 0600) == 0);
  for (const std::string command : {"predict run", "tokenizer encode run/best"}) {
    const pid_t process = place.start(command + " <pipe", "-" + command.substr(0, 3));
    const int pipe = ::open((place / "pipe").c_str(), O_WRONLY);
    const auto answers = [&] { return n_lines(test::text_of_file(place / ("stdout-" + command.substr(0, 3)))); };
    for (std::size_t n = 1; n <= 2; ++n) {
      REQUIRE(::write(pipe, "the iron\n", 9) == 9);
      CHECK(Workplace::wait_until([&] { return answers() >= n; }));
      CHECK(answers() == n);
    }
    ::close(pipe);
    CHECK(Workplace::end(process) == 0);
  }
}

TEST_CASE("a bad line keeps its place, is numbered on standard error, and decides the exit code at the end") {
  const Workplace place;
  train(place);
  const std::string input = "the iron\n\xff\xfe\nthe plum\n";
  const Outcome all = place.run("predict run --quiet", "the iron\nthe plum\n");
  const Outcome outcome = place.run("predict run --quiet", input);
  CHECK(outcome.code == 2);
  const std::size_t second = all.out.find('\n') + 1;
  CHECK(outcome.out == all.out.substr(0, second) + "\t\n" + all.out.substr(second));
  CHECK(outcome.error ==
        "ingot: line 2: must be UTF-8, got byte 0xff at byte offset 0 of the line\n"
        "ingot: 1 of 3 lines could not be used; the first: line 2: must be UTF-8, got byte 0xff at byte offset 0 of "
        "the line\n");
  const Outcome json = place.run("predict run --quiet --json", input);
  CHECK(json.code == 2);
  const auto predictions = engine::Json::parse(json.out)["predictions"];
  REQUIRE(predictions.size() == 3);
  CHECK(predictions[1] == engine::Json{{"error", "must be UTF-8, got byte 0xff at byte offset 0 of the line"}});
  CHECK(predictions[2].contains("label"));

  const Outcome encoded = place.run("tokenizer encode run/best", input);
  CHECK(encoded.code == 2);
  CHECK(encoded.out == "5 6\n\n5 10\n");
  const auto pieces = engine::Json::parse(place.run("tokenizer encode run/best --json", input).out)["texts"];
  CHECK(pieces[0]["pieces"] == engine::Json{"the", "iron"});
  CHECK(pieces[1].contains("error"));
}

TEST_CASE("with --json a stream is one object, with and without lines") {
  const Workplace place;
  train(place);
  const auto none = engine::Json::parse(place.run("predict run --json").out);
  CHECK(none["predictions"].empty());
  CHECK(none["command"] == "predict");
  std::string lines;
  for (int i = 0; i < 1500; ++i) lines += "the iron number\n";
  const auto many = engine::Json::parse(place.run("predict run --json", lines).out);
  CHECK(many["predictions"].size() == 1500);
  CHECK(many["predictions"][0] == many["predictions"][1499]);
}

TEST_CASE("a label that holds a line end or an escape does not break the lines of output") {
  const Workplace place;
  place.write("odd.csv",
              "text,label\nthe iron,\"a\nb\"\nthe plum,\"c\x1b[31m\"\nthe iron,\"a\nb\"\nthe plum,\"c\x1b[31m\"\n");
  REQUIRE(place
              .run("train --data odd.csv --tokenizer vocab.txt --layers 1 --hidden 16 --heads 2 --ffn 16 --length 16 "
                   "--batch 2 --epochs 30 --lr 1e-2 --quiet --out run")
              .code == 0);
  const Outcome outcome = place.run("predict run --quiet", "the iron\nthe plum\n");
  CHECK(n_lines(outcome.out) == 2);
  CHECK(outcome.out.find("a\\nb\t") != std::string::npos);
  CHECK(outcome.out.find('\x1b') == std::string::npos);
}

TEST_CASE("standard input that is closed or a folder is refused") {
  const Workplace place;
  train(place);
  for (const std::string command : {"predict run", "tokenizer encode run/best"}) {
    for (const auto& [input, reason] : {std::pair{"<.", "Is a directory"}, std::pair{"<&-", "Bad file descriptor"}}) {
      const int status = Workplace::end(place.start(command + " " + input));
      CHECK(WEXITSTATUS(status) == 2);
      CHECK(test::text_of_file(place / "stderr") == fmt::format("ingot: standard input: cannot read: {}\n", reason));
    }
  }
}

TEST_CASE("loops of links and names too long are errors of their path") {
  const Workplace place;
  std::filesystem::create_symlink("loop", place / "loop");
  const std::string long_name(300, 'n');
  for (const std::string command : {"eval loop --data train.csv", "predict loop x", "export loop out",
                                    "train --out run --data loop", "tokenizer encode loop"}) {
    for (const bool loop : {true, false}) {
      std::string words = command;
      if (!loop) words.replace(words.find("loop"), 4, long_name);
      const Outcome outcome = place.run(words);
      INFO(words, ": ", outcome.error);
      CHECK(outcome.code == 2);
      CHECK(outcome.error.find(loop ? "loop" : long_name) != std::string::npos);
      CHECK(outcome.error.find(loop ? "Too many levels of symbolic links" : "File name too long") != std::string::npos);
    }
  }
}
