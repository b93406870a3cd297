// Many instances of RTL modules in one design: built once, simulated together, each with its own vectors.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/base/rng.h"
#include "engine/base/temporary_folder.h"
#include "hw/simulation/simulation.h"

namespace ingot::test {

namespace testbench = ingot::testbench;

using Codes = std::vector<std::int32_t>;

// One end of a case: codes of `width` bits, `lanes` a beat, `beats` a vector.
struct End {
  int width, lanes, beats;

  int bits() const { return width * lanes; }
  int codes() const { return lanes * beats; }
};

class Batch {
 public:
  // `body` is Verilog in a block of its own: $clk, $rst, $s, $s_valid, $s_ready, $m, $m_valid, $m_ready are its ports.
  void add(const std::string& name, const std::string& body, End in, const Codes& input, End out,
           const Codes& expected);

  // A file that $readmemh finds by the name that comes back.
  std::string add_file(const std::string& text);

  hw::Design design() const;  // writes it
  const std::vector<testbench::ChannelBeats>& beats() const { return beats_; }
  std::vector<testbench::ChannelBeats>& beats() { return beats_; }
  const std::string& name(std::size_t i) const { return names_[i]; }
  std::size_t size() const { return names_.size(); }

 private:
  engine::TemporaryFolder folder_;
  std::string ports_, body_;
  int n_files_ = 0;
  std::vector<std::string> names_;
  std::vector<hw::DesignChannel> channels_;
  std::vector<testbench::ChannelBeats> beats_;
};

// The ports of a module that has both streams, to be connected in the body of a case.
inline constexpr char kClock[] = ".clk_i($clk), .rst_i($rst), ";
inline constexpr char kStreams[] =
    ".s_data_i($s), .s_valid_i($s_valid), .s_ready_o($s_ready), "
    ".m_data_o($m), .m_valid_o($m_valid), .m_ready_i($m_ready)";

// Words of memory as $readmemh reads them: all codes of a word, the first in its lowest bits.
std::string memory_text(const Codes& codes, int per_word, int width);
// The same as one Verilog constant: word a in bits [a * bits +: bits].
std::string memory_constant(const Codes& codes, int width);

// Random codes of all widths from -2^(w-1), with more of the extremes than chance has.
Codes random_codes(std::size_t n, int width, bool is_signed, engine::Rng& rng);

// Of the kinds of cells with models of ours those that are more than a bit of a constant.
std::vector<std::string> without_luts(std::vector<std::string> kinds);

// Nothing if every channel answered as expected, else what went wrong, by name.
std::string complaints(const Batch& batch, const hw::SimulationOutcome& outcome);

}  // namespace ingot::test
