#include "compress/c99/program.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "compress/c99/plan.h"
#include "compress/c99/writer.h"
#include "compress/integer/operation.h"
#include "compress/integer/ops/attention.h"
#include "compress/integer/ops/embedding.h"
#include "engine/base/error.h"

namespace ingot::compress {
namespace {

using engine::require;

constexpr std::int64_t kMostTypes = 256;
constexpr std::int64_t kMostRows = 65536;

// The graph of a model: ids and types go into one embedding, and one edge comes out.
const EmbeddingSum& embedding_of(const Graph& graph) {
  const auto is_embedding = [](const Node& node) { return node.kind->name == "embedding"; };
  const auto n = std::count_if(graph.nodes.begin(), graph.nodes.end(), is_embedding);
  const bool fits = n == 1 && graph.inputs.size() == 2 && graph.outputs.size() == 1 &&
                    is_embedding(graph.nodes.front()) && graph.nodes.front().inputs == graph.inputs;
  require(fits, "{}: C is made of a graph that begins with an embedding of ids and types and has one output",
          graph.name);
  for (std::size_t n_node = 1; n_node < graph.nodes.size(); ++n_node) {
    for (const std::size_t edge : graph.nodes[n_node].inputs)
      require(edge != graph.inputs[0] && edge != graph.inputs[1], "{}: {}: reads token ids, as only an embedding may",
              graph.name, graph.nodes[n_node].name);
  }
  return *graph.nodes.front().as<EmbeddingSum>();
}

std::int64_t longest_text(const Graph& graph, const EmbeddingSum& sum) {
  std::int64_t longest = std::min(sum.position.n, kMostRows);
  for (const Node& node : graph.nodes) {
    if (const auto* attention = node.as<Attention>()) longest = std::min(longest, attention->longest);
  }
  return longest;
}

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 32 || byte > 126 || c == '"' || c == '\\' || c == '?') {
      out += fmt::format("\\{:03o}", byte);
    } else {
      out += c;
    }
  }
  return out + "\"";
}

class Builder {
 public:
  Builder(const Graph& graph, const std::vector<std::string>& labels)
      : graph_(graph), labels_(labels), sum_(embedding_of(graph)), plan_(plan_c99(graph)), is_token_(row_a_token()) {
    program_.longest = longest_text(graph, sum_);
    program_.fixed_scratch_bytes = plan_.fixed_bytes;
    program_.scratch_bytes_a_token = plan_.bytes_a_token;
    require(sum_.token_type.n <= kMostTypes, "{}: C takes at most {} token types, got {}", graph.name, kMostTypes,
            sum_.token_type.n);
  }

  C99Program build() {
    std::string passes, calls;
    for (std::size_t i = 0; i < plan_.passes.size(); ++i) {
      passes += pass(i);
      calls += fmt::format("  pass_{}(&text);\n", i);
    }
    program_.constant_bytes = writer_.constant_bytes();
    program_.header = header();
    program_.source = kTop + writer_.functions() + "\n" + writer_.constants() + kText + passes + run(calls);
    return std::move(program_);
  }

 private:
  static constexpr const char* kTop =
      "/* Written by ingot export --c. Weights, tables and the functions that compute with them are below; model_run "
      "is\n"
      "   at the end. R rounds once, as the name of the function says; what comes out is saturated to the codes of "
      "its\n"
      "   format. All scales are powers of two. */\n"
      "#include \"model.h\"\n";
  static constexpr const char* kText =
      "\n/* A text and the memory for it. */\ntypedef struct {\n"
      "  const model_id* ids;\n"
      "  const uint8_t* types; /* or NULL */\n"
      "  size_t n;\n"
      "  int32_t* outputs;\n"
      "  unsigned char* rows;  /* one row of what is needed no longer than that */\n"
      "  unsigned char* texts; /* n bytes for each byte of a token's row */\n"
      "} model_text;\n";

  static std::string unsigned_type(std::int64_t n) {
    return n <= 1 << 8 ? "uint8_t" : n <= 1 << 16 ? "uint16_t" : "uint32_t";
  }

  bool row_a_token() const { return !plan_.passes.empty() && !of_text(graph_.outputs.front()); }

  bool of_text(std::size_t edge) const {
    for (const C99Pass& pass : plan_.passes) {
      for (const std::size_t n : pass.nodes) {
        if (graph_.nodes[n].outputs.front() == edge) return pass.of_text;
      }
    }
    return false;
  }

  C99Type type(std::size_t edge) const {
    if (edge == graph_.outputs.front()) return c99_type(INT32_MIN, INT32_MAX);
    return c99_type(graph_.edges[edge].format);
  }

  const Node& writer_of(std::size_t edge) const {
    return *std::find_if(graph_.nodes.begin(), graph_.nodes.end(),
                         [&](const Node& node) { return node.outputs.front() == edge; });
  }

  // A pointer to all rows, or to the only one.
  std::string variable(std::size_t edge) const {
    return writer_of(edge).name + (plan_.edges[edge].kind == C99Place::row ? "_row" : "_rows");
  }

  std::string declaration(std::size_t edge, bool is_written) const {
    const C99Place& place = plan_.edges[edge];
    const std::string left =
        fmt::format("  {}{}* const {} = ", is_written ? "" : "const ", type(edge).name, variable(edge));
    if (place.kind == C99Place::output) return left + "text->outputs;\n";
    const std::string where = place.kind == C99Place::row ? fmt::format("text->rows + {}", place.offset)
                                                          : fmt::format("text->texts + text->n * {}", place.offset);
    return left + fmt::format("({}{}*)(void*)({});\n", is_written ? "" : "const ", type(edge).name, where);
  }

  std::string row(std::size_t edge, bool is_whole, bool of_text) const {
    if (edge == graph_.inputs[0]) return "text->ids[i]";
    if (edge == graph_.inputs[1]) return "(text->types == NULL ? 0 : text->types[i])";
    const bool is_single = plan_.edges[edge].kind == C99Place::row || is_whole || of_text;
    return variable(edge) + (is_single ? "" : fmt::format(" + i * {}", graph_.edges[edge].size));
  }

  std::string pass(std::size_t at) {
    const C99Pass& pass = plan_.passes[at];
    std::vector<std::size_t> written, read;
    std::string statements;
    bool attends = false;
    for (const std::size_t n : pass.nodes) {
      const Node& node = graph_.nodes[n];
      C99Call call{writer_, Layer(graph_, node), {}, {}, {}, {}, "scores"};
      for (std::size_t i = 0; i < node.inputs.size(); ++i) {
        call.in.push_back(row(node.inputs[i], reads_text(node, i), pass.of_text));
        call.in_types.push_back(type(node.inputs[i]));
        read.push_back(node.inputs[i]);
      }
      call.out.push_back(row(node.outputs[0], false, pass.of_text));
      call.out_types.push_back(type(node.outputs[0]));
      written.push_back(node.outputs[0]);
      attends = attends || node.kind->name == "attention";
      statements += (pass.of_text ? "  " : "    ") + c99_statement(call) + "\n";
    }
    std::string text = fmt::format("\nstatic void pass_{}(const model_text* text) {{\n", at);
    text += declarations(written, read);
    if (attends)
      text += fmt::format("  int32_t* const scores = (int32_t*)(void*)(text->texts + text->n * {});\n",
                          plan_.scores_a_token);
    if (!pass.of_text) statements = "  size_t i;\n  for (i = 0; i < text->n; ++i) {\n" + statements + "  }\n";
    return text + statements + "}\n";
  }

  std::string declarations(const std::vector<std::size_t>& written, std::vector<std::size_t> read) const {
    std::string text;
    std::sort(read.begin(), read.end());
    read.erase(std::unique(read.begin(), read.end()), read.end());
    for (const std::size_t edge : read) {
      const bool is_own = std::find(written.begin(), written.end(), edge) != written.end();
      if (!is_own && plan_.edges[edge].kind != C99Place::input) text += declaration(edge, false);
    }
    for (const std::size_t edge : written) text += declaration(edge, true);
    return text;
  }

  std::string header() const {
    const Edge& output = graph_.edges[graph_.outputs.front()];
    std::string text = fmt::format(
        "/* A model in integers, from token ids to its outputs. Written by ingot export --c. */\n"
        "#ifndef MODEL_H\n#define MODEL_H\n\n#include <stddef.h>\n#include <stdint.h>\n\n"
        "#ifdef __cplusplus\nextern \"C\" {{\n#endif\n\n"
        "#define MODEL_VOCABULARY {} /* token ids are below */\n"
        "#define MODEL_TYPES {} /* token types are below */\n"
        "#define MODEL_LONGEST_TEXT {} /* tokens */\n\n"
        "#define MODEL_OUTPUTS {} /* numbers in a row of the outputs ... */\n"
        "#define MODEL_OUTPUT_ROWS(n) {} /* ... and rows for a text of n tokens */\n"
        "#define MODEL_OUTPUT_FRACTION_BITS ({}) /* an output y is the number y / 2^this */\n",
        sum_.word.n, sum_.token_type.n, program_.longest, output.size, is_token_ ? "(n)" : "1",
        output.format.frac_bits);
    if (!labels_.empty()) {
      text += "#define MODEL_LABELS {";
      for (std::size_t i = 0; i < labels_.size(); ++i) text += (i == 0 ? "" : ", ") + quoted(labels_[i]);
      text += "}\n";
    }
    text += fmt::format(
        "\n#define MODEL_CONSTANT_BYTES {} /* weights and tables */\n"
        "#define MODEL_STACK_BYTES {} /* a call needs less */\n"
        "#define MODEL_SCRATCH_BYTES_FOR(n) ((size_t){} + (size_t)(n) * {})\n"
        "#define MODEL_SCRATCH_BYTES MODEL_SCRATCH_BYTES_FOR(MODEL_LONGEST_TEXT)\n\n",
        program_.constant_bytes, kC99StackBytes, plan_.fixed_bytes, plan_.bytes_a_token);
    return text + fmt::format(kDeclarations, unsigned_type(sum_.word.n));
  }

  static constexpr const char* kDeclarations =
      R"(/* Memory for texts of at most n tokens: `static MODEL_SCRATCH(64) scratch;`. Any other memory of so many bytes will do
   that an int32_t may begin at. It holds nothing between calls. */
#define MODEL_SCRATCH(n)                                    \
  union {{                                                   \
    int32_t words[(MODEL_SCRATCH_BYTES_FOR(n) + 3) / 4];    \
    int16_t halves[(MODEL_SCRATCH_BYTES_FOR(n) + 1) / 2];   \
    int8_t bytes[MODEL_SCRATCH_BYTES_FOR(n)];               \
  }}

enum {{
  MODEL_OK = 0,
  MODEL_EMPTY = 1,       /* n is 0 */
  MODEL_TOO_LONG = 2,    /* n is above MODEL_LONGEST_TEXT */
  MODEL_UNKNOWN_ID = 3,  /* an id is not below MODEL_VOCABULARY */
  MODEL_UNKNOWN_TYPE = 4 /* a type is not below MODEL_TYPES */
}};

typedef {} model_id;

/* Computes outputs[MODEL_OUTPUT_ROWS(n)][MODEL_OUTPUTS] of the text with these token ids. `types`: of each token, or NULL
   if all are 0. `scratch`: MODEL_SCRATCH_BYTES_FOR(n) bytes. Returns MODEL_OK, or says what is wrong and leaves the outputs
   as they were. */
int model_run(const model_id* ids, const uint8_t* types, size_t n, int32_t* outputs, void* scratch);

#ifdef __cplusplus
}}
#endif

#endif
)";

  // A comparison that no number of the type can fail is left out: compilers would warn.
  std::string run(const std::string& calls) const {
    const std::int64_t n_ids = sum_.word.n, n_types = sum_.token_type.n;
    std::string text =
        "\nint model_run(const model_id* ids, const uint8_t* types, size_t n, int32_t* outputs, void* scratch) {\n"
        "  model_text text;\n";
    const bool checks_ids = n_ids != 1 << 8 && n_ids != 1 << 16, checks_types = n_types != kMostTypes;
    if (checks_ids || checks_types) text += "  size_t i;\n";
    text += "  if (n == 0) return MODEL_EMPTY;\n  if (n > MODEL_LONGEST_TEXT) return MODEL_TOO_LONG;\n";
    if (checks_ids) text += "  for (i = 0; i < n; ++i)\n    if (ids[i] >= MODEL_VOCABULARY) return MODEL_UNKNOWN_ID;\n";
    if (checks_types)
      text +=
          "  for (i = 0; types != NULL && i < n; ++i)\n    if (types[i] >= MODEL_TYPES) return MODEL_UNKNOWN_TYPE;\n";
    text += fmt::format(
        "  text.ids = ids;\n  text.types = types;\n  text.n = n;\n  text.outputs = outputs;\n"
        "  text.rows = (unsigned char*)scratch;\n  text.texts = text.rows + {};\n",
        plan_.fixed_bytes);
    return text + calls + "  return MODEL_OK;\n}\n";
  }

  const Graph& graph_;
  const std::vector<std::string>& labels_;
  const EmbeddingSum& sum_;
  C99Plan plan_;
  bool is_token_;
  C99Writer writer_;
  C99Program program_;
};

}  // namespace

C99Program to_c99(const Graph& graph, const std::vector<std::string>& labels) {
  check(graph);
  return Builder(graph, labels).build();
}

void shorten_texts(Graph& graph, std::int64_t longest) {
  for (Node& node : graph.nodes) {
    auto* sum = node.as<EmbeddingSum>();
    if (sum == nullptr || sum->position.n <= longest) continue;
    EmbeddingRows& rows = sum->position;
    rows.codes.resize(rows.codes.size() / static_cast<std::size_t>(rows.n) * static_cast<std::size_t>(longest));
    rows.shifts.resize(static_cast<std::size_t>(longest));
    rows.n = longest;
  }
}

}  // namespace ingot::compress
