#include "compress/integer/fused_runner.h"

#include <algorithm>
#include <exception>
#include <functional>
#include <mutex>
#include <numeric>
#include <utility>

#include "compress/integer/runner.h"
#include "engine/base/divide.h"
#include "engine/base/error.h"
#include "engine/base/scratch.h"
#include "engine/base/threads.h"

namespace ingot::compress {

using engine::require;

namespace {

constexpr std::int64_t kLine = 64;
// Rows that go through a stage together: enough for a product, few enough to stay in the nearest cache. Few rows are
// cut into more parts, for threads to share.
constexpr std::int64_t kFewest = 16, kMost = 64, kParts = 8;

// Calls body(i) for i < n on all threads; throws what one of them threw.
template <class Body>
void share(std::int64_t n, const Body& body) {
  std::exception_ptr failure;
  std::mutex mutex;
  engine::parallel_for(n, 1, [&](std::int64_t i, std::int64_t) {
    try {
      body(i);
    } catch (...) {
      const std::lock_guard lock(mutex);
      failure = std::current_exception();
    }
  });
  if (failure) std::rethrow_exception(failure);
}

// Whole texts together, or parts of one: ranges of at most `most` rows.
std::vector<RowRange> cut(Texts texts, std::int64_t most) {
  std::vector<RowRange> ranges;
  std::int64_t first = 0;
  for (std::size_t t = 0; t + 1 < texts.size(); ++t) {
    const std::int64_t begin = texts[t], end = texts[t + 1];
    if (end - first <= most) continue;
    if (begin > first) ranges.push_back({first, begin});
    first = begin;
    const std::int64_t n = end - begin, height = engine::ceil_div(n, engine::ceil_div(n, most));
    if (n <= most) continue;
    for (; first < end; first += height) ranges.push_back({first, std::min(end, first + height)});
    first = end;
  }
  if (first < texts.back()) ranges.push_back({first, texts.back()});
  return ranges;
}

std::vector<RowRange> cut(std::int64_t n, std::int64_t most) {
  std::vector<RowRange> ranges;
  for (std::int64_t first = 0; first < n; first += most) ranges.push_back({first, std::min(n, first + most)});
  return ranges;
}

}  // namespace

FusedRunner::FusedRunner(const Graph& graph)
    : graph_(graph),
      places_(graph.edges.size()),
      memory_(graph.edges.size()),
      prepared_(graph.nodes.size()),
      prepared_at_(graph.nodes.size()) {
  for (const Layer& layer : layers(graph)) {
    require(!layer.kind().draws, "{}: {} draws numbers, row after row; only GraphRunner does", layer.name(),
            layer.kind().name);
    require(layer.n_outputs() == 1, "{}: must have one output, got {}", layer.name(), layer.n_outputs());
    kernels_.push_back(make_kernel(layer));
  }
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) add_to_stage(i);
  std::stable_sort(stages_.begin(), stages_.end(), [](const Stage& a, const Stage& b) { return a.depth < b.depth; });
  find_inside();
  for (Stage& stage : stages_) lay_out(stage);
}

// A stage later than those whose rows it reads as whole texts, and not before any other that it reads.
void FusedRunner::add_to_stage(std::size_t i) {
  const Node& node = graph_.nodes[i];
  const bool is_row = node.kind->scope == Scope::row;
  std::size_t depth = 0;
  bool of_texts = node.kind->scope == Scope::summary;
  for (const std::size_t edge : node.inputs) {
    const bool is_input = std::count(graph_.inputs.begin(), graph_.inputs.end(), edge) > 0;
    if (!is_input) depth = std::max(depth, places_[edge].stage + (is_row ? 0 : 1));
    if (is_row) of_texts |= places_[edge].of_texts;
  }
  auto stage = std::find_if(stages_.begin(), stages_.end(),
                            [&](const Stage& s) { return s.depth == depth && s.of_texts == of_texts; });
  if (stage == stages_.end()) stage = stages_.insert(stage, {.depth = depth, .of_texts = of_texts});
  stage->nodes.push_back(i);
  for (const std::size_t edge : node.outputs) places_[edge] = {.stage = depth, .of_texts = of_texts};
}

// An edge stays inside if all that read it take its rows one by one, in the stage that gives it.
void FusedRunner::find_inside() {
  for (const Node& node : graph_.nodes)
    for (const std::size_t edge : node.outputs) places_[edge].is_inside = true;
  for (const std::size_t edge : graph_.outputs) places_[edge].is_inside = false;
  for (const Stage& stage : stages_) {
    for (const std::size_t i : stage.nodes) {
      for (const std::size_t edge : graph_.nodes[i].inputs)
        places_[edge].is_inside &= places_[edge].stage == stage.depth && places_[edge].of_texts == stage.of_texts &&
                                   graph_.nodes[i].kind->scope == Scope::row;
    }
  }
}

// Places for the edges inside, each the first that is free from the node that gives it to the last that reads it.
void FusedRunner::lay_out(Stage& stage) {
  struct Taken {
    std::int64_t first, last;
    std::size_t edge, until;
  };
  std::vector<Taken> taken;
  for (std::size_t step = 0; step < stage.nodes.size(); ++step) {
    std::erase_if(taken, [&](const Taken& t) { return t.until < step; });
    for (const std::size_t edge : graph_.nodes[stage.nodes[step]].outputs) {
      if (!places_[edge].is_inside) continue;
      std::size_t until = step;
      for (std::size_t later = step + 1; later < stage.nodes.size(); ++later) {
        const std::vector<std::size_t>& reads = graph_.nodes[stage.nodes[later]].inputs;
        if (std::count(reads.begin(), reads.end(), edge) > 0) until = later;
      }
      const std::int64_t bytes =
          engine::round_up(rows(edge, 0, 0, nullptr).row_bytes(), kLine / kFewest);  // whole lines for kFewest rows
      std::int64_t at = 0;
      for (const Taken& t : taken)
        if (at < t.last && t.first < at + bytes) at = t.last;
      taken.push_back({at, at + bytes, edge, until});
      std::sort(taken.begin(), taken.end(), [](const Taken& a, const Taken& b) { return a.first < b.first; });
      places_[edge].at = at;
      stage.row_bytes = std::max(stage.row_bytes, at + bytes);
    }
  }
}

// Of `n` rows from `first` on, if the edge is inside.
Rows FusedRunner::rows(std::size_t edge, std::int64_t first, std::int64_t n, std::byte* inside) const {
  const Edge& e = graph_.edges[edge];
  const Place& place = places_[edge];
  if (place.is_inside) return {code_type(e.format), e.size, inside + place.at * n, first};
  return {code_type(e.format), e.size, place.data, 0};
}

KernelCall FusedRunner::call(std::size_t i, Texts texts, std::vector<Rows>& in, RowRange range,
                             std::byte* inside) const {
  const Node& node = graph_.nodes[i];
  const std::int64_t n = engine::round_up(range.last - range.first, kFewest);
  in.clear();
  for (const std::size_t edge : node.inputs) in.push_back(rows(edge, range.first, n, inside));
  const Rows out = rows(node.outputs.front(), range.first, n, inside);
  auto* const prepared = const_cast<Line*>(prepared_[i].data());
  return {texts, in, out, reinterpret_cast<std::byte*>(prepared), prepared_at_[i]};
}

void FusedRunner::prepare(std::size_t i, Texts texts) {
  const Kernel& kernel = *kernels_[i];
  const std::int64_t n_parts = kernel.n_parts(), n_texts = static_cast<std::int64_t>(texts.size()) - 1;
  if (n_parts == 0) return;
  std::vector<std::int64_t>& at = prepared_at_[i];
  at.assign(1, 0);
  for (std::size_t t = 0; t + 1 < texts.size(); ++t)
    at.push_back(at.back() + kernel.prepared_bytes(texts[t + 1] - texts[t]));
  const auto lines = static_cast<std::size_t>(at.back() / kLine);
  if (prepared_[i].size() < lines) prepared_[i].resize(lines);
  std::vector<Rows> in;
  const KernelCall all = call(i, texts, in, {0, 0}, nullptr);
  share(n_texts * n_parts, [&](std::int64_t task) { kernel.prepare(task / n_parts, task % n_parts, all); });
}

void FusedRunner::run_range(const Stage& stage, Texts texts, RowRange range) const {
  const std::int64_t bytes = stage.row_bytes * engine::round_up(range.last - range.first, kFewest);
  auto* const inside = reinterpret_cast<std::byte*>(engine::scratch(engine::Scratch::integer_graph, bytes / 4));
  std::vector<Rows> in;
  for (const std::size_t i : stage.nodes) {
    const KernelCall all = call(i, texts, in, range, inside);
    kernels_[i]->run(range.first, range.last, all);
  }
}

void FusedRunner::run(std::int64_t n, std::span<const void* const> inputs, Texts texts,
                      std::span<void* const> outputs) {
  const std::int64_t n_texts = static_cast<std::int64_t>(texts.size()) - 1;
  for (std::size_t edge = 0; edge < places_.size(); ++edge) {
    const std::int64_t n_rows = places_[edge].of_texts ? n_texts : n;
    const auto lines =
        static_cast<std::size_t>(engine::ceil_div(n_rows * rows(edge, 0, 0, nullptr).row_bytes(), kLine));
    if (places_[edge].is_inside) continue;
    if (memory_[edge].size() < lines) memory_[edge].resize(lines);
    places_[edge].data = memory_[edge].data();
  }
  for (std::size_t i = 0; i < inputs.size(); ++i) places_[graph_.inputs[i]].data = const_cast<void*>(inputs[i]);
  for (std::size_t i = 0; i < outputs.size(); ++i) places_[graph_.outputs[i]].data = outputs[i];
  const auto most = [](std::int64_t count) {
    return std::clamp(engine::round_up(engine::ceil_div(count, kParts), kFewest), kFewest, kMost);
  };
  const std::vector<RowRange> of_tokens = cut(texts, most(n)), of_texts = cut(n_texts, most(n_texts));
  for (const Stage& stage : stages_) {
    for (const std::size_t node : stage.nodes) prepare(node, texts);
    const std::vector<RowRange>& ranges = stage.of_texts ? of_texts : of_tokens;
    share(static_cast<std::int64_t>(ranges.size()),
          [&](std::int64_t i) { run_range(stage, texts, ranges[static_cast<std::size_t>(i)]); });
  }
}

bool FusedRunner::is_of_texts(std::size_t output) const { return places_[graph_.outputs[output]].of_texts; }

std::vector<Codes> FusedRunner::run(std::span<const Codes> inputs, Texts texts) {
  const InputRows given(graph_, inputs, texts);
  std::vector<Memory> memory;
  const auto narrow = [&](std::size_t edge, std::int64_t n) {
    const Rows like{code_type(graph_.edges[edge].format), graph_.edges[edge].size, nullptr};
    memory.emplace_back(static_cast<std::size_t>(engine::ceil_div(n * like.row_bytes(), kLine)));
    return Rows{like.type, like.size, memory.back().data()};
  };
  std::vector<const void*> in;
  std::vector<Rows> out;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const Rows rows = narrow(graph_.inputs[i], given.n());
    store_codes(inputs[i], rows, 0);
    in.push_back(rows.data);
  }
  std::vector<void*> out_data;
  for (std::size_t i = 0; i < graph_.outputs.size(); ++i) {
    out.push_back(narrow(graph_.outputs[i], is_of_texts(i) ? given.n_texts() : given.n()));
    out_data.push_back(out.back().data);
  }
  run(given.n(), in, given.texts(), out_data);
  std::vector<Codes> codes;
  for (std::size_t i = 0; i < out.size(); ++i)
    codes.push_back(load_codes(out[i], 0, is_of_texts(i) ? given.n_texts() : given.n()));
  return codes;
}

}  // namespace ingot::compress
