#include "bert/train/training_batches.h"

#include "data/batches.h"
#include "engine/base/divide.h"

namespace ingot::bert {

TrainingBatches::TrainingBatches(std::vector<std::uint32_t> lengths, std::int64_t batch_size, std::int64_t shards,
                                 std::uint64_t seed)
    : lengths_(std::move(lengths)), batch_size_(batch_size), shards_(shards), seed_(seed) {}

std::int64_t TrainingBatches::per_epoch() const {
  return engine::ceil_div(static_cast<std::int64_t>(lengths_.size()), batch_size_);
}

std::vector<std::size_t> TrainingBatches::shard(std::int64_t epoch, std::int64_t index) {
  const std::lock_guard lock(mutex_);
  if (epoch_ != epoch) {
    batches_ = data::training_order(lengths_, batch_size_, seed_, static_cast<std::uint64_t>(epoch));
    epoch_ = epoch;
  }
  const std::vector<std::size_t>& batch = batches_[static_cast<std::size_t>(index / shards_)];
  const auto n = static_cast<std::int64_t>(batch.size()), s = index % shards_;
  // The first shard has a text whatever there is: what all shards share is computed there (engine/autograd/shards.h).
  return {batch.begin() + engine::ceil_div(s * n, shards_), batch.begin() + engine::ceil_div((s + 1) * n, shards_)};
}

}  // namespace ingot::bert
