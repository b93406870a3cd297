// Damaged and hostile files of torch.save: each is refused or read rightly.
#include <doctest/doctest.h>

#include <cstring>
#include <optional>

#include "bert/checkpoints/torch_file.h"
#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/base/rng.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/torch_archive.h"

using namespace ingot;
using namespace ingot::bert;
using namespace ingot::test;
using engine::Rng;
namespace fs = std::filesystem;

namespace {

const fs::path kTorch = fs::path(INGOT_GOLDEN) / "bert" / "torch";

// All that the tensors are: names, types, shapes and values.
std::string content_of(const fs::path& path) {
  const TorchFile file(path);
  std::string content;
  for (const StoredTensor& tensor : file.tensors()) {
    content += tensor.entry.name + " " + tensor.entry.dtype;
    for (const std::int64_t extent : tensor.entry.shape) content += " " + std::to_string(extent);
    if (tensor.entry.dtype != "F32" && tensor.entry.dtype != "F16" && tensor.entry.dtype != "BF16") continue;
    const std::vector<float> values = floats_of(tensor);
    content.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float));
  }
  return content;
}

// None if the file is refused; anything but an Error fails the test.
std::optional<std::string> read(const TemporaryFolder& folder, const std::string& bytes) {
  const fs::path path = put(folder / "m.bin", bytes);
  try {
    return content_of(path);
  } catch (const engine::Error&) {
    return {};
  }
}

std::vector<fs::path> seeds() {
  std::vector<fs::path> files;
  for (const auto& item : fs::directory_iterator(kTorch))
    if (item.path().extension() == ".bin") files.push_back(item.path());
  std::sort(files.begin(), files.end());
  return files;
}

std::vector<ZipMember> members_of(const fs::path& path) {
  const StoredZip zip(engine::MappedFile(path), path.string());
  std::vector<ZipMember> members;
  for (const StoredZip::Member& member : zip.members())
    members.push_back({std::string(member.name),
                       std::string(reinterpret_cast<const char*>(member.bytes.data()), member.bytes.size())});
  return members;
}

std::string& pickle_in(std::vector<ZipMember>& members) {
  for (ZipMember& member : members)
    if (member.name.ends_with("/data.pkl")) return member.bytes;
  throw std::runtime_error("no data.pkl");
}

// With a few bytes changed, removed, repeated or replaced by pieces of the syntax.
std::string mutated(std::string bytes, Rng& rng, const std::vector<std::string>& pieces) {
  for (std::uint64_t n = 1 + rng.below(3); n > 0; --n) {
    const std::size_t at = rng.below(bytes.size() + 1);
    const std::size_t length = rng.below(std::min<std::size_t>(bytes.size() - at, 12) + 1);
    switch (rng.below(6)) {
      case 0:
        bytes.erase(at, length);
        break;
      case 1:
        bytes.insert(at, bytes.substr(at, length));
        break;
      case 2:
        bytes.insert(at, pieces[rng.below(pieces.size())]);
        break;
      case 3:
        bytes.resize(at);
        break;
      default:
        if (at < bytes.size()) bytes[at] = static_cast<char>(rng.below(256));
    }
  }
  return bytes;
}

}  // namespace

TEST_CASE("a damaged file of PyTorch is refused, or only bytes without a meaning differ") {
  const TemporaryFolder folder;
  Rng rng(1, static_cast<std::uint64_t>(engine::Stream::test));
  int n_refused = 0, n_read = 0;
  for (const fs::path& seed : seeds()) {
    const std::string whole = engine::read_file(seed);
    const std::string right = content_of(seed);
    for (int i = 0; i < 300; ++i) {
      std::string bytes = whole;
      switch (i % 3) {
        case 0:  // one bit
          bytes[rng.below(bytes.size())] ^= static_cast<char>(1 << rng.below(8));
          break;
        case 1:
          bytes.resize(rng.below(bytes.size()));
          break;
        default:
          bytes = mutated(bytes, rng,
                          {"PK\x03\x04", "PK\x01\x02", "PK\x05\x06", "PK\x06\x06", "PK\x06\x07", std::string(8, '\xff'),
                           std::string(4, '\0')});
      }
      const std::optional<std::string> content = read(folder, bytes);
      CHECK((!content || *content == right));
      ++(content ? n_read : n_refused);
    }
  }
  CHECK(n_refused > 2000);
  CHECK(n_read > 0);
}

TEST_CASE("a changed pickle under a right checksum is read or refused") {
  const TemporaryFolder folder;
  const std::vector<std::string> pieces{"(",
                                        "t",
                                        ")",
                                        "}",
                                        "]",
                                        ".",
                                        "R",
                                        "b",
                                        "Q",
                                        "s",
                                        "u",
                                        "N",
                                        "\x85",
                                        "\x86",
                                        "\x87",
                                        "\x88",
                                        "\x94",
                                        "\x93",
                                        "0",
                                        "1",
                                        "2",
                                        "o",
                                        "\x81",
                                        "\x82\x01",
                                        "\x92",
                                        "cos\nsystem\n",
                                        "ios\nsystem\n",
                                        "ctorch\nFloatStorage\n",
                                        "ctorch._utils\n_rebuild_tensor_v2\n",
                                        "ccollections\nOrderedDict\n",
                                        std::string("h\0", 2),
                                        "q\x7f",
                                        "J\xff\xff\xff\xff",
                                        "J\xff\xff\xff\x7f",
                                        "\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f",
                                        "K\xff",
                                        "r\xff\xff\xff\xff",
                                        "X\xff\xff\xff\xff",
                                        std::string("\x8d\0\0\0\0\0\0\0\x01", 9),
                                        "\x80\x04"};
  Rng rng(2, static_cast<std::uint64_t>(engine::Stream::test));
  int n_refused = 0, n_read = 0;
  for (const fs::path& seed : seeds()) {
    const std::vector<ZipMember> whole = members_of(seed);
    for (int i = 0; i < 500; ++i) {
      std::vector<ZipMember> members = whole;
      std::string& pickle = pickle_in(members);
      pickle = mutated(pickle, rng, pieces);
      ++(read(folder, zip_of(members)) ? n_read : n_refused);
    }
  }
  CHECK(n_refused > 2000);
  CHECK(n_read > 0);
}

TEST_CASE("a call of the shell anywhere in a pickle is refused, and not made") {
  const TemporaryFolder folder;
  const std::string command = "touch " + (folder / "witness").string();
  const std::string calls[] = {"cposix\nsystem\n(" + pickled(command) + "tR0",
                               pickled("os") + pickled("system") + "\x93(" + pickled(command) + "tR0",
                               "(" + pickled(command) + "ios\nsystem\n", "(cos\nsystem\n" + pickled(command) + "o0"};
  int n_refused = 0;
  for (const fs::path& seed : seeds()) {
    for (const std::string& call : calls) {
      std::vector<ZipMember> members = members_of(seed);
      std::string& pickle = pickle_in(members);
      const std::string right = pickle;
      // The frame of protocol 4 is longer then, which nothing depends on.
      for (std::size_t at = right[1] == 4 ? 11 : 2; at < right.size(); at += 1 + right.size() / 60) {
        pickle = right.substr(0, at) + call + right.substr(at);
        const std::optional<std::string> content = read(folder, zip_of(members));
        CHECK(!content);
        n_refused += !content;
      }
    }
  }
  CHECK(n_refused > 1000);
  CHECK(folder.names() == std::vector<std::string>{"m.bin"});
}
