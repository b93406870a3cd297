#include "engine/base/files.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <utility>

#include "engine/base/error.h"
#include "engine/base/file_lock.h"
#include "engine/base/mapped_faults.h"
#include "engine/base/system_error.h"

namespace ingot::engine {
namespace fs = std::filesystem;

namespace {

[[noreturn]] void fail_errno(const fs::path& path, const char* action) { fail_of_system(path, action, errno); }

const char* kind_of(mode_t mode) {
  if (S_ISDIR(mode)) return "a folder";
  if (S_ISFIFO(mode)) return "a named pipe";
  if (S_ISSOCK(mode)) return "a socket";
  return "a device";
}

int open_for_reading(const fs::path& path, std::size_t& size) {
  // Without O_NONBLOCK a pipe that nobody writes to is waited for.
  const int descriptor =
      uninterrupted([&] { return ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY); });
  if (descriptor < 0) fail_errno(path, "read");
  struct stat status {};
  if (::fstat(descriptor, &status) != 0) {
    const int reason = errno;
    ::close(descriptor);
    fail_of_system(path, "read", reason);
  }
  if (!S_ISREG(status.st_mode)) {
    ::close(descriptor);
    fail("{}: cannot read: must be a regular file, is {}", path.string(), kind_of(status.st_mode));
  }
  size = static_cast<std::size_t>(status.st_size);
  return descriptor;
}

void write_all(const fs::path& path, int descriptor, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = uninterrupted([&] { return ::write(descriptor, bytes.data(), bytes.size()); });
    if (n < 0) fail_errno(path, "write");
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
}

constexpr const char kTemporary[] = ".tmp";  // and the number of the process

// Whether `name` is the temporary name of a file, whichever process gave it.
bool is_temporary_of(const std::string& file, const std::string& name) {
  const std::string begin = file + kTemporary;
  return name.size() > begin.size() && name.starts_with(begin) &&
         std::all_of(name.begin() + static_cast<std::ptrdiff_t>(begin.size()), name.end(),
                     [](char c) { return '0' <= c && c <= '9'; });
}

}  // namespace

void sync_folder(const fs::path& folder) {
  const int descriptor = ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return;
  ::fsync(descriptor);
  ::close(descriptor);
}

void remove_leftovers(const fs::path& path) {
  std::error_code error;  // whoever writes it at this moment has locked its own
  const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
  for (fs::directory_iterator entry(folder, error), end; !error && entry != end; entry.increment(error)) {
    if (!is_temporary_of(path.filename().string(), entry->path().filename().string())) continue;
    const int descriptor = ::open(entry->path().c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (descriptor < 0) continue;
    if (lock_descriptor(descriptor, Sharing::alone, Wait::no) == LockOutcome::locked &&
        is_file_at(entry->path(), descriptor))
      ::unlink(entry->path().c_str());
    ::close(descriptor);
  }
}

FileReader::FileReader(fs::path path) : path_(std::move(path)), descriptor_(open_for_reading(path_, size_)) {}

FileReader::~FileReader() { ::close(descriptor_); }

std::size_t FileReader::read(std::span<char> room) {
  std::size_t filled = 0;
  while (filled < room.size()) {
    const ssize_t n = ::read(descriptor_, room.data() + filled, room.size() - filled);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail_errno(path_, "read");
    if (n == 0) break;
    filled += static_cast<std::size_t>(n);
  }
  struct stat now {};
  if (filled < room.size() && ::fstat(descriptor_, &now) == 0 && static_cast<std::size_t>(now.st_size) < size_)
    throw Failure(fmt::format("{}: cannot read: it became shorter while it was read", path_.string()));
  return filled;
}

std::string read_file(const fs::path& path, std::size_t most_bytes) {
  FileReader reader(path);
  const std::size_t size = reader.size();
  std::string text;
  std::size_t filled = 0;
  do {
    // Beyond what it said: files of /proc report no size, others may grow.
    text.resize(std::max(std::min(size, most_bytes + 1), filled + 4096));
    filled += reader.read(std::span(text).subspan(filled));
  } while (filled == text.size() && filled <= most_bytes);
  require(filled <= most_bytes, "{}: must have at most {} bytes, has {}", path.string(), most_bytes,
          std::max(size, filled));
  text.resize(filled);
  return text;
}

std::string first_line(const fs::path& path, std::size_t most_bytes) {
  if (!fs::exists(path)) return "";
  std::string text(most_bytes, '\0');
  text.resize(FileReader(path).read(text));
  return text.substr(0, text.find('\n'));
}

AtomicFile::AtomicFile(fs::path path) : path_(std::move(path)), temporary_(path_) {
  temporary_ += kTemporary + std::to_string(::getpid());
  remove_leftovers(path_);
  do {  // another thread, or a process of the same number on another machine, may be writing the same file
    if (descriptor_ >= 0) ::close(descriptor_);
    descriptor_ = uninterrupted([&] { return ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644); });
    if (descriptor_ < 0) fail_errno(path_, "write");
  } while (lock_descriptor(descriptor_, Sharing::alone, Wait::yes) == LockOutcome::locked &&
           !is_file_at(temporary_, descriptor_));
  if (uninterrupted([&] { return ::ftruncate(descriptor_, 0); }) == 0) return;
  const int reason = errno;
  discard();
  fail_of_system(path_, "write", reason);
}

AtomicFile::~AtomicFile() {
  if (descriptor_ >= 0) discard();
}

void AtomicFile::discard() {
  ::unlink(temporary_.c_str());  // while it is locked: nobody else's is removed
  ::close(std::exchange(descriptor_, -1));
}

void AtomicFile::write(const void* data, std::size_t n_bytes) {
  write_all(path_, descriptor_, {static_cast<const char*>(data), n_bytes});
}

void AtomicFile::rewrite_start(std::string_view bytes) {
  for (std::size_t done = 0; done < bytes.size();) {
    const ssize_t n = ::pwrite(descriptor_, bytes.data() + done, bytes.size() - done, static_cast<off_t>(done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail_errno(path_, "write");
    done += static_cast<std::size_t>(n);
  }
}

void AtomicFile::commit() {
  if (uninterrupted([&] { return ::fsync(descriptor_); }) != 0) fail_errno(path_, "write");
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) fail_errno(path_, "write");
  if (::close(std::exchange(descriptor_, -1)) != 0) fail_errno(path_, "write");
  sync_folder(path_.parent_path());
}

AppendedFile::AppendedFile(fs::path path) : path_(std::move(path)) {
  descriptor_ = uninterrupted([&] { return ::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644); });
  if (descriptor_ < 0) fail_errno(path_, "write");
  n_bytes_ = std::max<std::int64_t>(::lseek(descriptor_, 0, SEEK_END), 0);
}

AppendedFile::~AppendedFile() { ::close(descriptor_); }

void AppendedFile::write(std::string_view text) {
  write_all(path_, descriptor_, text);
  n_bytes_ += std::ssize(text);
}

void write_file(const fs::path& path, std::string_view text) {
  AtomicFile file(path);
  file.write(text);
  file.commit();
}

MappedFile::MappedFile(const fs::path& path) {
  const int descriptor = open_for_reading(path, size_);
  if (size_ > 0) {
    void* map = ::mmap(nullptr, size_, PROT_READ, MAP_PRIVATE, descriptor, 0);
    if (map == MAP_FAILED) {
      ::close(descriptor);
      fail_errno(path, "map");
    }
    data_ = static_cast<const std::byte*>(map);
    watch_mapping(data_, size_, path.string());
  }
  ::close(descriptor);
}

MappedFile::~MappedFile() {
  if (data_ == nullptr) return;
  forget_mapping(data_);
  ::munmap(const_cast<std::byte*>(data_), size_);
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
  std::swap(data_, other.data_);
  std::swap(size_, other.size_);
  return *this;
}

namespace {

// For a given word the step is a bijection of the hash, and for a given hash one of the word: a change of one word
// always changes the result.
std::uint64_t mixed(std::uint64_t hash, std::uint64_t word) {
  hash = (hash ^ word) * 0x9e3779b97f4a7c15u;  // 2^64 / golden ratio
  return hash ^ hash >> 32;                    // the product carries only upwards
}

// All whole words, which are taken off.
std::uint64_t mixed_words(std::uint64_t hash, std::string_view& bytes) {
  std::uint64_t word = 0;
  for (; bytes.size() >= sizeof word; bytes.remove_prefix(sizeof word)) {
    std::memcpy(&word, bytes.data(), sizeof word);
    hash = mixed(hash, word);
  }
  return hash;
}

std::uint64_t mixed_rest(std::uint64_t hash, std::string_view bytes) {
  std::uint64_t word = 0;
  if (!bytes.empty()) std::memcpy(&word, bytes.data(), bytes.size());
  return mixed(hash, word);
}

}  // namespace

std::uint64_t content_hash(std::string_view bytes, std::uint64_t hash) {
  hash = mixed(hash, bytes.size());  // keeps the zeros that fill the last word apart from zeros in the content
  hash = mixed_words(hash, bytes);
  return mixed_rest(hash, bytes);
}

std::uint64_t file_content_hash(const fs::path& path, std::uint64_t hash) {
  constexpr std::size_t kBlock = std::size_t{1} << 20;  // whole words
  FileReader reader(path);
  hash = mixed(hash, reader.size());
  std::string block(kBlock, '\0');
  std::string_view bytes;
  for (std::uint64_t left = reader.size(); left > 0; left -= block.size()) {
    block.resize(static_cast<std::size_t>(std::min<std::uint64_t>(left, kBlock)));
    if (reader.read(block) < block.size()) break;  // of /proc: no more than it has
    bytes = block;
    hash = mixed_words(hash, bytes);
  }
  return mixed_rest(hash, bytes);
}

}  // namespace ingot::engine
