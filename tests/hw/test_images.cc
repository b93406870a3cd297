// ROM images and names, as a user's own simulator and synthesis meet them: from other folders, damaged, beside others.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>

#include "compress/integer/runner.h"
#include "engine/base/child.h"
#include "engine/base/files.h"
#include "hw/emit/folder.h"
#include "hw/passes/parallelism.h"
#include "hw/simulation/verify.h"
#include "tests/compress/graphs.h"
#include "tests/support/error_text.h"
#include "tests/support/temporary_folder.h"

using namespace ingot;
using test::contains;
namespace fs = std::filesystem;

namespace {

bool has(const char* program) {
  if (engine::find_program(program)) return true;
  MESSAGE("skipped: " << std::string(program) << " is missing");
  return false;
}

// A Linear with weights in block RAM, and a table where it is gelu: vectors of 4 beats in, 8 beats out.
hw::Graph block(std::uint64_t seed, const std::string& function) {
  engine::Rng rng(seed);
  const hw::FixedPoint format = test::fixed(8, 3);
  hw::Graph graph{.name = fmt::format("block.{}", seed)};
  test::push(graph, test::linear_node(rng, "fc1", 8, 16, format, format));
  test::push(graph, test::activation_node("act", function, 16, format, format));
  hw::set_parallelism(graph, "2");
  return graph;
}

// Every input code is 5.
std::string expected_beats(const hw::Graph& graph) {
  const std::vector<std::int32_t> codes = compress::GraphRunner(graph).run(std::vector<std::int32_t>(8, 5));
  std::string lines;
  for (std::size_t i = 0; i < codes.size(); i += 2)
    lines += fmt::format("{:02x}{:02x}\n", codes[i + 1] & 255, codes[i] & 255);
  return lines;
}

// A user's testbench: prints the beats of one vector of each module, one after the other.
std::string users_testbench(const std::vector<std::string>& modules, const std::string& parameters = "") {
  std::string text =
      "module tb;\n  reg clk = 0, rst = 1;\n  integer at = 0, n = 0;\n  always #5 clk = !clk;\n  initial #22 rst = "
      "0;\n";
  for (std::size_t i = 0; i < modules.size(); ++i) {
    text += fmt::format(
        "  wire [15:0] y{0};\n  wire v{0}, r{0};\n"
        "  {1} {2} i{0}(.clk(clk), .rst(rst), .data_in_0(16'h0505), .data_in_0_valid(1'b1), .data_in_0_ready(r{0}), "
        ".data_out_0(y{0}), .data_out_0_valid(v{0}), .data_out_0_ready(at == {0} && !rst));\n"
        "  always @(posedge clk) if (!rst && v{0} && at == {0}) begin\n"
        "    $display(\"%h\", y{0});\n    n = n + 1;\n    if (n % 8 == 0) at <= at + 1;\n    if (n == 8 * {3}) "
        "$finish;\n  "
        "end\n",
        i, modules[i], parameters, modules.size());
  }
  return text + "  initial #1000000 $finish;\nendmodule\n";
}

// Compiled in `folder`, run in `where`.
engine::ChildResult run_icarus(const fs::path& folder, const std::string& sources, const fs::path& where) {
  const engine::ChildResult compiled =
      engine::run_child({"sh", "-c", "iverilog -g2012 -Wall -s tb -o tb.vvp " + sources}, {.folder = folder});
  if (compiled.code != 0) return compiled;
  return engine::run_child({"vvp", "-n", (folder / "tb.vvp").string()}, {.folder = where});
}

}  // namespace

TEST_CASE("a user's simulator finds the images from wherever it runs, or ends at once") {
  if (!has("iverilog")) return;
  const test::TemporaryFolder folder;
  const hw::Graph graph = block(1, "gelu");
  hw::write_rtl(folder / "rtl", graph, {});
  test::put(folder / "tb.sv", users_testbench({"top"}));
  const std::string right = expected_beats(graph);
  CHECK(run_icarus(folder.path(), "rtl/*.sv tb.sv", folder.path()).output == right);
  CHECK(run_icarus(folder.path(), "rtl/*.sv tb.sv", folder / "rtl").output == right);
  const std::string absolute = (folder / "rtl").string() + "/*.sv " + (folder / "tb.sv").string();
  CHECK(run_icarus(folder.path(), absolute, "/").output == right);

  const engine::ChildResult lost = run_icarus(folder.path(), "rtl/*.sv tb.sv", "/");
  CHECK(lost.code == 1);
  CHECK(contains(lost.output, "no memory image fc1_weight.mem: parameter IMAGE_FOLDER of the top module says where"));
  test::put(folder / "tb.sv",
            users_testbench({"top"}, fmt::format("#(.IMAGE_FOLDER(\"{}\"))", (folder / "rtl").string())));
  CHECK(run_icarus(folder.path(), "rtl/*.sv tb.sv", "/").output == right);
  // The named folder is where it must lie: no other is tried.
  test::put(folder / "tb.sv", users_testbench({"top"}, "#(.IMAGE_FOLDER(\"elsewhere\"))"));
  CHECK(contains(run_icarus(folder.path(), "rtl/*.sv tb.sv", folder / "rtl").output,
                 "no memory image elsewhere/fc1_weight.mem"));
}

TEST_CASE(
    "an image that is missing, short, long, unknown in a bit or another's ends a simulation, or changes nothing") {
  const test::TemporaryFolder folder;
  const hw::Graph graph = block(2, "gelu");
  struct Damage {
    const char* what;
    std::string (*apply)(const std::string& text);
    bool harmless;
  };
  const Damage damages[] = {
      {"short", [](const std::string& text) { return text.substr(0, text.size() / 2 / 3 * 3); }, false},
      {"empty", [](const std::string&) { return std::string(); }, false},
      {"long", [](const std::string& text) { return text + text; }, true},
      // Several words: Verilator draws bits for each digit, which may be those that were there.
      {"unknown",
       [](const std::string& text) {
         std::string damaged = text;
         std::replace_if(
             damaged.begin(), damaged.begin() + 20, [](char c) { return c != '\n'; }, 'x');
         return damaged;
       },
       false},
      {"changed", [](const std::string& text) { return (text[0] == '0' ? "1" : "0") + text.substr(1); }, false},
      {"turned", [](const std::string& text) { return std::string(text.rbegin() + 1, text.rend()) + "\n"; }, false}};
  for (const auto& [simulator, program] :
       {std::pair{hw::Simulator::verilator, "verilator_bin"}, std::pair{hw::Simulator::icarus, "iverilog"}}) {
    if (!has(program)) continue;
    for (const char* image : {"fc1_weight.mem", "act_table.mem"}) {
      hw::write_rtl(folder / "rtl", graph, {});
      hw::EmittedRtl rtl = hw::open_emitted(folder / "rtl");
      const std::string text = engine::read_file(folder / "rtl" / image);
      const auto attempt = [&] {  // why it broke off; empty if every bit is right
        return test::failure_text([&] {
          const bool ok = hw::verify(rtl, {.simulator = simulator, .n_vectors = 20}).ok();
          if (!ok) throw engine::Error("other bits");
        });
      };
      for (const Damage& damage : damages) {
        // Verilator takes a second for each; one kind is enough for it.
        if (simulator == hw::Simulator::verilator && std::string(damage.what) != "short" &&
            std::string(damage.what) != "unknown")
          continue;
        CAPTURE(std::string(program));
        CAPTURE(std::string(image));
        CAPTURE(std::string(damage.what));
        test::put(folder / "rtl" / image, damage.apply(text));
        CHECK(attempt().empty() == damage.harmless);
      }
      std::erase(rtl.manifest.images, image);
      CHECK(contains(attempt(), "broke off"));
    }
  }
}

TEST_CASE("two blocks with names of their own are compiled together and simulated from one folder") {
  if (!has("iverilog")) return;
  const test::TemporaryFolder folder;
  const hw::Graph a = block(3, "gelu"), b = block(4, "gelu");
  hw::write_rtl(folder / "a", a, {}, "enc0");
  hw::write_rtl(folder / "b", b, {}, "enc1");
  CHECK(hw::open_emitted(folder / "a").manifest.top == "enc0");
  CHECK(fs::exists(folder / "a/enc0.sv"));
  CHECK(fs::exists(folder / "a/enc0.fc1_weight.mem"));
  CHECK_FALSE(fs::exists(folder / "a/top.sv"));
  // All in one folder: nothing of the one has the name of something else of the other.
  fs::create_directory(folder / "project");
  for (const char* from : {"a", "b"}) {
    for (const auto& item : fs::directory_iterator(folder / from)) {
      const fs::path to = folder / "project" / item.path().filename();
      const std::string type = item.path().extension();
      if (type != ".sv" && type != ".mem") continue;
      CHECK((!fs::exists(to) || engine::read_file(to) == engine::read_file(item.path())));
      fs::copy_file(item.path(), to, fs::copy_options::overwrite_existing);
    }
  }
  test::put(folder / "project/tb.sv", users_testbench({"enc0", "enc1"}));
  CHECK(run_icarus(folder.path(), "project/*.sv", folder.path()).output == expected_beats(a) + expected_beats(b));
  // In a folder each.
  test::put(folder / "tb.sv", users_testbench({"enc1", "enc0"}));
  CHECK(run_icarus(folder.path(), "a/*.sv b/enc1.sv tb.sv", folder.path()).output ==
        expected_beats(b) + expected_beats(a));
}

TEST_CASE("of two blocks without names, the one that is read second is called after its graph, and says so") {
  if (!has("iverilog")) return;
  const test::TemporaryFolder folder;
  const hw::Graph a = block(5, "relu"), b = block(6, "relu");
  hw::write_rtl(folder / "a", a, {});
  hw::write_rtl(folder / "b", b, {});
  test::put(folder / "tb.sv", users_testbench({"top", "top_block_6"}));
  const engine::ChildResult both = run_icarus(folder.path(), "a/*.sv b/top.sv tb.sv", folder.path());
  CHECK(contains(both.output, expected_beats(a) + expected_beats(b)));
  CHECK(contains(both.output, "is module top_block_6: another module top was read before"));
}

TEST_CASE("Yosys reads a folder at once, from elsewhere, with and without -defer") {
  if (!has("yosys")) return;
  const test::TemporaryFolder folder;
  for (const char* parallelism : {"1", "8x16"}) {  // 8x16: no ROM is in block RAM
    hw::Graph graph = block(7, "relu");
    hw::set_parallelism(graph, parallelism);
    hw::write_rtl(folder / "rtl", graph, {}, "enc");
    for (const char* options : {"", "-defer"}) {
      const engine::ChildResult read = engine::run_child(
          {"yosys", "-q", "-p",
           fmt::format("read_verilog -sv {} rtl/*.sv; hierarchy -check -top enc; proc; check -assert", options)},
          {.folder = folder.path()});
      CHECK(read.code == 0);
      CHECK(read.output == "");
    }
  }
}

TEST_CASE("a module's name is an identifier that nothing else has") {
  const test::TemporaryFolder folder;
  const hw::Graph graph = block(8, "relu");
  const auto refusal = [&](const std::string& name) {
    return test::error_text([&] { hw::write_rtl(folder / "rtl", graph, {}, name); });
  };
  for (const std::string& name : {"", "2nd", "a-b", "a.b", "a b", "a\nb", "../a", "$a", "\xc3\xa4"}) {
    CAPTURE(name);
    CHECK(contains(refusal(name), "a name must be at most 64 letters, digits and _, and begin with no digit"));
  }
  CHECK(contains(refusal(std::string(65, 'a')), "a name must be"));
  for (const char* name : {"module", "logic", "namespace", "checker", "endmodule"})
    CHECK(contains(refusal(name), "is a reserved word"));
  for (const char* name : {"linear", "rom_block", "relu"})
    CHECK(contains(refusal(name), "is a module that emitted hardware is made of"));
  CHECK(folder.names().empty());
}
