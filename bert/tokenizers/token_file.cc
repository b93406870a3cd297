#include "bert/tokenizers/token_file.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstring>
#include <utility>

#include "data/labels.h"
#include "engine/base/error.h"

namespace ingot::bert {
namespace {

constexpr std::uint64_t kMagic = 0x33736e656b6f7469;  // "itokens3"
constexpr std::size_t kAlignment = 32;
constexpr std::size_t kBlockIds = std::size_t{1} << 18;

struct Trailer {
  std::uint64_t magic = kMagic;
  TokenKey key;
  std::array<std::uint64_t, kTokenParts> n_texts{};
  std::array<std::uint64_t, kTokenParts> n_ids{};
  std::uint64_t n_name_bytes = 0;
  std::uint64_t n_note_bytes = 0;
  std::uint32_t answers = 0, has_pairs = 0;  // data::Answers
  std::uint64_t n_numbers = 0;               // of each text
  std::uint64_t checksum = 0;                // of all before it
};
static_assert(sizeof(Trailer) == 128);

constexpr std::uint64_t kMostNumbers = data::kMostLabels;

bool has_tags(const Trailer& trailer) { return trailer.answers == static_cast<std::uint32_t>(data::Answers::tags); }

constexpr std::size_t padded(std::size_t n_bytes) { return (n_bytes + kAlignment - 1) / kAlignment * kAlignment; }

std::uint64_t checksum_with(Checksum checksum, Trailer trailer) {
  trailer.checksum = 0;
  checksum.add(&trailer, sizeof trailer);
  return checksum.value();
}

// Takes sections off a mapped file in turn.
class SectionReader {
 public:
  explicit SectionReader(std::span<const std::byte> bytes) : rest_(bytes) {}

  template <class T>
  std::span<const T> take(std::size_t count) {
    const auto* data = reinterpret_cast<const T*>(rest_.data());
    rest_ = rest_.subspan(padded(count * sizeof(T)));
    return {data, count};
  }

 private:
  std::span<const std::byte> rest_;
};

// Whether the sizes in the trailer add up to that of the file. Each is compared alone first: sums cannot overflow.
bool sizes_fit(const Trailer& trailer, std::size_t n_bytes) {
  std::size_t sum = sizeof(Trailer);
  if (trailer.n_name_bytes > n_bytes || trailer.n_note_bytes > n_bytes) return false;
  sum += padded(trailer.n_name_bytes) + padded(trailer.n_note_bytes);
  for (std::size_t part = 0; part < kTokenParts; ++part) {
    if (trailer.n_texts[part] > n_bytes || trailer.n_ids[part] > n_bytes) return false;
    sum += padded(trailer.n_ids[part] * sizeof(std::int32_t));
    sum += padded((trailer.n_texts[part] + 1) * sizeof(std::uint64_t));
    sum += padded(trailer.n_texts[part] * sizeof(std::int32_t)) + padded(trailer.n_texts[part] * sizeof(std::uint64_t));
    if (trailer.has_pairs != 0) sum += padded(trailer.n_texts[part] * sizeof(std::uint32_t));
    if (trailer.n_numbers > kMostNumbers || trailer.n_texts[part] * trailer.n_numbers > n_bytes) return false;
    sum += padded(trailer.n_texts[part] * trailer.n_numbers * sizeof(float));
    if (has_tags(trailer)) sum += padded(trailer.n_ids[part] * sizeof(std::int32_t));
  }
  return sum == n_bytes;
}

std::vector<std::string> split_names(std::span<const char> bytes) {
  std::vector<std::string> names;
  for (auto begin = bytes.begin(); begin != bytes.end();) {
    const auto end = std::find(begin, bytes.end(), '\0');
    names.emplace_back(begin, end);
    begin = end == bytes.end() ? end : end + 1;
  }
  return names;
}

// A checksum is easily computed again by whoever changes the file: what the views are indexed with is looked at.
bool is_sound(const TokenPart& part, std::int32_t n_pieces, std::int32_t n_labels) {
  const auto within = [](std::span<const std::int32_t> values, std::int32_t first, std::int32_t end) {
    bool all = true;
    for (const std::int32_t value : values) all &= first <= value && value < end;
    return all;
  };
  bool pairs = true;
  for (std::size_t i = 0; i < part.second_sizes.size(); ++i)
    pairs &= part.second_sizes[i] <= part.offsets[i + 1] - part.offsets[i];
  return pairs && within(part.tags, kInnerToken, n_labels) && part.offsets.front() == 0 &&
         part.offsets.back() == part.ids.size() && std::is_sorted(part.offsets.begin(), part.offsets.end()) &&
         within(part.ids, 0, n_pieces) && within(part.labels, data::kUnlabelled, n_labels);
}

}  // namespace

void Checksum::add(const void* data, std::size_t n_bytes) {
  assert(n_bytes % kAlignment == 0);
  const auto* at = static_cast<const std::byte*>(data);
  for (const std::byte* const end = at + n_bytes; at < end; at += kAlignment) {
    std::array<std::uint64_t, 4> words;
    std::memcpy(words.data(), at, sizeof words);
    for (std::size_t i = 0; i < 4; ++i) lanes_[i] = std::rotl((lanes_[i] ^ words[i]) * 0x9E3779B97F4A7C15u, 29);
  }
}

std::uint64_t Checksum::value() const {
  std::uint64_t value = 0;
  for (const std::uint64_t lane : lanes_) value = std::rotl((value ^ lane) * 0x9E3779B97F4A7C15u, 29);
  return value;
}

void TokenFileWriter::add(const TokenRow& row) {
  Part& part = parts_[part_];
  part.offsets.push_back(part.offsets.back() + row.ids.size());
  part.labels.push_back(row.label);
  part.hashes.push_back(row.hash);
  part.second_sizes.push_back(row.second_size);
  part.numbers.insert(part.numbers.end(), row.numbers.begin(), row.numbers.end());
  part.tags.insert(part.tags.end(), row.tags.begin(), row.tags.end());
  ids_.insert(ids_.end(), row.ids.begin(), row.ids.end());
  if (ids_.size() >= kBlockIds) flush_ids();
}

void TokenFileWriter::end_part() {
  flush_ids();
  write_section(ids_.data(), ids_.size() * sizeof(std::int32_t));
  ids_.clear();
  ++part_;
}

void TokenFileWriter::commit(const TokenKey& key, const data::CorpusFacts& facts) {
  assert(part_ == parts_.size());
  Trailer trailer{
      .key = key, .answers = static_cast<std::uint32_t>(facts.answers), .has_pairs = facts.has_pairs ? 1u : 0u};
  if (facts.answers == data::Answers::labels || facts.answers == data::Answers::numbers)
    trailer.n_numbers = facts.label_names.size();
  if (has_tags(trailer)) {
    for (Part& part : parts_) {
      part.tags.resize(part.offsets.back(), data::kUnlabelled);  // texts without labels have no tags of their own
      write_section(part.tags.data(), part.tags.size() * sizeof(std::int32_t));
    }
  }
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    const Part& part = parts_[i];
    trailer.n_texts[i] = part.labels.size();
    trailer.n_ids[i] = part.offsets.back();
    write_section(part.offsets.data(), part.offsets.size() * sizeof(std::uint64_t));
    write_section(part.labels.data(), part.labels.size() * sizeof(std::int32_t));
    write_section(part.hashes.data(), part.hashes.size() * sizeof(std::uint64_t));
    if (facts.has_pairs) write_section(part.second_sizes.data(), part.second_sizes.size() * sizeof(std::uint32_t));
    std::vector<float>& numbers = parts_[i].numbers;
    numbers.resize(part.labels.size() * trailer.n_numbers);
    write_section(numbers.data(), numbers.size() * sizeof(float));
  }
  std::string names;
  for (const std::string& name : facts.label_names) {
    engine::require(name.find('\0') == std::string::npos, "label: name must not hold a zero byte, got '{}'", name);
    names.append(name).push_back('\0');
  }
  trailer.n_name_bytes = names.size();
  write_section(names.data(), names.size());
  std::string said;
  for (const std::string& note : facts.notes) said.append(note.c_str()).push_back('\0');
  trailer.n_note_bytes = said.size();
  write_section(said.data(), said.size());
  trailer.checksum = checksum_with(checksum_, trailer);
  file_.write(&trailer, sizeof trailer);
  file_.commit();
}

void TokenFileWriter::write_section(const void* data, std::size_t n_bytes) {
  const std::size_t n_whole = n_bytes / kAlignment * kAlignment;
  checksum_.add(data, n_whole);
  file_.write(data, n_whole);
  if (n_whole == n_bytes) return;
  std::array<std::byte, kAlignment> last{};
  std::memcpy(last.data(), static_cast<const std::byte*>(data) + n_whole, n_bytes - n_whole);
  checksum_.add(last.data(), last.size());
  file_.write(last.data(), last.size());
}

// Writes what fills whole units of the alignment and keeps the rest.
void TokenFileWriter::flush_ids() {
  constexpr std::size_t kUnit = kAlignment / sizeof(std::int32_t);
  const std::size_t n_whole = ids_.size() / kUnit * kUnit;
  write_section(ids_.data(), n_whole * sizeof(std::int32_t));
  ids_.erase(ids_.begin(), ids_.begin() + static_cast<std::ptrdiff_t>(n_whole));
}

std::optional<TokenCorpus> open_token_file(const std::filesystem::path& path, const TokenKey& key,
                                           std::int32_t n_pieces) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) return std::nullopt;
  TokenCorpus corpus{.file = engine::MappedFile(path), .train = {}, .test = {}, .unlabelled = {}, .validation = {}};
  const std::span<const std::byte> bytes = corpus.file.bytes();
  Trailer trailer;
  if (bytes.size() < sizeof trailer || bytes.size() % kAlignment != 0) return std::nullopt;
  const std::span<const std::byte> body = bytes.first(bytes.size() - sizeof trailer);
  std::memcpy(&trailer, body.data() + body.size(), sizeof trailer);
  if (trailer.magic != kMagic || trailer.key != key || !sizes_fit(trailer, bytes.size())) return std::nullopt;
  Checksum checksum;
  checksum.add(body.data(), body.size());
  if (checksum_with(checksum, trailer) != trailer.checksum) return std::nullopt;

  SectionReader sections(body);
  const std::array<TokenPart*, kTokenParts> parts{&corpus.train, &corpus.test, &corpus.unlabelled, &corpus.validation};
  for (std::size_t i = 0; i < kTokenParts; ++i) parts[i]->ids = sections.take<std::int32_t>(trailer.n_ids[i]);
  for (std::size_t i = 0; has_tags(trailer) && i < kTokenParts; ++i)
    parts[i]->tags = sections.take<std::int32_t>(trailer.n_ids[i]);
  for (std::size_t i = 0; i < kTokenParts; ++i) {
    parts[i]->offsets = sections.take<std::uint64_t>(trailer.n_texts[i] + 1);
    parts[i]->labels = sections.take<std::int32_t>(trailer.n_texts[i]);
    parts[i]->hashes = sections.take<std::uint64_t>(trailer.n_texts[i]);
    if (trailer.has_pairs != 0) parts[i]->second_sizes = sections.take<std::uint32_t>(trailer.n_texts[i]);
    parts[i]->numbers = sections.take<float>(trailer.n_texts[i] * trailer.n_numbers);
  }
  corpus.label_names = split_names(sections.take<char>(trailer.n_name_bytes));
  corpus.notes = split_names(sections.take<char>(trailer.n_note_bytes));
  if (trailer.answers > static_cast<std::uint32_t>(data::Answers::tags)) return std::nullopt;
  corpus.answers = static_cast<data::Answers>(trailer.answers);
  corpus.has_pairs = trailer.has_pairs != 0;
  const auto n_labels = static_cast<std::int32_t>(corpus.label_names.size());
  for (const TokenPart* part : parts) {
    if (!is_sound(*part, n_pieces, n_labels)) return std::nullopt;
  }
  return corpus;
}

}  // namespace ingot::bert
