// The labs: each a table of rows, a figure over them, and notes. A lab is its file and a line here.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "labs/lab_4.h"
#include "labs/lab_5_2.h"
#include "labs/row.h"
#include "labs/run.h"

namespace ingot::labs {

// How the float model is trained, and how the models made from it are tuned. The defaults are those for IMDb.
struct Recipe {
  std::int64_t pieces = 8000, length = 512, batch = 32, epochs = 1;
  double learning_rate = 1e-3;
  std::vector<double> tuning_rates{3e-4, 1e-4, 1e-3};  // for one epoch more; validation chooses
  // Of a trial that trains a model from nothing: an epoch, or so many steps, on short texts. Models of all sizes share
  // its rate: at 1e-3 those with 256 and more hidden units do not learn.
  std::int64_t trial_steps = 0, trial_length = 128;
  double trial_rate = 3e-4;
  std::string trial_precision = "float32";
  std::int64_t trials = 10, architectures = 30;  // of a search for formats, and of one for architectures
  std::string sizes = "";                        // what sizes a search chooses from; empty: the reference's
  std::string model = "--model tiny";            // sizes of the float model
  std::int64_t max_steps = 0, tuning_steps = 0;  // of a training from nothing and of one epoch more; 0: epochs count
};

// The recipe of a corpus, by the name its source has.
Recipe recipe_for(std::string_view source);

// The recipe made so small that a lab takes about a minute: its figures mean nothing, but everything is in its place.
Recipe quick(const Recipe& recipe);

// What the rows of a lab depend on.
struct Setup {
  Recipe recipe;
  bool from_given = false;       // a model to start from, instead of training one
  bool from_compressed = false;  // and it is compressed already
  bool is_quick = false;         // few rows, few texts in simulations
};

struct LabReport;

// A program that a lab runs, and the Debian package that has it.
struct Program {
  std::string_view name, debian_package;
};

struct Lab {
  std::string_view name, title;
  std::vector<Row> (*rows)(const Setup& setup);
  std::string_view quick_rows;  // those of --quick, as --rows names them
  std::string_view x_label;
  std::vector<std::string> (*notes)();
  double kept_accuracy = 0;           // on IMDb the report names the smallest model that has it; 0: it does not
  bool needs_texts = true;            // also where it is not given a model
  bool takes_model = true;            // --from
  bool takes_packed = false;          // --from with packed codes: no row needs the weights themselves
  std::array<Program, 2> programs{};  // that it runs; of one without a name none
  int n_seeds = 1;                    // that its rows have of their own, from that of the lab on
  // Instead of a table of accuracies: a lab that is about something else.
  LabReport (*report)(const LabRun& run, const std::map<std::string, std::string>& failures) = nullptr;
  // What such a lab's rows of a result.json show on a page. Throws Error for what the lab did not write.
  std::vector<report::TextTable> (*tables)(const engine::Json& rows) = nullptr;
};

std::vector<Row> rows_1_1(const Setup& setup);
std::vector<std::string> notes_1_1();
std::vector<Row> rows_1_2(const Setup& setup);
std::vector<std::string> notes_1_2();
std::vector<Row> rows_2_1(const Setup& setup);
std::vector<std::string> notes_2_1();
std::vector<Row> rows_2_2(const Setup& setup);
std::vector<std::string> notes_2_2();
std::vector<Row> rows_3_1(const Setup& setup);
std::vector<std::string> notes_3_1();
std::vector<Row> rows_3_2(const Setup& setup);
std::vector<std::string> notes_3_2();
std::vector<Row> rows_4(const Setup& setup);
std::vector<std::string> notes_4();
std::vector<Row> rows_5_1(const Setup& setup);
std::vector<std::string> notes_5_1();
std::vector<Row> rows_5_2(const Setup& setup);
std::vector<std::string> notes_5_2();
LabReport report_4(const LabRun& run, const std::map<std::string, std::string>& failures);
LabReport report_5_2(const LabRun& run, const std::map<std::string, std::string>& failures);

inline constexpr Program kVerilator{"verilator_bin", "verilator"}, kYosys{"yosys", "yosys"};

inline constexpr std::array kLabs{
    Lab{.name = "1.1",
        .title = "quantisation after training against training with it",
        .rows = rows_1_1,
        .quick_rows = "n-grams,control-*,whole-8*,whole-4*,whole-2*,whole-binary*,calibrated-8*,calibrated-4*,half-8*,"
                      "half-4*",
        .x_label = "bits of inputs and weights",
        .notes = notes_1_1,
        .kept_accuracy = 0.865},
    Lab{.name = "1.2",
        .title = "pruning of a quantised model, before and after an epoch more",
        .rows = rows_1_2,
        .quick_rows = "control-*,whole-0.5*,l1-0.5*,l1-0.9*,random-0.5*,2-of-4*,l1-published-0.5*",
        .x_label = "sparsity",
        .notes = notes_1_2},
    Lab{.name = "2.1",
        .title = "architecture search: grid, random, TPE",
        .rows = rows_2_1,
        .quick_rows = "grid,random,tpe,best",
        .x_label = "trials",
        .notes = notes_2_1,
        .takes_model = false,
        .n_seeds = 3},
    Lab{.name = "2.2",
        .title = "architecture search with compression in each trial",
        .rows = rows_2_2,
        .quick_rows = "[!n]*",
        .x_label = "trials",
        .notes = notes_2_2,
        .takes_model = false},
    Lab{.name = "3.1",
        .title = "widths and fraction widths by layer",
        .rows = rows_3_1,
        .quick_rows = "[!n]*",
        .x_label = "trials",
        .notes = notes_3_1},
    Lab{.name = "3.2",
        .title = "a search for each number format",
        .rows = rows_3_2,
        .quick_rows = "fixed,minifloat,minifloat-denorm,block-fp,block-minifloat,block-log,log,mx,binary,"
                      "binary-residual,ternary,fixed-below-4*,block-fp-below-4*",
        .x_label = "trials",
        .notes = notes_3_2},
    Lab{.name = "4",
        .title = "a Linear layer and its activation in hardware",
        .rows = rows_4,
        .quick_rows = "relu,rrelu-lab,published-*",
        .notes = notes_4,
        .needs_texts = false,
        .programs = {kVerilator, kYosys},
        .report = report_4,
        .tables = tables_4},
    Lab{.name = "5.1",
        .title = "a whole model in integers alone",
        .rows = rows_5_1,
        .quick_rows = "linears,8*,4*,ternary*",
        .x_label = "bits of a weight",
        .notes = notes_5_1,
        .kept_accuracy = 0.88},
    Lab{.name = "5.2",
        .title = "a whole model in silicon",
        .rows = rows_5_2,
        .quick_rows = "core",
        .notes = notes_5_2,
        .takes_packed = true,
        .programs = {kVerilator},
        .report = report_5_2,
        .tables = tables_5_2},
};

// Rows with which several labs begin: the float model, and controls that get the same extra epoch as tuned rows.
Row float_row(const Setup& setup);
std::vector<Row> control_rows(const Setup& setup, const std::string& from, const std::string& title);

// What n-grams and a regression have on the same texts: what a BERT is to beat.
Row ngram_row(const Setup& setup);

// Lets the row also say how many labels are others than those of the model `other`, a stand-in, and how far outputs
// are: its last command compares `model` with it, and its result is that of the first command with both. `arithmetic`:
// an option of eval.
void compare_with(Row& row, const std::string& other, const std::string& arithmetic = "",
                  const std::string& model = "{here}");

// The command words of an architecture search, without the sampler; and of training, at full length and from fresh
// weights, the best architecture that `row` found.
std::string nas(const Setup& setup);
std::string full_training(const Setup& setup, const std::string& row, const std::string& seed = "{seed}");

// Rows of that training at four learning rates, the choice "full": large models need smaller ones than the tiny one.
void add_full_trainings(std::vector<Row>& rows, const Setup& setup, const std::string& row, const std::string& title);

// " --max-steps N", or "" for 0.
std::string bounded(std::int64_t max_steps);

// The command words of one more epoch at the chosen rate, for `train --from`, quantize and prune.
std::string tuning(const Setup& setup, const std::string& rate = "{control.value}");

}  // namespace ingot::labs
