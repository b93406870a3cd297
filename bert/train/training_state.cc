#include "bert/train/training_state.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <map>

#include "engine/base/error.h"
#include "engine/base/printable.h"
#include "engine/io/json.h"
#include "engine/io/safetensors.h"

namespace ingot::bert {
namespace {

using engine::SafetensorsEntry;
using engine::Tensor;

// Calls visit(name, tensor) for everything in the file.
template <class Visit>
void for_each_tensor(std::span<const engine::Parameter> weights, const engine::AdamW& optimizer,
                     std::span<const NamedTensor> own, const Visit& visit) {
  for (const engine::Parameter& p : weights) visit("weight." + p.name, p.variable.value());
  for (const engine::AdamW::Moments& m : optimizer.moments()) {
    visit("first_moment." + m.name, m.first);
    visit("second_moment." + m.name, m.second);
  }
  for (const NamedTensor& t : own) visit(t.name, t.tensor);
}

constexpr const char kWithoutBetter[] = "n_without_better";  // absent: 0, as in states from before there was a patience

// What differs between two identities: the names and values of both if they are JSON objects, else both whole.
std::string difference(const std::string& saved, const std::string& now) {
  const auto a = engine::parse_json_or_null(saved), b = engine::parse_json_or_null(now);
  if (!a.is_object() || !b.is_object()) return fmt::format("saved {}, now {}", saved, now);
  engine::Json both = a;
  both.update(b);
  std::string text;
  for (const auto& [key, value] : both.items()) {
    const auto shown = [&key = key](const engine::Json& o) { return o.contains(key) ? o[key].dump() : "none"; };
    if (shown(a) != shown(b))
      text += fmt::format("{}{}: saved {}, now {}", text.empty() ? "" : "; ", key, shown(a), shown(b));
  }
  return text;
}

// Numbers keep all their bits: a resumed run must not differ.
std::string exact(double x) { return fmt::format("{:a}", x); }

}  // namespace

void save_training_state(const std::filesystem::path& path, const std::string& identity,
                         std::span<const engine::Parameter> weights, const engine::AdamW& optimizer,
                         std::span<const NamedTensor> own, const TrainingProgress& progress) {
  std::vector<SafetensorsEntry> entries;
  for_each_tensor(weights, optimizer, own, [&](const std::string& name, const Tensor& tensor) {
    const auto dims = tensor.shape().dims();
    entries.push_back({name, "F32", {dims.begin(), dims.end()}, std::as_bytes(tensor.span())});
  });
  std::map<std::string, std::string> metadata{{"identity", identity},
                                              {"step", std::to_string(progress.step)},
                                              {"optimizer_steps", std::to_string(optimizer.n_steps())},
                                              {"best_score", exact(progress.best_score)},
                                              {"best_step", std::to_string(progress.best_step)},
                                              {"loss_sum", exact(progress.loss_sum)},
                                              {"loss_count", std::to_string(progress.loss_count)},
                                              {"metrics_bytes", std::to_string(progress.metrics_bytes)}};
  if (progress.n_without_better > 0) metadata[kWithoutBetter] = std::to_string(progress.n_without_better);
  engine::write_safetensors(path, entries, metadata);
}

TrainingProgress load_training_state(const std::filesystem::path& path, const std::string& identity,
                                     std::span<const engine::Parameter> weights, engine::AdamW& optimizer,
                                     std::span<const NamedTensor> own) {
  const engine::Safetensors file(path);
  const auto text = [&](const char* key) -> const std::string& {
    const auto found = file.metadata().find(key);
    engine::require(found != file.metadata().end(), "{}: not a training state: '{}' is missing", path.string(), key);
    return found->second;
  };
  const auto real = [&](const char* key) {
    const std::string& words = text(key);
    char* end = nullptr;
    const double value = std::strtod(words.c_str(), &end);
    engine::require(!words.empty() && end == words.c_str() + words.size(), "{}: {} must be a number, got '{}'",
                    path.string(), key, engine::excerpt(words));
    return value;
  };
  const auto count = [&](const char* key, std::int64_t least = 0) {
    const std::string& words = text(key);
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(words.data(), words.data() + words.size(), value);
    engine::require(error == std::errc() && end == words.data() + words.size() && value >= least,
                    "{}: {} must be an integer from {} on, got '{}'", path.string(), key, least,
                    engine::excerpt(words));
    return value;
  };
  engine::require(text("identity") == identity, "resume: {} was made with other options or data: {}", path.string(),
                  difference(text("identity"), identity));
  for_each_tensor(weights, optimizer, own, [&](const std::string& name, const Tensor& tensor) {
    const SafetensorsEntry& entry = file.get(name, "F32", tensor.shape().dims());
    std::memcpy(tensor.data(), entry.bytes.data(), entry.bytes.size());
  });
  const bool counts = file.metadata().contains(kWithoutBetter);
  optimizer.set_n_steps(count("optimizer_steps"));
  return {.step = count("step"),
          .best_score = real("best_score"),
          .best_step = count("best_step", -1),
          .n_without_better = counts ? count(kWithoutBetter) : 0,
          .loss_sum = real("loss_sum"),
          .loss_count = count("loss_count"),
          .metrics_bytes = count("metrics_bytes")};
}

}  // namespace ingot::bert
