// The program: runs one command, and is the only place where errors are caught.
// Exit codes: 0 done, 1 failed at work, 2 wrong use or wrong input, 130 stopped by the user.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <filesystem>
#include <new>
#include <string>
#include <vector>

#include "cli/program.h"
#include "engine/base/error.h"
#include "engine/base/printable.h"
#include "engine/base/process.h"
#include "engine/base/ranks.h"
#include "engine/base/system_error.h"
#include "search/storage/redis_url.h"

namespace {

using ingot::engine::printable, ingot::engine::printable_lines;
using ingot::search::without_password;

// A closed standard stream would give its number to the next file that is opened, and that file would get our output.
void open_standard_streams() {
  for (int descriptor = STDIN_FILENO; descriptor <= STDERR_FILENO; ++descriptor) {
    if (::fcntl(descriptor, F_GETFD) >= 0) continue;
    // Reading standard input and writing to standard output must still fail; what is said on standard error may be
    // lost.
    if (::open("/dev/null", descriptor == STDOUT_FILENO ? O_RDONLY : O_WRONLY) < 0) std::_Exit(1);
  }
}

// Lists of processes show what a command was given: passwords in it become stars.
void hide_passwords(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    char* const scheme = std::strstr(argv[i], "redis");
    char* const at = scheme == nullptr ? nullptr : std::strrchr(scheme, '@');
    char* const begin = scheme == nullptr ? nullptr : std::strstr(scheme, "://");
    if (begin != nullptr && at != nullptr && begin < at) std::fill(begin + 3, at, '*');
  }
}

// Says it with no memory of its own.
int report_no_memory() {
  std::fputs("ingot: failed: out of memory\n", stderr);
  return 1;
}

// The terminate handler. A library that asks for memory while it cleans up ends the process: with a sentence and exit
// code 1, not with a signal. An exception that leaves a noexcept function cannot be inspected here; it is hardly ever
// anything but missing memory.
void end_without_memory() {
  const std::exception_ptr error = std::current_exception();
  if (!error && std::uncaught_exceptions() > 0) {
    std::fputs("ingot: failed: out of memory, or by an error where none may be\n", stderr);
    std::_Exit(1);
  }
  try {
    if (error) std::rethrow_exception(error);
  } catch (const std::bad_alloc&) {
    std::_Exit(report_no_memory());
  } catch (...) {
  }
  std::abort();
}

// Messages quote files, which strangers wrote: this is where what they say becomes harmless.
int report(const std::string& sentence, const std::string& details, int code) try {
  constexpr std::size_t kMostShown = 2000;           // bytes: a sentence may quote a value of any length
  const char* rank = ingot::engine::name_of_rank();  // which of several processes says it
  const std::string who = rank == nullptr ? "" : fmt::format("rank {}: ", printable(rank));
  std::string text = fmt::format("ingot: {}{}\n", who, printable(without_password(sentence), kMostShown));
  if (!details.empty()) text += printable_lines(details) + (details.ends_with('\n') ? "" : "\n");
  std::fputs(text.c_str(), stderr);
  return code;
} catch (const std::bad_alloc&) {
  return report_no_memory();
}

// The system's refusal of a path (a loop of links, a name too long, a folder that may not be read), wherever it was
// met. Where a disk is at fault, it is no fault of whoever named the path.
int report(const std::filesystem::filesystem_error& error) try {
  const bool at_work = ingot::engine::is_failure_at_work(error.code().value());
  return report(fmt::format("{}: {}", error.path1().string(), error.code().message()), "", at_work ? 1 : 2);
} catch (const std::bad_alloc&) {
  return report_no_memory();
}

int report_unexpected(const std::exception& error) try {
  return report(fmt::format("failed: {}", error.what()), "", 1);
} catch (const std::bad_alloc&) {
  return report_no_memory();
}

}  // namespace

int main(int argc, char** argv) {
  open_standard_streams();
  ingot::engine::start_clock();
  std::set_terminate(end_without_memory);
  std::signal(SIGXFSZ, SIG_IGN);  // a file beyond the limit is an error of its write, as on a full disk
  try {
    const std::vector<std::string> words(argv + 1, argv + argc);
    hide_passwords(argc, argv);
    const int code = ingot::cli::run_program(words);
    ingot::engine::end_ranks();
    return code;
  } catch (const ingot::engine::Ended&) {
    ingot::engine::end_ranks();
    return 0;
  } catch (const ingot::engine::Error& error) {
    return report(error.sentence(), error.details(), 2);
  } catch (const ingot::engine::Failure& failure) {
    return report(failure.sentence(), failure.details(), 1);
  } catch (const ingot::engine::Interrupted& interrupted) {
    return report(interrupted.what(), "", 130);
  } catch (const std::filesystem::filesystem_error& error) {
    return report(error);
  } catch (const std::bad_alloc&) {
    return report_no_memory();
  } catch (const std::exception& error) {
    return report_unexpected(error);
  }
}
