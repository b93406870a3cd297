// The manifest of an emitted folder: written, read back, held against the files.
#include <doctest/doctest.h>

#include "engine/base/files.h"
#include "engine/io/json.h"
#include "hw/emit/manifest.h"
#include "tests/compress/graphs.h"
#include "tests/support/error_text.h"
#include "tests/support/temporary_folder.h"

using namespace ingot;
using test::contains;
using test::error_text;

namespace {

hw::Graph small_graph() {
  engine::Rng rng(4);
  hw::Graph graph = test::mlp(rng, "relu", 4, 6, 2);
  for (hw::Node& node : graph.nodes) node.parallelism = {2, 2};
  return graph;
}

// A folder with a manifest of a graph and one image.
hw::Manifest write_folder(const std::filesystem::path& folder, const hw::Graph& graph) {
  hw::Manifest manifest{.input = {"data_in_0", graph.input(), graph.n_in(), 2},
                        .output = {"data_out_0", graph.output(), graph.n_out(), 2},
                        .interval = 6,
                        .sources = {"top.sv"},
                        .images = {"w.mem"}};
  const auto add = [&](const std::string& name, const std::string& text) {
    test::put(folder / name, text);
    manifest.files.push_back({name, static_cast<std::int64_t>(text.size()), engine::content_hash(text)});
  };
  add("graph.json", compress::to_json(graph).dump());
  add("top.sv", "module top; endmodule\n");
  add("w.mem", "12\n34\n");
  test::put(folder / "manifest.json", hw::to_text(manifest));
  return manifest;
}

}  // namespace

TEST_CASE("an emitted folder is opened as it was written, and only as it was written") {
  const test::TemporaryFolder folder;
  const hw::Graph graph = small_graph();
  const hw::Manifest manifest = write_folder(folder.path(), graph);
  const hw::EmittedRtl rtl = hw::open_rtl(folder.path());
  CHECK(hw::to_text(rtl.manifest) == hw::to_text(manifest));
  CHECK(compress::to_json(rtl.graph) == compress::to_json(graph));
  CHECK(contains(error_text([&] { hw::load_vectors(rtl); }), "holds no vectors"));
  const auto refusal = [&] { return error_text([&] { hw::open_rtl(folder.path()); }); };
  test::put(folder / "w.mem", "12\n35\n");
  CHECK(contains(refusal(), "w.mem: is not what was emitted: 6 bytes"));
  std::filesystem::remove(folder / "w.mem");
  CHECK(contains(refusal(), "w.mem: is missing"));
  write_folder(folder.path(), graph);
  hw::Graph other = graph;
  other.edges[other.inputs.front()].format.frac_bits = 5;
  const hw::Manifest changed = write_folder(folder.path(), other);
  hw::Manifest wrong = changed;
  wrong.input.format.frac_bits = 4;
  test::put(folder / "manifest.json", hw::to_text(wrong));
  CHECK(contains(refusal(), "data_in_0 must have 4 codes of fixed(8,5) in beats of 2"));
  std::filesystem::remove(folder / "manifest.json");
  CHECK(contains(refusal(), "is no folder of `ingot emit`"));
}

TEST_CASE("a manifest names files of its folder only") {
  const test::TemporaryFolder folder;
  const std::string text = hw::to_text(write_folder(folder.path(), small_graph()));
  const auto refusal = [&](const std::string& from, const std::string& to) {
    std::string changed = text;
    const std::size_t at = changed.find(from);
    REQUIRE(at != std::string::npos);
    changed.replace(at, from.size(), to);
    return error_text([&] { hw::manifest_of(changed, "m"); });
  };
  CHECK(contains(refusal("\"w.mem\"", "\"../w.mem\""), "without a folder"));
  CHECK(contains(refusal("\"top.sv\"", "\"other.sv\""), "top.sv has no checksum"));
  CHECK(contains(refusal("\"interval\": 6", "\"interval\": 0"), "interval must be an integer between 1"));
  CHECK(contains(refusal("\"interval\"", "\"speed\""), "interval is missing"));
  CHECK(contains(refusal("\"interval\": 6", "\"interval\": 6, \"speed\": 1"), "unknown name 'speed'"));
  CHECK(contains(refusal("ingot-rtl-1", "ingot-rtl-9"), "must be ingot-rtl-1, got 'ingot-rtl-9'"));
}

TEST_CASE("damaged manifests and graphs are refused in one sentence, or are other valid ones") {
  const test::TemporaryFolder folder;
  const std::string manifest = hw::to_text(write_folder(folder.path(), small_graph()));
  const std::string graph = hw::to_json(small_graph()).dump();
  engine::Rng rng(5);
  int refused = 0, accepted = 0;
  const auto attempt = [&](std::string text, auto read) {
    for (std::uint64_t n = 1 + rng.below(3); n > 0; --n) {
      const std::size_t at = rng.below(text.size()),
                        length = rng.below(std::min<std::size_t>(text.size() - at, 12) + 1);
      switch (rng.below(4)) {
        case 0:
          text.erase(at, length);
          break;
        case 1:
          text.insert(at, text.substr(rng.below(text.size() - length + 1), length));
          break;
        case 2:
          text[at] = "0123456789-{}[]\",:e.\0 x"[rng.below(23)];
          break;
        default:
          text[at] = static_cast<char>(rng.below(256));
      }
      if (text.empty()) text = " ";
    }
    try {
      read(text);
      ++accepted;
    } catch (const engine::Error& error) {
      CHECK(std::string(error.what()).starts_with("f"));
      ++refused;
    }
  };
  for (int i = 0; i < 3000; ++i) {
    attempt(manifest, [](const std::string& text) { hw::manifest_of(text, "f"); });
    attempt(graph, [](const std::string& text) { compress::graph_of(engine::parse_json(text, "f"), "f"); });
  }
  CHECK(refused > 1000);
  CHECK(accepted > 100);
}
