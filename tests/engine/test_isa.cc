#include <doctest/doctest.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "engine/base/isa.h"

using namespace ingot::engine;

TEST_CASE("a processor executes the levels whose features the system lists") {
  std::ifstream listed("/proc/cpuinfo");
  std::vector<std::string> flags;
  for (std::string line; flags.empty() && std::getline(listed, line);) {
    if (!line.starts_with("flags")) continue;
    std::istringstream words(line);
    for (std::string word; words >> word;) flags.push_back(word);
  }
  if (flags.empty()) {
    MESSAGE("skipped: /proc/cpuinfo lists no flags");
    return;
  }
  const auto has = [&](std::vector<std::string> names) {
    return std::ranges::all_of(names, [&](const auto& name) { return std::ranges::find(flags, name) != flags.end(); });
  };
  const bool avx2 = has({"avx2", "fma", "f16c"});
  const bool avx512 = avx2 && has({"avx512f", "avx512bw", "avx512dq", "avx512vl"});
  CHECK(executes(Isa::reference));
  CHECK(executes(Isa::avx2) == avx2);
  CHECK(executes(Isa::avxvnni) == (avx2 && has({"avx_vnni"})));
  CHECK(executes(Isa::avx512) == avx512);
  CHECK(executes(Isa::avx512vnni) == (avx512 && has({"avx512_vnni"})));
  CHECK(executes(Isa::avx512bf16) == (avx512 && has({"avx512_vnni", "avx512_bf16"})));
  if (executes(Isa::amx)) CHECK(has({"amx_tile", "amx_bf16", "amx_int8"}));  // the system may refuse its registers
}
