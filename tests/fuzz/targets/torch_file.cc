// Whole files of torch.save, with right checksums: the pickle is changed inside of the archive.
#include "bert/checkpoints/torch_file.h"

#include "engine/base/error.h"
#include "tests/fuzz/mutations.h"
#include "tests/fuzz/target.h"
#include "tests/support/torch_archive.h"

namespace ingot::fuzz {
namespace {

using Members = std::vector<test::ZipMember>;

// None if the bytes are no archive.
Members members_of(const std::string& bytes) {
  Members members;
  try {
    const bert::StoredZip zip(engine::MappedFile(file_of("seed.zip", bytes)), "seed.zip");
    for (const bert::StoredZip::Member& member : zip.members())
      members.push_back({std::string(member.name),
                         std::string(reinterpret_cast<const char*>(member.bytes.data()), member.bytes.size())});
  } catch (const engine::Error&) {
    return {};
  }
  return members;
}

std::string mutated_archive(std::string bytes, Rng& rng) {
  Members members = members_of(bytes);
  if (members.empty() || rng.below(8) == 0) return mutated_bytes(std::move(bytes), rng);
  test::ZipMember& chosen = members[rng.below(members.size())];
  if (rng.below(16) == 0) chosen.name = mutated_bytes(chosen.name, rng);
  if (rng.below(8) == 0) chosen.bytes = mutated_bytes(chosen.bytes, rng);
  for (test::ZipMember& member : members)
    if (member.name.ends_with("data.pkl")) member.bytes = mutated_pickle(member.bytes, rng);
  return test::zip_of(members);
}

void read(std::string_view bytes) {
  const bert::TorchFile file(file_of("m.bin", bytes));
  for (const bert::StoredTensor& tensor : file.tensors()) bert::floats_of(tensor);
}

}  // namespace

Target torch_file() { return {.name = "torch_file", .read = read, .mutated = mutated_archive}; }

}  // namespace ingot::fuzz
