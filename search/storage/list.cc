#include "search/storage/journal.h"
#include "search/storage/journal_file.h"
#include "search/storage/memory.h"
#include "search/storage/redis_log.h"
#include "search/storage/storage.h"
#include "search/storage/worker.h"

namespace ingot::search {
namespace {

template <class Kind>
std::unique_ptr<Storage> open(const StudyOptions& options) {
  return std::make_unique<Kind>(options);
}

std::unique_ptr<Storage> open_file(const StudyOptions& options) {
  auto file = std::make_unique<JournalFile>(options.journal, options.note);
  return std::make_unique<JournalStorage>(std::move(file), this_worker(), options);
}

// Which trials are abandoned is what leases say, and not files of one machine.
std::unique_ptr<Storage> open_redis(const StudyOptions& options) {
  const std::string worker = this_worker();
  StudyOptions shared = options;
  shared.is_abandoned = nullptr;
  return std::make_unique<JournalStorage>(std::make_unique<RedisLog>(options, worker), worker, shared);
}

// One file, one line: add a storage here, before the one that is meant by all options.
constexpr StorageKind kKinds[] = {
    {"redis", "a server that workers of many machines share, Optuna's among them",
     [](const StudyOptions& options) { return !options.storage.empty(); }, open_redis},
    {"journal", "a file that processes share, Optuna's among them",
     [](const StudyOptions& options) { return !options.journal.empty(); }, open_file},
    {"memory", "is gone with the process", [](const StudyOptions&) { return true; }, open<MemoryStorage>},
};

}  // namespace

std::span<const StorageKind> storage_kinds() { return kKinds; }

std::unique_ptr<Storage> open_storage(const StudyOptions& options) {
  const StorageKind* kind = kKinds;
  while (!kind->is_meant(options)) ++kind;
  return kind->open(options);
}

}  // namespace ingot::search
