#include "bench/targets.h"

#include <fmt/format.h>

#include <sstream>
#include <vector>

#include "bench/child.h"
#include "bench/linear_layer.h"
#include "bench/programs.h"
#include "bench/startup.h"
#include "bench/steps.h"
#include "bench/timing.h"
#include "bench/torch_peer.h"
#include "compress/compression.h"
#include "compress/formats/fixed.h"
#include "compress/formats/kind.h"
#include "engine/base/threads.h"
#include "engine/io/json.h"

namespace ingot::bench {
namespace {

using Emit = std::function<void(const Target&)>;

constexpr const char* kShare = "of peak";
constexpr const char* kTimesAsFast = "x as fast";
constexpr double kSlice = 0.05;
constexpr std::int64_t kVocabulary = 30522;

// What the rounds gave for one kind of product, or several, of all layers.
struct Products {
  double flops = 0;
  Series own;
  std::map<std::string, Series> peers;
};

// The products of an encoder layer of BERT-tiny over 4,096 tokens, [n, k] of each.
std::vector<LinearLayer> encoder_layer() {
  std::vector<LinearLayer> layers;
  for (const auto& [n, k] : {std::pair{384, 128}, {128, 128}, {512, 128}, {128, 512}})
    layers.emplace_back(LinearShape{4096, n, k});
  return layers;
}

std::vector<Products> measure_products(int rounds, int n_threads) {
  engine::set_threads(n_threads);
  std::vector<LinearLayer> layers = encoder_layer();
  double flops = 0;
  for (const LinearLayer& layer : layers) flops += layer.flops();
  std::vector<Sampler> samplers;
  for (const LinearProduct& product : kLinearProducts) {
    samplers.push_back(sampler([&product, &layers] {
      for (LinearLayer& layer : layers) product.ingot(layer);
    }));
    for (const ProductPeer* peer : product_peers()) {
      peer->set_threads(n_threads);
      samplers.push_back(sampler([&product, &layers, peer] {
        for (LinearLayer& layer : layers) product.peer(*peer, layer);
      }));
    }
  }
  const std::vector<Series> series = take_turns(rounds, kSlice, n_threads, samplers);
  std::vector<Products> products;
  auto next = series.begin();
  for (std::size_t i = 0; i < std::size(kLinearProducts); ++i) {
    products.push_back({flops, *next++, {}});
    for (const ProductPeer* peer : product_peers()) products.back().peers[peer->name] = *next++;
  }
  return products;
}

Products all(const std::vector<Products>& products) {
  Products total;
  std::vector<Series> own;
  std::map<std::string, std::vector<Series>> peers;
  for (const Products& p : products) {
    total.flops += p.flops;
    own.push_back(p.own);
    for (const auto& [name, series] : p.peers) peers[name].push_back(series);
  }
  total.own = sum(own);
  for (const auto& [name, series] : peers) total.peers[name] = sum(series);
  return total;
}

void add_peers(Target& target, const Products& products) {
  set_share(target, products.flops, products.own);
  for (const char* name : {"eigen", "onednn", "openblas"}) {
    const auto found = products.peers.find(name);
    target.ratios[name] =
        found == products.peers.end() ? std::nullopt : std::optional(median(ratios(products.own, found->second)));
  }
  target.note = missing_product_peers();
}

void product_targets(int rounds, const Emit& emit) {
  for (const int n_threads : {1, 2}) {
    const std::vector<Products> products = measure_products(rounds, n_threads);
    const Products total = all(products);
    const bool one = n_threads == 1;
    Target share{.name = fmt::format("gemm/all/threads:{}", n_threads),
                 .unit = kShare,
                 .floor = one ? 0.75 : 0.65,
                 .goal = one ? 0.85 : 0.80};
    set_measured(share, shares(total.flops, total.own));
    add_peers(share, total);
    emit(share);
    for (const auto& [kind, floor] : {std::pair{0, 1.0}, {2, 1.2}}) {
      const Products& p = products[static_cast<std::size_t>(kind)];
      Target against{.name = fmt::format("gemm/{}/threads:{}/vs_onednn", kLinearProducts[kind].name, n_threads),
                     .unit = kTimesAsFast,
                     .floor = floor};
      add_peers(against, p);
      if (const auto onednn = p.peers.find("onednn"); onednn != p.peers.end())
        set_measured(against, ratios(p.own, onednn->second));
      emit(against);
    }
  }
}

// What PyTorch computes: an option of its script and its value, if there are any.
struct TorchForm {
  const char* suffix;
  std::vector<std::string> options;
  float dropout = 0.1f;
};

const TorchForm kEager{"", {}}, kNoDropout{"_without_dropout", {"--no-dropout"}, 0.0f};
const TorchForm kFrozen{"_frozen", {"--form", "frozen"}}, kFastPath{"_fast_path", {"--form", "encoder"}};

struct StepTarget {
  bool training;
  StepShape shape;
  int n_threads;
  const TorchForm& form;
  double torch_floor;
  std::optional<double> share_floor{}, share_goal{}, ms_floor{}, ms_goal{};
};

const StepTarget kStepTargets[] = {
    {true, {32, 128}, 2, kEager, 2.2, 0.55, 0.65},
    {true, {32, 128}, 2, kNoDropout, 1.7},
    {true, {32, 512}, 2, kEager, 3.0, 0.55, 0.65},
    {true, {32, 512}, 2, kNoDropout, 2.0},
    {false, {32, 128}, 2, kEager, 1.7, 0.65, 0.75},
    {false, {32, 512}, 2, kEager, 3.0, 0.65, 0.75},
    {false, {32, 512}, 2, kFastPath, 1.5},
    {false, {1, 16}, 1, kEager, 5.0, {}, {}, 0.25, 0.16},
    {false, {1, 16}, 1, kFrozen, 3.5},
};

void measure_step(const StepTarget& step, int rounds, const Emit& emit) {
  engine::set_threads(step.n_threads);
  BertSteps steps(step.shape, kVocabulary, step.form.dropout);
  const char* mode = step.training ? "train" : "infer";
  std::vector<std::string> options{"--mode",    mode,
                                   "--batch",   std::to_string(step.shape.batch),
                                   "--length",  std::to_string(step.shape.length),
                                   "--threads", std::to_string(step.n_threads),
                                   "--vocab",   std::to_string(kVocabulary),
                                   "--warmup",  "3"};
  options.insert(options.end(), step.form.options.begin(), step.form.options.end());
  TorchPeer torch(options);
  std::vector<Sampler> samplers{sampler([&] { step.training ? steps.train() : steps.infer(); })};
  if (torch.ready()) samplers.emplace_back([&](int calls) { return torch.sample(calls); });
  const std::vector<Series> series = take_turns(rounds, kSlice, step.n_threads, samplers);
  const std::vector<double> share = shares(steps.flops(step.training), series[0]);
  const std::string name =
      fmt::format("{}/batch:{}/length:{}/threads:{}", mode, step.shape.batch, step.shape.length, step.n_threads);

  Target against{.name = name + "/vs_torch" + step.form.suffix, .unit = kTimesAsFast, .floor = step.torch_floor};
  set_share(against, steps.flops(step.training), series[0]);
  against.ratios["torch"] = torch.ready() ? std::optional(median(ratios(series[0], series[1]))) : std::nullopt;
  against.note = torch.note();
  if (step.share_floor) {
    Target of_peak{.name = name, .unit = kShare, .floor = *step.share_floor, .goal = step.share_goal};
    of_peak.share = against.share;
    of_peak.best_share = against.best_share;
    of_peak.ratios = against.ratios;
    of_peak.note = against.note;
    set_measured(of_peak, share);
    emit(of_peak);
  }
  if (step.ms_floor) {
    Target time{.name = name, .unit = "ms", .floor = *step.ms_floor, .goal = step.ms_goal, .less_is_better = true};
    std::vector<double> ms;
    for (const double seconds : series[0].seconds) ms.push_back(1e3 * seconds);
    set_measured(time, ms);
    set_share(time, steps.flops(step.training), series[0]);
    emit(time);
  }
  if (torch.ready()) set_measured(against, ratios(series[0], series[1]));
  emit(against);
}

template <bool kTraining>
void step_targets(int rounds, const Emit& emit) {
  for (const StepTarget& step : kStepTargets)
    if (step.training == kTraining) measure_step(step, rounds, emit);
}

// A step with every Linear's input, weight and bias in a format, beside the same step in float32.
struct QuantizedStep {
  std::string name;
  compress::Compression compression;
  double most;  // times as long
};

compress::Compression in_format(bert::Model& model, const std::string& format, compress::Mode mode) {
  compress::Compression compression;
  for (const auto& [name, linear] : model.linears()) {
    for (const compress::Role role : {compress::Role::input, compress::Role::weight, compress::Role::bias}) {
      compression[name][role] = compress::Quantizer{.format = compress::parse_format(format), .mode = mode};
    }
  }
  return compression;
}

std::vector<QuantizedStep> quantized_steps(bert::Model& model) {
  std::vector<QuantizedStep> all;
  // As `ingot quantize` has it: inputs by tensor, weights by channel, biases float32.
  compress::Compression channels = in_format(model, "fixed(8,5)", compress::Mode::standard);
  for (const auto& [name, linear] : model.linears()) {
    channels[name][compress::Role::bias].reset();
    channels[name][compress::Role::weight]->channel_frac_bits.assign(
        static_cast<std::size_t>(linear->weight.shape()[0]), 9);
  }
  all.push_back({"fixed(8,calibrated)", channels, 1.25});
  for (const compress::FormatKind* kind : compress::format_kinds()) {
    const compress::Format format = compress::parse_format(kind->example);
    for (const compress::Mode mode : {compress::Mode::standard, compress::Mode::mase}) {
      const bool is_mase = mode == compress::Mode::mase;
      if (is_mase && *kind->mase_gap(format) != '\0') continue;
      all.push_back({kind->example + std::string(is_mase ? "/mase" : ""), in_format(model, kind->example, mode),
                     compress::as_fixed(format) ? 1.25 : 3.0});
    }
  }
  return all;
}

void quantized_targets(int rounds, const Emit& emit) {
  engine::set_threads(2);
  BertSteps plain({32, 128}, 8000), steps({32, 128}, 8000);
  for (const QuantizedStep& step : quantized_steps(steps.model())) {
    compress::attach(steps.model(), step.compression);
    const std::vector<Series> series =
        take_turns(rounds, kSlice, 2, {sampler([&] { plain.train(); }), sampler([&] { steps.train(); })});
    Target target{.name = fmt::format("qat/batch:32/length:128/threads:2/{}", step.name),
                  .unit = "x as long",
                  .floor = step.most,
                  .less_is_better = true};
    set_measured(target, ratios(series[0], series[1]));
    target.note = "a training step with every Linear in this format, over one in float32";
    emit(target);
  }
}

void neighbour_targets(int rounds, const Emit& emit) {
  engine::set_threads(2);
  BertSteps steps({32, 128}, kVocabulary);
  const BusyNeighbour neighbour;
  const Sampler alone = sampler([&] { steps.train(); });
  const Sampler beside = [&](int calls) {
    neighbour.run();
    const double seconds = alone(calls);
    neighbour.pause();
    return seconds;
  };
  const std::vector<Series> series = take_turns(rounds, 0.3, 2, {alone, beside});
  Target target{.name = "train/batch:32/length:128/threads:2/busy_neighbour",
                .unit = "x as long",
                .floor = 1.6,
                .less_is_better = true};
  set_measured(target, ratios(series[0], series[1]));
  set_share(target, steps.flops(true), series[0]);
  target.note = "a step beside a process that keeps one processor busy, over a step without it";
  emit(target);
}

void startup_targets(int rounds, const Emit& emit) {
  const ModelFolder folder;
  const std::vector<Series> series = take_turns(rounds, 0.0, 1, {[&](int) { return 1e3 * folder.predict(); }});
  Target target{.name = "startup", .unit = "ms", .floor = 60, .less_is_better = true};
  set_measured(target, series[0].seconds);
  target.note = "start of `ingot predict` to its first label, BERT-tiny with 30,522 pieces";
  emit(target);
}

// Fixed-point products, timed by bench_kernels as fixed_gemm/SHAPE/threads:N/PRODUCT: how much faster one is than
// another of the same shape, the median over the shapes of BERT-tiny and the repetitions, which it interleaves.
struct FixedTarget {
  const char* product;
  const char* other;
  double floor;
  std::optional<double> goal{};
};

constexpr FixedTarget kFixedTargets[] = {
    {"u8_int8", "onednn", 1.0, 1.15},
    {"u8_int8", "float32", 1.7},
    {"u8_int4", "u8_int8", 0.95, 1.1},
    {"int16", "float32", 1.2, 1.4},
};

struct FixedRuns {
  std::map<std::string, double> shares;  // of the arithmetic limit for float32, by shape and repetition
  std::string label;
};

std::map<std::string, FixedRuns> run_fixed(int rounds) {
  std::map<std::string, FixedRuns> products;
  for (const engine::Json& b : run_benchmarks(
           "bench_kernels", "^fixed_gemm/4096x(128x128|512x128|128x512)/threads:2/",
           {fmt::format("--benchmark_repetitions={}", rounds), "--benchmark_enable_random_interleaving=true"})) {
    if (!b.contains("peak") || b["run_type"] != "iteration") continue;
    std::istringstream name(b["run_name"].get<std::string>());
    std::string family, shape, threads, product;
    for (std::string* part : {&family, &shape, &threads, &product}) std::getline(name, *part, '/');
    FixedRuns& runs = products[product];
    runs.shares[fmt::format("{}/{}", shape, b["repetition_index"].get<int>())] = b["peak"].get<double>() / 100.0;
    runs.label = b.value("label", "");
  }
  return products;
}

void fixed_targets(int rounds, const Emit& emit) {
  const std::map<std::string, FixedRuns> products = run_fixed(rounds);
  for (const FixedTarget& row : kFixedTargets) {
    const auto own = products.find(row.product), other = products.find(row.other);
    if (own == products.end()) continue;
    Target target{.name = fmt::format("fixed_gemm/{}/threads:2/vs_{}", row.product, row.other),
                  .unit = kTimesAsFast,
                  .floor = row.floor,
                  .goal = row.goal};
    std::vector<double> share, ratio;
    for (const auto& [run, value] : own->second.shares) {
      share.push_back(value);
      if (other != products.end() && other->second.shares.contains(run))
        ratio.push_back(value / other->second.shares.at(run));
    }
    target.share = median(share);
    if (ratio.empty()) {
      target.ratios[row.other] = std::nullopt;
      target.note = fmt::format("this build has no {} to compare with", row.other);
    } else {
      set_measured(target, ratio);
      target.ratios[row.other] = target.measured;
      target.note = other->second.label;
    }
    emit(target);
  }
}

// Inference in integers, slice by slice in turns with float32, by bench_steps.
struct IntegerTarget {
  const char* name;
  double floor;
  std::optional<double> goal;
};
constexpr IntegerTarget kIntegerTargets[] = {
    {"integer/8x8/batch:32/length:128/threads:2", 1.3, 1.5},
    {"whole/8/batch:32/length:128/threads:2", 2.0, std::nullopt},
    {"whole/8/batch:32/length:512/threads:2", 1.8, std::nullopt},
    {"whole/8/batch:1/length:16/threads:1", 1.25, std::nullopt},
};

void integer_targets(int rounds, const Emit& emit) {
  for (const IntegerTarget& row : kIntegerTargets) {
    std::vector<double> ratio;
    for (const engine::Json& b : run_benchmarks("bench_steps", fmt::format("^{}/", row.name),
                                                {fmt::format("--benchmark_repetitions={}", rounds)})) {
      if (b["run_type"] == "iteration" && !b.contains("error_occurred")) ratio.push_back(b["vs_float32"].get<double>());
    }
    Target target{
        .name = fmt::format("{}/vs_float32", row.name), .unit = kTimesAsFast, .floor = row.floor, .goal = row.goal};
    if (!ratio.empty()) {
      set_measured(target, ratio);
      target.ratios["float32"] = target.measured;
    }
    emit(target);
  }
}

constexpr TargetGroup kGroups[] = {
    {"gemm", product_targets},
    {"fixed_gemm", fixed_targets},
    {"train", step_targets<true>},
    {"infer", step_targets<false>},
    {"integer", integer_targets},
    {"qat", quantized_targets},
    {"busy_neighbour", neighbour_targets},
    {"startup", startup_targets},
    {"scale", scale_targets},
    {"torch", torch_targets},
    {"search", search_targets},
};

engine::Json or_null(const std::optional<double>& value) {
  return value ? engine::Json(*value) : engine::Json(nullptr);
}

}  // namespace

void set_measured(Target& target, const std::vector<double>& values) {
  target.measured = median(values);
  target.spread = spread(values);
}

void set_share(Target& target, double flops, const Series& series) {
  target.share = median(shares(flops, series));
  target.best_share = best_share(flops, series);
}

std::span<const TargetGroup> target_groups() { return kGroups; }

engine::Json to_json(const Target& target) {
  engine::Json ratios = engine::Json::object();
  for (const auto& [name, ratio] : target.ratios) ratios[name] = or_null(ratio);
  return {{"name", target.name},
          {"unit", target.unit},
          {"measured", or_null(target.measured)},
          {"floor", target.floor},
          {"goal", or_null(target.goal)},
          {"better", target.less_is_better ? "less" : "more"},
          {"floor_reached", target.measured ? engine::Json(target.reached()) : engine::Json(nullptr)},
          {"share_of_peak", or_null(target.share)},
          {"best_share_of_peak", or_null(target.best_share)},
          {"ratios", ratios},
          {"spread", or_null(target.spread)},
          {"note", target.note}};
}

}  // namespace ingot::bench
