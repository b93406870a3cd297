// Lab 2.2: architecture search in which each trial is compressed before it is judged.
//
// The question: is the architecture that is best in float32 also the best one after pruning and quantisation? Four
// searches differ in what a trial's accuracy is measured on: the plain model, the compressed model, the compressed
// model after some more training, or the same where all training is also taught, by n-grams.
//
// More training makes a trial dearer but is how the model would be used. So the architecture of the better of the last
// two searches is the one that is trained at full length and compressed, beside a control that gets the same epoch in
// float32.
#include <fmt/format.h>

#include <optional>

#include "labs/lab.h"

namespace ingot::labs {
namespace {

constexpr const char* kCompress = " --compress fixed(4,calibrated) --sparsity 0.5 --embeddings";

Row search(const std::string& name, const std::string& title, const std::string& words,
           std::optional<double> published) {
  return {.name = name,
          .title = title,
          .commands = {words + " --sampler tpe --group"},
          .is_shared = true,
          .series = title,
          .reference = published};
}

// The best model of a search, evaluated: a compressed one in integers.
Row run_of(const std::string& name, const std::string& title, const std::string& arithmetic) {
  Row row{.name = name + "-run",
          .title = title + ", its best" + (arithmetic.empty() ? "" : " in integers"),
          .commands = {"eval {" + name + "} --data {data}"}};
  const std::string model = "{" + name + "}";
  compare_with(row, model, arithmetic, model);
  return row;
}

// The architecture that the compressed searches found, at full length: plain, with an epoch more, and compressed.
void add_full(std::vector<Row>& rows, const Setup& setup) {
  const Recipe& r = setup.recipe;
  add_full_trainings(rows, setup, "compressed-search", "best of the last two at full length, float32");
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
  rows.push_back({.name = "full-taught",
                  .title = "and in 4 bits, 1 epoch of training with both, taught by n-grams",
                  .commands = {"quantize {full-pruned} --width 4 --embeddings --qat-epochs 1 --teacher ngrams "
                               "--unlabelled none" +
                               tuning(setup, rate)},
                  .asked = {{.accuracy = -0.005, .than = "full-control"}, {.below_bits = 4.5}}});
}

}  // namespace

std::vector<Row> rows_2_2(const Setup& setup) {
  const Recipe& r = setup.recipe;
  const std::string more =
      (r.trial_steps > 0 ? fmt::format(" --fine-tune-steps {}", r.trial_steps) : std::string(" --fine-tune-epochs 1")) +
      fmt::format(" --fine-tune-lr {}", r.trial_rate / 2);
  std::vector<Row> rows{ngram_row(setup)};
  rows.push_back(search("plain", "plain", nas(setup), .838));
  rows.push_back(search("compressed", "compressed", nas(setup) + kCompress, .72));
  rows.push_back(search("tuned", "compressed and trained on", nas(setup) + kCompress + more, .83));
  rows.push_back(search("taught", "compressed and trained on, taught by n-grams",
                        nas(setup) + kCompress + more + " --teacher ngrams --unlabelled none", std::nullopt));
  for (const std::size_t i : {rows.size() - 2, rows.size() - 1}) {
    rows[i].choice = "compressed-search";
    rows[i].value = rows[i].title;
  }
  rows.push_back(run_of("plain", "plain", ""));
  rows.push_back(run_of("compressed", "compressed", "--integer"));
  rows.push_back(run_of("tuned", "compressed and trained on", "--integer"));
  rows.push_back(run_of("taught", "compressed and trained on, taught by n-grams", "--integer"));
  add_full(rows, setup);
  return rows;
}

std::vector<std::string> notes_2_2() {
  return {
      "Reference: MASE's best accuracy after ten trials; it quantises and prunes inputs and weights of Linear layers.",
      "Compressed: half of the weights pruned by magnitude, what is left in 4 calibrated bits, embedding tables too. "
      "Its accuracy is what the search makes better. Trained on: as many steps more, with masks and formats, at half "
      "of the rate. Taught: half of the loss of a text is about what n-grams with a regression say of it, in all "
      "trainings.",
      "Every trial has the same steps on short texts (0: an epoch): trial-steps and trial-length below. tokens/s: of "
      "the evaluation of a search's best model, Linears in integers where it is compressed.",
      "At full length: the better architecture of the last two searches, by validation, trained as the float model of "
      "the other labs is; then an epoch more, in float32 as control and with masks and formats. front-bytes.svg draws "
      "the accuracy of every trial against its bytes.",
  };
}

}  // namespace ingot::labs
