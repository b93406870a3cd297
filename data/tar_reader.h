// Tar archives under any usual compression, read from front to back.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

namespace ingot::data {

// Calls wanted(path) for each member that is not a folder, in the order of the archive, and take(content) right after
// it if it returns true; a wanted member must be a plain file. Nothing is written to disk. `file` is the name for
// messages. Throws Error if `bytes` is not a tar archive or not a whole one: cut off anywhere, even between two
// members, or (under gzip, bzip2, xz, zstd, lz4) with a wrong checksum. That is known only at the end, after the last
// call. Nor may it unpack to more than `most_bytes`.
void read_tar(std::string_view bytes, const std::string& file, std::uint64_t most_bytes,
              const std::function<bool(std::string_view path)>& wanted,
              const std::function<void(std::string content)>& take);

// Whether a file is named like a tar archive: .tar, .tar.gz, .tgz, ...
bool is_tar_name(const std::filesystem::path& path);

}  // namespace ingot::data
