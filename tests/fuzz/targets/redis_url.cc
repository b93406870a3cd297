// Addresses of servers, which options hold, and what of them may be shown.
#include "search/storage/redis_url.h"

#include "tests/fuzz/mutations.h"
#include "tests/fuzz/target.h"

namespace ingot::fuzz {
namespace {

constexpr std::string_view kPieces[] = {"redis://", "@", ":", "/", "%40", "%", "[::1]", "65536", "-1"};

void read(std::string_view bytes) {
  const std::string text(bytes);
  search::without_password(text);
  search::without_secret(text);
  search::parse_redis_url(text);
}

}  // namespace

Target redis_url() { return {.name = "redis_url", .read = read, .pieces = kPieces}; }

}  // namespace ingot::fuzz
