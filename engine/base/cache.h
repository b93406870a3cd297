// The cache keeps for the next run what can be made again: tokens of corpora, learned vocabularies, outputs of models,
// compiled parts of simulators. Each is an entry: a file or a folder directly in the cache folder.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace ingot::engine {

// $XDG_CACHE_HOME/ingot, ~/.cache/ingot or ingot-UID in the folder for temporary files: the first that is there or can
// be made, belongs to this user and lets nobody else write, for what lies in it is believed, and some of it executed.
// Throws Error if there is none.
std::filesystem::path cache_folder();

// Marks an entry as just used, so that trim_cache() removes older ones first. Does nothing if there is no such entry.
void touch_cache_entry(const std::filesystem::path& entry);

struct CacheEntry {
  std::filesystem::path path;
  std::uint64_t n_bytes = 0;  // on disk, of all files in it
  std::filesystem::file_time_type used;
};
std::vector<CacheEntry> cache_entries();  // the one that was used longest ago first

// Bytes that the entries may take together: 1 GiB, or as many MiB as the environment variable INGOT_CACHE_LIMIT says.
// Throws Error if that is no whole number.
std::uint64_t cache_limit();

// Removes entries, from the one that was used longest ago on, until the rest is within the limit. What was used within
// the last hour stays: another process may be at work with it. To be called after an entry was made.
void trim_cache();

// Removes all entries. Returns how many bytes they took.
std::uint64_t clear_cache();

}  // namespace ingot::engine
