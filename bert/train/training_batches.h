// The order in which a training reads its texts: epochs of batches, batches of shards.
#pragma once

#include <cstdint>
#include <mutex>
#include <vector>

namespace ingot::bert {

class TrainingBatches {
 public:
  // Of texts with these lengths. A batch has `batch_size` texts (the last may be smaller), in the order of
  // data::training_order, and is cut into `shards` runs of texts whose numbers differ by at most one.
  TrainingBatches(std::vector<std::uint32_t> lengths, std::int64_t batch_size, std::int64_t shards, std::uint64_t seed);

  std::int64_t per_epoch() const;  // batches
  std::int64_t shards() const { return shards_; }

  // Of shard index % shards() of batch index / shards(): positions of texts, none if the batch has fewer texts than
  // shards. Several threads may ask.
  std::vector<std::size_t> shard(std::int64_t epoch, std::int64_t index);

 private:
  const std::vector<std::uint32_t> lengths_;
  const std::int64_t batch_size_, shards_;
  const std::uint64_t seed_;
  std::mutex mutex_;
  std::int64_t epoch_ = -1;                        // of the batches; guarded by the mutex
  std::vector<std::vector<std::size_t>> batches_;  // guarded by the mutex
};

}  // namespace ingot::bert
