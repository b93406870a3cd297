// compression.json and masks.safetensors beside a model.
#include "compress/compression.h"

#include "bert/model.h"
#include "tests/fuzz/several_files.h"

namespace ingot::fuzz {
namespace {

void read(std::string_view bytes) {
  static bert::Model model = bert::make_model({.vocab_size = 5,
                                               .hidden_size = 2,
                                               .num_hidden_layers = 1,
                                               .num_attention_heads = 1,
                                               .intermediate_size = 3,
                                               .max_position_embeddings = 4,
                                               .label_names = {"a", "b"}},
                                              1);
  const compress::Compression compression = compress::load_compression(folder_of(bytes), model);
  compress::fingerprint(compression);
}

}  // namespace

Target compression() { return {.name = "compression", .read = read, .mutated = mutated_files}; }

}  // namespace ingot::fuzz
