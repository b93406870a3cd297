// Unsigned numbers as bytes, the lowest first.
#pragma once

#include <concepts>
#include <cstddef>
#include <string>
#include <string_view>

namespace ingot::engine {

template <std::unsigned_integral T>
std::string little_endian(T value) {
  std::string bytes;
  for (std::size_t i = 0; i < sizeof(T); ++i) bytes += static_cast<char>(value >> (8 * i) & 0xFF);
  return bytes;
}

// The number in the first sizeof(T) bytes, which must be there.
template <std::unsigned_integral T>
T from_little_endian(std::string_view bytes) {
  T value = 0;
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    value = static_cast<T>(value | static_cast<T>(static_cast<unsigned char>(bytes[i])) << (8 * i));
  }
  return value;
}

}  // namespace ingot::engine
