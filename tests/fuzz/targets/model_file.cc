// Graphs that users write, in TOML.
#include "compress/lower/model_file.h"

#include <algorithm>

#include "tests/fuzz/mutations.h"
#include "tests/fuzz/target.h"

namespace ingot::fuzz {
namespace {

constexpr std::string_view kPieces[] = {"[[layers]]\n",
                                        "type = \"linear\"\n",
                                        "type = \"relu\"\n",
                                        "type = \"leaky_relu\"\n",
                                        "type = \"rrelu_lab\"\n",
                                        "type = \"gelu\"\n",
                                        "inputs = 4\n",
                                        "outputs = 8\n",
                                        "size = 8\n",
                                        "slope = 0.125\n",
                                        "seed = 172\n",
                                        "output = \"fixed(8,3)\"\n",
                                        "weight = \"fixed(8,3)\"\n",
                                        "bias = \"fixed(8,3)\"\n",
                                        "name = \"a\"\n",
                                        "draw = \"all_codes\"\n",
                                        "vectors = [[1, 2, 3, 4]]\n",
                                        "weights = \"m.safetensors\"\n"};

// Whether a number asks for so many weights, within the limits, that drawing them would take all the time.
bool asks_for_many(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789";
  for (std::size_t at = bytes.find_first_of(kDigits); at != bytes.npos; at = bytes.find_first_of(kDigits, at)) {
    const std::size_t begin = at;
    at = std::min(bytes.find_first_not_of(kDigits, at), bytes.size());
    if (at - begin > 3 && at - begin < 8) return true;
  }
  return false;
}

void read(std::string_view bytes) {
  if (!asks_for_many(bytes)) compress::parse_model(std::string(bytes), "mlp.toml", folder(), 1);
}

}  // namespace

Target model_file() {
  return {.name = "model_file",
          .read = read,
          .mutated = [](std::string bytes, Rng& rng) { return mutated_lines(std::move(bytes), rng, kPieces); },
          .pieces = kPieces,
          // Two numbers of three digits ask for 998,001 weights, each of 70 bytes.
          .most_memory = std::size_t{96} << 20};
}

}  // namespace ingot::fuzz
