#include "pipeline/synth_sweep.h"

#include <fmt/format.h>

#include <cmath>

#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/base/progress.h"
#include "engine/base/temporary_folder.h"
#include "engine/io/json.h"
#include "engine/io/saved.h"
#include "hw/emit/folder.h"
#include "hw/synthesis/sweep.h"
#include "hw/synthesis/synthesize.h"
#include "pipeline/output_lock.h"
#include "report/text_table.h"

namespace ingot::pipeline {
namespace fs = std::filesystem;
using engine::Json;
using engine::require;

namespace {

std::string key_of(const hw::LinearShape& s) {
  return fmt::format("{}->{}, {}x{}, {}.{}.{} bits", s.k, s.n, s.parallelism.in, s.parallelism.out, s.input_width,
                     s.weight_width, s.output_width);
}

// What an earlier run of the same sweep has measured.
Json load(const fs::path& file) {
  if (!fs::exists(file)) return Json::object();
  Json known = engine::parse_json(engine::read_file(file), file.string());
  require(known.is_object(), "{}: must be an object of syntheses; remove it", file.string());
  return known;
}

Json measure(const hw::LinearShape& shape, std::size_t i, hw::Target target, bool dsp) {
  const engine::TemporaryFolder folder;
  hw::write_rtl(folder / "rtl", hw::random_layer(shape, i + 1), {});
  Json found = hw::to_json(hw::synthesize(hw::open_rtl(folder / "rtl"), target, {.dsp = dsp}));
  found.erase("cells");
  found.erase("layers");
  found.erase("modules");
  found["no_dsp"] = !dsp;
  return found;
}

// Whether an earlier run measured a shape with the same options and counted its area in the same way.
bool is_measured(const Json& known, const std::string& key, hw::Target target, bool dsp) {
  if (!known.contains(key)) return false;
  const Json& found = known[key];
  return found.is_object() && found.contains("lut_logic") && found.value("target", Json()) == hw::name(target) &&
         found.value("no_dsp", Json()) == !dsp;
}

struct Fit {
  std::vector<double> coefficients;
  double mean = 0, worst = 0;  // relative errors of points left out
};

Fit fit(const std::vector<std::vector<double>>& features, const std::vector<double>& values) {
  Fit result{.coefficients = hw::fit(features, values)};
  for (const double e : hw::left_out_errors(features, values)) {
    result.mean += std::abs(e) / static_cast<double>(values.size());
    result.worst = std::max(result.worst, std::abs(e));
  }
  return result;
}

}  // namespace

void sweep_layers(const SweepOptions& o, const Run& run, const Finish& finish) {
  const fs::path out = o.out;
  const hw::Target target = hw::parse_target(o.target);
  require(!out.empty(), "--sweep: writes a table; name its folder by --out");
  const OutputLock lock(out, run.command);
  write_config(out, run.config);
  const fs::path file = out / "sweep.json";
  Json known = load(file);
  const std::vector<hw::LinearShape> shapes = hw::sweep_shapes(o.n, run.seed);
  engine::Progress meter("sweep", o.n);
  report::TextTable table{.headers = {"shape", "LUT", "model", "FF", "model", "DSP", "BRAM", "model"}, .rows = {}};
  std::vector<std::vector<double>> lut_features, ff_features;
  std::vector<double> luts, ffs;
  for (std::size_t i = 0; i < shapes.size(); ++i) {
    const std::string key = key_of(shapes[i]);
    if (!is_measured(known, key, target, o.dsp)) {
      known[key] = measure(shapes[i], i, target, o.dsp);
      engine::write_file(file, known.dump(1) + "\n");
    }
    const engine::Saved found(known[key], fmt::format("{}: {}", file.string(), key));
    const hw::Cost model = hw::cost(shapes[i], target, o.dsp);
    const auto count = [&](const char* what) { return found.get<double>(what); };
    const auto cell = [](double v) { return fmt::format("{:.0f}", v); };
    table.rows.push_back({key, cell(count("lut")), cell(model.lut), cell(count("ff")), cell(model.ff),
                          cell(count("dsp")), cell(count("bram")), cell(model.bram)});
    lut_features.push_back(hw::lut_features(shapes[i], target, o.dsp));
    ff_features.push_back(hw::ff_features(shapes[i], target, o.dsp));
    luts.push_back(count("lut"));
    ffs.push_back(count("ff"));
    meter.update(static_cast<std::int64_t>(i) + 1);
  }
  const Fit lut = fit(lut_features, luts), ff = fit(ff_features, ffs);
  const auto line = [](const char* what, const Fit& f) {
    return fmt::format(
        "{}: coefficients {:.4g}; error of shapes left out of the fit: {:.1f}% in the mean, {:.1f}% at most\n", what,
        fmt::join(f.coefficients, ", "), 100 * f.mean, 100 * f.worst);
  };
  const std::string fits = line("LUT", lut) + line("FF", ff);
  engine::write_file(out / "table.md", fmt::format("# Linear layers on {}{}, and the cost model\n\n{}\n- {}- {}",
                                                   o.target, o.dsp ? "" : " without multipliers", table.markdown(),
                                                   line("LUT", lut), line("FF", ff)));
  finish({{"target", o.target},
          {"shapes", o.n},
          {"lut", {{"coefficients", lut.coefficients}, {"mean_error", lut.mean}, {"largest_error", lut.worst}}},
          {"ff", {{"coefficients", ff.coefficients}, {"mean_error", ff.mean}, {"largest_error", ff.worst}}}},
         table.aligned() + "\n" + fits);
}

}  // namespace ingot::pipeline
