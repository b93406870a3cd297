#include "cli/arithmetic_options.h"

#include "pipeline/precision.h"

namespace ingot::cli {

void add_arithmetic_options(Command& command, pipeline::ArithmeticOptions& o) {
  command.add_flag("--integer", o.integer, "run the fixed-point layers in integers");
  command.add_flag("--integer-only", o.integer_only, "run the whole model in integers, from token ids to the answer");
  command
      .add_option("--precision", o.precision,
                  "factors of the products of Linear layers and attention: float32, or bf16, which processors with AMX "
                  "or AVX-512 "
                  "BF16 multiply faster")
      .type_name(pipeline::kPrecisions);
}

}  // namespace ingot::cli
