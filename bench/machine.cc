#include "bench/machine.h"

#include <omp.h>
#include <stdlib.h>

#include <fstream>
#include <string>

#include "bench/products.h"
#include "engine/base/isa.h"
#include "engine/io/json.h"

namespace ingot::bench {
namespace {

std::string cpu() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  }
  return "unknown";
}

}  // namespace

double load_average() {
  double load = 0.0;
  return ::getloadavg(&load, 1) == 1 ? load : 0.0;
}

engine::Json describe_machine() {
  engine::Json executable = engine::Json::array(), peers = engine::Json::object();
  for (const engine::Isa isa : {engine::Isa::reference, engine::Isa::avx2, engine::Isa::avx512})
    if (isa <= engine::detected_isa()) executable.push_back(engine::name(isa));
  for (const ProductPeer* peer : product_peers()) peers[peer->name] = peer->version();
  return {{"cpu", cpu()},
          {"processors", omp_get_num_procs()},
          {"instruction_sets", executable},
          {"instruction_set", engine::name(engine::active_isa())},
          {"load_average", load_average()},
          {"peers", peers},
          {"missing_peers", missing_product_peers()}};
}

}  // namespace ingot::bench
