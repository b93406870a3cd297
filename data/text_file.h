// Files of text, plain or compressed by gzip: what they are, and their beginnings. data/text_reader.h reads them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "data/unpacker.h"

namespace ingot::data {

// Whether the file is named *.gz; its name without that.
bool is_gzip_name(const std::filesystem::path& file);
std::filesystem::path without_gzip(const std::filesystem::path& file);

// The first bytes of a text as a TextReader gives it, at most `n_bytes`, which may end within a character. Throws Error
// for a file that is too long or, as far as it is read, no text.
std::string read_start(const std::filesystem::path& file, std::size_t n_bytes, std::uint64_t most_bytes);

// The bytes as they are. Throws Error, naming the option that raises the limit, for a longer file.
std::string read_bytes(const std::filesystem::path& file, std::uint64_t most_bytes);

// Throws Error for a file that begins as something else does that is often taken for text.
void check_kind(std::string_view start, const std::string& file);

// Bytes of a character at the end of the text that is not whole.
std::size_t cut_character(std::string_view text);

// Throws Error for a file that is not under gzip, or is too long.
Unpacker open_gzip(const std::filesystem::path& file, std::uint64_t most_bytes);

// Throws Error, naming the option that raises the limit, for a longer file.
void check_size(const std::filesystem::path& file, std::uint64_t most_bytes);

// "file: must VERB at most N MiB ...", with the option that raises the limit.
[[noreturn]] void fail_limit(const std::string& file, const char* verb, std::uint64_t most_bytes);

}  // namespace ingot::data
