// Reads whole text files into memory, plain or compressed by gzip.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace ingot::data {

// Whether the file is named *.gz; its name without that.
bool is_gzip_name(const std::filesystem::path& file);
std::filesystem::path without_gzip(const std::filesystem::path& file);

// The text, unpacked, without a byte order mark, with LF in place of CR if lines end with CR alone. Throws Error if it
// is not UTF-8 (saying what it is instead, where that is known), no regular file, damaged, or longer than `most_bytes`.
std::string read_text(const std::filesystem::path& file, std::uint64_t most_bytes);

// Its first bytes, at most `n_bytes`, which may end within a character.
std::string read_start(const std::filesystem::path& file, std::size_t n_bytes, std::uint64_t most_bytes);

// The bytes as they are. Throws Error, naming the option that raises the limit, for a longer file.
std::string read_bytes(const std::filesystem::path& file, std::uint64_t most_bytes);

// "file: must VERB at most N MiB ...", with the option that raises the limit.
[[noreturn]] void fail_limit(const std::string& file, const char* verb, std::uint64_t most_bytes);

}  // namespace ingot::data
