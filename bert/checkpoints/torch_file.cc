// The members: torch/serialization.py of PyTorch, _save and _load.
#include "bert/checkpoints/torch_file.h"

#include <algorithm>
#include <charconv>

#include "bert/checkpoints/pickle.h"
#include "engine/base/error.h"
#include "engine/base/printable.h"

namespace ingot::bert {
namespace {

using engine::excerpt;
using engine::fail;
using engine::require;

constexpr std::string_view kPickle = "/data.pkl";
constexpr int kLastVersion = 10;  // of the archive's layout; PyTorch reads 1 to 10

std::string_view text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// The file, if it begins as an archive does. Before PyTorch 1.6 torch.save wrote pickles one after another, the first
// one a number, and before 0.2 tar archives.
engine::MappedFile open_archive(const std::filesystem::path& path, const std::string& file) {
  engine::MappedFile mapped(path);
  const std::string_view text = text_of(mapped.bytes());
  constexpr std::string_view kNumber = "\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19";
  const bool is_old = (text.size() > 2 && text[0] == '\x80' && text.substr(2).starts_with(kNumber)) ||
                      (text.size() > 262 && text.substr(257, 5) == "ustar");
  require(!is_old,
          "{}: is in the format of PyTorch before 1.6, which is not read; save it anew (in Python: "
          "torch.save(torch.load(file, weights_only=True), file))",
          file);
  require(text.starts_with("PK\x03\x04"), "{}: must be a zip archive, as torch.save writes, begins with '{}'", file,
          excerpt(text.substr(0, 16)));
  return mapped;
}

// The folder that all members are in: the one of the pickle.
std::string root_of(const StoredZip& zip, const std::string& file) {
  std::string root;
  for (const StoredZip::Member& member : zip.members()) {
    if (!member.name.ends_with(kPickle) || std::count(member.name.begin(), member.name.end(), '/') != 1) continue;
    require(root.empty(), "{}: must have one data.pkl, has one in {} and one in {}", file, excerpt(root),
            excerpt(member.name));
    root = member.name.substr(0, member.name.size() - kPickle.size());
  }
  require(!root.empty(), "{}: has no data.pkl: it is no file of torch.save", file);
  return root;
}

void check_layout(const StoredZip& zip, const std::string& root, const std::string& file) {
  const StoredZip::Member* const order = zip.find(root + "/byteorder");
  require(order == nullptr || text_of(order->bytes) == "little", "{}: byteorder must be little, is '{}'", file,
          order == nullptr ? "" : excerpt(text_of(order->bytes)));
  const StoredZip::Member* const member = zip.find(root + "/version");
  require(member != nullptr, "{}: has no version: it is no file of torch.save", file);
  const std::string_view text = text_of(member->bytes);
  int version = 0;
  std::from_chars(text.data(), text.data() + text.size(), version);
  require(1 <= version && version <= kLastVersion, "{}: version must be from 1 to {}, is '{}'", file, kLastVersion,
          excerpt(text));
}

// Whether elements lie as those of a row-major tensor do.
bool is_row_major(const PickledTensor& tensor) {
  std::int64_t expected = 1;
  for (std::size_t d = tensor.shape.size(); d-- > 0;) {
    if (tensor.shape[d] != 1 && tensor.strides[d] != expected) return false;
    expected *= tensor.shape[d];
  }
  return true;
}

// Of the bytes of a storage those that the tensor spans.
std::span<const std::byte> view_of(const std::string& subject, const PickledTensor& tensor,
                                   std::span<const std::byte> storage, std::int64_t n_bytes) {
  const std::int64_t n = tensor.storage.n_values;
  std::int64_t n_elements = 1, last = tensor.offset;
  bool fits = true;
  for (const std::int64_t extent : tensor.shape)
    fits = fits && !__builtin_mul_overflow(n_elements, extent, &n_elements);
  const bool is_empty = n_elements == 0;
  for (std::size_t d = 0; d < tensor.shape.size() && fits && !is_empty; ++d) {
    std::int64_t step = 0;
    fits = !__builtin_mul_overflow(tensor.strides[d], tensor.shape[d] - 1, &step) &&
           !__builtin_add_overflow(last, step, &last);
  }
  // A tensor without elements may begin anywhere, as the rows of a matrix without columns do.
  require(fits && n_elements <= n && (is_empty || last < n),
          "{}: shape [{}] with strides [{}] from {} does not fit its storage of {} values", subject,
          fmt::join(tensor.shape, ","), fmt::join(tensor.strides, ","), tensor.offset, n);
  if (is_empty) return {};
  return storage.subspan(static_cast<std::size_t>(tensor.offset * n_bytes),
                         static_cast<std::size_t>((last + 1 - tensor.offset) * n_bytes));
}

StoredTensor stored(const StoredZip& zip, const std::string& root, const PickledTensor& tensor,
                    const std::string& file) {
  const std::string subject = fmt::format("{}: tensor {}", file, excerpt(tensor.name));
  const PickledStorage& storage = tensor.storage;
  const StoredZip::Member* const member = zip.find(fmt::format("{}/data/{}", root, storage.key));
  require(member != nullptr, "{}: its storage {} is not in the file", subject, excerpt(storage.key));
  const std::int64_t n_bytes = engine::dtype_bytes(storage.dtype);
  std::int64_t n_all = 0;
  require(!__builtin_mul_overflow(storage.n_values, n_bytes, &n_all) &&
              static_cast<std::uint64_t>(n_all) == member->bytes.size(),
          "{}: its storage of {} values of {} has {} bytes in the file", subject, storage.n_values, storage.dtype,
          member->bytes.size());
  StoredTensor result{{std::string(tensor.name), std::string(storage.dtype), tensor.shape, {}}, {}, &file};
  result.entry.bytes = view_of(subject, tensor, member->bytes, n_bytes);
  if (!result.entry.bytes.empty() && !is_row_major(tensor)) result.strides = tensor.strides;
  return result;
}

}  // namespace

TorchFile::TorchFile(const std::filesystem::path& path) : file_(path.string()), zip_(open_archive(path, file_), file_) {
  const std::string root = root_of(zip_, file_);
  check_layout(zip_, root, file_);
  std::uint64_t n_bytes = 0;
  const std::uint64_t most_bytes = kMostSharing * zip_.size();
  const std::string_view pickle = text_of(zip_.find(root + std::string(kPickle))->bytes);
  for (const PickledTensor& tensor : read_state_dict(pickle, file_ + ": data.pkl")) {
    tensors_.push_back(stored(zip_, root, tensor, file_));
    const engine::SafetensorsEntry& entry = tensors_.back().entry;
    n_bytes += static_cast<std::uint64_t>(entry.size() * engine::dtype_bytes(entry.dtype));
    require(n_bytes <= most_bytes, "{}: its tensors must have at most {} times its bytes together, {} has too many",
            file_, kMostSharing, excerpt(entry.name));
  }
}

}  // namespace ingot::bert
