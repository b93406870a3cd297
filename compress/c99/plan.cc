#include "compress/c99/plan.h"

#include <algorithm>
#include <map>
#include <utility>

#include "compress/c99/writer.h"
#include "compress/integer/operation.h"

namespace ingot::compress {
namespace {

constexpr int kNever = -1;

bool is_attention(const Node& node) { return node.kind->scope == Scope::text && node.kind->n_inputs == 3; }

std::int64_t rounded_up(std::int64_t bytes) { return (bytes + 3) / 4 * 4; }  // int32_t may begin there

// Memory from the first to the last step.
struct Block {
  std::int64_t bytes;
  int first, last;
  std::int64_t offset = 0;
};

// Gives each block its offset; returns how many bytes they take together. Large ones come first.
std::int64_t place(std::vector<Block>& blocks) {
  std::vector<Block*> order, placed;
  for (Block& block : blocks) order.push_back(&block);
  std::stable_sort(order.begin(), order.end(), [](const Block* a, const Block* b) { return a->bytes > b->bytes; });
  std::int64_t end = 0;
  for (Block* block : order) {
    const auto meets = [&](const Block* other) {
      return other->first <= block->last && block->first <= other->last &&
             other->offset < block->offset + block->bytes && block->offset < other->offset + other->bytes;
    };
    for (auto other = placed.begin(); (other = std::find_if(placed.begin(), placed.end(), meets)) != placed.end();
         other = placed.begin())
      block->offset = (*other)->offset + (*other)->bytes;
    placed.push_back(block);
    end = std::max(end, block->offset + block->bytes);
  }
  return end;
}

class Planner {
 public:
  explicit Planner(const Graph& graph) : graph_(graph), readers_(graph.edges.size()), writer_(graph.edges.size(), -1) {
    for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
      for (const std::size_t edge : graph.nodes[i].inputs) readers_[edge].push_back(i);
      for (const std::size_t edge : graph.nodes[i].outputs) writer_[edge] = static_cast<int>(i);
    }
  }

  C99Plan plan() {
    assign();
    delay();
    list();
    plan_.edges.resize(graph_.edges.size());
    place_rows();
    place_texts();
    return std::move(plan_);
  }

 private:
  int pass_of_edge(std::size_t edge) const {
    return writer_[edge] < 0 ? 0 : pass_[static_cast<std::size_t>(writer_[edge])];
  }

  bool is_read_whole(std::size_t edge) const {
    return std::any_of(readers_[edge].begin(), readers_[edge].end(), [&](std::size_t reader) {
      const std::vector<std::size_t>& inputs = graph_.nodes[reader].inputs;
      for (std::size_t i = 0; i < inputs.size(); ++i) {
        if (inputs[i] == edge && reads_text(graph_.nodes[reader], i)) return true;
      }
      return false;
    });
  }

  // Each node to the first pass that can have it. Keys and values wait until those of the layer before are no longer
  // needed.
  void assign() {
    std::vector<bool> attends(graph_.nodes.size() * 2 + 2);  // by pass
    is_of_text_.resize(graph_.nodes.size());
    for (std::size_t n = 0; n < graph_.nodes.size(); ++n) {
      const Node& node = graph_.nodes[n];
      int pass = 0;
      for (std::size_t i = 0; i < node.inputs.size(); ++i) {
        const std::size_t edge = node.inputs[i];
        pass = std::max(pass, pass_of_edge(edge) + (reads_text(node, i) ? 1 : 0));
        if (writer_[edge] >= 0 && is_of_text_[static_cast<std::size_t>(writer_[edge])]) is_of_text_[n] = true;
      }
      if (node.kind->scope == Scope::summary) is_of_text_[n] = true;
      if (is_attention(node)) attends[static_cast<std::size_t>(pass)] = true;
      if (attends[static_cast<std::size_t>(pass)] && feeds_attention(n)) ++pass;
      pass_.push_back(pass);
    }
  }

  bool feeds_attention(std::size_t n) const {
    const std::size_t edge = graph_.nodes[n].outputs.front();
    return is_read_whole(edge) && std::any_of(readers_[edge].begin(), readers_[edge].end(),
                                              [&](std::size_t reader) { return is_attention(graph_.nodes[reader]); });
  }

  // Queries are computed row by row where attention takes them, since what they are made of is kept until then.
  void delay() {
    for (std::size_t n = graph_.nodes.size(); n-- > 0;) {
      const Node& node = graph_.nodes[n];
      const std::size_t edge = node.outputs.front();
      if (node.kind->scope != Scope::row || readers_[edge].empty() || is_read_whole(edge) || is_output(edge)) continue;
      int until = pass_[readers_[edge].front()];
      for (const std::size_t reader : readers_[edge]) until = std::min(until, pass_[reader]);
      const bool is_kept = std::all_of(node.inputs.begin(), node.inputs.end(), [&](std::size_t input) {
        return std::any_of(readers_[input].begin(), readers_[input].end(),
                           [&](std::size_t reader) { return reader != n && pass_[reader] >= until; });
      });
      if (is_kept) pass_[n] = until;
    }
  }

  void list() {
    std::map<std::pair<int, bool>, std::vector<std::size_t>> passes;
    for (std::size_t n = 0; n < graph_.nodes.size(); ++n) passes[{pass_[n], is_of_text_[n]}].push_back(n);
    step_.resize(graph_.nodes.size());
    int step = 0;
    for (const auto& [key, nodes] : passes) {
      const int begin = step;
      for (const std::size_t n : nodes) step_[n] = step++;
      for (const std::size_t n : nodes) {
        pass_begin_[n] = begin;
        pass_end_[n] = step - 1;
      }
      plan_.passes.push_back({.of_text = key.second, .nodes = nodes});
    }
  }

  bool is_output(std::size_t edge) const { return edge == graph_.outputs.front(); }

  // All rows of the edge must be in memory.
  bool is_kept(std::size_t edge) const {
    const auto writer = static_cast<std::size_t>(writer_[edge]);
    if (is_of_text_[writer]) return false;
    return is_read_whole(edge) || std::any_of(readers_[edge].begin(), readers_[edge].end(), [&](std::size_t reader) {
             return pass_begin_.at(reader) != pass_begin_.at(writer);
           });
  }

  std::int64_t bytes(std::size_t edge) const {
    return graph_.edges[edge].size * c99_type(graph_.edges[edge].format).bytes;
  }

  void place_rows() {
    std::vector<Block> blocks;
    std::vector<std::size_t> edges;
    for (std::size_t edge = 0; edge < graph_.edges.size(); ++edge) {
      if (writer_[edge] < 0) continue;
      plan_.edges[edge].kind = is_output(edge) ? C99Place::output : is_kept(edge) ? C99Place::text : C99Place::row;
      if (plan_.edges[edge].kind != C99Place::row) continue;
      const int first = step_[static_cast<std::size_t>(writer_[edge])];
      int last = first;
      for (const std::size_t reader : readers_[edge]) last = std::max(last, step_[reader]);
      blocks.push_back({rounded_up(bytes(edge)), first, last});
      edges.push_back(edge);
    }
    plan_.fixed_bytes = place(blocks);
    for (std::size_t i = 0; i < edges.size(); ++i) plan_.edges[edges[i]].offset = blocks[i].offset;
  }

  // The block whose rows the edge may take the place of, row by row: nothing in its pass reads a row of them after the
  // edge's is written.
  std::size_t block_before(std::size_t edge, const std::map<std::size_t, std::size_t>& block_of,
                           const std::vector<Block>& blocks, const std::vector<std::size_t>& holder) const {
    const auto writer = static_cast<std::size_t>(writer_[edge]);
    for (const auto& [old, block] : block_of) {
      if (blocks[block].last != pass_end_.at(writer) || holder[block] != old || bytes(old) != bytes(edge)) continue;
      const bool is_free = std::all_of(readers_[old].begin(), readers_[old].end(), [&, old = old](std::size_t reader) {
        return step_[reader] < step_[writer] &&
               !(pass_begin_.at(reader) == pass_begin_.at(writer) && whole(reader, old));
      });
      if (is_free && !is_written_in(old, writer)) return block;
    }
    return blocks.size();
  }

  bool is_written_in(std::size_t edge, std::size_t node) const {
    return pass_begin_.at(static_cast<std::size_t>(writer_[edge])) == pass_begin_.at(node);
  }

  bool whole(std::size_t reader, std::size_t edge) const {
    const Node& node = graph_.nodes[reader];
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
      if (node.inputs[i] == edge && reads_text(node, i)) return true;
    }
    return false;
  }

  void place_texts() {
    std::vector<Block> blocks;
    std::vector<std::size_t> holder;              // the last edge in each block
    std::map<std::size_t, std::size_t> block_of;  // by edge
    std::vector<std::size_t> order;
    for (const C99Pass& pass : plan_.passes) order.insert(order.end(), pass.nodes.begin(), pass.nodes.end());
    for (const std::size_t n : order) {
      const std::size_t edge = graph_.nodes[n].outputs.front();
      if (plan_.edges[edge].kind != C99Place::text) continue;
      int last = pass_end_.at(n);
      for (const std::size_t reader : readers_[edge]) last = std::max(last, pass_end_.at(reader));
      const std::size_t block = block_before(edge, block_of, blocks, holder);
      if (block == blocks.size()) {
        blocks.push_back({rounded_up(bytes(edge)), pass_begin_.at(n), last});
        holder.push_back(edge);
      }
      blocks[block].last = last;
      holder[block] = edge;
      block_of[edge] = block;
    }
    const std::size_t n_edges = blocks.size();
    for (std::size_t n = 0; n < graph_.nodes.size(); ++n) {
      if (is_attention(graph_.nodes[n])) blocks.push_back({4, kNever, static_cast<int>(graph_.nodes.size())});
      if (blocks.size() > n_edges) break;
    }
    plan_.bytes_a_token = place(blocks);
    for (const auto& [edge, block] : block_of) plan_.edges[edge].offset = blocks[block].offset;
    if (blocks.size() > n_edges) plan_.scores_a_token = blocks.back().offset;
  }

  const Graph& graph_;
  std::vector<std::vector<std::size_t>> readers_;     // of each edge
  std::vector<int> writer_;                           // of each edge; -1: the caller
  std::vector<int> pass_;                             // of each node
  std::vector<bool> is_of_text_;                      // of each node: computes one row for the text
  std::vector<int> step_;                             // of each node in the order in which they are computed
  std::map<std::size_t, int> pass_begin_, pass_end_;  // steps, by node
  C99Plan plan_;
};

}  // namespace

bool reads_text(const Node& node, std::size_t i) {
  return node.kind->scope == Scope::summary || (is_attention(node) && i > 0);
}

C99Plan plan_c99(const Graph& graph) { return Planner(graph).plan(); }

}  // namespace ingot::compress
