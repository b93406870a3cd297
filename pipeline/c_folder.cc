#include "pipeline/c_folder.h"

#include <fmt/format.h>

#include "bert/head.h"
#include "engine/base/error.h"
#include "engine/base/files.h"
#include "pipeline/model_card.h"

namespace ingot::pipeline {
namespace fs = std::filesystem;
namespace {

constexpr const char* kExample =
    R"(/* An example: reads a text a line, its token ids as `ingot tokenizer encode` prints them, and prints {prints}.
   cc -std=c99 -O2 model.c main.c -o model && ingot tokenizer encode . <texts.txt | ./model */
#include <stdio.h>
#include <stdlib.h>

#include {header}

/* A text is framed by [CLS] and [SEP]. Of one that is too long the first tokens are kept, and TAIL last ones. */
enum {{ LENGTH = {length}, TAIL = {tail}, CLS = {cls}, SEP = {sep} }};

static MODEL_SCRATCH(LENGTH) scratch;
static int32_t outputs[MODEL_OUTPUT_ROWS(LENGTH) * MODEL_OUTPUTS];
static model_id ids[LENGTH];
{labels}
static void put(size_t n, uint32_t id) {{
  if (id >= MODEL_VOCABULARY) {{
    fprintf(stderr, "token ids must be below %ld\n", (long)MODEL_VOCABULARY);
    exit(2);
  }}
  ids[n] = (model_id)id;
}}

/* Reads a line into ids. Returns the number of tokens, or 0 at the end of the input. */
static size_t read_text(void) {{
  size_t n = 1, i;
  int c = getchar();
  if (c == EOF) return 0;
  put(0, CLS);
  while (c != EOF && c != '\n') {{
    uint32_t id = 0;
    if (c < '0' || c > '9') {{
      c = getchar();
      continue;
    }}
    for (; c >= '0' && c <= '9'; c = getchar()) {{
      if (id < MODEL_VOCABULARY) id = 10 * id + (uint32_t)(c - '0');
    }}
    if (n < LENGTH - 1) {{
      put(n++, id);
    }} else if (TAIL > 0) {{
      for (i = LENGTH - 1 - TAIL; i + 1 < n; ++i) ids[i] = ids[i + 1];
      put(n - 1, id);
    }}
  }}
  put(n, SEP);
  return n + 1;
}}

static void print_number(int32_t y) {{
  double x = y;
  int i;
  for (i = 0; i < MODEL_OUTPUT_FRACTION_BITS; ++i) x /= 2;
  for (i = 0; i > MODEL_OUTPUT_FRACTION_BITS; --i) x *= 2;
  printf("%.10g", x);
}}

static void print_row(const int32_t* y) {{
{print}}}

int main(void) {{
  size_t n;
  while ((n = read_text()) != 0) {{
    const int error = model_run(ids, NULL, n, outputs, &scratch);
    if (error != MODEL_OK) return error;
{rows}  }}
  return 0;
}}
)";

constexpr const char* kPrintLabel = R"(  int i, best = 0;
  for (i = 1; i < MODEL_OUTPUTS; ++i) {
    if (y[i] > y[best]) best = i;
  }
  printf("%s", labels[best]);
  for (i = 0; i < MODEL_OUTPUTS; ++i) {
    putchar('\t');
    print_number(y[i]);
  }
  putchar('\n');
)";

constexpr const char* kPrintLabels = R"(  int i;
  for (i = 0; i < MODEL_OUTPUTS; ++i) {
    printf("%s%s=%d ", i == 0 ? "" : "\t", labels[i], y[i] > 0);
    print_number(y[i]);
  }
  putchar('\n');
)";

constexpr const char* kPrintNumbers = R"(  int i;
  for (i = 0; i < MODEL_OUTPUTS; ++i) {
    if (i > 0) putchar('\t');
    print_number(y[i]);
  }
  putchar('\n');
)";

constexpr const char* kTokens = R"(    {
      size_t i;
      for (i = 1; i + 1 < n; ++i) print_row(outputs + i * MODEL_OUTPUTS);
      putchar('\n');
    }
)";

// What an answer of the head looks like.
struct AnswerForm {
  const char* prints;   // in the example's first line
  const char* print;    // a row of the outputs
  const char* meaning;  // of the outputs
};

AnswerForm form_of(const bert::Head& head) {
  switch (head.answers) {
    case data::Answers::label:
      return {"its label and the logits", kPrintLabel,
              "The label is that of the largest output. The outputs are logits: probabilities are their softmax."};
    case data::Answers::tags:
      return {
          "the label and the logits of each token, and an empty line", kPrintLabel,
          "Each token has a row; its label is that of the largest output. A word's tag is that of its first token."};
    case data::Answers::labels:
      return {"for each label 0 or 1 and the logit", kPrintLabels,
              "A text has the labels whose output is above 0. The probability of each is the sigmoid of its output."};
    case data::Answers::numbers:
      return {"its numbers", kPrintNumbers, "The outputs are the numbers that the model predicts."};
    case data::Answers::none:
      return {"its vector", kPrintNumbers, "The outputs are a vector; divide it by its length before comparing."};
  }
  engine::fail("head for {}: has no form in C", head.task);
}

std::string example(const Classifier& classifier) {
  const bert::Head& head = *classifier.model().config.head;
  const data::Framing& framing = classifier.framing;
  const AnswerForm form = form_of(head);
  const auto room = static_cast<std::size_t>(framing.length - data::kSpecialTokens);
  const bool is_token = head.rows == bert::Head::Rows::tokens, has_labels = form.print != kPrintNumbers;
  return fmt::format(kExample, fmt::arg("header", "\"model.h\""), fmt::arg("prints", form.prints),
                     fmt::arg("length", framing.length),
                     fmt::arg("tail", data::kept_of(room + 1, room, framing.truncation).tail),
                     fmt::arg("cls", framing.cls), fmt::arg("sep", framing.sep),
                     fmt::arg("labels", has_labels ? "static const char* const labels[] = MODEL_LABELS;\n" : ""),
                     fmt::arg("print", form.print), fmt::arg("rows", is_token ? kTokens : "    print_row(outputs);\n"));
}

constexpr const char* kCard = R"(# {architecture} in C99

A BERT of {layers} layers, hidden size {hidden}, in integers alone, written by `ingot export --c`. `model.c` needs
`<stdint.h>` and `<stddef.h>`; it allocates nothing, calls nothing and has no floats. It computes the bits of
`ingot predict --integer-only`.

    cc -std=c99 -O2 model.c main.c -o model
    ingot tokenizer encode . <texts.txt | ./model
    arm-none-eabi-gcc -std=c99 -O2 -mcpu=cortex-m4 -mthumb -c model.c

| bytes | |
|---|--:|
| weights and tables, constant | {constant} |
| scratch for a text of n tokens | {fixed} + {token} n |
| scratch for the longest text, {longest} tokens as in training | {scratch} |
| stack, at most | {stack} |

Your program includes `model.h`, where all of these are macros, and calls

    static MODEL_SCRATCH({length}) scratch; /* for texts of {length} tokens */
    int32_t outputs[MODEL_OUTPUT_ROWS({length}) * MODEL_OUTPUTS];
    int error = model_run(ids, NULL, n, outputs, &scratch);

Names begin with `model_` or `MODEL_`. An output y stands for y / 2^MODEL_OUTPUT_FRACTION_BITS. {meaning}

Token ids are those of `ingot tokenizer encode` in this folder, between [CLS], {cls}, and [SEP], {sep}, as `main.c` puts
them; the model was trained on texts of at most {length} tokens with these two. Token types are 0 (NULL){pairs}. On CPUs
without a division of 64 bits compilers call routines of their own for it, which come with them (libgcc), and they may
make memset or memcpy of a loop.
)";

std::string card(const Classifier& classifier, const compress::C99Program& program) {
  const bert::Config& config = classifier.model().config;
  const data::Framing& framing = classifier.framing;
  return fmt::format(
      kCard, fmt::arg("architecture", bert::architecture(*config.head)), fmt::arg("layers", config.num_hidden_layers),
      fmt::arg("hidden", config.hidden_size), fmt::arg("constant", program.constant_bytes),
      fmt::arg("fixed", program.fixed_scratch_bytes), fmt::arg("token", program.scratch_bytes_a_token),
      fmt::arg("longest", program.longest), fmt::arg("scratch", program.scratch_bytes()),
      fmt::arg("stack", compress::kC99StackBytes), fmt::arg("meaning", form_of(*config.head).meaning),
      fmt::arg("cls", framing.cls), fmt::arg("sep", framing.sep), fmt::arg("length", framing.length),
      fmt::arg("pairs", framing.pairs
                            ? ", but for a pair of texts, [CLS] first [SEP] second [SEP]: 1 behind the first [SEP], "
                              "which `main.c`, for single texts, does not do"
                            : ""));
}

}  // namespace

void check_free_of_c(const fs::path& folder) {
  for (const char* file : {"model.h", "model.c", "main.c"}) {
    std::error_code error;
    engine::require(!fs::exists(folder / file, error), "{}: holds a {} already; choose another folder", folder.string(),
                    file);
  }
}

compress::C99Program write_c_folder(const fs::path& folder, Classifier& classifier) {
  CompressedModel& compressed = classifier.compressed;
  const compress::C99Program program = engine::with_subject(classifier.folder.string(), [&] {
    compress::Graph graph = compress::lower_model(compressed.model, compressed.compression);
    compress::shorten_texts(graph, classifier.framing.length);
    return compress::to_c99(graph, classifier.labels());
  });
  engine::write_file(folder / "model.h", program.header);
  engine::write_file(folder / "model.c", program.source);
  engine::write_file(folder / "main.c", example(classifier));
  write_card(folder, card(classifier, program));
  return program;
}

}  // namespace ingot::pipeline
