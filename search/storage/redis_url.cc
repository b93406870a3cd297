#include "search/storage/redis_url.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <string_view>

#include "engine/base/error.h"

namespace ingot::search {
namespace {

using engine::fail;
using engine::require;

constexpr std::string_view kScheme = "redis://";

int number_of(std::string_view text, int most, const char* what, const std::string& shown) {
  int value = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  require(error == std::errc() && end == text.data() + text.size() && value >= 0 && value <= most,
          "{}: {} must be a number from 0 to {}, got '{}'", shown, what, most, text);
  return value;
}

std::string decoded(std::string_view text, const std::string& shown) {
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      bytes += text[i];
      continue;
    }
    const std::string_view digits = text.substr(i + 1, 2);
    unsigned char byte = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), byte, 16);
    require(error == std::errc() && digits.size() == 2 && end == digits.data() + 2,
            "{}: in user and password a % must stand before two hexadecimal digits: %25 is a % itself", shown);
    bytes += static_cast<char>(byte);
    i += 2;
  }
  return bytes;
}

}  // namespace

std::string without_password(const std::string& text) {
  const std::size_t scheme = text.find("redis://"), secure = text.find("rediss://");
  const std::size_t begin = std::min(scheme == text.npos ? text.npos : scheme + 8,  //
                                     secure == text.npos ? text.npos : secure + 9);
  const std::size_t at = text.rfind('@');
  if (begin == text.npos || at == text.npos || at < begin) return text;
  return text.substr(0, begin) + text.substr(at + 1);
}

std::string without_secret(const std::string& url) {
  const std::size_t begin = url.find("://"), at = url.rfind('@');
  if (begin == url.npos || at == url.npos || at < begin) return url;
  const std::size_t colon = url.find(':', begin + 3);
  return colon < at ? url.substr(0, colon) + url.substr(at) : url;
}

RedisUrl parse_redis_url(const std::string& url) {
  const std::string shown = without_password(url);
  require(url.starts_with(kScheme), "a server must be given as redis://HOST:PORT/DATABASE, got '{}'",
          url.substr(url.rfind('@') + 1));
  std::string_view rest = std::string_view(url).substr(kScheme.size());
  RedisUrl parsed;
  if (const std::size_t at = rest.rfind('@'); at != rest.npos) {
    const std::string_view before = rest.substr(0, at);
    const std::size_t colon = before.find(':');
    parsed.user = decoded(before.substr(0, colon), shown);
    if (colon != before.npos) parsed.password = decoded(before.substr(colon + 1), shown);
    rest = rest.substr(at + 1);
  }
  if (const std::size_t slash = rest.find('/'); slash != rest.npos) {
    if (slash + 1 < rest.size()) parsed.database = number_of(rest.substr(slash + 1), 1 << 20, "the database", shown);
    rest = rest.substr(0, slash);
  }
  std::size_t host_end = rest.find(':');
  if (rest.starts_with('[')) {  // an IPv6 address
    const std::size_t bracket = rest.find(']');
    require(bracket != rest.npos, "{}: the address has no ]", shown);
    parsed.host = rest.substr(1, bracket - 1);
    host_end = bracket + 1 < rest.size() ? bracket + 1 : rest.npos;
    require(host_end == rest.npos || rest[host_end] == ':', "{}: behind the address must be a : and a port", shown);
  } else {
    parsed.host = rest.substr(0, host_end);
  }
  require(!parsed.host.empty(), "{}: must name a host: redis://HOST:PORT/DATABASE", shown);
  if (host_end != rest.npos) parsed.port = number_of(rest.substr(host_end + 1), 65535, "the port", shown);
  if (parsed.password.empty()) {
    const char* const secret = std::getenv("INGOT_REDIS_PASSWORD");
    if (secret != nullptr) parsed.password = secret;
  }
  parsed.name = fmt::format(fmt::runtime(rest.starts_with('[') ? "redis://[{}]:{}/{}" : "redis://{}:{}/{}"),
                            parsed.host, parsed.port, parsed.database);
  return parsed;
}

}  // namespace ingot::search
