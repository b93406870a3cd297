// metrics.jsonl and the events of TensorBoard beside it, as a resumed run finds them.
#include "bert/train/metrics_log.h"
#include "tests/fuzz/several_files.h"

namespace ingot::fuzz {
namespace {

void read(std::string_view bytes) {
  bert::MetricsLog log(folder_of(bytes), static_cast<std::int64_t>(bytes.size()), true);
  log.write({{"step", 7}, {"loss", 0.5}});
}

}  // namespace

Target metrics() { return {.name = "metrics", .read = read, .mutated = mutated_files}; }

}  // namespace ingot::fuzz
