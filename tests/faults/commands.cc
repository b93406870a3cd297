#include "tests/faults/commands.h"

#include <fmt/format.h>

namespace ingot::test {

namespace {

constexpr const char kRun[] = "train --data train.csv {small} --epochs 1 {steps} --out run";
constexpr const char kBits[] = "quantize run --data train.csv --width 4 {quiet} --out bits";
constexpr const char kOutputs[] = "quantize run --data train.csv --outputs 8 {quiet} --out outputs";
constexpr const char kIntegers[] = "quantize run --data train.csv --integer-only {quiet} --out integers";
constexpr const char kRtl[] = "emit mlp.toml --parallelism 1 {quiet} --out rtl";
constexpr const char kSimulated[] = "simulate rtl --vectors 2 {quiet}";

const std::vector<std::pair<std::string, std::string>> kParts = {
    {"{small}", "--tokenizer vocab.txt --layers 1 --hidden 8 --heads 2 --ffn 8 --length 8"},
    {"{steps}", "--batch 8 --validation 10 {quiet}"},
    {"{quiet}", "--quiet --threads 1"}};

std::string filled(std::string words) {
  for (const auto& [part, text] : kParts) {
    for (std::size_t at = words.find(part); at != std::string::npos; at = words.find(part))
      words.replace(at, part.size(), text);
  }
  return words;
}

// A result that is there already shows that it stays whole until there is a new one.
std::vector<FaultCommand> rows() {
  return {
      {.name = "tokenizer",
       .words = "tokenizer train --data train.csv --pieces 40 {quiet} --out tok.model",
       .before = {"tokenizer train --data train.csv --pieces 36 {quiet} --out tok.model"}},
      {.name = "train",
       .words = "train --data train.csv {small} --epochs 3 --save-every 4 {steps} --out new",
       .before = {kRun},
       .again = "--resume"},
      {.name = "train, two threads",
       .words = "train --data train.csv {small} --epochs 2 --batch 8 --validation 10 --threads 2 --out new",
       .again = "--resume"},
      {.name = "pretrain",
       .words = "pretrain --data train.csv {small} --epochs 1 --batch 8 {quiet} --out mlm",
       .again = "--resume"},
      {.name = "train, taught",
       .words = "train --data train.csv --from run --teacher run --length 8 --epochs 1 {steps} --out new",
       .before = {kRun},
       .again = "--resume"},
      {.name = "train, taught by n-grams",
       .words = "train --data train.csv {small} --teacher ngrams --epochs 1 {steps} --out new",
       .again = "--resume"},
      {.name = "baseline", .words = "baseline --data train.csv {quiet} --out base"},
      {.name = "quantize",
       .words = "quantize run --data train.csv --width 4 {quiet} --out q4",
       .before = {kRun},
       .again = "--resume"},
      {.name = "quantize, trained",
       .words = "quantize run --data train.csv --width 4 --qat-epochs 1 {steps} --out q4",
       .before = {kRun},
       .again = "--resume"},
      {.name = "quantize, integers",
       .words = "quantize run --data train.csv --integer-only {quiet} --out qi",
       .before = {kRun},
       .again = "--resume"},
      {.name = "prune",
       .words = "prune run --data train.csv --sparsity 0.5 --epochs 1 --batch 8 {quiet} --out half",
       .before = {kRun},
       .again = "--resume"},
      {.name = "search nas",
       .words = "search nas --data train.csv --tokenizer vocab.txt --layers 1 --heads 1,2 --hidden 8 --ffn 8 "
                "--length 8 --steps 2 --trials 2 --sampler random {steps} --out nas",
       .again = "--resume",
       .history = {"nas/study.log"}},
      {.name = "search mixed",
       .words = "search mixed run --data train.csv --trials 2 --sampler random {quiet} --out mixed",
       .before = {kRun},
       .again = "--resume",
       .history = {"mixed/study.log"}},
      {.name = "export", .words = "export run there {quiet}", .before = {kRun}},
      {.name = "export, packed", .words = "export bits there --packed {quiet}", .before = {kRun, kBits}},
      {.name = "export, ONNX", .words = "export bits there --onnx {quiet}", .before = {kRun, kBits}},
      {.name = "export, C", .words = "export integers there --c {quiet}", .before = {kRun, kIntegers}},
      {.name = "import", .words = "import run/best {quiet} --out there", .before = {kRun}},
      {.name = "eval",
       .words = "eval run --data train.csv --batch 16 {quiet} --out evaluated",
       .before = {kRun, "eval run --data train.csv {quiet} --out evaluated"}},
      {.name = "predict",
       .words = "predict run --data train.csv --batch 16 --out answered.csv {quiet}",
       .before = {kRun, "predict run --data train.csv --out answered.csv {quiet}"}},
      {.name = "embed", .words = "embed run --data train.csv {quiet} --out vectors.npy", .before = {kRun}},
      {.name = "report",
       .words = "report run --out page.html --threads 1",
       .before = {kRun, "report run --out page.html --threads 1"},
       .has_notes = true},
      {.name = "lab",
       .words = "lab 1.1 --data train.csv --from run --batch 8 --rows control-0.001 {quiet} --out lab",
       .before = {kRun}},
      {.name = "emit",
       .words = "emit outputs --block ffn.0 --parallelism 4 {quiet} --out rtl",
       .before = {kRun, kOutputs, kRtl},
       .late = {"rtl/config.toml", "rtl/result.json"}},
      {.name = "emit, model",
       .words = "emit integers --block model --parallelism 2 {quiet} --out chip",
       .before = {kRun, kIntegers},
       .late = {"chip/config.toml", "chip/result.json"}},
      {.name = "ranks",
       .words = "train --data train.csv {small} --epochs 1 --save-every 4 {steps} --out new",
       .again = "--resume",
       .launcher = "mpirun --oversubscribe -n 2",
       .needs = "mpirun",
       .cost = 20},
      {.name = "simulate", .words = kSimulated, .before = {kRtl, kSimulated}, .needs = "verilator", .cost = 40},
      {.name = "synth",
       .words = "synth rtl --target ice40 {quiet}",
       .before = {kRtl},
       .history = {"rtl/synth.jsonl"},
       .needs = "yosys",
       .cost = 20},
  };
}

}  // namespace

std::vector<FaultCommand> fault_commands() {
  std::vector<FaultCommand> all = rows();
  for (FaultCommand& command : all) {
    command.words = filled(command.words);
    for (std::string& words : command.before) words = filled(words);
  }
  return all;
}

std::vector<std::pair<std::string, std::string>> fault_inputs() {
  std::string rows = "text,label\n";
  const char* const words[] = {"iron", "steel", "copper", "apple", "plum", "cherry"};
  for (int i = 0; i < 40; ++i)
    rows += fmt::format("\"the {} number {} is {} here\",{}\n", words[i % 6], i, i % 4 == 0 ? "small" : "large",
                        i % 6 < 3 ? "metal" : "fruit");
  const std::string vocabulary =
      "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nthe\niron\nsteel\ncopper\napple\nplum\ncherry\nnumber\nis\nsmall\nlarge\n"
      "here\n";
  const std::string network =
      "name = \"mlp\"\ninput = \"fixed(4,1)\"\n[[layers]]\nname = \"fc\"\ntype = \"linear\"\ninputs = 2\noutputs = 2\n"
      "weight = \"fixed(4,1)\"\nbias = \"fixed(4,1)\"\noutput = \"fixed(4,1)\"\n";
  return {{"train.csv", rows}, {"vocab.txt", vocabulary}, {"mlp.toml", network}};
}

}  // namespace ingot::test
