// Models in C99: compilers accept the C without a warning, and it computes the codes of the reference.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <numeric>
#include <set>
#include <sstream>

#include "bert/head.h"
#include "compress/c99/program.h"
#include "compress/lower/whole_model.h"
#include "compress/quantize/calibration.h"
#include "compress/quantize/integer_plan.h"
#include "tests/compress/random_encoder.h"
#include "tests/compress/small_model.h"
#include "tests/support/error_text.h"
#include "tests/support/temporary_folder.h"

using namespace ingot;
using test::contains;
using test::EncoderShape;
using test::error_text;
namespace fs = std::filesystem;

namespace {

constexpr const char* kWarnings = "-std=c99 -Wall -Wextra -Wconversion -Wpedantic -Wshadow -Werror";
constexpr const char* kSanitizers = "-O1 -g -fsanitize=undefined,address -fno-sanitize-recover=all";

// Reads texts (how many tokens, whether there are types, ids, types) and prints what model_run returns and gives. The
// scratch has not a byte more than it must, and begins with rubbish.
constexpr const char* kDriver = R"(#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "model.h"
int main(void) {
  unsigned long n, has_types, x;
  while (scanf("%lu %lu", &n, &has_types) == 2) {
    model_id* ids = malloc((n + 1) * sizeof *ids);
    uint8_t* types = malloc(n + 1);
    const size_t n_outputs = MODEL_OUTPUT_ROWS(n) * MODEL_OUTPUTS;
    int32_t* outputs = malloc((n_outputs + 1) * sizeof *outputs);
    void* scratch = malloc(MODEL_SCRATCH_BYTES_FOR(n));
    size_t i;
    int error;
    for (i = 0; i < n; ++i) { if (scanf("%lu", &x) != 1) return 9; ids[i] = (model_id)x; }
    for (i = 0; i < n; ++i) { if (scanf("%lu", &x) != 1) return 9; types[i] = (uint8_t)x; }
    memset(scratch, 0xA5, MODEL_SCRATCH_BYTES_FOR(n));
    error = model_run(ids, has_types ? types : NULL, n, outputs, scratch);
    printf("%d\n", error);
    for (i = 0; error == 0 && i < n_outputs; ++i) printf("%ld\n", (long)outputs[i]);
    free(ids); free(types); free(outputs); free(scratch);
  }
  return 0;
}
)";

struct Text {
  std::vector<std::int32_t> ids, types;
  bool has_types = true;
};

// One of each length, and in every third the types are left out.
std::vector<Text> texts_of(const EncoderShape& shape, std::uint64_t seed) {
  engine::Rng rng(seed);
  std::vector<Text> texts;
  for (std::int64_t n = 1; n <= shape.longest; ++n) {
    Text text{.has_types = n % 3 != 0};
    for (std::int64_t i = 0; i < n; ++i) {
      text.ids.push_back(static_cast<std::int32_t>(test::draw_between(rng, 0, shape.vocabulary - 1)));
      text.types.push_back(text.has_types ? static_cast<std::int32_t>(test::draw_between(rng, 0, shape.types - 1)) : 0);
    }
    texts.push_back(std::move(text));
  }
  return texts;
}

std::string text_of_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string input_of(const std::vector<Text>& texts) {
  std::string input;
  for (const Text& text : texts)
    input += fmt::format("{} {}\n{}\n{}\n", text.ids.size(), text.has_types ? 1 : 0, fmt::join(text.ids, " "),
                         fmt::join(text.types, " "));
  return input;
}

std::string codes_by_reference(const compress::Graph& graph, const std::vector<Text>& texts) {
  compress::GraphRunner runner(graph);
  std::string all;
  for (const Text& text : texts) {
    const std::vector<compress::Codes> inputs{text.ids, text.types};
    const std::vector<std::int32_t> borders{0, static_cast<std::int32_t>(text.ids.size())};
    all += fmt::format("0\n{}\n", fmt::join(runner.run(inputs, borders).front(), "\n"));
  }
  return all;
}

// A folder with a program in C and the driver.
class Compiled {
 public:
  explicit Compiled(const compress::C99Program& program) {
    write("model.h", program.header);
    write("model.c", program.source);
    write("driver.c", kDriver);
  }

  fs::path operator/(const std::string& name) const { return folder_ / name; }
  void write(const std::string& name, const std::string& text) const { std::ofstream(folder_ / name) << text; }

  // What the compiler says; nothing if it is content.
  std::string compile(const std::string& compiler, const std::string& flags) const {
    const std::string in = fmt::format("cd '{}' && ", folder_.path().string());
    const std::string line =
        fmt::format("{}({} {} {} -c model.c -o model.o && {} {} model.o driver.c -o driver) >log 2>&1", in, compiler,
                    flags, kWarnings, compiler, flags);
    const int status = std::system(line.c_str());
    return status == 0 ? "" : "failed: " + text_of_file(folder_ / "log");
  }
  std::string run(const std::string& input, const std::string& emulator = "") const {
    write("in", input);
    const std::string line = fmt::format("cd '{}' && {} ./driver <in >out 2>log", folder_.path().string(), emulator);
    const int status = std::system(line.c_str());
    return status == 0 ? text_of_file(folder_ / "out") : "failed: " + text_of_file(folder_ / "log");
  }

 private:
  test::TemporaryFolder folder_;
};

bool works(const std::string& command) { return std::system((command + " >/dev/null 2>&1").c_str()) == 0; }

struct Compiler {
  std::string command;
  std::string emulator = {};  // in front of what it makes
};

// Other compilers of this machine, for other processors too; those that are not here are named.
std::vector<Compiler> compilers() {
  std::vector<Compiler> all{{"cc -O2"}, {"cc -O0"}};
  for (const Compiler& other :
       std::vector<Compiler>{{"cc -m32 -O2"},
                             {"clang -O2"},
                             {"s390x-linux-gnu-gcc -static -O2", "qemu-s390x"},  // the other order of bytes
                             {"arm-none-eabi-gcc -mcpu=cortex-a9 -mthumb --specs=rdimon.specs -Os", "qemu-arm"}}) {
    const test::TemporaryFolder folder;
    const std::string program = (folder / "program").string();
    const bool is_here = works(fmt::format("echo 'int main(void) {{ return 0; }}' | {} -x c - -o '{}' && {} '{}'",
                                           other.command, program, other.emulator, program));
    if (is_here) all.push_back(other);
    if (!is_here) MESSAGE("without `", other.command, "`, which does not work here");
  }
  return all;
}

void check_same(const compress::Graph& graph, const std::vector<Text>& texts, const std::vector<Compiler>& others) {
  const Compiled c(compress::to_c99(graph, {}));
  const std::string input = input_of(texts), expected = codes_by_reference(graph, texts);
  std::istringstream codes(expected);
  const std::set<std::string> different(std::istream_iterator<std::string>(codes), {});
  CHECK(2 * different.size() > texts.size());  // the numbers say something
  REQUIRE(c.compile("cc", kSanitizers) == "");
  CHECK(c.run(input) == expected);
  for (const Compiler& compiler : others) {
    CAPTURE(compiler.command);
    REQUIRE(c.compile(compiler.command, "") == "");
    CHECK(c.run(input, compiler.emulator) == expected);
  }
}

std::vector<EncoderShape> shapes() {
  using engine::Rounding;
  return {{},
          {.layers = 1, .activations = 6, .weights = 4, .embeddings = 4, .residual = 12, .summary = "first"},
          {.layers = 1, .activations = 16, .weights = 16, .embeddings = 16, .activation = "relu", .summary = ""},
          {.hidden = 6, .inner = 5, .weights = 3, .embeddings = 2, .has_root_table = true, .has_line_table = true},
          {.hidden = 10, .heads = 1, .weights = 1, .embeddings = 1, .activation = "leaky_relu", .summary = "first"},
          {.activations = 10, .weights = 8, .residual = 20, .rounding = Rounding::floor, .activation = "tanh"},
          {.layers = 3, .activations = 7, .rounding = Rounding::half_away, .activation = "rrelu", .summary = ""},
          {.hidden = 12, .heads = 3, .layers = 1, .longest = 40, .vocabulary = 300, .types = 1, .has_root_table = true},
          {.layers = 1, .vocabulary = 256, .types = 256, .activation = "gelu_new"},
          {.hidden = 4, .layers = 1, .vocabulary = 70000, .types = 3, .outputs = 1, .activations = 4}};
}

}  // namespace

TEST_CASE("C computes the codes of the reference at every length, in formats of any width and rounding") {
  std::uint64_t seed = 1;
  for (const EncoderShape& shape : shapes()) {
    CAPTURE(seed);
    const compress::Graph graph = test::RandomEncoder(shape, seed).graph();
    check_same(graph, texts_of(shape, seed), {});
    ++seed;
  }
}

TEST_CASE("32 bits, the other order of bytes, other compilers and no optimisation make no difference") {
  const std::vector<Compiler> others = compilers();
  for (const std::size_t i : {1, 2, 4, 6}) {
    CAPTURE(i);
    const EncoderShape shape = shapes()[i];
    check_same(test::RandomEncoder(shape, i).graph(), texts_of(shape, i), others);
  }
}

TEST_CASE("models of every head that has integers are the same in C") {
  for (const char* task : {"single-label", "multi-label", "regression", "tokens"}) {
    for (const bert::Pooling pooling : {bert::Pooling::cls, bert::Pooling::mean}) {
      const bool is_first = pooling == bert::Pooling::cls;
      const char* const weights = is_first ? "fixed(4,calibrated)" : "ternary_pow2(calibrated)";
      CAPTURE(task);
      bert::Model model = test::small_model();
      bert::Config config = model.config;
      config.head = &bert::head_for_task(task);
      config.pooling = pooling;
      model = bert::make_model(config, 3);
      const std::vector<bert::Input> batches{test::small_input()};
      const auto requests =
          compress::requests_by_layer(model, compress::integer_plan({.activations = 6, .weights = weights}));
      const compress::Compression compression = compress::calibrate(model, {}, requests, batches, {});
      compress::attach(model, compression);
      const EncoderShape shape{.longest = config.max_position_embeddings, .vocabulary = config.vocab_size};
      check_same(compress::lower_model(model, compression), texts_of(shape, 5), {});
    }
  }
}

TEST_CASE("wrong texts are refused, and the outputs stay as they were") {
  const EncoderShape shape;
  const Compiled c(compress::to_c99(test::RandomEncoder(shape, 1).graph(), {}));
  REQUIRE(c.compile("cc", kSanitizers) == "");
  CHECK(c.run("0 0\n\n\n") == "1\n");
  CHECK(c.run("10 0\n0 0 0 0 0 0 0 0 0 0\n0 0 0 0 0 0 0 0 0 0\n") == "2\n");
  CHECK(c.run("2 0\n3 20\n0 0\n") == "3\n");
  CHECK(c.run("2 1\n3 4\n0 2\n") == "4\n");
  CHECK(contains(c.run("2 0\n3 4\n0 2\n"), "0\n"));  // types that are not given are not looked at
}

TEST_CASE("a call needs no more of the stack than the header says, and the C calls nothing of a library") {
  for (const EncoderShape& shape : shapes()) {
    const Compiled c(compress::to_c99(test::RandomEncoder(shape, 1).graph(), {}));
    for (const char* level : {"-O0", "-O2"}) {
      REQUIRE(c.compile("cc", fmt::format("{} -fstack-usage -fno-inline", level)) == "");
      // Frames of the deepest call: model_run, a pass, an operation, then at most four functions that round.
      std::istringstream frames(text_of_file(c / "model.su"));
      std::int64_t run = 0, pass = 0, operation = 0, rounding = 0;
      for (std::string place, bytes, how; frames >> place >> bytes >> how;) {
        CHECK((how == "static" || how == "dynamic,bounded"));
        const std::int64_t frame = std::stoll(bytes) + 8;  // and the address to return to
        const std::string name = place.substr(place.rfind(':') + 1);
        const bool rounds =
            name.starts_with("round_") || contains(name, "divide_") || name == "saturate" || name == "shift_down";
        std::int64_t& most = name == "model_run"         ? run
                             : name.starts_with("pass_") ? pass
                             : rounds                    ? rounding
                                                         : operation;
        most = std::max(most, frame);
      }
      CHECK(run > 0);
      CHECK(run + pass + operation + 4 * rounding < compress::kC99StackBytes);
    }
    REQUIRE(works(fmt::format("nm -u '{0}/model.o' >'{0}/undefined'", (c / "").string())));
    CHECK(text_of_file(c / "undefined") == "");
  }
}

TEST_CASE("edges share memory: twice the layers need no more of it, and texts never hold what one row can") {
  const auto program = [](std::int64_t layers) {
    return compress::to_c99(test::RandomEncoder({.hidden = 16, .inner = 64, .layers = layers}, 1).graph(), {});
  };
  const compress::C99Program two = program(2), four = program(4);
  CHECK(four.scratch_bytes() == two.scratch_bytes());
  // Hidden states, keys and values of 16 bytes each, and a score.
  CHECK(two.scratch_bytes_a_token == 3 * 16 + 4);
}

TEST_CASE("texts can be made shorter, and the codes of those that are left stay the same") {
  EncoderShape shape;
  compress::Graph graph = test::RandomEncoder(shape, 1).graph();
  const std::int64_t whole = compress::to_c99(graph, {}).constant_bytes;
  shape.longest = 4;
  const std::vector<Text> texts = texts_of(shape, 1);
  const std::string expected = codes_by_reference(graph, texts);
  compress::shorten_texts(graph, 4);
  const compress::C99Program program = compress::to_c99(graph, {});
  CHECK(program.longest == 4);
  CHECK(whole - program.constant_bytes == 5 * (8 + 1));
  const Compiled c(program);
  REQUIRE(c.compile("cc", kSanitizers) == "");
  CHECK(c.run(input_of(texts)) == expected);
}

TEST_CASE("narrow weights are packed: eight, four or two in a byte") {
  const auto bytes = [](int width) {
    EncoderShape shape{.hidden = 16, .heads = 4, .inner = 64, .layers = 4, .vocabulary = 200};
    shape.weights = shape.embeddings = width;
    return compress::to_c99(test::RandomEncoder(shape, 1).graph(), {}).constant_bytes;
  };
  const std::int64_t n_embeddings = (200 + 9 + 2) * 16, n_weights = 4 * (4 * 16 * 16 + 2 * 16 * 64) + 3 * 16;
  const std::int64_t n = n_embeddings + n_weights;
  CHECK(bytes(8) - bytes(4) >= n / 2);
  CHECK(bytes(4) - bytes(2) >= n / 4);
  CHECK(bytes(2) - bytes(1) >= n / 8);
}

TEST_CASE("weights that reach far to one side only are packed as wide as they are") {
  for (const bool is_below : {false, true}) {
    CAPTURE(is_below);
    const EncoderShape shape{.layers = 1, .weights = 8};
    compress::Graph graph = test::RandomEncoder(shape, 1).graph();
    for (compress::Node& node : graph.nodes) {
      if (auto* linear = node.as<compress::Linear>(); linear != nullptr)
        for (auto& code : linear->weights) code = is_below ? std::min<int>(code, 1) : std::max<int>(code, -1);
    }
    check_same(graph, texts_of(shape, 1), {});
  }
}

TEST_CASE("what has no form in C is said") {
  EncoderShape shape{.activation = "rrelu_uniform"};
  const compress::Graph graph = test::RandomEncoder(shape, 1).graph();
  CHECK(
      contains(error_text([&] { compress::to_c99(graph, {}); }), "layer_0_activation: rrelu_uniform has no form in C"));
  engine::Rng rng(1);
  CHECK(contains(error_text([&] { compress::to_c99(test::mlp(rng, "relu", 4, 4, 4), {}); }),
                 "mlp: C is made of a graph that begins with an embedding of ids and types and has one output"));
}

TEST_CASE("labels are strings in C, whatever is in them") {
  const compress::C99Program program =
      compress::to_c99(test::RandomEncoder({}, 1).graph(), {"plain", "a \"quote\" \\ ?\?/", "pr\xC3\xA9nom"});
  CHECK(
      contains(program.header, R"(#define MODEL_LABELS {"plain", "a \042quote\042 \134 \077\077/", "pr\303\251nom"})"));
}

TEST_CASE("a compiler for Cortex-M takes the C") {
  const std::string arm = "arm-none-eabi-gcc -mcpu=cortex-m4 -mthumb -Os";
  if (!works("arm-none-eabi-gcc --version")) {
    MESSAGE("skipped: arm-none-eabi-gcc is not installed");
    return;
  }
  for (const EncoderShape& shape : shapes()) {
    const Compiled c(compress::to_c99(test::RandomEncoder(shape, 1).graph(), {}));
    CHECK(works(fmt::format("cd '{}' && {} {} -c model.c", (c / "").string(), arm, kWarnings)));
  }
}
