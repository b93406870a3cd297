// Encoder cores of random models, simulated against the integer graph.
#pragma once

#include <vector>

#include "compress/integer/runner.h"
#include "engine/base/files.h"
#include "engine/base/temporary_folder.h"
#include "hw/core/schedule.h"
#include "hw/core/top.h"
#include "hw/rtl_sources.h"
#include "hw/simulation/simulation.h"
#include "tests/compress/random_encoder.h"

namespace ingot::test {

struct Text {
  Codes ids, types;
};

inline Text random_text(engine::Rng& rng, const EncoderShape& shape, std::int64_t n) {
  Text text;
  for (std::int64_t i = 0; i < n; ++i) {
    text.ids.push_back(static_cast<std::int32_t>(rng.below(static_cast<std::uint64_t>(shape.vocabulary))));
    text.types.push_back(static_cast<std::int32_t>(rng.below(static_cast<std::uint64_t>(shape.types))));
  }
  return text;
}

inline void push_beat(std::vector<testbench::Byte>& bytes, std::uint32_t word, bool is_last) {
  for (int b = 0; b < 4; ++b) bytes.push_back(static_cast<testbench::Byte>(word >> 8 * b));
  bytes.push_back(is_last ? 1 : 0);
}

inline void push_text(std::vector<testbench::Byte>& bytes, const Text& text) {
  for (std::size_t i = 0; i < text.ids.size(); ++i)
    push_beat(bytes, static_cast<std::uint32_t>(text.ids[i]) | static_cast<std::uint32_t>(text.types[i]) << 24,
              i + 1 == text.ids.size());
}

inline std::uint32_t status(std::uint32_t error, std::size_t n) {
  return static_cast<std::uint32_t>(hw::kCoreVersion) << 24 | error << 16 | static_cast<std::uint32_t>(n);
}

inline void push_answer(std::vector<testbench::Byte>& bytes, std::size_t n, const Codes& answers) {
  push_beat(bytes, status(0, n), false);
  for (std::size_t i = 0; i < answers.size(); ++i)
    push_beat(bytes, static_cast<std::uint32_t>(answers[i]), i + 1 == answers.size());
}

// A folder with the Verilog of a core.
class CoreFolder {
 public:
  CoreFolder(const compress::Graph& graph, const hw::CoreSize& size) {
    const hw::Verilog verilog = hw::write_core(graph, size);
    design_.folder = folder_.path();
    for (const std::string& source : verilog.dependences) {
      engine::write_file(folder_.path() / source, hw::rtl_source(source));
      design_.sources.push_back(source);
    }
    engine::write_file(folder_.path() / "top.sv", verilog.top);
    design_.sources.push_back("top.sv");
    if (!verilog.with_memory.empty()) {
      design_.top = "top_with_memory";
      engine::write_file(folder_.path() / "top_with_memory.sv", verilog.with_memory);
      design_.sources.push_back("top_with_memory.sv");
    }
    for (const hw::Image& image : verilog.images) {
      engine::write_file(folder_.path() / image.file(), image.text());
      design_.images.push_back(image.file());
    }
    const hw::Encoder encoder = hw::encoder_of(graph);
    const hw::CorePlan plan = hw::plan_core(encoder, size);
    design_.channels.push_back({{"data_in_0", static_cast<int>(hw::bits_in(encoder, plan)), 1},
                                {"data_out_0", static_cast<int>(hw::bits_out(encoder, plan)), 1}});
    const hw::TraceWidths widths = hw::trace_widths(encoder, plan);
    design_.probes = {
        {"output_trace", widths.output()}, {"sums_trace", widths.sums()}, {"norm_trace", widths.normalised()}};
  }
  const hw::Design& design() const { return design_; }

 private:
  engine::TemporaryFolder folder_;
  hw::Design design_;
};

}  // namespace ingot::test
