#include "engine/io/safetensors.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <numeric>
#include <set>
#include <utility>

#include "engine/base/error.h"
#include "engine/io/json.h"

namespace ingot::engine {
namespace {

static_assert(std::endian::native == std::endian::little, "tensors are copied as they lie in the file");

constexpr const char* kMetadata = "__metadata__";

struct DtypeSize {
  std::string_view name;
  std::int64_t n_bytes;
};
constexpr DtypeSize kDtypes[] = {{"BOOL", 1}, {"U8", 1},  {"I8", 1},  {"I16", 2}, {"U16", 2}, {"F16", 2}, {"BF16", 2},
                                 {"I32", 4},  {"U32", 4}, {"F32", 4}, {"F64", 8}, {"I64", 8}, {"U64", 8}};

std::string text_of(std::span<const std::int64_t> shape) {
  return fmt::format("[{}]", fmt::join(shape.begin(), shape.end(), ","));
}

// Bytes of a tensor; Error if the dtype is unknown or the shape is negative or too big for 63 bits.
std::int64_t checked_bytes(const std::string& subject, std::string_view dtype, std::span<const std::int64_t> shape) {
  std::int64_t n_bytes = dtype_bytes(dtype);
  require(n_bytes != 0, "{}: dtype must be BOOL, U8, I8, I16, U16, F16, BF16, I32, U32, F32, F64, I64 or U64, got {}",
          subject, dtype);
  for (const std::int64_t extent : shape) {
    require(extent >= 0, "{}: shape must not be negative, got {}", subject, text_of(shape));
    require(!__builtin_mul_overflow(n_bytes, extent, &n_bytes), "{}: shape {} of {} overflows 63 bits of bytes",
            subject, text_of(shape), dtype);
  }
  return n_bytes;
}

std::vector<std::int64_t> parse_shape(const std::string& subject, const engine::Json& value) {
  require(value.is_array(), "{}: shape must be an array, got {}", subject, shown(value));
  std::vector<std::int64_t> shape;
  for (const engine::Json& extent : value) {
    require(extent.is_number_integer(), "{}: shape must hold integers, got {}", subject, shown(extent));
    require(!extent.is_number_unsigned() ||
                extent.get<std::uint64_t>() <= std::uint64_t{std::numeric_limits<std::int64_t>::max()},
            "{}: shape must hold integers below 2^63, got {}", subject, shown(extent));
    shape.push_back(extent.get<std::int64_t>());
  }
  return shape;
}

// One tensor of the header, its bytes a view into `data`.
SafetensorsEntry parse_entry(const std::string& subject, const std::string& name, const engine::Json& info,
                             std::span<const std::byte> data) {
  require(info.is_object(), "{}: must be an object with dtype, shape and data_offsets, got {}", subject, shown(info));
  for (const char* key : {"dtype", "shape", "data_offsets"})
    require(info.contains(key), "{}: {} is missing", subject, key);
  for (const auto& [key, value] : info.items())
    require(key == "dtype" || key == "shape" || key == "data_offsets",
            "{}: must have dtype, shape and data_offsets only, got {}", subject, key);
  const engine::Json& dtype = info["dtype"];
  require(dtype.is_string(), "{}: dtype must be a string, got {}", subject, shown(dtype));
  SafetensorsEntry entry{name, dtype.get<std::string>(), parse_shape(subject, info["shape"]), {}};

  const engine::Json& offsets = info["data_offsets"];
  require(
      offsets.is_array() && offsets.size() == 2 && offsets[0].is_number_unsigned() && offsets[1].is_number_unsigned(),
      "{}: data_offsets must be two integers from 0, got {}", subject, offsets.dump());
  const auto begin = offsets[0].get<std::uint64_t>();
  const auto end = offsets[1].get<std::uint64_t>();
  require(begin <= end, "{}: data_offsets must not end before they begin, got [{},{}]", subject, begin, end);
  require(end <= data.size(), "{}: data_offsets [{},{}] end beyond the {} bytes of data in the file", subject, begin,
          end, data.size());
  const std::int64_t n_bytes = checked_bytes(subject, entry.dtype, entry.shape);
  require(end - begin == static_cast<std::uint64_t>(n_bytes), "{}: shape {} of {} takes {} bytes, data_offsets hold {}",
          subject, text_of(entry.shape), entry.dtype, n_bytes, end - begin);
  entry.bytes = data.subspan(begin, end - begin);
  return entry;
}

std::map<std::string, std::string> parse_metadata(const std::string& file, const engine::Json& value) {
  require(value.is_object(), "{}: {} must be an object, got {}", file, kMetadata, shown(value));
  std::map<std::string, std::string> metadata;
  for (const auto& [key, text] : value.items()) {
    require(text.is_string(), "{}: {}: {} must be a string, got {}", file, kMetadata, key, shown(text));
    metadata.emplace(key, text.get<std::string>());
  }
  return metadata;
}

// The header's JSON text; `data` becomes what follows it.
std::string_view split_header(const std::string& file, std::span<const std::byte> bytes,
                              std::span<const std::byte>& data) {
  std::uint64_t n_header = 0;
  require(bytes.size() >= sizeof n_header, "{}: a safetensors file has at least {} bytes, got {}", file,
          sizeof n_header, bytes.size());
  std::memcpy(&n_header, bytes.data(), sizeof n_header);
  require(n_header <= kMostHeaderBytes, "{}: header must not be longer than {} bytes, got {}", file, kMostHeaderBytes,
          n_header);
  require(n_header <= bytes.size() - sizeof n_header,
          "{}: header of {} bytes is longer than the rest of the file, {} bytes", file, n_header,
          bytes.size() - sizeof n_header);
  data = bytes.subspan(sizeof n_header + n_header);
  const std::string_view header(reinterpret_cast<const char*>(bytes.data()) + sizeof n_header, n_header);
  require(header.starts_with('{'), "{}: header must begin with {{", file);
  return header;
}

// Tensors sorted by their data must follow one another from the first byte to the last.
void check_layout(const std::string& file, std::span<const SafetensorsEntry> entries, std::span<const std::byte> data) {
  const std::byte* at = data.data();
  const SafetensorsEntry* previous = nullptr;
  for (const SafetensorsEntry& entry : entries) {
    const std::string before = previous == nullptr ? "the start of the data" : previous->name;
    require(entry.bytes.data() >= at, "{}: tensor {}: data overlaps {} by {} bytes", file, entry.name, before,
            at - entry.bytes.data());
    require(entry.bytes.data() == at, "{}: tensor {}: data leaves a gap of {} bytes after {}", file, entry.name,
            entry.bytes.data() - at, before);
    at += entry.bytes.size();
    previous = &entry;
  }
  require(at == data.data() + data.size(), "{}: tensors take {} bytes of data, the file holds {}", file,
          at - data.data(), data.size());
}

// IEEE binary16 to binary32, exact: every half is a normal or zero float once its subnormals are scaled by 2^-24.
float float_of_half(std::uint16_t half) {
  const std::uint32_t sign = (half & 0x8000u) << 16;
  const std::uint32_t exponent = (half >> 10) & 31u;
  const std::uint32_t fraction = half & 0x3ffu;
  if (exponent == 0) {
    const float magnitude = static_cast<float>(fraction) * 0x1p-24f;
    return std::bit_cast<float>(sign | std::bit_cast<std::uint32_t>(magnitude));
  }
  const std::uint32_t wide = exponent == 31 ? 255u : exponent + (127 - 15);
  return std::bit_cast<float>(sign | wide << 23 | fraction << 13);
}

float float_of_bfloat(std::uint16_t bits) { return std::bit_cast<float>(std::uint32_t{bits} << 16); }

template <class In, class Out, class Convert>
std::vector<Out> converted(const SafetensorsEntry& entry, Convert convert) {
  std::vector<Out> values(static_cast<std::size_t>(entry.size()));
  for (std::size_t i = 0; i < values.size(); ++i) {
    In value;
    std::memcpy(&value, entry.bytes.data() + i * sizeof value, sizeof value);
    values[i] = convert(value);
  }
  return values;
}

template <class In>
std::vector<std::int64_t> widened(const SafetensorsEntry& entry) {
  return converted<In, std::int64_t>(entry, [](In value) { return std::int64_t{value}; });
}

// The header of the file to write, padded so that the data begins at a multiple of 8 bytes.
std::string header_of(const std::string& file, std::span<const SafetensorsEntry> entries,
                      const std::map<std::string, std::string>& metadata) {
  require(entries.size() < kMostTensors, "{}: must have less than {} tensors, has {}", file, kMostTensors,
          entries.size());
  std::string header = "{";
  if (!metadata.empty()) header += fmt::format("\"{}\":{}", kMetadata, engine::Json(metadata).dump());
  std::set<std::string_view> names;
  std::size_t at = 0;
  for (const SafetensorsEntry& entry : entries) {
    const std::string subject = fmt::format("{}: tensor {}", file, entry.name);
    require(entry.name != kMetadata, "{}: the name is reserved", subject);
    require(names.insert(entry.name).second, "{}: the name is given twice", subject);
    const std::int64_t n_bytes = checked_bytes(subject, entry.dtype, entry.shape);
    require(entry.bytes.size() == static_cast<std::uint64_t>(n_bytes), "{}: shape {} of {} takes {} bytes, got {}",
            subject, text_of(entry.shape), entry.dtype, n_bytes, entry.bytes.size());
    if (header.size() > 1) header += ',';
    header += fmt::format(R"({}:{{"dtype":"{}","shape":{},"data_offsets":[{},{}]}})", engine::Json(entry.name).dump(),
                          entry.dtype, text_of(entry.shape), at, at + entry.bytes.size());
    at += entry.bytes.size();
  }
  header += '}';
  header.resize((header.size() + 7) / 8 * 8, ' ');
  require(header.size() <= kMostHeaderBytes, "{}: header must not be longer than {} bytes, got {}", file,
          kMostHeaderBytes, header.size());
  return header;
}

}  // namespace

std::int64_t SafetensorsEntry::size() const {
  std::int64_t n = 1;
  for (const std::int64_t extent : shape) n *= extent;
  return n;
}

std::int64_t dtype_bytes(std::string_view dtype) {
  const auto* const row = std::find_if(std::begin(kDtypes), std::end(kDtypes),
                                       [&](const DtypeSize& candidate) { return candidate.name == dtype; });
  return row == std::end(kDtypes) ? 0 : row->n_bytes;
}

std::vector<float> floats_of(const std::string& file, const SafetensorsEntry& entry) {
  if (entry.dtype == "F16") return converted<std::uint16_t, float>(entry, float_of_half);
  if (entry.dtype == "BF16") return converted<std::uint16_t, float>(entry, float_of_bfloat);
  require(entry.dtype == "F32", "{}: tensor {}: expected F32, F16 or BF16, got {}", file, entry.name, entry.dtype);
  std::vector<float> values(static_cast<std::size_t>(entry.size()));
  if (!values.empty()) std::memcpy(values.data(), entry.bytes.data(), entry.bytes.size());
  return values;
}

Safetensors::Safetensors(const std::filesystem::path& path) : path_(path), file_(path) {
  const std::string file = path.string();
  std::span<const std::byte> data;
  const engine::Json header = parse_json(split_header(file, file_.bytes(), data), file + ": header");
  require(header.size() <= kMostTensors, "{}: must have at most {} tensors, has {}", file, kMostTensors, header.size());
  for (const auto& [name, info] : header.items()) {
    if (name == kMetadata)
      metadata_ = parse_metadata(file, info);
    else
      entries_.push_back(parse_entry(fmt::format("{}: tensor {}", file, name), name, info, data));
  }
  std::stable_sort(entries_.begin(), entries_.end(), [](const SafetensorsEntry& a, const SafetensorsEntry& b) {
    return std::pair(a.bytes.data(), a.bytes.size()) < std::pair(b.bytes.data(), b.bytes.size());
  });
  check_layout(file, entries_, data);
  by_name_.resize(entries_.size());
  std::iota(by_name_.begin(), by_name_.end(), 0u);
  std::sort(by_name_.begin(), by_name_.end(),
            [&](std::uint32_t a, std::uint32_t b) { return entries_[a].name < entries_[b].name; });
}

const SafetensorsEntry* Safetensors::find(std::string_view name) const {
  const auto at = std::lower_bound(by_name_.begin(), by_name_.end(), name,
                                   [&](std::uint32_t i, std::string_view n) { return entries_[i].name < n; });
  return at == by_name_.end() || entries_[*at].name != name ? nullptr : &entries_[*at];
}

const SafetensorsEntry& Safetensors::get(std::string_view name, std::string_view dtype) const {
  const SafetensorsEntry* const entry = find(name);
  require(entry != nullptr, "{}: tensor {} is missing", path_.string(), name);
  require(entry->dtype == dtype, "{}: tensor {}: expected {}, got {}", path_.string(), name, dtype, entry->dtype);
  return *entry;
}

const SafetensorsEntry& Safetensors::get(std::string_view name, std::string_view dtype,
                                         std::span<const std::int64_t> shape) const {
  const SafetensorsEntry& entry = get(name, dtype);
  require(std::equal(shape.begin(), shape.end(), entry.shape.begin(), entry.shape.end()),
          "{}: tensor {}: expected shape {}, got {}", path_.string(), name, text_of(shape), text_of(entry.shape));
  return entry;
}

std::vector<float> Safetensors::floats(const SafetensorsEntry& entry) const { return floats_of(path_.string(), entry); }

std::vector<std::int64_t> Safetensors::integers(const SafetensorsEntry& entry) const {
  if (entry.dtype == "I64") return widened<std::int64_t>(entry);
  if (entry.dtype == "I32") return widened<std::int32_t>(entry);
  if (entry.dtype == "U8") return widened<std::uint8_t>(entry);
  require(entry.dtype == "BOOL", "{}: tensor {}: expected I64, I32, U8 or BOOL, got {}", path_.string(), entry.name,
          entry.dtype);
  std::vector<std::int64_t> values = widened<std::uint8_t>(entry);
  for (const std::int64_t value : values)
    require(value <= 1, "{}: tensor {}: a BOOL must be 0 or 1, got {}", path_.string(), entry.name, value);
  return values;
}

std::int64_t safetensors_bytes(std::span<const SafetensorsEntry> entries,
                               const std::map<std::string, std::string>& metadata) {
  std::size_t n_bytes = sizeof(std::uint64_t) + header_of("safetensors", entries, metadata).size();
  for (const SafetensorsEntry& entry : entries) n_bytes += entry.bytes.size();
  return static_cast<std::int64_t>(n_bytes);
}

void write_safetensors(const std::filesystem::path& path, std::span<const SafetensorsEntry> entries,
                       const std::map<std::string, std::string>& metadata) {
  std::string header;
  try {
    header = header_of(path.string(), entries, metadata);
  } catch (const engine::JsonError&) {
    fail("{}: names and metadata must be UTF-8 text", path.string());
  }
  const std::uint64_t n_header = header.size();
  AtomicFile file(path);
  file.write(&n_header, sizeof n_header);
  file.write(header);
  for (const SafetensorsEntry& entry : entries) file.write(entry.bytes.data(), entry.bytes.size());
  file.commit();
}

}  // namespace ingot::engine
