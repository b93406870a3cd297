// What ends a command: errors of the caller (wrong options, wrong files, wrong shapes; exit code 2) and failures at
// work (a full disk, a training that diverges, a simulator that breaks off; exit code 1). Caught once, in cli/main.cc.
#ifndef INGOT_ENGINE_BASE_ERROR_H_  // a guard, for it is precompiled: engine/pch/common.h
#define INGOT_ENGINE_BASE_ERROR_H_

#include <fmt/core.h>

#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

namespace ingot::engine {

// One sentence: subject, rule, both values. `details`: lines that go with it, such as the words of another program.
// Both may hold what a stranger wrote: they are made printable where they are shown, and only there.
class Message : public std::runtime_error {
 public:
  explicit Message(const std::string& sentence, std::string details = {})
      : std::runtime_error(sentence), sentence_(sentence), details_(std::move(details)) {}
  const std::string& sentence() const { return sentence_; }  // whole, where what() ends at a zero byte
  const std::string& details() const { return details_; }

 private:
  std::string sentence_, details_;
};

// What a user did or gave is wrong: trying again as it is cannot help.
struct Error : Message {
  using Message::Message;
};

// The work failed, though what was asked for was right.
struct Failure : Message {
  using Message::Message;
};

[[noreturn]] void fail_formatted(fmt::string_view text, fmt::format_args args);

template <class... Args>
[[noreturn]] void fail(fmt::format_string<Args...> text, Args&&... args) {
  fail_formatted(text, fmt::make_format_args(args...));
}

// Throws Error with the formatted text unless `ok`. Always on; our own bugs are asserts.
template <class... Args>
void require(bool ok, fmt::format_string<Args...> text, Args&&... args) {
  if (!ok) [[unlikely]]
    fail_formatted(text, fmt::make_format_args(args...));
}

// Returns work(). If it throws an Error, throws one with the subject in front: "SUBJECT: SENTENCE". The subject is a
// text, or a function that returns one and is called only in that case.
template <class Subject, class Work>
decltype(auto) with_subject(const Subject& subject, const Work& work) {
  try {
    return work();
  } catch (const Error& error) {
    if constexpr (std::is_invocable_v<const Subject&>) {
      fail("{}: {}", subject(), error.what());
    } else {
      fail("{}: {}", subject, error.what());
    }
  }
}

}  // namespace ingot::engine

#endif
