// Proofs by Yosys `sat` for all inputs, and for each a mutation of the module that the same proof must refute.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>

#include "engine/base/child.h"
#include "engine/base/files.h"
#include "tests/support/error_text.h"
#include "tests/support/temporary_folder.h"

namespace ingot::test {
namespace {

bool has_yosys() {
  if (engine::find_program("yosys")) return true;
  MESSAGE("skipped: yosys is missing: install the Debian package yosys");
  return false;
}

// A text of a module that is replaced: a fault.
struct Mutation {
  std::string module, from, to;
};

enum class Verdict { proved, refuted };

// Runs a script in a folder with rtl/, one module mutated if asked for, and the given file.
class Prover {
 public:
  Verdict prove(const std::string& file, const std::string& script, const Mutation& mutation = {}) const {
    std::string sources;
    for (const auto& item : std::filesystem::directory_iterator(INGOT_RTL)) {
      std::string text = engine::read_file(item.path());
      if (item.path().stem() == mutation.module) {
        REQUIRE(contains(text, mutation.from));
        text.replace(text.find(mutation.from), mutation.from.size(), mutation.to);
      }
      put(folder_ / item.path().filename().string(), text);
      sources += " " + item.path().filename().string();
    }
    put(folder_ / "proof.sv", "`default_nettype none\n" + file + "`default_nettype wire\n");
    const engine::ChildResult result = engine::run_child(
        {"yosys", "-q", "-p", "read_verilog -sv -formal proof.sv; read_verilog -sv -defer" + sources + "; " + script},
        {.folder = folder_.path()});
    const bool refuted = result.code != 0 && contains(result.output, "proof did fail");
    INFO(result.output);
    REQUIRE((refuted || (result.code == 0 && result.output.empty())));
    return refuted ? Verdict::refuted : Verdict::proved;
  }

  // Modules `device` and `definition` of the file, with the same ports, are the same function.
  Verdict equal(const std::string& file, const Mutation& mutation = {}) const {
    return prove(
        file,
        "design -save read; hierarchy -check -top device; proc; flatten; opt_clean; design -save device; "
        "design -load read; hierarchy -check -top definition; proc; flatten; opt_clean; design -save definition; "
        "design -reset; design -copy-from device -as device device; "
        "design -copy-from definition -as definition definition; "
        "miter -equiv -make_assert -flatten definition device both; hierarchy -top both; "
        "sat -verify -prove-asserts both",
        mutation);
  }

 private:
  TemporaryFolder folder_;
};

// requantize as its definition reads, in integers wide enough for everything: floor, remainder, rule, clamp.
std::string definition(const std::string& name, int in, int out, bool is_signed, int shift, int rounding) {
  constexpr const char* kRules[] = {"rest > half || (rest == half && quotient[0])", "1'b0",
                                    "rest > half || (rest == half && x >= 0)", "rest >= half"};
  return fmt::format(R"(module {name} (input wire [{in}-1:0] x_i, output logic [{out}-1:0] y_o);
  logic signed [{wide}-1:0] x, quotient, rest, half, y;
  always_comb begin
    x = $signed(x_i);
    quotient = x >>> {shift};
    rest = x - (quotient <<< {shift});
    half = {half};
    y = ({rule}) ? quotient + 1 : quotient;
    if (y > {highest}) y = {highest};
    if (y < {lowest}) y = {lowest};
    y_o = y[{out}-1:0];
  end
endmodule
)",
                     fmt::arg("name", name), fmt::arg("in", in), fmt::arg("out", out),
                     fmt::arg("wide", std::max({in, out, shift}) + 3), fmt::arg("shift", shift),
                     fmt::arg("half", std::int64_t{1} << shift >> 1), fmt::arg("rule", kRules[rounding]),
                     fmt::arg("highest", (std::int64_t{1} << (is_signed ? out - 1 : out)) - 1),
                     fmt::arg("lowest", is_signed ? -(std::int64_t{1} << (out - 1)) : 0));
}

std::string requantize_pair(int in, int out, bool is_signed, int shift, int rounding) {
  return definition("definition", in, out, is_signed, shift, rounding) +
         fmt::format(
             "module device (input wire [{0}-1:0] x_i, output logic [{1}-1:0] y_o);\n"
             "  requantize #(.IN_WIDTH({0}), .OUT_WIDTH({1}), .OUT_SIGNED({2}), .SHIFT({3}), .ROUNDING({4})) i "
             "(.x_i, .y_o);\nendmodule\n",
             in, out, int{is_signed}, shift, rounding);
}

TEST_CASE("requantize is its definition for every sum, in all four modes") {
  if (!has_yosys()) return;
  const Prover prover;
  for (const int rounding : {0, 1, 2, 3}) {
    for (const bool is_signed : {true, false}) {
      CAPTURE(rounding);
      CAPTURE(is_signed);
      CHECK(prover.equal(requantize_pair(21, 8, is_signed, 5, rounding)) == Verdict::proved);
    }
  }
  CHECK(prover.equal(requantize_pair(24, 10, true, 1, 0)) == Verdict::proved);
  CHECK(prover.equal(requantize_pair(9, 8, true, 12, 2)) == Verdict::proved);
  CHECK(prover.equal(requantize_pair(7, 12, false, 2, 0)) == Verdict::proved);
}

TEST_CASE("A requantize with a fault in a mode, or in saturation, is refuted") {
  if (!has_yosys()) return;
  const Prover prover;
  const auto refuted = [&](int rounding, const std::string& from, const std::string& to, bool is_signed = true) {
    return prover.equal(requantize_pair(21, 8, is_signed, 5, rounding), {"requantize", from, to}) == Verdict::refuted;
  };
  CHECK(refuted(0, "half && (below || odd)", "half"));
  CHECK(refuted(1, "half : 1'b0", "half : half"));
  CHECK(refuted(2, "!x_i[IN_WIDTH-1]", "x_i[IN_WIDTH-1]"));
  CHECK(refuted(3, "? half :", "? half && below :"));
  CHECK(refuted(0, "(&sign || ~|sign)", "(&sign || !negative)"));
  CHECK(refuted(0, "negative ? '0 :", "", false));
}

// An activation with one lane, against a function of x that is written beside it.
std::string activation_pair(const std::string& module, bool clocked, int width, const std::string& function) {
  return fmt::format(R"(module device (input wire [{0}-1:0] x_i, output logic [{0}-1:0] y_o);
  logic valid, ready;
  {1} i ({2}.s_data_i(x_i), .s_valid_i(1'b1), .s_ready_o(ready), .m_data_o(y_o), .m_valid_o(valid), .m_ready_i(1'b1));
endmodule
module definition (input wire [{0}-1:0] x_i, output logic [{0}-1:0] y_o);
  {3}
endmodule
)",
                     width, module, clocked ? ".clk_i(1'b0), .rst_i(1'b0), " : "", function);
}

// y = x, or what `rounded` makes of slope x where x is negative.
std::string sloped(int width, int slope) {
  return fmt::format(R"(logic signed [{0}-1:0] x;
  logic [{0}+16-1:0] product;
  logic [{0}-1:0] scaled;
  assign x = x_i;
  assign product = x * $signed(17'd{1});
  rounded i (.x_i(product), .y_o(scaled));
  assign y_o = x < 0 ? scaled : x_i;)",
                     width, slope);
}

TEST_CASE("Activations are their definitions for every code; with a fault they are not") {
  if (!has_yosys()) return;
  const Prover prover;
  const std::string relu =
      activation_pair("relu #(.LANES(1), .WIDTH(12))", false, 12, "assign y_o = $signed(x_i) > 0 ? x_i : 12'd0;");
  CHECK(prover.equal(relu) == Verdict::proved);
  CHECK(prover.equal(relu, {"relu", "WIDTH+WIDTH-1] ?", "WIDTH] ?"}) == Verdict::refuted);

  const std::string leaky =
      activation_pair("leaky_relu #(.LANES(1), .WIDTH(10), .SLOPE(13), .SLOPE_FRAC(6), .ROUNDING(0))", false, 10,
                      sloped(10, 13)) +
      definition("rounded", 26, 10, true, 6, 0);
  CHECK(prover.equal(leaky) == Verdict::proved);
  CHECK(prover.equal(leaky, {"leaky_relu", "x[WIDTH-1] ? scaled : x", "scaled"}) == Verdict::refuted);

  const std::string eval =
      activation_pair("rrelu #(.LANES(1), .WIDTH(8), .MODE(0), .ROUNDING(2))", true, 8, sloped(8, 939)) +
      definition("rounded", 24, 8, true, 12, 2);
  CHECK(prover.equal(eval) == Verdict::proved);
  CHECK(prover.equal(eval, {"rrelu", "(939)", "(938)"}) == Verdict::refuted);
}

// A buffer of 2-bit words, its producer and its consumer: any word, by its number, comes out as it went in.
std::string buffer_proof(const std::string& module, int capacity, const std::string& more) {
  return fmt::format(
      R"(module proof (input wire clk, input wire rst, input wire [1:0] s_data, input wire s_valid, input wire m_ready);
  logic s_ready, m_valid;
  logic [1:0] m_data;
  {0} i (.clk_i(clk), .rst_i(rst), .s_data_i(s_data), .s_valid_i(s_valid), .s_ready_o(s_ready), .m_data_o(m_data),
    .m_valid_o(m_valid), .m_ready_i(m_ready));

  logic first, s_waited, m_waited;
  logic [1:0] s_data_q, m_data_q;
  logic [3:0] n_in, n_out, inside;
  initial first = 1'b1;
  initial s_waited = 1'b0;
  initial m_waited = 1'b0;
  initial n_in = 0;
  initial n_out = 0;
  (* anyconst *) logic [3:0] number;
  (* anyconst *) logic [1:0] word;
  always_ff @(posedge clk) begin
    first <= 1'b0;
    s_waited <= !rst && s_valid && !s_ready;
    m_waited <= !rst && m_valid && !m_ready;
    s_data_q <= s_data;
    m_data_q <= m_data;
    n_in <= rst ? 0 : n_in + (s_valid && s_ready);
    n_out <= rst ? 0 : n_out + (m_valid && m_ready);
  end
  assign inside = n_in - n_out;
  always_comb begin
    if (first) assume (rst);
    if (s_waited) assume (s_valid && s_data == s_data_q);
    if (!rst && s_valid && n_in == number) assume (s_data == word);
    if (!rst && !first) begin
      if (m_waited) assert (m_valid && m_data == m_data_q);
      if (m_valid) assert (inside != 0);
      if (m_valid && n_out == number) assert (m_data == word);
      assert (inside <= {1});
      if (inside == {1}) assert (!s_ready);
      if (inside == 0) assert (s_ready);
      {2}
    end
  end
endmodule
)",
      module, capacity, more);
}

constexpr const char kBounded[] =
    "hierarchy -check -top proof; proc; flatten; memory_map; async2sync; dffunmap; opt -fast; "
    "sat -verify -prove-asserts -set-assumes -seq 12 proof";

TEST_CASE("A skid buffer and a queue lose, double and reorder nothing in any 12 cycles; with a fault they do") {
  if (!has_yosys()) return;
  const Prover prover;
  const std::string skid = buffer_proof("skid_buffer #(.WIDTH(2))", 2, "if (inside != 0) assert (m_valid);");
  CHECK(prover.prove(skid, kBounded) == Verdict::proved);
  CHECK(prover.prove(skid, kBounded, {"skid_buffer", "if (s_ready_o) aside_q", "if (move) aside_q"}) ==
        Verdict::refuted);
  CHECK(prover.prove(skid, kBounded, {"skid_buffer", "assign s_ready_o = !aside_valid_q", "assign s_ready_o = 1'b1"}) ==
        Verdict::refuted);
  const std::string queue = buffer_proof("fifo #(.WIDTH(2), .DEPTH(3))", 4, "");
  CHECK(prover.prove(queue, kBounded) == Verdict::proved);
  CHECK(prover.prove(queue, kBounded, {"fifo", "(DEPTH - 1)) ? '0 : read_index_q", "(DEPTH)) ? '0 : read_index_q"}) ==
        Verdict::refuted);
}

// Products by their definition, a cycle after their factors were taken.
std::string double_product_proof(int a_width, int b_width) {
  return fmt::format(R"(module proof (input wire clk, input wire enable, input wire [{0}-1:0] a,
    input wire [{1}-1:0] b0, input wire [{1}-1:0] b1);
  logic [{0}+{1}-1:0] product0, product1, expected0, expected1;
  logic taken;
  initial taken = 1'b0;
  double_product #(.A_WIDTH({0}), .B_WIDTH({1})) i (.clk_i(clk), .enable_i(enable), .a_i(a), .b0_i(b0), .b1_i(b1),
    .product0_o(product0), .product1_o(product1));
  always_ff @(posedge clk) if (enable) begin
    taken <= 1'b1;
    expected0 <= $signed(a) * $signed(b0);
    expected1 <= $signed(a) * $signed(b1);
  end
  always_comb if (taken) assert (product0 == expected0 && product1 == expected1);
endmodule
)",
                     a_width, b_width);
}

// All that it remembers is of the cycle before. With -seq 2 a proof for 8 x 8 bits takes a minute of CPU time; these
// take seconds.
TEST_CASE("Two products of a multiplier are two multiplications for all factors; with a fault they are not") {
  if (!has_yosys()) return;
  const Prover prover;
  const std::string script =
      "hierarchy -check -top proof; proc; flatten; async2sync; dffunmap; opt -fast; "
      "sat -verify -prove-asserts -set-assumes -seq 2 proof";
  for (const auto& [a, b] : {std::pair(8, 3), {8, 4}, {5, 5}, {3, 8}})
    CHECK(prover.prove(double_product_proof(a, b), script) == Verdict::proved);
  const std::string proof = double_product_proof(8, 4);
  CHECK(prover.prove(proof, script, {"double_product", " + S'(both_q[S-1])", ""}) == Verdict::refuted);
  CHECK(prover.prove(proof, script, {"double_product", "both_q[S-1:0]", "{both_q[S-2], both_q[S-2:0]}"}) ==
        Verdict::refuted);
  CHECK(prover.prove(proof, script, {"double_product", "PackedWidth = S + B_WIDTH + 1", "PackedWidth = S + B_WIDTH"}) ==
        Verdict::refuted);
}

}  // namespace
}  // namespace ingot::test
