// ingot search nas: sizes of a BERT, and which of its square Linear layers are left out.
#include "pipeline/searches/nas.h"

#include "cli/search.h"
#include "cli/searches/options.h"
#include "cli/training_options.h"

namespace ingot::cli {

void add_search_nas(Command& search_command) {
  Command& command = search_command.add_subcommand("nas", "sizes of a BERT, trained from nothing trial by trial");
  const auto common = add_common(command);
  const auto options = std::make_shared<pipeline::NasOptions>();
  pipeline::NasOptions& o = *options;
  add_data_options(command, o, {.n_held_out = &o.validation, .held_out = "for the accuracy"});
  command.group("Output");
  command.add_option("--out", o.out, "folder of the search; several processes may share it, with --resume")
      .type_name("DIR")
      .required();
  command.group("Search space");
  command.add_option("--layers", o.layers, "numbers of encoder layers to choose from");
  command.add_option("--heads", o.heads,
                     "numbers of attention heads to choose from; each must divide the hidden size, or is left out");
  command.add_option("--hidden", o.hidden, "hidden sizes to choose from");
  command.add_option("--ffn", o.ffn, "feed-forward sizes to choose from");
  command
      .add_option("--identity", o.identity,
                  "whether a trial may leave out query, key, value and output of attention: each (one by one), role "
                  "(in all layers alike) or never; default: each, with a grid role")
      .type_name("each|role|never");
  command.add_option("--max-parameters", o.max_parameters,
                     "most parameters of a model; larger ones are not tried; 0: no limit");
  add_model_search_options(command, o);
  command.group("Compression");
  command.add_option("--compress", o.format, "quantise each trained model: 'fixed(8,calibrated)', or another format");
  command.add_option("--sparsity", o.sparsity,
                     "share of the weights to prune in each trained model, the smallest first");
  command.add_flag("--embeddings", o.embeddings, "compress the embedding tables too");
  command
      .add_option("--calibration-texts", o.calibration_texts, "number of training texts that inputs are calibrated on")
      .range(1, 1 << 24);
  command.add_option("--fine-tune-epochs", o.fine_tune_epochs, "epochs of training after compression").range(0, 100000);
  command.add_option("--fine-tune-steps", o.fine_tune_steps, "steps of training after compression, instead of epochs")
      .range(0, 1 << 30);
  command.add_option("--fine-tune-lr", o.fine_tune_rate, "learning rate of the training after compression");
  add_teacher_options(command, o);
  command.group("Training");
  command.add_option("--steps", o.steps, "training steps of each trial, instead of epochs; 0: --epochs counts");
  command.add_option("--epochs", o.epochs, "passes over the training texts").range(1, 100000);
  add_precision_option(command, o);
  command.group("Model");
  command.add_option("--tokenizer", o.tokenizer, "vocab.txt or SentencePiece .model; default: learned from the data")
      .type_name("FILE");
  command.add_option("--tokenizer-type", o.tokenizer_type, "algorithm of a learned tokenizer: unigram or bpe")
      .type_name("unigram|bpe");
  command.add_option("--pieces", o.pieces,
                     "vocabulary size of a learned tokenizer; 0: 8000, or as many pieces as the texts hold");
  command.add_option("--positions", o.positions, "positions of the models: the longest text they can read");
  add_step_options(command, o);
  set_action(command, "ingot search nas --data aclImdb.tar.gz --steps 300 --length 128 --trials 20 --out runs/nas",
             common, [&command, options, common] {
               pipeline::search_nas(*options, run_of(command, *common), finisher(command, *common, options->out));
             });
}

}  // namespace ingot::cli
