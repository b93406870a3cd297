// Lab 5.2: a whole model in silicon, from a checkpoint to a placed chip.
//
// The question: does one chip hold a text classifier, token ids in and label out, with the accuracy of its integers,
// and how fast is it there? The rows are the way: the model in integers with ternary weights and binary embeddings, the
// core that computes it, simulated on real texts with every edge compared, the netlist that synthesis leaves of it, and
// what chips it fits. Nothing but the first row has an accuracy: the others show that the chip has the same.
#include "labs/lab_5_2.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "labs/lab.h"

namespace ingot::labs {
namespace {

using engine::Json;

constexpr std::int64_t kLongest = 256;  // tokens of a text that keys and values of one ECP5-85 have room for

Json core_result(std::span<const Json> results) { return {{"emit", results[0]}, {"simulation", results[1]}}; }
Json netlist_result(std::span<const Json> results) { return {{"simulation", results[0]}}; }

Json chip_result(std::span<const Json> results) {
  Json synthesis = results[0];
  synthesis.erase("last_run");  // of an earlier attempt at the row
  return {{"synthesis", synthesis}};
}

Row model_row(const Setup& setup, std::int64_t length) {
  Row row{.name = kChipModel, .title = "integers, ternary weights, binary embeddings", .commands = {}};
  row.commands.push_back(setup.from_compressed
                             ? "eval {from} --data {data} --integer-only --out {here}"
                             : fmt::format("quantize {{float}} --integer-only --weight-format ternary "
                                           "--embedding-format binary --qat-epochs 1{} --length {} --batch {}{} --data "
                                           "{{data}} --seed {{seed}} --out {{here}}",
                                           setup.is_quick ? "" : " --teacher ngrams --unlabelled none", length,
                                           setup.recipe.batch, bounded(setup.recipe.tuning_steps)));
  row.asked = {{.accuracy = 0.880}};
  return row;
}

}  // namespace

std::vector<Row> rows_5_2(const Setup& setup) {
  const std::int64_t length = std::min(kLongest, setup.recipe.length);
  const int n_texts = setup.is_quick ? 5 : 100;
  std::vector<Row> rows;
  if (!setup.from_compressed) {
    rows.push_back(float_row(setup));
    rows.back().series.clear();  // this lab has no figure
  }
  rows.push_back(model_row(setup, length));
  const std::string model = setup.from_compressed ? "{from}" : fmt::format("{{{}}}", kChipModel);
  rows.push_back(
      {.name = kCore,
       .title = "the core, simulated",
       .commands = {fmt::format("emit {} --block model --target ecp5-85 --activations {} --data {{data}} "
                                "--seed {{seed}} --out {{here}}",
                                model, n_texts),
                    fmt::format("simulate {{here}} --activations --vectors {} --resets 1 --seed {{seed}}", n_texts)},
       .assemble = core_result});
  rows.push_back(
      {.name = kNetlist,
       .title = "its netlist for ECP5, simulated",
       .commands = {"simulate {core} --netlist ecp5 --activations --vectors 5 --seed {seed} --out {here}/simulation"},
       .assemble = netlist_result});
  for (const char* chip : kChips) {
    const bool is_placed = chip == std::string(kChips[0]);
    rows.push_back(
        {.name = chip,
         .title = is_placed ? "placed on LFE5U-85F" : "synthesised for XC7A100T",
         .commands = {fmt::format("synth {{core}} --target {}{}", chip, is_placed ? " --place --clock 80" : "")},
         .assemble = chip_result});
  }
  return rows;
}

std::vector<std::string> notes_5_2() {
  return {
      "The model: all Linears ternary, all embeddings binary, 8-bit activations; one epoch with the bits of the "
      "integers, taught by n-grams. A better float model, such as that of `ingot train --recipe best`, is given by "
      "--from; a model of `quantize --integer-only` is taken as it is.",
      "Simulated on real texts of all lengths with random stalls and a reset: every code at every edge of the integer "
      "graph and every answer are compared, so the accuracy of the integers is the chip's.",
      "Tokens a second: of texts of that length, at the highest clock of the placed core.",
      "docs/silicon/README.md says how the core works.",
  };
}

}  // namespace ingot::labs
