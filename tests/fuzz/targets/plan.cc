// Plans of quantisation, in TOML and in JSON.
#include "compress/quantize/plan.h"

#include "tests/fuzz/mutations.h"
#include "tests/fuzz/target.h"

namespace ingot::fuzz {
namespace {

constexpr std::string_view kPieces[] = {"[[layers]]\n",
                                        "[[embeddings]]\n",
                                        "[[norms]]\n",
                                        "[[softmaxes]]\n",
                                        "name = \"*\"\n",
                                        "weight = \"fixed(4,calibrated)\"\n",
                                        "bias = \"fixed(24,sums)\"\n",
                                        "per = \"channel\"\n",
                                        "mode = \"mase\"\n",
                                        "clip = true\n",
                                        "root = \"table\"\n",
                                        "table = \"line\"\n",
                                        "output = \"ufixed(16,16)\"\n",
                                        "input = \"float32\"\n",
                                        "[ab",
                                        "?"};

bool is_json(std::string_view bytes) { return bytes.starts_with('{'); }

void read(std::string_view bytes) {
  const compress::Plan plan = compress::read_plan(file_of(is_json(bytes) ? "plan.json" : "plan.toml", bytes));
  for (const compress::PlanEntry& entry : plan) compress::matches(entry.pattern, "bert.encoder.layer.0.output.dense");
}

std::string mutated_plan(std::string bytes, Rng& rng) {
  return is_json(bytes) ? mutated_json(std::move(bytes), rng) : mutated_lines(std::move(bytes), rng, kPieces);
}

}  // namespace

Target plan() { return {.name = "plan", .read = read, .mutated = mutated_plan, .pieces = kPieces}; }

}  // namespace ingot::fuzz
