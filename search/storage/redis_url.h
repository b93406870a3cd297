// Where a Redis server is, as redis-py and Optuna write it: redis://[[user]:password@]host[:port][/database].
#pragma once

#include <string>

namespace ingot::search {

struct RedisUrl {
  std::string user, password, host;
  int port = 6379, database = 0;
  std::string name;  // redis://host:port/database, for messages: without user and password
};

// `%XX` in user and password are bytes. Where the URL has no password, that of the environment's INGOT_REDIS_PASSWORD
// is taken, if there is one. Throws Error, which does not show the password.
RedisUrl parse_redis_url(const std::string& url);

// `text` without what stands before the @ of a Redis URL in it. Passwords may hold anything: up to the last @.
std::string without_password(const std::string& text);

// A URL of a server without its password alone: the user stays.
std::string without_secret(const std::string& url);

}  // namespace ingot::search
