#include "tests/fuzz/mutations.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <vector>

namespace ingot::fuzz {
namespace {

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size() - 1) + 1;
    lines.push_back(text.substr(at, end - at));
    at = end;
  }
  return lines;
}

// Changes the order and number of parts.
void shuffle_some(std::vector<std::string>& parts, Rng& rng) {
  const std::size_t at = rng.below(parts.size()), other = rng.below(parts.size());
  const auto place = [&](std::size_t i) { return parts.begin() + static_cast<std::ptrdiff_t>(i); };
  switch (rng.below(4)) {
    case 0:
      parts.erase(place(at));
      break;
    case 1:
      parts.insert(place(at), std::string(parts[other]));
      break;
    case 2:
      std::swap(parts[at], parts[other]);
      break;
    default:
      parts[at] = std::string(parts[other]);
  }
}

std::string joined(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) text += part;
  return text;
}

// A number near those at which sizes and types end, in 1, 2, 4 or 8 bytes.
std::string extreme_bytes(Rng& rng) {
  const std::uint64_t edges[] = {0,      1,      0x7f,       0x80,       0xff,
                                 0x7fff, 0xffff, 0x7fffffff, 0xffffffff, ~std::uint64_t{0} >> 1};
  const std::uint64_t value = edges[rng.below(std::size(edges))] + rng.below(3) - 1;
  std::string bytes(sizeof value, '\0');
  std::memcpy(bytes.data(), &value, sizeof value);
  return bytes.substr(0, std::size_t{1} << rng.below(4));
}

void overwrite(std::string& bytes, std::size_t at, std::string_view with) {
  bytes.replace(at, std::min(with.size(), bytes.size() - at), with);
}

}  // namespace

std::string mutated_bytes(std::string bytes, Rng& rng, std::span<const std::string_view> pieces) {
  for (std::uint64_t n = 1 + rng.below(3); n > 0; --n) {
    const std::size_t at = rng.below(bytes.size() + 1);
    const std::size_t length = rng.below(std::min<std::size_t>(bytes.size() - at, 16) + 1);
    const std::uint64_t kind = rng.below(pieces.empty() ? 7 : 10);
    if (kind == 0) {
      bytes.erase(at, length);
    } else if (kind == 1) {
      bytes.insert(at, std::string(bytes.substr(at, length)));
    } else if (kind == 2) {
      if (rng.below(4) == 0) bytes.resize(at);
    } else if (kind == 3) {
      overwrite(bytes, at, extreme_bytes(rng));
    } else if (kind == 4) {
      if (at < bytes.size()) bytes[at] = static_cast<char>(bytes[at] ^ (1 << rng.below(8)));
    } else if (kind == 5) {
      bytes.insert(at, bytes.substr(rng.below(bytes.size() + 1), 1 + rng.below(40)));
    } else if (kind == 6) {
      if (at < bytes.size()) bytes[at] = static_cast<char>(rng.below(256));
    } else if (kind == 7) {
      overwrite(bytes, at, pieces[rng.below(pieces.size())]);
    } else {
      bytes.insert(at, pieces[rng.below(pieces.size())]);
    }
  }
  return bytes;
}

std::string mutated_lines(std::string text, Rng& rng, std::span<const std::string_view> pieces) {
  std::vector<std::string> lines = lines_of(text);
  for (std::uint64_t n = 1 + rng.below(2); n > 0 && !lines.empty(); --n) {
    std::string& line = lines[rng.below(lines.size())];
    if (rng.below(2) == 0) {
      line = mutated_bytes(line, rng, pieces);
    } else {
      shuffle_some(lines, rng);
    }
  }
  return joined(lines);
}

std::string mutated_json_lines(std::string text, Rng& rng) {
  std::vector<std::string> lines = lines_of(text);
  for (std::uint64_t n = 1 + rng.below(2); n > 0 && !lines.empty(); --n) {
    std::string& line = lines[rng.below(lines.size())];
    if (rng.below(3) != 0) {
      line = mutated_json(line, rng) + "\n";
    } else {
      shuffle_some(lines, rng);
    }
  }
  return joined(lines);
}

std::string mutated_safetensors(std::string bytes, Rng& rng) {
  std::uint64_t length = 0;
  if (bytes.size() >= sizeof length) std::memcpy(&length, bytes.data(), sizeof length);
  if (bytes.size() < sizeof length || length > bytes.size() - sizeof length || rng.below(8) == 0)
    return mutated_bytes(std::move(bytes), rng);
  std::string header = bytes.substr(sizeof length, length), data = bytes.substr(sizeof length + length);
  if (rng.below(4) != 0) header = mutated_json(std::move(header), rng);
  if (rng.below(3) == 0) data = mutated_bytes(std::move(data), rng);
  length = header.size();
  std::memcpy(bytes.data(), &length, sizeof length);
  return bytes.substr(0, sizeof length) + header + data;
}

namespace {

// Bytes of the opcode at `at` with its argument, as Lib/pickletools.py has them.
std::size_t opcode_bytes(std::string_view pickle, std::size_t at) {
  const auto number = [&](std::size_t n_bytes) {
    std::uint64_t value = 0;
    std::memcpy(&value, pickle.data() + at + 1, std::min(n_bytes, pickle.size() - at - 1));
    return static_cast<std::size_t>(value);
  };
  const std::string_view one("K\x80hqC\x82", 6), two("M\x83", 2), four("JjrBTX\x84", 7), eight("G\x95", 2);
  const char code = pickle[at];
  std::size_t n = 1;
  if (code == 'c' || code == 'i') n = pickle.find('\n', pickle.find('\n', at) + 1) - at + 1;
  if (std::string_view("ILFSVPgp").find(code) != std::string_view::npos) n = pickle.find('\n', at) - at + 1;
  if (one.find(code) != one.npos) n = 2;
  if (two.find(code) != two.npos) n = 3;
  if (four.find(code) != four.npos) n = 5;
  if (eight.find(code) != eight.npos) n = 9;
  if (code == 'X' || code == 'B' || code == 'T') n += number(4);
  if (code == 'U' || code == 'C' || code == '\x8c' || code == '\x8a') n = 2 + number(1);
  return std::clamp<std::size_t>(n, 1, pickle.size() - at);
}

constexpr std::string_view kOpcodes[] = {"(",
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
                                         "e",
                                         "a",
                                         "l",
                                         "d",
                                         "0",
                                         "1",
                                         "2",
                                         "o",
                                         "\x81",
                                         "\x85",
                                         "\x86",
                                         "\x87",
                                         "\x88",
                                         "\x89",
                                         "\x94",
                                         "\x93",
                                         "\x92",
                                         "\x8f",
                                         "\x90",
                                         "\x91",
                                         "cos\nsystem\n",
                                         "ios\nsystem\n",
                                         "ctorch\nFloatStorage\n",
                                         "ctorch\nLongStorage\n",
                                         "ctorch\nBFloat16Storage\n",
                                         "ctorch._utils\n_rebuild_tensor_v2\n",
                                         "ctorch._utils\n_rebuild_parameter\n",
                                         "ccollections\nOrderedDict\n",
                                         "q\x7f",
                                         "h\x01",
                                         "J\xff\xff\xff\xff",
                                         "J\xff\xff\xff\x7f",
                                         "\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f",
                                         "\x8a\x09\xff\xff\xff\xff\xff\xff\xff\xff\x01",
                                         "K\xff",
                                         "M\xff\xff",
                                         "r\xff\xff\xff\xff",
                                         "X\xff\xff\xff\xff",
                                         "\x80\x02",
                                         "\x80\x04",
                                         "\x8c\x01x",
                                         "G\x7f\xf0\x01\x02\x03\x04\x05\x06"};

}  // namespace

std::string mutated_pickle(std::string bytes, Rng& rng) {
  std::vector<std::string> opcodes;
  for (std::size_t at = 0; at < bytes.size(); at += opcodes.back().size())
    opcodes.push_back(bytes.substr(at, opcode_bytes(bytes, at)));
  for (std::uint64_t n = 1 + rng.below(3); n > 0 && !opcodes.empty(); --n) {
    const std::size_t at = rng.below(opcodes.size());
    const std::uint64_t kind = rng.below(4);
    if (kind == 0) opcodes[at] = mutated_bytes(opcodes[at], rng);
    if (kind == 1)
      opcodes.insert(opcodes.begin() + static_cast<std::ptrdiff_t>(at),
                     std::string(kOpcodes[rng.below(std::size(kOpcodes))]));
    if (kind == 2) opcodes[at] = kOpcodes[rng.below(std::size(kOpcodes))];
    if (kind == 3) shuffle_some(opcodes, rng);
  }
  return joined(opcodes);
}

}  // namespace ingot::fuzz
