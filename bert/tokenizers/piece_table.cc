#include "bert/tokenizers/piece_table.h"

#include <algorithm>
#include <utility>

namespace ingot::bert {
namespace {

std::uint64_t hash_of(std::string_view piece) {
  std::uint64_t hash = PieceTable::kHashStart;
  for (const char c : piece) hash = PieceTable::extend(hash, c);
  return hash;
}

std::uint32_t tag_of(std::uint64_t hash) { return static_cast<std::uint32_t>(hash >> 32); }

}  // namespace

bool PieceTable::add(std::string_view piece, std::int32_t id) {
  if (2 * (count_ + 1) > slots_.size()) grow();
  const std::uint64_t hash = hash_of(piece);
  Slot& slot = slots_[slot_of(piece, hash)];
  if (slot.id >= 0) return false;
  slot = {.piece = piece, .tag = tag_of(hash), .id = id};
  ++count_;
  longest_ = std::max(longest_, piece.size());
  return true;
}

std::int32_t PieceTable::find(std::string_view piece, std::uint64_t hash) const {
  return slots_.empty() ? -1 : slots_[slot_of(piece, hash)].id;
}

// Where the piece is, or the free slot where it would be.
std::size_t PieceTable::slot_of(std::string_view piece, std::uint64_t hash) const {
  const std::size_t mask = slots_.size() - 1;
  std::size_t i = (hash ^ hash >> 32) & mask;
  while (slots_[i].id >= 0 && (slots_[i].tag != tag_of(hash) || slots_[i].piece != piece)) i = (i + 1) & mask;
  return i;
}

void PieceTable::grow() {
  const std::vector<Slot> old = std::exchange(slots_, std::vector<Slot>(std::max<std::size_t>(16, 2 * slots_.size())));
  for (const Slot& slot : old) {
    if (slot.id >= 0) slots_[slot_of(slot.piece, hash_of(slot.piece))] = slot;
  }
}

}  // namespace ingot::bert
