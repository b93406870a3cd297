#include "bert/checkpoints/pickle.h"

#include "tests/fuzz/mutations.h"
#include "tests/fuzz/target.h"

namespace ingot::fuzz {

Target pickle() {
  return {.name = "pickle",
          .read = [](std::string_view bytes) { bert::read_state_dict(bytes, "data.pkl"); },
          .mutated = mutated_pickle};
}

}  // namespace ingot::fuzz
