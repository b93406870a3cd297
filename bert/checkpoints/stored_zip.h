// Zip archives whose members are stored as they are, which is how PyTorch writes its files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/files.h"

namespace ingot::bert {

inline constexpr std::uint64_t kMostMembers = 1 << 18;

// A mapped archive (also Zip64), checked whole on opening: no member is compressed, encrypted or there twice; the
// directory ends the file and agrees with the header in front of each member; members lie before the directory and do
// not overlap; each has the checksum that the directory says.
class StoredZip {
 public:
  struct Member {
    std::string_view name;             // as in the directory, a view into the map
    std::span<const std::byte> bytes;  // the same
  };

  // `file`: its bytes; `subject`: its name for messages. Throws Error naming file, member and rule.
  StoredZip(engine::MappedFile file, const std::string& subject);

  std::span<const Member> members() const { return members_; }  // by name, ascending
  const Member* find(std::string_view name) const;              // null if there is none
  std::size_t size() const { return file_.bytes().size(); }     // bytes of the archive

 private:
  engine::MappedFile file_;
  std::vector<Member> members_;
};

}  // namespace ingot::bert
