// hiredis connects, writes the protocol and reads it. Sending and receiving is done here: hiredis would let a closed
// connection end the process by a signal, and would take replies of any length.
#include "search/storage/redis_connection.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <hiredis/hiredis.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <new>
#include <string_view>

#include "engine/base/error.h"
#include "engine/base/printable.h"

namespace ingot::search {
namespace {

using engine::fail;
using engine::require;

constexpr int kLeastVersion = 5;  // earlier ones repeat scripts, instead of what they did, when they start again

// hiredis builds a reply by these. An object within a list is a place in its parent's items; what is no object ends the
// reading, so that a list is made only if it may be so long.
RedisReply* made(const redisReadTask* task, RedisReply::Kind kind) {
  RedisReply* const reply =
      task->parent == nullptr
          ? new RedisReply
          : &static_cast<RedisReply*>(task->parent->obj)->items[static_cast<std::size_t>(task->idx)];
  reply->kind = kind;
  return reply;
}

void* make_text(const redisReadTask* task, char* text, std::size_t size) {
  using Kind = RedisReply::Kind;
  RedisReply* const reply = made(task, task->type == REDIS_REPLY_ERROR ? Kind::refusal : Kind::text);
  reply->text.assign(text, size);
  return reply;
}

// Later versions than Debian 12's know doubles and booleans too, which no command of ours is answered with. Without a
// function for them hiredis would give a small number as the address of the reply.
template <class Functions>
constexpr Functions without_doubles(Functions functions) {
  if constexpr (requires { functions.createDouble, functions.createBool; }) {
    functions.createDouble = [](const redisReadTask*, double, char*, std::size_t) -> void* { return nullptr; };
    functions.createBool = [](const redisReadTask*, int) -> void* { return nullptr; };
  }
  return functions;
}

constinit redisReplyObjectFunctions functions = without_doubles(redisReplyObjectFunctions{
    .createString = make_text,
    .createArray = [](const redisReadTask* task, auto count) -> void* {
      if (static_cast<std::size_t>(count) > RedisConnection::kMostItems) return nullptr;
      RedisReply* const reply = made(task, RedisReply::Kind::list);
      reply->items.resize(static_cast<std::size_t>(count));
      return reply;
    },
    .createInteger = [](const redisReadTask* task, long long value) -> void* {
      RedisReply* const reply = made(task, RedisReply::Kind::integer);
      reply->integer = value;
      return reply;
    },
    .createNil = [](const redisReadTask* task) -> void* { return made(task, RedisReply::Kind::nil); },
    .freeObject = [](void* reply) { delete static_cast<RedisReply*>(reply); },
});

// Refusals of a server that starts, is busy, or follows another: they pass.
bool passes(std::string_view words) {
  for (const char* const word : {"LOADING", "BUSY", "TRYAGAIN", "MASTERDOWN", "READONLY", "CLUSTERDOWN"}) {
    if (words.starts_with(word)) return true;
  }
  return false;
}

}  // namespace

RedisConnection::RedisConnection(RedisUrl url, std::chrono::milliseconds silence)
    : url_(std::move(url)), silence_(silence), reader_(nullptr, redisReaderFree) {}

RedisConnection::~RedisConnection() { close(); }

void RedisConnection::close() {
  if (descriptor_ >= 0) ::close(descriptor_);
  descriptor_ = -1;
}

void RedisConnection::connect() {
  const timeval silence{.tv_sec = silence_.count() / 1000, .tv_usec = silence_.count() % 1000 * 1000};
  const std::unique_ptr<redisContext, void (*)(redisContext*)> context(
      redisConnectWithTimeout(url_.host.c_str(), url_.port, silence), redisFree);
  if (context == nullptr) throw std::bad_alloc();
  if (context->err != 0) throw RedisAway(fmt::format("cannot connect: {}", context->errstr));
  descriptor_ = ::fcntl(context->fd, F_DUPFD_CLOEXEC, 0);
  if (descriptor_ < 0) throw RedisAway(fmt::format("cannot connect: {}", std::strerror(errno)));
  ::setsockopt(descriptor_, SOL_SOCKET, SO_RCVTIMEO, &silence, sizeof silence);
  ::setsockopt(descriptor_, SOL_SOCKET, SO_SNDTIMEO, &silence, sizeof silence);
  // Closed, it drops what was not acknowledged. Otherwise the system would go on sending it, and a command that was
  // given to a network without a way through would arrive a second time, behind the one that was sent in its place.
  const linger dropped{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &dropped, sizeof dropped);
  reader_.reset(redisReaderCreateWithFunctions(&functions));
  if (reader_ == nullptr) throw std::bad_alloc();
  log_in();
}

void RedisConnection::log_in() {
  try {
    if (!url_.password.empty()) {
      std::vector<std::string> words{"AUTH"};
      if (!url_.user.empty()) words.push_back(url_.user);
      words.push_back(url_.password);
      exchange(words);
    }
  } catch (const RedisRefusal& refusal) {
    fail("{}: takes no such password: {}", url_.name, refusal.what());
  }
  try {
    exchange({"SELECT", std::to_string(url_.database)});
    const std::string text = exchange({"INFO", "server"}).text;
    constexpr std::string_view kKey = "redis_version:";
    const std::size_t at = text.find(kKey);
    require(at != text.npos, "{}: does not say which version of Redis it is", url_.name);
    const std::string version = text.substr(at + kKey.size(), text.find_first_of("\r\n", at) - at - kKey.size());
    int major = 0;
    std::from_chars(version.data(), version.data() + version.size(), major);
    require(major >= kLeastVersion, "{}: must be Redis {} or later, is {}", url_.name, kLeastVersion,
            engine::excerpt(version));
  } catch (const RedisRefusal& refusal) {
    const std::string words = refusal.what();
    require(!words.starts_with("NOAUTH"),
            "{}: wants a password: it stands before the host in the URL, or in INGOT_REDIS_PASSWORD", url_.name);
    fail("{}: cannot be used: {}", url_.name, words);
  }
}

RedisReply RedisConnection::read_reply() {
  std::size_t n_bytes = 0;
  char part[1 << 16];
  for (;;) {
    void* raw = nullptr;
    const int status = redisReaderGetReply(reader_.get(), &raw);
    require(status == REDIS_OK, "{}: sends what is no answer of a Redis server, or a list of more than {} items: {}",
            url_.name, kMostItems, engine::printable(reader_->errstr, 120));
    const std::unique_ptr<RedisReply> reply(static_cast<RedisReply*>(raw));
    if (reply != nullptr && reply->kind != RedisReply::Kind::refusal) return std::move(*reply);
    if (reply != nullptr) {
      const std::string words = engine::printable(reply->text, 200);
      if (passes(words)) throw RedisAway(words);
      throw RedisRefusal(words);
    }
    const ssize_t n = ::recv(descriptor_, part, sizeof part, 0);
    if (n < 0 && errno == EINTR) continue;
    if (n == 0) throw RedisAway("the connection was closed");
    if (n < 0) throw RedisAway(errno == EAGAIN ? "no answer" : std::strerror(errno));
    n_bytes += static_cast<std::size_t>(n);
    require(n_bytes <= kMostReplyBytes, "{}: an answer must have at most {} bytes", url_.name, kMostReplyBytes);
    if (redisReaderFeed(reader_.get(), part, static_cast<std::size_t>(n)) != REDIS_OK) throw std::bad_alloc();
  }
}

RedisReply RedisConnection::exchange(const std::vector<std::string>& words) {
  std::vector<const char*> texts;
  std::vector<std::size_t> sizes;
  for (const std::string& word : words) {
    texts.push_back(word.data());
    sizes.push_back(word.size());
  }
  char* formatted = nullptr;
  const auto n_bytes = redisFormatCommandArgv(&formatted, static_cast<int>(words.size()), texts.data(), sizes.data());
  if (n_bytes < 0) throw std::bad_alloc();
  const std::unique_ptr<char, void (*)(char*)> owner(formatted, redisFreeCommand);
  std::string_view rest(formatted, static_cast<std::size_t>(n_bytes));
  while (!rest.empty()) {
    const ssize_t n = ::send(descriptor_, rest.data(), rest.size(), MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw RedisAway(errno == EAGAIN ? "takes nothing" : std::strerror(errno));
    rest.remove_prefix(static_cast<std::size_t>(n));
  }
  return read_reply();
}

RedisReply RedisConnection::command(const std::vector<std::string>& words) {
  try {
    if (descriptor_ < 0) connect();
    return exchange(words);
  } catch (const RedisRefusal&) {
    throw;  // the connection is as good as before
  } catch (...) {
    close();
    throw;
  }
}

void check_server(const std::string& url) {
  if (url.empty()) return;
  RedisConnection connection(parse_redis_url(url));
  try {
    connection.command({"PING"});
  } catch (const RedisAway& away) {
    fail("{}: {}", connection.name(), away.what());
  } catch (const RedisRefusal& refusal) {
    fail("{}: cannot be used: {}", connection.name(), refusal.what());
  }
}

}  // namespace ingot::search
