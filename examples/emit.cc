// Casts a Linear layer and a ReLU, written as a model file, into SystemVerilog, and runs it in integers beside:
//   emit FOLDER
#include <cstdio>

#include "compress/integer/runner.h"
#include "compress/lower/model_file.h"
#include "engine/base/error.h"
#include "hw/emit/folder.h"
#include "hw/passes/parallelism.h"

using namespace ingot;

constexpr const char kModel[] = R"toml(
name = "example"
input = "fixed(8,3)"
[[layers]]
name = "fc1"
type = "linear"
inputs = 4
outputs = 8
weight = "fixed(8,3)"
bias = "fixed(8,3)"
output = "fixed(8,3,floor)"
[[layers]]
name = "act"
type = "relu"
)toml";

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("emit FOLDER\n", stderr);
    return 2;
  }
  try {
    hw::Graph graph = compress::parse_model(kModel, "the example", ".", /*seed=*/1).graph;
    hw::set_parallelism(graph, "2");
    const std::vector<std::int32_t> x{-8, 3, 0, 1};
    const std::vector<std::int32_t> y = compress::GraphRunner(graph).run(x);
    const hw::Manifest manifest = hw::write_rtl(argv[1], graph, hw::Vectors{.n = 1, .input = x, .output = y});
    std::printf("%zu files, a vector every %d cycles; of [-8, 3, 0, 1] it makes", manifest.files.size(),
                static_cast<int>(manifest.interval));
    for (const std::int32_t code : y) std::printf(" %d", code);
    std::puts("");
  } catch (const engine::Message& message) {
    std::fprintf(stderr, "%s\n", message.what());
    return 1;
  }
}
