// A connection to a Redis server. It is not trusted: what it sends is bounded, and its words are shown as words.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "search/storage/redis_url.h"

struct redisReader;

namespace ingot::search {

struct RedisReply {
  enum class Kind { nil, text, integer, list, refusal };
  Kind kind = Kind::nil;
  std::string text;
  std::int64_t integer = 0;
  std::vector<RedisReply> items;
};

// The server is not there, or not ready: what failed may succeed later.
struct RedisAway : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// The server's own word for why it does not do what it was asked to, as "OOM command not allowed".
struct RedisRefusal : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class RedisConnection {
 public:
  // What one reply may be.
  static constexpr std::size_t kMostReplyBytes = std::size_t{64} << 20, kMostItems = 4096;

  // Connects at the first command, or when it must again. After a silence a connection counts as lost.
  explicit RedisConnection(RedisUrl url, std::chrono::milliseconds silence = std::chrono::seconds(10));
  ~RedisConnection();
  RedisConnection(const RedisConnection&) = delete;
  RedisConnection& operator=(const RedisConnection&) = delete;

  // Sends a command and waits for its reply, without a byte for the silence at most. Throws RedisAway (then it is
  // unknown whether the command was done), RedisRefusal, and Error for a server that wants another password, is too old
  // or no Redis.
  RedisReply command(const std::vector<std::string>& words);

  const std::string& name() const { return url_.name; }

 private:
  void connect();
  void log_in();
  void close();
  RedisReply exchange(const std::vector<std::string>& words);
  RedisReply read_reply();

  RedisUrl url_;
  std::chrono::milliseconds silence_;
  int descriptor_ = -1;
  std::unique_ptr<redisReader, void (*)(redisReader*)> reader_;
};

// Throws Error, with what is wrong, unless a server is there that can be used. An empty URL asks for none.
void check_server(const std::string& url);

}  // namespace ingot::search
