// Trains a small classifier on a table of texts and labels, and asks it about a text:
//   train DATA.csv FOLDER TEXT
#include "pipeline/train.h"

#include <cstdio>
#include <span>
#include <vector>

#include "engine/base/error.h"
#include "pipeline/classifier.h"

using namespace ingot;

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fputs("train DATA.csv FOLDER TEXT\n", stderr);
    return 2;
  }
  pipeline::TrainOptions options;
  options.data = argv[1];
  options.out = argv[2];
  options.layers = 1, options.hidden = 32, options.heads = 2, options.ffn = 64;
  options.best_by = "loss";
  options.length = 32, options.batch = 8, options.epochs = 20, options.learning_rate = 5e-3;
  try {
    const pipeline::Run run{.command = "train", .options = engine::Json::object(), .seed = 1};
    pipeline::train_classifier(options, run,
                               [](const engine::Json&, const std::string& text) { std::fputs(text.c_str(), stdout); });
    const pipeline::Classifier classifier = pipeline::load_classifier(options.out, 0);
    const std::vector<std::int32_t> tokens = classifier.tokenizer->encode(argv[3]);
    const std::span<const std::int32_t> texts[] = {tokens};
    const std::vector<float> p =
        bert::predict(bert::outputs_of(classifier.model()), texts, classifier.framing, 1).values;
    for (std::size_t i = 0; i < p.size(); ++i) std::printf("%s\t%.4f\n", classifier.labels()[i].c_str(), p[i]);
  } catch (const engine::Message& message) {
    std::fprintf(stderr, "%s\n", message.what());
    return 1;
  }
}
