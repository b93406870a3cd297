#include "cli/training_options.h"

#include <fmt/format.h>

#include "pipeline/precision.h"

namespace ingot::cli {
using pipeline::TrainingOptions;

void add_training_options(Command& command, pipeline::TrainingOptions& o, std::int64_t* n_held_out) {
  add_data_options(
      command, o,
      {.help = "IMDb archive or folder, .tsv/.csv/.jsonl file or folder of them, or a word: glosses, gloss-pairs, "
               "gloss-kinds, gloss-tags",
       .n_held_out = n_held_out});
  command.group("Output");
  command.add_option("--out", o.out, "folder of the run: config, metrics, checkpoints, result")
      .type_name("DIR")
      .required();
  command.group("Model");
  command.add_option("--model", o.model, "sizes of a new model by name: tiny, mini or small")
      .type_name("tiny|mini|small");
  command.add_option("--from", o.from, "start from this checkpoint instead of fresh weights").type_name("DIR");
  command.add_option("--layers", o.layers, "encoder layers, instead of the named model's");
  command.add_option("--hidden", o.hidden, "hidden size, instead of the named model's");
  command.add_option("--heads", o.heads, "attention heads, instead of the named model's");
  command.add_option("--ffn", o.ffn, "feed-forward size, instead of the named model's");
  command
      .add_option("--sizes-of", o.sizes_of,
                  "folder of a model: a new one gets its layers and sizes, and leaves out the same Linear layers")
      .type_name("DIR");
  command.add_option("--positions", o.positions, "positions of a new model: the longest text it can read");
  command.add_option("--tokenizer", o.tokenizer, "vocab.txt or SentencePiece .model; default: learned from the data")
      .type_name("FILE");
  command.add_option("--tokenizer-type", o.tokenizer_type, "algorithm of a learned tokenizer: unigram or bpe")
      .type_name("unigram|bpe");
  command.add_option("--pieces", o.pieces,
                     "vocabulary size of a learned tokenizer; 0: 8000, or as many pieces as the texts hold");
  command.group("Training");
  command.add_option("--epochs", o.epochs, "passes over the training texts").range(1, 100000);
  add_run_options(command, o);
  add_precision_option(command, o);
  add_step_options(command, o);
}

void add_precision_option(Command& command, pipeline::TrainingOptions& o) {
  command.group("Training");
  command
      .add_option("--precision", o.precision,
                  "factors of the products of Linear layers and attention: float32, or bf16, which processors with AMX "
                  "or AVX-512 "
                  "BF16 multiply faster; weights and all else stay float32")
      .type_name(pipeline::kPrecisions);
}

void add_run_options(Command& command, pipeline::TrainingOptions& o) {
  command.group("Training");
  command.add_option("--max-steps", o.max_steps,
                     "steps to train, whatever the number of epochs says: fewer end within an epoch, more repeat the "
                     "texts; the learning rate falls over these steps; 0: the epochs count");
  command.add_option("--accumulate", o.accumulate,
                     "batches a step: their gradients together make one update, as one batch of all their texts would; "
                     "the last step of an epoch takes what is left");
  command.add_option("--shards", o.shards,
                     "parts of a batch that go through the model side by side, whose gradients are added in a fixed "
                     "order: the same number gives the same bits on any number of threads; 0: 8, or 1 where the loss "
                     "compares the texts of a batch");
  command.add_option("--eval-every", o.eval_every,
                     "steps between two evaluations on the validation texts, any of which may give the best model; 0: "
                     "after each epoch");
  command.add_option("--patience", o.patience,
                     "evaluations in a row without a better score after which training stops early; 0: it does not");
  command.add_option("--layer-decay", o.layer_decay,
                     "factor F on the learning rate from layer to layer, towards the input: the head has --lr, layer i "
                     "of L (from 0) F^(L-i) of it, the embeddings F^(L+1), as in BEiT; 1: one rate for all");
  command.group("Output");
  command.add_flag("--tensorboard", o.tensorboard,
                   "write the numbers of metrics.jsonl for TensorBoard too, into events.out.tfevents.ingot beside it");
}

void add_step_options(Command& command, pipeline::TrainingOptions& o) {
  command.group("Training");
  command.add_option("--lr", o.learning_rate, "learning rate at its peak");
  command.add_option("--batch", o.batch, "texts a step").range(1, 65536);
  command.add_option(
      "--length", o.length,
      "most tokens of a text, [CLS] and [SEP] included; the rest is cut off; 0: as in the model to start from");
  command.add_option("--warmup", o.warm_up, "share of the steps over which the learning rate rises").range(0.0, 1.0);
  command.add_option("--schedule", o.schedule, "learning rate after the warm-up: linear, cosine or constant")
      .type_name("linear|cosine|constant");
  command.add_option("--weight-decay", o.weight_decay, "decoupled weight decay, on matrices alone");
  command.add_option("--beta2", o.beta2, "decay of AdamW's average of squared gradients").range(0.0, 0.999999);
  command.add_flag("--lazy-embeddings", o.lazy_embeddings,
                   "AdamW skips embedding rows that a step did not use: faster, but not the same optimizer");
  command
      .add_option(
          "--truncation", o.truncation,
          "which tokens of a longer text stay: head, head-tail (first and last half), or model: as in the model "
          "to start from" +
              std::string(o.truncation == pipeline::kSplit ? "; split: all, as several texts" : ""))
      .type_name(o.truncation == pipeline::kSplit ? "head|head-tail|model|split" : "head|head-tail|model");
  command.add_option("--clip", o.clip, "largest global gradient norm; 0: no limit");
  command.add_option("--dropout", o.dropout, "dropout probability of hidden states and attention").range(0.0, 0.99);
  command.group("Output");
  command.add_option("--save-every", o.save_every, "steps between two states to resume from").range(1, 1 << 30);
  command.add_flag("--resume", o.resume, "continue the run in --out where it stopped");
}

void add_teacher_options(Command& command, pipeline::TrainingOptions& o) {
  command.group("Distillation");
  command.add_option("--teacher", o.teacher,
                     "models whose outputs are learned too: folders, or ngrams (n-grams with a logistic regression, "
                     "fitted to the data), separated by commas; each can have a weight: ngrams=0.6,runs/mini=0.4");
  command
      .add_option("--unlabelled", o.unlabelled,
                  "texts that are learned from by the teacher alone: data, auto (the unlabelled part of --data) or "
                  "none")
      .type_name("data|auto|none");
  command.add_option("--teacher-weight", o.teacher_weight,
                     "share of the teacher in the loss of a text that has a label; 0, beside the two options below: "
                     "its outputs do not teach, and it may have learned any task or none");
  command.add_option("--temperature", o.temperature, "temperature of the softmax of teacher and student");
}

void add_fine_tuning_options(Command& command, pipeline::TrainingOptions& o) {
  add_teacher_options(command, o);
  command.add_option("--teacher-hidden", o.teacher_hidden,
                     "weight in the loss of the mean squared error between the teacher's hidden states and the "
                     "student's times a learned projection, as in TinyBERT; the teacher must be one BERT with the "
                     "student's tokenizer, and is run in each step; 0: none");
  command.add_option("--teacher-attention", o.teacher_attention,
                     "weight in the loss of the divergence of the student's attention from that of such a teacher, as "
                     "in MobileBERT; 0: none");
  command.group("Training");
  command.add_option("--best-by", o.best_by,
                     "measure on the validation texts that chooses the best epoch; default: the first of the task: "
                     "accuracy, f1 (mean of all classes) or loss of single-label; micro_f1, f1, accuracy, loss of "
                     "multi-label; pearson, spearman, rmse, loss of regression; f1 (of entities), precision, recall, "
                     "accuracy, loss of tokens; recall_at_1, recall_at_10, mrr, loss of embedding");
  command
      .add_option("--class-weights", o.class_weights,
                  "class weights of the training loss: none, or balanced: n / (k n_c) for class c, with n texts, k "
                  "classes and n_c texts of class c, as in scikit-learn")
      .type_name("none|balanced");
  command.add_option("--label-smoothing", o.label_smoothing,
                     "share of each text's target that the training loss spreads evenly over all classes, as PyTorch's "
                     "cross entropy does; evaluations do without; 0: none");
}

}  // namespace ingot::cli
