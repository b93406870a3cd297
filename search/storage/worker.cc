#include "search/storage/worker.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <random>
#include <sstream>

namespace ingot::search {
namespace {

// This machine, or this part of one that has its own process numbers.
std::string place() {
  char host[256] = {};
  ::gethostname(host, sizeof host - 1);
  std::string text = host;
  std::replace(text.begin(), text.end(), ':', '_');
  struct stat status {};
  if (::stat("/proc/self/ns/pid", &status) == 0) text += fmt::format("/{}", status.st_ino);
  return text;
}

// State and start time of a process: field 3 and 22 of /proc/PID/stat. The name in field 2 may hold spaces.
struct Process {
  char state = '?';
  std::string start;
};
Process process(const std::string& pid) {
  std::ifstream file("/proc/" + pid + "/stat");
  std::string text((std::istreambuf_iterator<char>(file)), {});
  const std::size_t end = text.rfind(')');
  Process found;
  if (end == text.npos) return found;
  std::istringstream fields(text.substr(end + 1));
  fields >> found.state;
  for (int field = 4; field <= 22; ++field) fields >> found.start;
  return found;
}

}  // namespace

std::string random_hex() {
  std::random_device device;
  return fmt::format("{:08x}{:08x}", device(), device());
}

std::string this_worker() {
  const std::string pid = std::to_string(::getpid());
  return fmt::format("ingot:{}:{}:{}:{}", place(), pid, process(pid).start, random_hex());
}

bool is_ingot_worker(const std::string& worker) { return worker.starts_with("ingot:"); }

bool is_local_worker(const std::string& worker) { return worker.starts_with("ingot:" + place() + ":"); }

bool is_dead_worker(const std::string& worker) {
  const std::string here = "ingot:" + place() + ":";
  if (!worker.starts_with(here)) return false;
  const std::string rest = worker.substr(here.size());  // PID:START:NONCE
  const std::size_t colon = rest.find(':');
  const std::string pid = rest.substr(0, colon);
  if (colon == rest.npos || pid.empty() || pid.find_first_not_of("0123456789") != pid.npos) return false;
  const Process found = process(pid);
  return found.state == '?' || found.state == 'Z' || found.state == 'X' ||
         !rest.substr(colon + 1).starts_with(found.start + ":");
}

std::string machine_of(const std::string& worker) {
  if (!is_ingot_worker(worker)) return worker;
  const std::size_t begin = worker.find(':') + 1;
  return worker.substr(begin, worker.find_first_of("/:", begin) - begin);
}

}  // namespace ingot::search
