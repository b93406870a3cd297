// Lab 2.2: architecture search in which each trial is compressed before it is judged.
//
// The question: is the architecture that is best in float32 also the best one after pruning and quantisation? Three
// searches differ in what a trial's accuracy is measured on: the plain model, the compressed model, or the compressed
// model after some more training.
//
// More training makes a trial dearer but is how the model would be used. So the architecture of the last search is
// the one that is trained at full length and compressed, beside a control that gets the same epoch in float32.
#include <fmt/format.h>

#include "labs/lab.h"

namespace ingot::labs {
namespace {

constexpr const char* kCompress = " --compress fixed(4,calibrated) --sparsity 0.5 --embeddings";

Row search(const std::string& name, const std::string& title, const std::string& words, double published) {
  return {.name = name,
          .title = title,
          .commands = {words + " --sampler tpe --group --startup 4"},
          .is_shared = true,
          .series = title,
          .reference = published};
}

}  // namespace

std::vector<Row> rows_2_2(const Setup& setup) {
  const Recipe& r = setup.recipe;
  std::vector<Row> rows{ngram_row(setup)};
  rows.push_back(search("plain", "plain", nas(setup), .838));
  rows.push_back(search("compressed", "compressed", nas(setup) + kCompress, .72));
  rows.push_back(search("tuned", "compressed and trained on",
                        nas(setup) + kCompress +
                            fmt::format(" --fine-tune-steps {} --fine-tune-lr {}", r.trial_steps, r.learning_rate / 2),
                        .83));
  // The architecture that the compressed search found, at full length: plain, with an epoch more, and compressed.
  rows.push_back({.name = "full",
                  .title = "best of the last at full length, float32",
                  .commands = {full_training(setup, "tuned") + fmt::format(" --lr {}", r.learning_rate / 2)}});
  const std::string rate = fmt::format("{}", r.tuning_rates.front());
  rows.push_back({.name = "full-control",
                  .title = "the same, 1 epoch more",
                  .commands = {"train --from {full} --epochs 1" + tuning(setup, rate)}});
  rows.push_back({.name = "full-pruned",
                  .title = "the same, half of all weights pruned",
                  .commands = {"prune {full} --sparsity 0.5 --embeddings" +
                               fmt::format(" --length {} --batch {}", r.length, r.batch) +
                               " --data {data} --seed {seed} --out {here}"}});
  rows.push_back({.name = "full-compressed",
                  .title = "and in 4 bits, 1 epoch of training with both",
                  .commands = {"quantize {full-pruned} --width 4 --embeddings --qat-epochs 1" + tuning(setup, rate)},
                  .asked = {{.accuracy = -0.005, .than = "full-control"}, {.below_bits = 4.5}}});
  return rows;
}

std::vector<std::string> notes_2_2() {
  return {
      "Reference: MASE's best accuracy after ten trials; it quantises and prunes inputs and weights of Linear layers.",
      "Compressed: half of the weights pruned by magnitude, what is left in 4 calibrated bits, embedding tables too. "
      "Its accuracy is what the search makes better. Trained on: as many steps more, with masks and formats.",
      "Every trial has the same steps on short texts: trial-steps and trial-length below.",
      "At full length: the architecture of the last search trained as the float model of the other labs is; then an "
      "epoch more, in float32 as control and with masks and formats.",
  };
}

}  // namespace ingot::labs
