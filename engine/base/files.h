// Files: whole reads, maps, and writes that a kill or a full disk cannot leave half done.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

namespace ingot::engine {

// The largest file that is read whole, in bytes, unless a caller names another limit.
inline constexpr std::size_t kMostBytes = std::size_t{256} << 20;

// The whole file. Throws Error with the reason of the system if it cannot be read, if it is no regular file (a pipe may
// never end, a device has no size) or if it has more than `most_bytes`.
std::string read_file(const std::filesystem::path& path, std::size_t most_bytes = kMostBytes);

// What it holds before its first line end, of its first `most_bytes`; empty if there is no such file. Errors as
// read_file.
std::string first_line(const std::filesystem::path& path, std::size_t most_bytes = 4096);

// A regular file from front to back.
class FileReader {
 public:
  // Throws Error as read_file.
  explicit FileReader(std::filesystem::path path);
  ~FileReader();
  FileReader(const FileReader&) = delete;
  FileReader& operator=(const FileReader&) = delete;

  // The next bytes: fewer than there is room for at the end alone, then none. Throws Failure if the file has become
  // shorter.
  std::size_t read(std::span<char> room);

  std::uint64_t size() const { return size_; }  // when it was opened

 private:
  std::filesystem::path path_;
  std::size_t size_ = 0;
  int descriptor_ = -1;
};

// A file written beside its final name, as NAME.tmpPID, and renamed onto it by commit(), after both file and folder are
// synced. Until then the previous file stays whole; without commit() nothing changes. What a killed process left of the
// same file is removed first. Throws Error if there can be no file of that name, Failure when the disk is full or
// broken.
class AtomicFile {
 public:
  explicit AtomicFile(std::filesystem::path path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(const void* data, std::size_t n_bytes);
  void write(std::string_view text) { write(text.data(), text.size()); }
  // Replaces bytes at the start, which were written before; what is written next still goes to the end.
  void rewrite_start(std::string_view bytes);
  void commit();

 private:
  void discard();

  std::filesystem::path path_;
  std::filesystem::path temporary_;
  int descriptor_ = -1;
};

// Removes what killed processes left of a file that AtomicFile writes: for those that will not write it again.
void remove_leftovers(const std::filesystem::path& path);

// After it a power loss cannot take back which files the folder holds.
void sync_folder(const std::filesystem::path& folder);

// A file to whose end is written, made if it is not there. Throws Error or Failure as AtomicFile.
class AppendedFile {
 public:
  explicit AppendedFile(std::filesystem::path path);
  ~AppendedFile();
  AppendedFile(const AppendedFile&) = delete;
  AppendedFile& operator=(const AppendedFile&) = delete;

  void write(std::string_view text);
  std::int64_t n_bytes() const { return n_bytes_; }

 private:
  std::filesystem::path path_;
  int descriptor_ = -1;
  std::int64_t n_bytes_ = 0;
};

// Writes a whole file through AtomicFile, with its errors.
void write_file(const std::filesystem::path& path, std::string_view text);

// A regular file mapped read-only into memory.
class MappedFile {
 public:
  explicit MappedFile(const std::filesystem::path& path);
  ~MappedFile();
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;

  std::span<const std::byte> bytes() const { return {data_, size_}; }

 private:
  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

// A hash for cache keys (not cryptographic), several GB/s. `hash` chains calls; hashing a text in two parts gives
// another value than hashing it whole.
std::uint64_t content_hash(std::string_view bytes, std::uint64_t hash = 0xcbf29ce484222325u);

// content_hash of the bytes of numbers.
template <class Value>
std::uint64_t hash_of_values(std::span<const Value> values, std::uint64_t hash) {
  static_assert(std::is_arithmetic_v<Value>);
  return content_hash({reinterpret_cast<const char*>(values.data()), values.size_bytes()}, hash);
}
template <class Value>
std::uint64_t hash_of_value(Value value, std::uint64_t hash) {
  return hash_of_values(std::span<const Value>(&value, 1), hash);
}

// content_hash of what a file holds, which is not held in memory.
std::uint64_t file_content_hash(const std::filesystem::path& path, std::uint64_t hash);

}  // namespace ingot::engine
