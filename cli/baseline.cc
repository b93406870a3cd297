// ingot baseline: how far n-grams and a regression go on labelled text, without a BERT.
#include "pipeline/baseline.h"

#include "cli/command.h"
#include "cli/commands.h"
#include "cli/data_options.h"
#include "pipeline/ngrams/features.h"

namespace ingot::cli {

void add_baseline(Command& program) {
  Command& command =
      program.add_subcommand("baseline", "accuracy of n-grams and a logistic regression: what a BERT is to beat");
  const auto common = add_common(command);
  const auto o = std::make_shared<pipeline::BaselineOptions>();
  add_data_options(command, *o, {.n_held_out = &o->validation, .held_out = "to fit the temperature by"});
  command.group("Model");
  command.add_option("--ngrams", o->ngrams, "words of the longest n-grams").range(1, pipeline::kMostNgram);
  command.add_option("--buckets", o->bucket_bits, "bits of the hash: n-grams share 2 to this power of weights")
      .range(1, pipeline::kMostBucketBits);
  command.add_option("--c", o->c, "weight of the losses beside the penalty of squared weights");
  command.group("Output");
  command.add_option("--out", o->out, "folder for config.toml and result.json; default: none").type_name("DIR");
  set_action(command, "ingot baseline --data aclImdb.tar.gz", common, [&command, o, common] {
    pipeline::run_baseline(*o, run_of(command, *common), finisher(command, *common, o->out));
  });
}

}  // namespace ingot::cli
