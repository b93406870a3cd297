#include "cli/training_options.h"

#include <fmt/format.h>

namespace ingot::cli {
using pipeline::TrainingOptions;

void add_training_options(Command& command, pipeline::TrainingOptions& o) {
  add_data_options(command, o, "IMDb archive or folder, .tsv/.csv/.jsonl file or folder of them, or 'glosses'")
      .required();
  command.group("Output");
  command.add_option("--out", o.out, "folder of the run: config, metrics, checkpoints, result").required();
  command.group("Model");
  command.add_option("--model", o.model, "tiny, mini or small");
  command.add_option("--from", o.from, "start from this checkpoint instead of fresh weights");
  command.add_option("--layers", o.layers, "encoder layers, instead of the named model's");
  command.add_option("--hidden", o.hidden, "hidden size, instead of the named model's");
  command.add_option("--heads", o.heads, "attention heads, instead of the named model's");
  command.add_option("--ffn", o.ffn, "feed-forward size, instead of the named model's");
  command.add_option("--sizes-of", o.sizes_of,
                     "a new model with the layers and sizes of the one in this folder, and its Linear layers left out");
  command.add_option("--positions", o.positions, "positions of a new model: the longest text it can read");
  command.add_option("--tokenizer", o.tokenizer, "vocab.txt or SentencePiece .model; default: learned from the data");
  command.add_option("--tokenizer-type", o.tokenizer_type, "of a learned tokenizer: unigram or bpe");
  command.add_option("--pieces", o.pieces,
                     "vocabulary of a learned tokenizer; 0: 8000, or as many pieces as the texts hold");
  command.group("Training");
  command.add_option("--epochs", o.epochs, "passes over the training texts").range(1, 100000);
  add_step_options(command, o);
}

void add_step_options(Command& command, pipeline::TrainingOptions& o) {
  command.group("Training");
  command.add_option("--lr", o.learning_rate, "learning rate at its peak");
  command.add_option("--batch", o.batch, "texts a step").range(1, 65536);
  command.add_option(
      "--length", o.length,
      "tokens of a text, [CLS] and [SEP] included; the rest is truncated; 0: as the model to start from");
  command.add_option("--warmup", o.warm_up, "share of the steps over which the learning rate rises").range(0.0, 1.0);
  command.add_option("--schedule", o.schedule, "then: linear, cosine or constant");
  command.add_option("--weight-decay", o.weight_decay, "decoupled, on matrices");
  command.add_option("--beta2", o.beta2, "of AdamW: decay of the average of squared gradients").range(0.0, 0.999999);
  command.add_flag("--lazy-embeddings", o.lazy_embeddings,
                   "AdamW leaves embeddings of words that a step did not meet as they are: faster, another optimizer");
  command.add_option("--truncation", o.truncation, "of longer texts: head, or head-tail (first and last half)");
  command.add_option("--clip", o.clip, "largest global gradient norm; 0: no limit");
  command.add_option("--dropout", o.dropout, "of hidden states and attention").range(0.0, 0.99);
  command.group("Output");
  command.add_option("--save-every", o.save_every, "steps between two states to resume from").range(1, 1 << 30);
  command.add_flag("--resume", o.resume, "go on with the run in --out where it stopped");
}

void add_fine_tuning_options(Command& command, pipeline::TrainingOptions& o) {
  command.group("Training");
  command.add_option("--best-by", o.best_by,
                     "what makes an epoch's model the best one on the validation texts: accuracy, f1 (the mean of all "
                     "classes) or loss");
  command.add_option("--class-weights", o.class_weights,
                     "of the training loss: none, or balanced: n / (k n_c) for a text of class c, with n texts, k "
                     "classes and n_c texts of that class, as in scikit-learn");
}

}  // namespace ingot::cli
