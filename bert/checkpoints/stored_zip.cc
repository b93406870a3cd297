// The records and their fields: APPNOTE.TXT of PKWARE, 4.3 (Zip64: 4.5.3). All numbers are little endian.
#include "bert/checkpoints/stored_zip.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <optional>
#include <utility>

#include "data/crc32.h"
#include "engine/base/error.h"
#include "engine/base/printable.h"

namespace ingot::bert {
namespace {

using engine::excerpt;
using engine::fail;
using engine::require;
using Bytes = std::span<const std::byte>;

static_assert(std::endian::native == std::endian::little, "numbers are copied as they lie in the file");

constexpr std::uint32_t kLocal = 0x04034b50, kCentral = 0x02014b50, kEnd = 0x06054b50, kEnd64 = 0x06064b50,
                        kLocator64 = 0x07064b50;
constexpr std::size_t kLocalBytes = 30, kCentralBytes = 46, kEndBytes = 22, kEnd64Bytes = 56, kLocatorBytes = 20;
constexpr std::size_t kMostComment = 0xffff;
constexpr std::uint16_t kEncrypted = 1 | 1 << 6 | 1 << 13, kSizesFollow = 1 << 3;  // general purpose flags
constexpr std::uint16_t kZip64Extra = 1;
constexpr std::uint32_t kIn64 = 0xffffffff;  // the value is in a field of 64 bits

// The number at `at`, which lies inside.
template <class T>
T number(Bytes bytes, std::size_t at) {
  T value;
  std::memcpy(&value, bytes.data() + at, sizeof value);
  return value;
}

bool holds(Bytes bytes, std::uint64_t at, std::uint64_t n) { return at <= bytes.size() && n <= bytes.size() - at; }

bool is_record(Bytes bytes, std::uint64_t at, std::size_t n, std::uint32_t signature) {
  return holds(bytes, at, n) && number<std::uint32_t>(bytes, at) == signature;
}

std::string_view text(Bytes bytes, std::size_t at, std::size_t n) {
  return {reinterpret_cast<const char*>(bytes.data()) + at, n};
}

// Where the record at the end begins: it ends with a comment that ends the file.
std::size_t find_end(Bytes bytes, const std::string& subject) {
  for (std::size_t n = 0; n <= kMostComment && n + kEndBytes <= bytes.size(); ++n) {
    const std::size_t at = bytes.size() - kEndBytes - n;
    if (number<std::uint32_t>(bytes, at) == kEnd && number<std::uint16_t>(bytes, at + 20) == n) return at;
  }
  fail("{}: truncated or damaged: a zip archive ends with its directory, which is not there", subject);
}

struct Directory {
  Bytes bytes;               // its records
  std::uint64_t offset = 0;  // of its first byte in the file
  std::uint64_t n_members = 0;
};

// A 32-bit number, or the one of 64 bits where there is such a record. The two must agree.
std::uint64_t agreed(const std::string& subject, std::uint64_t narrow, std::uint64_t most,
                     std::optional<std::uint64_t> wide) {
  require(!wide || narrow == most || narrow == *wide, "{}: damaged: its directory says {} and {} of the same", subject,
          narrow, wide.value_or(0));
  return wide ? *wide : narrow;
}

Directory find_directory(Bytes bytes, const std::string& subject) {
  const std::size_t end = find_end(bytes, subject);
  std::uint64_t follows = end;
  std::optional<std::uint64_t> n_members, n_bytes, offset;
  if (end >= kLocatorBytes && is_record(bytes, end - kLocatorBytes, kLocatorBytes, kLocator64)) {
    follows = number<std::uint64_t>(bytes, end - kLocatorBytes + 8);
    require(is_record(bytes.first(end - kLocatorBytes), follows, kEnd64Bytes, kEnd64),
            "{}: damaged: the Zip64 directory is not where the file says", subject);
    n_members = number<std::uint64_t>(bytes, follows + 32);
    n_bytes = number<std::uint64_t>(bytes, follows + 40);
    offset = number<std::uint64_t>(bytes, follows + 48);
  }
  Directory directory;
  directory.n_members = agreed(subject, number<std::uint16_t>(bytes, end + 10), 0xffff, n_members);
  directory.offset = agreed(subject, number<std::uint32_t>(bytes, end + 16), kIn64, offset);
  const std::uint64_t size = agreed(subject, number<std::uint32_t>(bytes, end + 12), kIn64, n_bytes);
  require(directory.n_members <= kMostMembers, "{}: must have at most {} members, has {}", subject, kMostMembers,
          directory.n_members);
  require(directory.offset <= follows && size == follows - directory.offset,
          "{}: damaged: its directory of {} bytes at {} must end at {}", subject, size, directory.offset, follows);
  directory.bytes = bytes.subspan(directory.offset, size);
  return directory;
}

struct Record {
  std::string_view name;
  std::uint16_t flags = 0, method = 0;
  std::uint32_t crc = 0;
  std::uint64_t packed = 0, size = 0, offset = 0;  // offset: of the header in front of the member
  std::uint64_t end = 0;                           // of the member in the file
  Bytes bytes;                                     // of the member
};

// The numbers that do not fit 32 bits, from the extra field that has them.
void read_zip64(const std::string& subject, Bytes extra, Record& record) {
  while (extra.size() >= 4) {
    const auto id = number<std::uint16_t>(extra, 0);
    const auto size = number<std::uint16_t>(extra, 2);
    require(holds(extra, 4, size), "{}: damaged: its extra field ends beyond its record", subject);
    if (id == kZip64Extra) {
      std::size_t at = 4;
      for (std::uint64_t* value : {&record.size, &record.packed, &record.offset}) {
        if (*value != kIn64) continue;
        require(at + 8 <= std::size_t{4} + size, "{}: damaged: its Zip64 field is too short", subject);
        *value = number<std::uint64_t>(extra, at);
        at += 8;
      }
      return;
    }
    extra = extra.subspan(std::size_t{4} + size);
  }
}

// The record at the start of `rest`, which is shortened by it.
Record take_record(const std::string& subject, Bytes& rest) {
  require(is_record(rest, 0, kCentralBytes, kCentral), "{}: damaged: its directory has fewer records than it says",
          subject);
  Record record{.flags = number<std::uint16_t>(rest, 8),
                .method = number<std::uint16_t>(rest, 10),
                .crc = number<std::uint32_t>(rest, 16),
                .packed = number<std::uint32_t>(rest, 20),
                .size = number<std::uint32_t>(rest, 24),
                .offset = number<std::uint32_t>(rest, 42)};
  const std::size_t n_name = number<std::uint16_t>(rest, 28), n_extra = number<std::uint16_t>(rest, 30);
  const std::size_t n_all = kCentralBytes + n_name + n_extra + number<std::uint16_t>(rest, 32);
  require(n_all <= rest.size(), "{}: damaged: a record of its directory ends beyond it", subject);
  record.name = text(rest, kCentralBytes, n_name);
  read_zip64(fmt::format("{}: {}", subject, excerpt(record.name)), rest.subspan(kCentralBytes + n_name, n_extra),
             record);
  rest = rest.subspan(n_all);
  return record;
}

// Finds the bytes of a member. `members`: the part of the file that has them.
void find_bytes(const std::string& subject, Bytes members, Record& record) {
  require((record.flags & kEncrypted) == 0, "{}: must not be encrypted", subject);
  require(record.method == 0, "{}: must be stored, as torch.save does, is compressed (method {})", subject,
          record.method);
  require(record.packed == record.size, "{}: damaged: {} bytes are stored as {}", subject, record.size, record.packed);
  require(is_record(members, record.offset, kLocalBytes, kLocal), "{}: damaged: there is no header at {}", subject,
          record.offset);
  const Bytes header = members.subspan(record.offset);
  const auto flags = number<std::uint16_t>(header, 6);
  const std::size_t n_name = number<std::uint16_t>(header, 26);
  const std::size_t begin = kLocalBytes + n_name + number<std::uint16_t>(header, 28);
  require(holds(header, begin, record.size), "{}: damaged: its {} bytes at {} end beyond the members", subject,
          record.size, record.offset + begin);
  require(text(header, kLocalBytes, n_name) == record.name && number<std::uint16_t>(header, 8) == record.method &&
              (flags & kEncrypted) == 0,
          "{}: damaged: the header in front of it says otherwise than the directory", subject);
  for (const std::size_t at : {18, 22}) {
    const auto size = number<std::uint32_t>(header, at);
    require((flags & kSizesFollow) != 0 || size == kIn64 || size == record.size,
            "{}: damaged: the header in front of it says {} bytes, the directory {}", subject, size, record.size);
  }
  record.end = record.offset + begin + record.size;
  record.bytes = header.subspan(begin, record.size);
}

void check_overlaps(const std::string& subject, std::vector<Record>& records) {
  std::sort(records.begin(), records.end(), [](const Record& a, const Record& b) { return a.offset < b.offset; });
  for (std::size_t i = 1; i < records.size(); ++i) {
    require(records[i - 1].end <= records[i].offset, "{}: damaged: {} and {} overlap", subject,
            excerpt(records[i - 1].name), excerpt(records[i].name));
  }
}

}  // namespace

StoredZip::StoredZip(engine::MappedFile file, const std::string& subject) : file_(std::move(file)) {
  const Directory directory = find_directory(file_.bytes(), subject);
  const Bytes before = file_.bytes().first(directory.offset);
  std::vector<Record> records;
  Bytes rest = directory.bytes;
  for (std::uint64_t i = 0; i < directory.n_members; ++i) {
    records.push_back(take_record(subject, rest));
    find_bytes(fmt::format("{}: {}", subject, excerpt(records.back().name)), before, records.back());
  }
  require(rest.empty(), "{}: damaged: its directory has more than the {} members that it says", subject,
          directory.n_members);
  check_overlaps(subject, records);  // before checksums: each byte of the file is in one of them
  for (const Record& record : records) {
    const std::uint32_t crc = data::crc32(text(record.bytes, 0, record.bytes.size()));
    require(crc == record.crc, "{}: {}: damaged: the directory says checksum {:08x}, got {:08x}", subject,
            excerpt(record.name), record.crc, crc);
    members_.push_back({record.name, record.bytes});
  }
  std::sort(members_.begin(), members_.end(), [](const Member& a, const Member& b) { return a.name < b.name; });
  const auto twice = std::adjacent_find(members_.begin(), members_.end(),
                                        [](const Member& a, const Member& b) { return a.name == b.name; });
  require(twice == members_.end(), "{}: {} is in it twice", subject,
          twice == members_.end() ? "" : excerpt(twice->name));
}

const StoredZip::Member* StoredZip::find(std::string_view name) const {
  const auto at = std::lower_bound(members_.begin(), members_.end(), name,
                                   [](const Member& member, std::string_view n) { return member.name < n; });
  return at == members_.end() || at->name != name ? nullptr : &*at;
}

}  // namespace ingot::bert
