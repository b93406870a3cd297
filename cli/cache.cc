// ingot cache: what is kept for the next run, and how to be rid of it.
#include "engine/base/cache.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "cli/command.h"
#include "cli/commands.h"
#include "engine/base/printable.h"
#include "engine/io/json.h"
#include "report/text_table.h"

namespace ingot::cli {
namespace {

constexpr double kMiB = 1 << 20;

std::string age(std::filesystem::file_time_type used) {
  const auto minutes =
      std::chrono::duration_cast<std::chrono::minutes>(std::filesystem::file_time_type::clock::now() - used);
  if (minutes.count() < 120) return fmt::format("{} minutes ago", std::max<std::int64_t>(0, minutes.count()));
  if (minutes.count() < 48 * 60) return fmt::format("{} hours ago", minutes.count() / 60);
  return fmt::format("{} days ago", minutes.count() / (24 * 60));
}

void run_cache(const Command& command, bool clear, const Common& common) {
  const std::string folder = engine::cache_folder().string();
  const std::uint64_t limit = engine::cache_limit();
  const std::vector<engine::CacheEntry> found = engine::cache_entries();
  const std::uint64_t removed = clear ? engine::clear_cache() : 0;
  std::uint64_t n_bytes = 0;
  engine::Json entries = engine::Json::array();
  report::TextTable table{.headers = {"MiB", "used", "entry"}, .rows = {}, .n_left = 0};
  for (const engine::CacheEntry& entry : found) {
    const std::string name = entry.path.filename().string();
    n_bytes += entry.n_bytes;
    entries.push_back({{"name", name}, {"bytes", entry.n_bytes}});
    table.rows.push_back({fmt::format("{:.1f}", static_cast<double>(entry.n_bytes) / kMiB), age(entry.used), name});
  }
  engine::Json result{{"folder", folder}, {"limit_bytes", limit}, {"entries", entries}};
  result[clear ? "removed_bytes" : "bytes"] = clear ? removed : n_bytes;
  const std::string text =
      clear ? fmt::format("{}: {} entries of {:.1f} MiB removed\n", engine::printable(folder), found.size(),
                          static_cast<double>(removed) / kMiB)
            : fmt::format("{}{}: {} entries of {:.1f} MiB, limit {:.0f} MiB\n", found.empty() ? "" : table.aligned(),
                          engine::printable(folder), found.size(), static_cast<double>(n_bytes) / kMiB,
                          static_cast<double>(limit) / kMiB);
  finish(command, common, {}, result, text);
}

}  // namespace

void add_cache(Command& program) {
  Command& command = program.add_subcommand("cache",
                                            "list or empty what is kept for the next run: tokens, vocabularies, "
                                            "outputs of models, simulators (at most 1 GiB, or "
                                            "INGOT_CACHE_LIMIT in MiB; the least recently used goes first)");
  const auto common = add_common(command);
  const auto clear = std::make_shared<bool>(false);
  command.add_flag("--clear", *clear, "remove everything");
  set_action(command, "ingot cache --clear", common,
             [&command, clear, common] { run_cache(command, *clear, *common); });
}

}  // namespace ingot::cli
