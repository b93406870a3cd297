#include "hw/core/top.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <bit>

#include "compress/integer/ops/embedding.h"
#include "hw/core/memory_ports.h"
#include "hw/core/rom_check.h"
#include "hw/names.h"

namespace ingot::hw {
namespace {

using Parameters = std::vector<std::pair<std::string, std::int64_t>>;

Parameters parameters(const Encoder& encoder, const CorePlan& plan) {
  const ProgramWidths w = program_widths(encoder, plan);
  const auto n_norms = static_cast<std::int64_t>(encoder.norms().size());
  const int rows = std::bit_width(static_cast<std::uint64_t>(plan.size.longest));
  Parameters all{{"PI", plan.size.pi},
                 {"PO", plan.size.po},
                 {"LANES", plan.size.lanes},
                 {"HIDDEN", encoder.hidden()},
                 {"LONGEST", plan.size.longest},
                 {"HEADS", encoder.heads()},
                 {"OUTPUTS", encoder.n_answers()},
                 {"ROWS", encoder.takes_rows() ? 1 : 0},
                 {"ANSWERS_A_ROW", encoder.answers_rows() ? 1 : 0},
                 {"VERSION", kCoreVersion},
                 {"ELEMENT_WIDTH", plan.element_width},
                 {"WEIGHT_WIDTH", plan.weight_width},
                 {"SCORE_WIDTH", plan.score_width},
                 {"EXPONENTIAL_WIDTH", plan.exponential_width},
                 {"PRODUCTS_WIDTH", plan.products_width},
                 {"SUM_WIDTH", plan.sum_width},
                 {"BIAS_WIDTH", plan.bias_width},
                 {"ALIGN_WIDTH", plan.align_width},
                 {"SHIFT", plan.shift},
                 {"MULTIPLIER", plan.multiplier},
                 {"RESULT_WIDTH", plan.result_width},
                 {"TABLE_WIDTH", plan.table_width},
                 {"TABLE_ADDRESS_WIDTH", w.table_address},
                 {"QUOTIENT_WIDTH", plan.quotient_width},
                 {"DENOMINATOR_WIDTH", plan.exponential_width + rows},
                 {"DENOMINATOR_LEFT", plan.denominator_left},
                 {"LEFT_WIDTH", plan.left_width},
                 {"SERIAL", plan.is_serial ? 1 : 0},
                 {"PARAMETER_ADDRESS_WIDTH", w.parameter_address},
                 {"NORMS", n_norms},
                 {"NORM_SUM_WIDTH", plan.norm_sum_width},
                 {"VARIANCE_WIDTH", plan.variance_width},
                 {"ROOT_TABLE", plan.has_root_table ? 1 : 0},
                 {"GAMMA_WIDTH", plan.gamma_width},
                 {"BETA_WIDTH", plan.beta_width},
                 {"BETA_LEFT", plan.beta_left},
                 {"NORM_ALIGN_WIDTH", plan.norm_align_width},
                 {"NORM_SHIFT", plan.norm_shift},
                 {"SUMMARY_NORM", n_norms - 1},
                 {"SUMMARY_FIRST", encoder.summary && encoder.summary->kind().name == "first" ? 1 : 0},
                 {"SUMMARY_WIDTH", plan.summary_width},
                 {"PC_WIDTH", w.pc},
                 {"PROGRAM_PARTS", plan.program_parts},
                 {"SCRATCH_WORDS", plan.scratch_words},
                 {"A_BASE_WIDTH", w.a_base},
                 {"INNER_WIDTH", w.inner},
                 {"TILES_WIDTH", w.tiles},
                 {"B_WIDTH", w.b},
                 {"BEATS_WIDTH", w.beats}};
  if (encoder.embedding) {
    const auto& sum = *encoder.embedding->as<compress::EmbeddingSum>();
    all.insert(all.end(), {{"VOCABULARY", sum.word.n},
                           {"TYPES", sum.token_type.n},
                           {"EMBEDDING_ELEMENTS", plan.embedding_elements},
                           {"TOKEN_WIDTH", sum.word.width},
                           {"POSITION_WIDTH", sum.position.width},
                           {"TYPE_WIDTH", sum.token_type.width},
                           {"EMBEDDING_SHIFT_WIDTH", plan.embedding_shift_width}});
  } else {  // ports that nothing drives, of a bit each
    all.insert(all.end(), {{"EMBEDDING_ELEMENTS", 1}, {"EMBEDDING_SHIFT_WIDTH", 1}});
  }
  return all;
}

class CoreWriter {
 public:
  CoreWriter(const Graph& graph, const Encoder& encoder, const CorePlan& plan, const std::string& name)
      : graph_(graph),
        encoder_(encoder),
        plan_(plan),
        name_(name),
        images_(make_images(encoder, plan)),
        check_(rom_check(images_, plan)) {}

  Verilog write() {
    body();
    result_.top = header() + body_ + "endmodule\n`default_nettype wire\n";
    if (plan_.size.streams_weights)
      result_.with_memory =
          memory_wrapper(name_, streams(), outside_images(images_), name_ == kTopName ? "" : name_ + ".");
    const std::vector<std::string> of_rows{"row_input.sv", "row_output.sv"},
        of_tokens{"answer_output.sv", "embedding_unit.sv", "summary_unit.sv", "text_input.sv"};
    result_.dependences = {"adder_tree.sv", "inverse_root.sv", "matrix_unit.sv", "memory_block.sv",
                           "split_ram.sv",  "round_shift.sv",  "saturate.sv",    "norm_unit.sv",
                           "quotient.sv",   "word_gather.sv",  "output_unit.sv", "rom_block.sv",
                           "rom_check.sv",  "rom_small.sv",    "sequencer.sv",   "softmax_unit.sv"};
    const auto& ports = encoder_.takes_rows() ? of_rows : of_tokens;
    result_.dependences.insert(result_.dependences.end(), ports.begin(), ports.end());
    result_.dependences.push_back("encoder_core.sv");
    return std::move(result_);
  }

 private:
  std::int64_t lanes() const { return plan_.size.lanes; }

  void add_image(Image image) {
    if (is_in_logic(image)) return;
    if (name_ != kTopName) image.name = name_ + "." + image.name;
    result_.images.push_back(std::move(image));
  }

  void wire(std::int64_t bits, const std::string& names) {
    body_ += fmt::format("  wire [{}:0] {};\n", bits - 1, names);
  }

  // Names the address at which a ROM of that many words is read: what the core asks for, or rom_check. The words follow
  // it in `data`, which rom_check is given too.
  std::string read_at(const std::string& name, std::int64_t depth, const std::string& address, std::int64_t bits) {
    const std::int64_t needed = address_width(depth);
    std::string place = fmt::format("check_address[{}:0]", needed - 1);
    if (depth < std::int64_t{1} << needed) place = fmt::format("({0} < {1}'d{2} ? {0} : {1}'d0)", place, needed, depth);
    if (bits > needed) place = fmt::format("{{{}'d0, {}}}", bits - needed, place);
    wire(bits, name + "_at");
    body_ += fmt::format("  assign {0}_at = checks ? {1} : {2};\n", name, place, address);
    return name + "_at";
  }

  // Words that rom_check reads, filled up to a multiple of 32 bits.
  void check(const std::string& data, std::int64_t width, bool is_early) {
    const std::int64_t padding = (32 - width % 32) % 32;
    auto& all = is_early ? early_ : late_;
    all.words.push_back(padding == 0 ? data : fmt::format("{}'d0, {}", padding, data));
    all.n += (width + padding) / 32;
  }

  // A ROM whose words are in `data` one cycle after their address, or two.
  void rom(const std::string& instance, const Image& image, const std::string& address, const std::string& data,
           bool is_registered) {
    const std::string word = is_registered ? instance + "_word" : data;
    if (is_registered) wire(image.width(), word);
    if (image.is_outside) {
      body_ += fmt::format("  assign {0}_address = {1};\n  assign {2} = {0}_data;\n", image.name, address, word);
    } else if (!is_in_logic(image)) {
      const std::string file = name_ == kTopName ? image.file() : name_ + "." + image.file();
      body_ += rom_block_text(instance, image, file, address, word);
    } else {
      Word all;
      for (const Word& w : image.words) all.append(w);
      body_ += fmt::format(
          "  rom_small #(\n      .WIDTH({}),\n      .DEPTH({}),\n      .IMAGE({}'h{})\n  ) {} (\n"
          "      .clk_i(clk),\n      .enable_i(1'b1),\n      .address_i({}),\n      .data_o({})\n  );\n",
          image.width(), image.depth(), all.width(), all.hex(), instance, address, word);
    }
    if (is_registered)
      body_ += fmt::format("  reg [{}:0] {}_q;\n  always @(posedge clk) {}_q <= {};\n  assign {} = {}_q;\n",
                           image.width() - 1, instance, instance, word, data, instance);
  }

  // A ROM that all of the core reads by one address.
  void one(const std::string& name, const Image& image, std::int64_t address_bits, bool is_registered = true,
           bool is_checked = true) {
    wire(address_bits, name + "_address");
    wire(image.width(), name + "_data");
    const std::int64_t needed = address_width(image.depth());
    std::string address =
        needed == address_bits ? name + "_address" : fmt::format("{}_address[{}:0]", name, needed - 1);
    if (is_checked && !is_in_logic(image)) {
      address = read_at(name, image.depth(), address, needed);
      check(name + "_data", image.width(), !is_registered);
    }
    rom("rom_" + name, image, address, name + "_data", is_registered);
    if (needed != address_bits)
      body_ += fmt::format("  wire unused_{0} = &{{1'b0, {0}_address[{1}:{2}]}};\n", name, address_bits - 1, needed);
    add_image(image);
  }

  // A ROM that each lane reads by an address of its own.
  void each(const std::string& name, const Image& image, std::int64_t address_bits) {
    wire(lanes() * address_bits, name + "_address");
    wire(lanes() * image.width(), name + "_data");
    if (!is_in_logic(image)) check(name + "_data", lanes() * image.width(), false);
    for (std::int64_t l = 0; l < lanes(); ++l) {
      const std::string address = fmt::format("{}_address[{}:{}]", name, (l + 1) * address_bits - 1, l * address_bits);
      rom(fmt::format("rom_{}_{}", name, l), image,
          is_in_logic(image) ? address : read_at(fmt::format("{}_{}", name, l), image.depth(), address, address_bits),
          fmt::format("{}_data[{}:{}]", name, (l + 1) * image.width() - 1, l * image.width()), true);
    }
    add_image(image);
  }

  // All ROMs of weights read the same address; the word is that of the ROM whose addresses it lies in.
  void weights(std::int64_t address_bits) {
    const std::int64_t n = plan_.size.pi * plan_.size.po, width = plan_.weight_width;
    wire(address_bits, "weight_address");
    wire(n * width, "weight_data");
    read_at("weight", plan_.weight_words, "weight_address", address_bits);
    check("weight_data", n * width, false);
    body_ += fmt::format("  reg [{}:0] weight_q;\n  assign weight_data = weight_q;\n", n * width - 1);
    body_ += fmt::format("  reg [{}:0] weight_rom_q;\n",
                         address_width(static_cast<std::int64_t>(images_.weights.size())) - 1);
    std::string choice, mux;
    const int choice_bits = address_width(static_cast<std::int64_t>(images_.weights.size()));
    for (std::size_t i = 0; i < images_.weights.size(); ++i) {
      const WeightRom& rom_of = images_.weights[i];
      const std::string word = fmt::format("weights_{}", i);
      wire(rom_of.image.width(), word);
      const int bits = address_width(rom_of.image.depth());
      body_ += fmt::format("  wire [{}:0] {}_place = weight_at - {}'d{};\n", address_bits - 1, word, address_bits,
                           rom_of.base);
      rom("rom_" + word, rom_of.image, fmt::format("{}_place[{}:0]", word, bits - 1), word, false);
      if (bits < address_bits)
        body_ += fmt::format("  wire unused_{0} = &{{1'b0, {0}_place[{1}:{2}]}};\n", word, address_bits - 1, bits);
      wire(n * width, word + "_wide");
      for (std::int64_t w = 0; w < n; ++w) body_ += extended(word, w, rom_of.bits, width);
      if (i > 0)
        choice += fmt::format("    if (weight_at >= {}'d{}) weight_rom_q <= {}'d{};\n", address_bits, rom_of.base,
                              choice_bits, i);
      mux += fmt::format("      {}'d{}: weight_q <= {}_wide;\n", choice_bits, i, word);
      add_image(rom_of.image);
    }
    body_ += fmt::format(
        "  always @(posedge clk) begin\n    weight_rom_q <= {}'d0;\n{}    case (weight_rom_q)\n{}"
        "      default: weight_q <= weights_0_wide;\n    endcase\n  end\n",
        choice_bits, choice, mux);
  }

  static std::string extended(const std::string& word, std::int64_t w, int bits, std::int64_t width) {
    const std::int64_t top = (w + 1) * bits - 1;
    if (bits == 1)  // 0 is 1, 1 is -1
      return fmt::format("  assign {0}_wide[{1}:{2}] = {{{{{3}{{{0}[{4}]}}}}, 1'b1}};\n", word, (w + 1) * width - 1,
                         w * width, width - 1, w);
    const std::string sign = bits < width ? fmt::format("{{{}{{{}[{}]}}}}, ", width - bits, word, top) : "";
    return fmt::format("  assign {}_wide[{}:{}] = {{{}{}[{}:{}]}};\n", word, (w + 1) * width - 1, w * width, sign, word,
                       top, top - bits + 1);
  }

  void body() {
    const ProgramWidths w = program_widths(encoder_, plan_);
    wire(check_.address_width, "check_address");
    wire(1, "checks, rom_error");
    one("program", images_.program, w.pc + std::countr_zero(static_cast<std::uint64_t>(plan_.program_parts)), false);
    weights(w.b);
    one("parameter", images_.parameters, w.parameter_address);
    each("table", images_.tables, w.table_address);
    each("exponential", images_.exponentials, 8);
    one("norm", images_.norms, address_width(images_.norms.depth()));
    one("config", images_.norm_configs, w.norm, false);
    one("root", images_.roots, 8, false, plan_.has_root_table);  // without the table nothing reads it
    if (images_.embeddings) embeddings(*images_.embeddings);
    rom_checker();
    core();
  }

  void embeddings(const CoreImages::Embeddings& e) {
    one("token", e.tokens, address_width(e.tokens.depth()));
    one("position", e.positions, address_width(e.positions.depth()));
    one("token_type", e.types, address_width(e.types.depth()));
    one("token_shift", e.token_shifts, address_width(e.token_shifts.depth()));
    one("position_shift", e.position_shifts, address_width(plan_.size.longest));
    one("type_shift", e.type_shifts, address_width(e.type_shifts.depth()));
  }

  void rom_checker() {
    const auto joined = [](const Checked& all) { return fmt::format("{}", fmt::join(all.words, ", ")); };
    body_ += fmt::format(
        "\n  rom_check #(\n      .ENABLED(CHECK_ROMS),\n      .ADDRESS_WIDTH({}),\n      .WORDS({}),\n      "
        ".EARLY({}),\n"
        "      .CHECKSUM(32'h{:08x})\n  ) i_rom_check (\n      .clk_i(clk),\n      .rst_i(rst),\n"
        "      .address_o(check_address),\n      .words_i({{{}}}),\n      .early_i({{{}}}),\n      .busy_o(checks),\n"
        "      .error_o(rom_error)\n  );\n",
        check_.address_width, late_.n, early_.n, check_.checksum, joined(late_), joined(early_));
  }

  void core() {
    body_ += "\n  encoder_core #(\n";
    const Parameters all = parameters(encoder_, plan_);
    for (std::size_t i = 0; i < all.size(); ++i)
      body_ += fmt::format("      .{}({}){}\n", all[i].first, all[i].second, i + 1 < all.size() ? "," : "");
    body_ +=
        "  ) core (\n      .clk_i(clk),\n      .rst_i(rst),\n      .hold_i(checks),\n      .rom_error_i(rom_error),\n"
        "      .s_data_i(data_in_0),\n"
        "      .s_valid_i(data_in_0_valid),\n      .s_ready_o(data_in_0_ready),\n      .m_data_o(data_out_0),\n"
        "      .m_valid_o(data_out_0_valid),\n      .m_ready_i(data_out_0_ready),\n";
    const std::pair<const char*, const char*> ports[] = {{"pc_o", "program_address"},
                                                         {"program_i", "program_data"},
                                                         {"config_norm_o", "config_address"},
                                                         {"config_i", "config_data"}};
    for (const auto& [port, net] : ports) body_ += fmt::format("      .{}({}),\n", port, net);
    for (const char* rom : {"weight", "parameter", "table", "exponential", "norm", "root"}) rom_port(rom, rom);
    const char* const of_tokens[] = {"token", "position", "type", "token_shift", "position_shift", "type_shift"};
    for (const std::string rom : of_tokens) rom_port(rom, rom == "type" ? "token_type" : rom, encoder_.takes_rows());
    body_ +=
        "`ifdef INGOT_TRACE\n"
        "      .output_trace_valid_o(output_trace_valid),\n      .output_trace_o(output_trace),\n"
        "      .sums_trace_valid_o(sums_trace_valid),\n      .sums_trace_o(sums_trace),\n"
        "      .norm_trace_valid_o(norm_trace_valid),\n      .norm_trace_o(norm_trace)\n"
        "`else\n"
        "      /* verilator lint_off PINCONNECTEMPTY */\n"
        "      .output_trace_valid_o(),\n      .output_trace_o(),\n      .sums_trace_valid_o(),\n"
        "      .sums_trace_o(),\n      .norm_trace_valid_o(),\n      .norm_trace_o()\n"
        "      /* verilator lint_on PINCONNECTEMPTY */\n"
        "`endif\n  );\n";
  }

  void rom_port(const std::string& port, const std::string& rom, bool is_absent = false) {
    body_ += is_absent ? fmt::format(
                             "      /* verilator lint_off PINCONNECTEMPTY */\n      .{0}_address_o(),\n"
                             "      /* verilator lint_on PINCONNECTEMPTY */\n      .{0}_i(1'b0),\n",
                             port)
                       : fmt::format("      .{0}_address_o({1}_address),\n      .{0}_i({1}_data),\n", port, rom);
  }

  // Clock, reset and streams, as ports.
  std::string streams() const {
    const TraceWidths trace = trace_widths(encoder_, plan_);
    return fmt::format(
        "    input  wire clk,\n    input  wire rst,\n"
        "    input  wire [{}:0] data_in_0,\n    input  wire data_in_0_valid,\n    output wire data_in_0_ready,\n"
        "`ifdef INGOT_TRACE\n"
        "    output wire output_trace_valid,\n    output wire [{}:0] output_trace,\n"
        "    output wire sums_trace_valid,\n    output wire [{}:0] sums_trace,\n"
        "    output wire norm_trace_valid,\n    output wire [{}:0] norm_trace,\n"
        "`endif\n"
        "    output wire [{}:0] data_out_0,\n    output wire data_out_0_valid,\n    input  wire data_out_0_ready",
        bits_in(encoder_, plan_) - 1, trace.output() - 1, trace.sums() - 1, trace.normalised() - 1,
        bits_out(encoder_, plan_) - 1);
  }

  std::string header() const {
    return fmt::format(
        "// {}: texts of at most {} {}; {} x {} products a cycle, {} results.\n"
        "// Written by `ingot emit`. Simulators find memory images beside this file, from wherever they run; if it\n"
        "// was moved away from them, IMAGE_FOLDER says where they are. CHECK_ROMS: 0 leaves out the checksum of "
        "ROMs.\n"
        "`default_nettype none\n"
        "module {} #(\n    parameter IMAGE_FOLDER = \"\",\n    parameter CHECK_ROMS = 1\n) (\n{}{}\n);\n"
        "`ifdef SYNTHESIS\n  localparam ThisFile = \"\";\n`else\n  localparam ThisFile = `__FILE__;\n`endif\n",
        graph_.name, plan_.size.longest, encoder_.takes_rows() ? "rows" : "tokens", plan_.size.pi, plan_.size.po,
        plan_.size.lanes, name_, streams(), memory_ports(outside_images(images_)));
  }

  const Graph& graph_;
  const Encoder& encoder_;
  const CorePlan& plan_;
  const std::string name_;
  // What rom_check reads, and how many times 32 bits it is.
  struct Checked {
    std::vector<std::string> words;
    std::int64_t n = 0;
  };

  const CoreImages images_;
  const RomCheck check_;
  Checked late_, early_;
  Verilog result_;
  std::string body_;
};

}  // namespace

Verilog write_core(const Graph& graph, const CoreSize& size, const std::string& name) {
  check(graph);
  check_module_name("name of the module", name);
  const Encoder encoder = encoder_of(graph);
  const CorePlan plan = plan_core(encoder, size);
  return CoreWriter(graph, encoder, plan, name).write();
}

std::int64_t bits_in(const Encoder& encoder, const CorePlan& plan) {
  return 1 + (encoder.takes_rows() ? plan.size.pi * plan.element_width : 32);
}

std::int64_t bits_out(const Encoder& encoder, const CorePlan& plan) {
  return std::max<std::int64_t>(33, bits_in(encoder, plan));  // the status has 32
}

TraceWidths trace_widths(const Encoder& encoder, const CorePlan& plan) {
  const ProgramWidths w = program_widths(encoder, plan);
  return {.pc = w.pc,
          .row = address_width(plan.size.longest),
          .beats = w.beats,
          .result = plan.result_width,
          .norm = w.norm,
          .word = address_width(encoder.hidden() / plan.size.lanes),
          .norm_sum = plan.norm_sum_width,
          .element = plan.element_width,
          .lanes = plan.size.lanes};
}

}  // namespace ingot::hw
