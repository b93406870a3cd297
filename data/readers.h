// What the table of readers in source.cc is made of. A reader is one file, one declaration here and one row there.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <string_view>

#include "data/source.h"
#include "engine/base/error.h"

namespace ingot::data {

// Each opens `path`, which exists, or returns null when it is not of its kind. The kind is told from names alone: the
// extension of a file, the entries of a folder.
std::unique_ptr<Source> open_imdb(const std::filesystem::path& path, const ReadingOptions& options);
std::unique_ptr<Source> open_tables(const std::filesystem::path& path, const ReadingOptions& options);

// The parts that the files are; `validation` and `test` can be empty.
std::unique_ptr<Source> open_table_parts(const std::filesystem::path& train, const std::filesystem::path& validation,
                                         const std::filesystem::path& test, const ReadingOptions& options);

// Made of the Debian package wordnet-base: glosses.h, gloss_pairs.h, gloss_kinds.h, gloss_tags.h.
std::unique_ptr<Source> open_glosses(const ReadingOptions& options);
std::unique_ptr<Source> open_gloss_pairs(const ReadingOptions& options);
std::unique_ptr<Source> open_gloss_kinds(const ReadingOptions& options);
std::unique_ptr<Source> open_gloss_tags(const ReadingOptions& options);

// Gives a corpus that was read whole to `take`, as Source::visit does.
CorpusFacts deliver(Corpus&& corpus, const Source::Take& take);

// Fingerprint of the content of one file. `kind` keeps readers of the same bytes apart.
std::uint64_t file_fingerprint(std::string_view kind, const std::filesystem::path& file, std::uint64_t most_bytes);

// Hash of a file's name relative to `folder`, its size and its time of modification, chained to `hash`: for folders,
// whose content would take too long to read. Touching a file changes it, which costs a cache entry and no correctness.
std::uint64_t stamp_fingerprint(const std::filesystem::path& file, const std::filesystem::path& folder,
                                std::uint64_t hash);

// Whether `path` is a folder, a plain file or (not_found) nothing. Throws Error if the system does not say.
std::filesystem::file_type type_of(const std::filesystem::path& path);

// ".csv" for "A.CSV".
std::string lower_extension(const std::filesystem::path& path);

// Returns read(). Throws Failure, naming `name`, if read() runs out of memory.
template <class Read>
auto within_memory(const std::string& name, const Read& read) {
  const auto failed = [&] { return engine::Failure(fmt::format("{}: does not fit into memory", name)); };
  try {
    return read();
  } catch (const std::bad_alloc&) {
    throw failed();
  } catch (const std::length_error&) {
    throw failed();
  }
}

}  // namespace ingot::data
