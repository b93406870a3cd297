// Progress on terminals of all kinds, and where there is none.
#include <doctest/doctest.h>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>

#include "engine/base/progress.h"
#include "tests/support/error_text.h"

using namespace ingot;
using engine::Progress;
using test::contains;

namespace {

// What a process that shows something writes to a terminal of that kind and width.
template <class Show>
std::string on_terminal(const char* kind, unsigned short columns, const Show& show) {
  winsize size{.ws_row = 24, .ws_col = columns, .ws_xpixel = 0, .ws_ypixel = 0};
  int terminal = -1;
  const pid_t child = ::forkpty(&terminal, nullptr, nullptr, &size);
  if (child == 0) {
    kind == nullptr ? ::unsetenv("TERM") : ::setenv("TERM", kind, 1);
    engine::set_quiet(false);
    show();
    std::fflush(stderr);
    ::_exit(0);
  }
  std::string text;
  char buffer[4096];
  for (ssize_t n = 0; (n = ::read(terminal, buffer, sizeof buffer)) > 0;)
    text.append(buffer, static_cast<std::size_t>(n));
  int status = 0;
  ::waitpid(child, &status, 0);
  ::close(terminal);
  CHECK(status == 0);
  return text;
}

void show_long() {
  Progress meter("a name that is longer than the terminal is wide", 10);
  meter.update(10, "loss 0.1234 and more");
}

}  // namespace

TEST_CASE("a line is cut to its columns between characters, and says so") {
  CHECK(engine::fitted("abcdef", 6) == "abcdef");
  CHECK(engine::fitted("abcdefg", 6) == "abc...");
  CHECK(engine::fitted("äöüäöüä", 6) == "äöü...");
  CHECK(engine::fitted("äöüäöü", 6) == "äöüäöü");
  CHECK(engine::fitted("abcdef", 3) == "...");
  CHECK(engine::fitted("abcdef", 1) == ".");
  CHECK(engine::fitted("abcdef", 0).empty());
  CHECK(engine::fitted("", 0).empty());
}

TEST_CASE("progress is one line that renews itself and is no wider than the terminal") {
  const std::string text = on_terminal("xterm", 30, show_long);
  CHECK(text == "\r\033[Ka name that is longer than...\r\n");
  CHECK(contains(on_terminal("xterm", 200, show_long), "is wide 10/10 100% loss 0.1234 and more 0 s\r\n"));
  CHECK(on_terminal("xterm", 1, show_long) == "\r\033[K\r\n");
  CHECK(contains(on_terminal("xterm", 0, show_long), "longer than the terminal is wide 10/10 100%"));  // unknown: 80
}

TEST_CASE("a terminal that renews no lines gets whole lines, and no escape sequences") {
  for (const char* kind : {"dumb", "", static_cast<const char*>(nullptr)}) {
    const std::string text = on_terminal(kind, 30, show_long);
    CHECK(text == "a name that is longer than the terminal is wide 10/10 100% loss 0.1234 and more 0 s\r\n");
  }
}

TEST_CASE("a line that is said in between takes the place of the progress, which comes back") {
  const std::string text = on_terminal("xterm", 60, [] {
    Progress meter("train", 2);
    meter.update(2);
    engine::clear_progress();
    std::fputs("said\n", stderr);
    meter.update(2);
    meter.note("noted");
  });
  CHECK(text == "\r\033[Ktrain 2/2 100% 0 s\r\033[Ksaid\r\n\r\033[Ktrain 2/2 100% 0 s\r\033[Knoted\r\n");
}

TEST_CASE("names and details cannot reach the terminal") {
  const std::string text = on_terminal("xterm", 80, [] {
    Progress meter("evil\033[2J\nname", 1);
    meter.update(1, "\033]0;title\007");
    meter.note("note\033[2J");
  });
  CHECK(contains(text, "evil\\x1b[2J\\nname"));
  CHECK(contains(text, "\\x1b]0;title\\x07"));
  CHECK(contains(text, "note\\x1b[2J"));
}

TEST_CASE("quiet is quiet") {
  CHECK(on_terminal("xterm", 80, [] {
          engine::set_quiet(true);
          Progress meter("train", 1);
          meter.update(1);
          meter.note("noted");
        }).empty());
}
