#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/file_lock.h"
#include "engine/base/files.h"
#include "engine/base/is_there.h"
#include "engine/base/replace_folder.h"
#include "tests/support/error_text.h"
#include "tests/support/failing_call.h"
#include "tests/support/small_disk.h"
#include "tests/support/temporary_folder.h"

using namespace ingot::engine;
using namespace ingot::test;
namespace fs = std::filesystem;

namespace {

std::string text_of(const MappedFile& file) {
  return {reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size()};
}

const std::string kBinary("a\0b\xff\r\n", 6);

}  // namespace

TEST_CASE("a file reads back as it was written, at any size around a page") {
  const TemporaryFolder folder;
  for (const std::size_t n : {0, 1, 4095, 4096, 4097, 100000}) {
    std::string text(n, 'x');
    for (std::size_t i = 0; i < n; ++i) text[i] = static_cast<char>(i * 131 >> 3);
    write_file(folder / "f", text);
    CHECK(read_file(folder / "f") == text);
    CHECK(text_of(MappedFile(folder / "f")) == text);
  }
}

TEST_CASE("a file that is read in pieces is the file, and has the hash of the whole") {
  const TemporaryFolder folder;
  for (const std::size_t n : {0, 1, 7, 8, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, (1 << 21) + 13}) {
    std::string text(n, 'x');
    for (std::size_t i = 0; i < n; ++i) text[i] = static_cast<char>(i * 131 >> 3);
    write_file(folder / "f", text);
    FileReader reader(folder / "f");
    CHECK(reader.size() == n);
    std::string all, piece(1000, ' ');
    for (std::size_t got = piece.size(); got == piece.size(); all += piece.substr(0, got)) got = reader.read(piece);
    CHECK((all == text));
    CHECK(reader.read(piece) == 0);
    CHECK(file_content_hash(folder / "f", 5) == content_hash(text, 5));
  }
}

TEST_CASE("a file that becomes shorter while it is read in pieces is a failure") {
  const TemporaryFolder folder;
  write_file(folder / "f", std::string(100, 'x'));
  FileReader reader(folder / "f");
  std::string piece(60, ' ');
  CHECK(reader.read(piece) == 60);
  fs::resize_file(folder / "f", 70);
  CHECK(contains(failure_text([&] { reader.read(piece); }), "it became shorter while it was read"));
}

TEST_CASE("a file that says it has no size is read to its end") { CHECK(!read_file("/proc/self/status").empty()); }

TEST_CASE("what is no regular file is refused at once, even a pipe that nobody writes to") {
  const TemporaryFolder folder;
  const fs::path pipe = folder / "pipe";
  REQUIRE(::mkfifo(pipe.c_str(), 0600) == 0);
  const std::string rule = ": cannot read: must be a regular file, is ";
  for (const auto& [path, kind] :
       {std::pair{pipe, "a named pipe"}, {folder.path(), "a folder"}, {"/dev/zero", "a device"}}) {
    CHECK(error_text([&] { read_file(path); }) == path.string() + rule + kind);
    CHECK(error_text([&] { MappedFile file(path); }) == path.string() + rule + kind);
  }
  fs::create_symlink("/dev/zero", folder / "link");
  CHECK(contains(error_text([&] { read_file(folder / "link"); }), "is a device"));
}

TEST_CASE("a file above its limit is refused, a file at its limit is read") {
  const TemporaryFolder folder;
  put(folder / "f", std::string(5000, 'x'));
  CHECK(read_file(folder / "f", 5000).size() == 5000);
  CHECK(error_text([&] { read_file(folder / "f", 4999); }) ==
        (folder / "f").string() + ": must have at most 4999 bytes, has 5000");
  fs::resize_file(folder / "f", std::uint64_t{1} << 40);  // sparse: takes no room, and no memory
  CHECK(contains(error_text([&] { read_file(folder / "f"); }), "must have at most 268435456 bytes, has 1099511627776"));
}

TEST_CASE("a file that cannot be read is an error that names it and the reason") {
  const TemporaryFolder folder;
  const fs::path missing = folder / "none";
  CHECK(error_text([&] { read_file(missing); }) == missing.string() + ": cannot read: No such file or directory");
  CHECK(error_text([&] { MappedFile file(missing); }) == missing.string() + ": cannot read: No such file or directory");
  if (::geteuid() == 0) {
    MESSAGE("skipped: a file without permission, since root may read everything");
    return;
  }
  put(folder / "secret", "x");
  ::chmod((folder / "secret").c_str(), 0);
  CHECK(contains(error_text([&] { read_file(folder / "secret"); }), "Permission denied"));
}

TEST_CASE("an atomic file shows nothing until commit, then the whole") {
  const TemporaryFolder folder;
  const fs::path path = folder / "f";
  put(path, "old");
  {
    AtomicFile file(path);
    file.write("new ");
    file.write(kBinary.data(), kBinary.size());
    CHECK(read_file(path) == "old");
    file.commit();
    CHECK(read_file(path) == "new " + kBinary);
  }
  CHECK(read_file(path) == "new " + kBinary);
  CHECK(folder.names() == std::vector<std::string>{"f"});
}

TEST_CASE("an atomic file without commit changes nothing and leaves nothing") {
  const TemporaryFolder folder;
  { AtomicFile(folder / "fresh").write("half"); }
  CHECK(folder.names().empty());
  put(folder / "f", "old");
  { AtomicFile(folder / "f").write("half"); }
  CHECK(read_file(folder / "f") == "old");
  CHECK(folder.names() == std::vector<std::string>{"f"});
}

TEST_CASE("a process killed while it writes leaves the previous file whole") {
  const TemporaryFolder folder;
  const fs::path path = folder / "f";
  put(path, "old");
  const pid_t child = ::fork();
  if (child == 0) {
    AtomicFile file(path);
    file.write("half");
    ::kill(::getpid(), SIGKILL);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  REQUIRE(WIFSIGNALED(status));
  CHECK(read_file(path) == "old");
  REQUIRE(folder.names().size() == 2);
  write_file(path, "new");
  CHECK(read_file(path) == "new");
  CHECK(folder.names() == std::vector<std::string>{"f"});  // what the killed one left is gone
}

TEST_CASE("only leftovers of the same file go: not those of others, nor what somebody writes at this moment") {
  const TemporaryFolder folder;
  const std::vector<std::string> others{"f.tmp", "f.tmp12x", "f.tmpx12", "g.tmp12", "xf.tmp12"};
  for (const std::string& name : others) put(folder / name, "kept");
  put(folder / "f.tmp12", "left");
  put(folder / "f.tmp4000000000", "left");
  fs::create_directories(folder / "f.tmp13");  // a folder is none of ours
  int ready[2], go[2];
  REQUIRE(::pipe(ready) == 0);
  REQUIRE(::pipe(go) == 0);
  const pid_t child = ::fork();
  char byte = 0;
  if (child == 0) {
    AtomicFile file(folder / "f");
    file.write("slow");
    ::write(ready[1], "x", 1);
    ::read(go[0], &byte, 1);
    file.commit();
    ::_exit(0);
  }
  REQUIRE(::read(ready[0], &byte, 1) == 1);
  write_file(folder / "f", "fast");
  CHECK(read_file(folder / "f") == "fast");
  CHECK(folder.names().size() == others.size() + 3);  // f, f.tmp13 and the child's
  REQUIRE(::write(go[1], "x", 1) == 1);
  int status = 0;
  ::waitpid(child, &status, 0);
  CHECK(status == 0);
  CHECK(read_file(folder / "f") == "slow");
  CHECK(folder.names().size() == others.size() + 2);
  for (const std::string& name : others) CHECK(read_file(folder / name) == "kept");
}

TEST_CASE("threads that write one file leave it whole") {
  const TemporaryFolder folder;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      for (int round = 0; round < 25; ++round) write_file(folder / "f", std::string(20000, static_cast<char>('a' + i)));
    });
  }
  for (std::thread& thread : threads) thread.join();
  const std::string text = read_file(folder / "f");
  CHECK(text == std::string(20000, text[0]));
  CHECK(folder.names() == std::vector<std::string>{"f"});
}

TEST_CASE("a full disk is an error, the previous file stays and no temporary one") {
  const TemporaryFolder folder;
  const fs::path path = folder / "f";
  put(path, "old");
  std::string message;
  {
    const SmallDisk disk(1000);
    message = failure_text([&] { write_file(path, std::string(5000, 'x')); });
  }
  CHECK(message == path.string() + ": cannot write: File too large");
  CHECK(read_file(path) == "old");
  CHECK(folder.names() == std::vector<std::string>{"f"});
}

TEST_CASE("a place that cannot be written is an error that names it and the reason") {
  const TemporaryFolder folder;
  const fs::path orphan = folder / "no" / "f";
  CHECK(error_text([&] { write_file(orphan, "x"); }) == orphan.string() + ": cannot write: No such file or directory");
  const fs::path taken = folder / "taken";
  fs::create_directories(taken / "inside");
  CHECK(error_text([&] { write_file(taken, "x"); }) == taken.string() + ": cannot write: Is a directory");
  CHECK(folder.names() == std::vector<std::string>{"taken"});
}

TEST_CASE("a file that the disk does not let be emptied or put in place leaves nothing behind") {
  const TemporaryFolder folder;
  put(folder / "a", "old");
  for (const int call : {SYS_ftruncate, SYS_fsync, SYS_rename}) {
    const auto thrown = thrown_where(call, EIO, [&] { write_file(folder / "a", "new"); });
    if (!thrown) return;
    CHECK(*thrown == "Failure: " + (folder / "a").string() + ": cannot write: Input/output error");
    CHECK(folder.names() == std::vector<std::string>{"a"});
    CHECK(read_file(folder / "a") == "old");
  }
}

TEST_CASE("why a folder could not be put in place is said, not what was tried after it") {
  const TemporaryFolder folder;
  fs::create_directory(folder / "fresh");
  const auto thrown = thrown_where(SYS_rename, EIO, [&] { replace_folder(folder / "fresh", folder / "final"); });
  if (thrown) CHECK(*thrown == "Failure: " + (folder / "final").string() + ": cannot be replaced: Input/output error");
}

TEST_CASE("a file to be locked on a disk that fails, or with too many open, is a failure at work") {
  const TemporaryFolder folder;
  for (const auto& [error, reason] : {std::pair{EIO, "Input/output error"}, {EMFILE, "Too many open files"}}) {
    const auto thrown = thrown_where(SYS_openat, error, [&] { FileLock(folder / "lock", Wait::no); });
    if (thrown) CHECK(*thrown == "Failure: " + (folder / "lock").string() + ": cannot write: " + reason);
  }
}

TEST_CASE("a lock is of the whole file, for every program that asks, and ends with its owner") {
  const TemporaryFolder folder;
  put(folder / "lock", "");
  const int other = ::open((folder / "lock").c_str(), O_RDWR | O_CLOEXEC);
  REQUIRE(other >= 0);
  const auto is_free = [&](off_t byte) {
    struct flock one {
      .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = byte, .l_len = 1, .l_pid = 0
    };
    REQUIRE(::fcntl(other, F_OFD_GETLK, &one) == 0);
    return one.l_type == F_UNLCK;
  };
  {
    const FileLock lock(folder / "lock", Wait::no);
    CHECK(lock.is_held());
    CHECK(is_locked(folder / "lock"));
    for (const off_t byte : {off_t{0}, off_t{1}, off_t{1} << 40}) CHECK_FALSE(is_free(byte));
  }
  CHECK(is_free(0));
  CHECK_FALSE(is_locked(folder / "lock"));
  ::close(other);
}

TEST_CASE("a file that nobody can look at is no file that is not there") {
  const TemporaryFolder folder;
  put(folder / "a", "text");
  CHECK(is_there(folder / "a"));
  CHECK_FALSE(is_there(folder / "b"));
  CHECK_FALSE(is_there(folder / "a" / "b"));
  const auto broken = thrown_where(SYS_newfstatat, EIO, [&] { is_there(folder / "a"); });
  if (broken) CHECK(*broken == "Failure: " + (folder / "a").string() + ": cannot read: Input/output error");
  const auto closed = thrown_where(SYS_newfstatat, EACCES, [&] { is_there(folder / "a"); });
  if (closed) CHECK(*closed == "Error: " + (folder / "a").string() + ": cannot read: Permission denied");
}

TEST_CASE("lines are appended to what is there, and a full disk is a failure that says so") {
  const TemporaryFolder folder;
  put(folder / "log", "one\n");
  {
    AppendedFile log(folder / "log");
    CHECK(log.n_bytes() == 4);
    log.write("two\n");
    CHECK(log.n_bytes() == 8);
    CHECK(read_file(folder / "log") == "one\ntwo\n");
  }
  const auto thrown = thrown_where(SYS_write, ENOSPC, [&] {
    try {
      AppendedFile(folder / "log").write("three\n");
    } catch (const Failure& failure) {
      ::_exit(failure.sentence() == (folder / "log").string() + ": cannot write: No space left on device" ? 0 : 1);
    }
  });
  if (thrown) CHECK(*thrown == "");
}

TEST_CASE("the first line of a file is read, and of none there is none") {
  const TemporaryFolder folder;
  CHECK(first_line(folder / "none") == "");
  CHECK(first_line(put(folder / "a", "one\ntwo")) == "one");
  CHECK(first_line(put(folder / "b", "one")) == "one");
  CHECK(first_line(folder / "b", 2) == "on");
  const auto thrown = thrown_where(SYS_read, EIO, [&] { first_line(folder / "b"); });
  if (thrown) CHECK(*thrown == "Failure: " + (folder / "b").string() + ": cannot read: Input/output error");
}

TEST_CASE("a map keeps the old file when a new one takes its name, and can be moved") {
  const TemporaryFolder folder;
  write_file(folder / "f", "old");
  MappedFile first(folder / "f");
  write_file(folder / "f", "renewed");
  CHECK(text_of(first) == "old");
  MappedFile second(std::move(first));
  CHECK(text_of(second) == "old");
  MappedFile third(folder / "f");
  third = std::move(second);
  CHECK(text_of(third) == "old");
}

TEST_CASE("a mapped file that becomes shorter ends the process with a sentence that names it") {
  const TemporaryFolder folder;
  write_file(folder / "f\n", std::string(3 << 12, 'x'));
  const pid_t child = ::fork();
  if (child == 0) {
    if (std::freopen((folder / "stderr").c_str(), "w", stderr) == nullptr) ::_exit(3);
    const MappedFile closed(folder / "f\n");
    MappedFile file(folder / "f\n");
    file = MappedFile(folder / "f\n");
    if (::truncate((folder / "f\n").c_str(), 10) != 0) ::_exit(3);
    ::_exit(file.bytes()[2 << 12] == std::byte{} ? 4 : 5);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  REQUIRE(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 1);
  CHECK(read_file(folder / "stderr") == "ingot: " + (folder / "f\\n").string() +
                                            ": cannot read: the file became shorter while it was in use, or its disk "
                                            "failed\n");
}

TEST_CASE("a fault that is of no mapped file is the process's own") {
  const TemporaryFolder folder;
  write_file(folder / "f", "x");
  const pid_t child = ::fork();
  if (child == 0) {
    const MappedFile file(folder / "f");
    ::raise(SIGBUS);
    ::raise(SIGBUS);
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  CHECK((WIFSIGNALED(status) || WEXITSTATUS(status) != 0));  // a sanitizer ends the process in its own way
}
