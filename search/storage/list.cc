#include "search/storage/journal.h"
#include "search/storage/memory.h"
#include "search/storage/storage.h"

namespace ingot::search {
namespace {

template <class Kind>
std::unique_ptr<Storage> open(const StudyOptions& options) {
  return std::make_unique<Kind>(options);
}

// One file, one line: add a storage here, before the one that is meant by all options.
constexpr StorageKind kKinds[] = {
    {"journal", "a file that processes share, Optuna's among them",
     [](const StudyOptions& options) { return !options.journal.empty(); }, open<JournalStorage>},
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
