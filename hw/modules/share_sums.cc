// Which partial sums are computed once: a greedy search, as Hartley has it for filters (Subexpression Sharing in
// Filters Using Canonic Signed Digit Multipliers, 1996), over all rows and inputs of a matrix.
//
// A row is a list of terms, sign * (node << shift), at first the signed digits of its weights. A pattern is two terms
// up to a common shift and sign: a + sign * (b << distance). The pattern that saves most becomes an adder; where it
// occurs, a term of the new node takes the place of the two. This is repeated until no pattern occurs twice. Then each
// row adds what is left of it, and its bias, in a tree.
//
// Greedy choices depend on what counts as saving, on the order of equals, and on which signed digits of a weight are
// taken (3 is 4 - 1 or 2 + 1). So small matrices are tried many times with choices drawn at random, and the graph with
// the fewest bits is kept. The numbers drawn are always the same, and so is the graph.
#include <algorithm>
#include <optional>
#include <queue>
#include <tuple>
#include <unordered_map>

#include "engine/base/rng.h"
#include "hw/modules/adder_graph.h"

namespace ingot::hw {
namespace {

using Row = std::vector<Addend>;

// a + sign * (b << distance), where a is the term that is shifted less; of terms shifted alike, that of the lower node.
struct Pattern {
  int a, b, distance;
  bool is_difference;

  std::uint64_t key() const {
    return static_cast<std::uint64_t>(a) << 40 | static_cast<std::uint64_t>(b) << 16 |
           static_cast<std::uint64_t>(distance) << 1 | std::uint64_t{is_difference};
  }
  Adder adder() const { return {{a, 0, false}, {b, distance, is_difference}}; }
};

bool comes_first(const Addend& u, const Addend& v) { return std::tie(u.shift, u.node) < std::tie(v.shift, v.node); }

Pattern pattern_of(const Addend& u, const Addend& v) {
  const Addend &a = comes_first(u, v) ? u : v, &b = comes_first(u, v) ? v : u;
  return {a.node, b.node, b.shift - a.shift, a.is_negative != b.is_negative};
}

// Appends the canonical signed digits of a weight times an input: of two neighbours one is 0. With some chance 1 0 -1
// becomes 0 1 1, which has as many that are not 0.
void append_digits(Row& row, std::int64_t weight, int input, double chance, engine::Rng& rng) {
  std::vector<int> digits;
  for (std::int64_t rest = weight; rest != 0; rest /= 2) {
    digits.push_back(rest % 2 == 0 ? 0 : (rest & 3) == 1 ? 1 : -1);
    rest -= digits.back();
  }
  for (std::size_t i = 2; i < digits.size(); ++i) {
    if (digits[i] == 0 || digits[i - 1] != 0 || digits[i - 2] != -digits[i]) continue;
    if (chance > 0 && rng.uniform() < chance) {
      digits[i - 1] = digits[i - 2] = digits[i];
      digits[i] = 0;
    }
  }
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (digits[i] != 0) row.push_back({input, static_cast<int>(i), digits[i] < 0});
  }
}

class Search {
 public:
  // Attempt 0 draws nothing.
  Search(const Matrix& matrix, int attempt)
      : attempt_(attempt), rng_(static_cast<std::uint64_t>(attempt)), graph_(matrix.k, matrix.input) {
    const double chance = attempt % 2 == 0 ? 0 : 0.3;
    for (std::size_t j = 0; j < matrix.n; ++j) {
      Row& row = rows_.emplace_back();
      for (std::size_t p = 0; p < matrix.k; ++p)
        append_digits(row, matrix.weights[j * matrix.k + p], static_cast<int>(p), chance, rng_);
    }
  }

  AdderGraph run(std::span<const std::int64_t> bias) {
    for (const Row& row : rows_) {
      for (std::size_t i = 0; i < row.size(); ++i) count(row, i, row[i], 1);
    }
    while (const std::optional<Pattern> best = most_saving()) share(*best);
    for (std::size_t j = 0; j < rows_.size(); ++j) {
      if (bias[j] != 0) rows_[j].push_back(graph_.constant(bias[j]));
      graph_.add_output(sum(rows_[j]));
    }
    make_positive();
    return std::move(graph_);
  }

 private:
  struct Occurrences {
    Pattern pattern{};
    int n = 0, bits = 0;
  };
  struct Candidate {
    int saving;
    std::uint64_t order;
    int n;
    std::uint64_t key;
    bool operator<(const Candidate& o) const { return std::tie(saving, order) < std::tie(o.saving, o.order); }
  };

  // Counts the patterns of a term with the first n terms of the row, once more or once less.
  void count(const Row& row, std::size_t n, const Addend& term, int difference) {
    for (std::size_t i = 0; i < n; ++i) {
      const Pattern pattern = pattern_of(row[i], term);
      const std::uint64_t key = pattern.key();
      Occurrences& found = counts_[key];
      if (found.bits == 0) found = {pattern, 0, graph_.bits(pattern.adder())};
      found.n += difference;
      if (difference > 0) offer(key, found);
    }
  }

  void offer(std::uint64_t key, const Occurrences& found) {
    if (found.n < 2) return;
    const std::uint64_t order = attempt_ == 0 ? ~key : std::uint64_t{rng_.bits()};
    queue_.push({saving(found), order, found.n, key});
  }

  // The bits of the adders that are saved; or, what also leads to good graphs, those of them where both addends are, or
  // the number of adders alone.
  int saving(const Occurrences& found) const {
    const Pattern& p = found.pattern;
    const int common = std::min(graph_.at(p.a).width, graph_.at(p.b).width + p.distance) - p.distance;
    const int rules[] = {(found.n - 1) * found.bits, (found.n - 1) * std::max(common, 1), found.n};
    return rules[attempt_ % 3];
  }

  // The queue also holds what was counted earlier: each pattern that has become rarer is offered again.
  std::optional<Pattern> most_saving() {
    while (!queue_.empty()) {
      const Candidate best = queue_.top();
      queue_.pop();
      const Occurrences& found = counts_[best.key];
      if (found.n == best.n) return found.pattern;
      if (found.n < best.n) offer(best.key, found);
    }
    return std::nullopt;
  }

  void share(const Pattern& pattern) {
    const int node = graph_.add(pattern.adder());
    for (Row& row : rows_) {
      for (std::size_t i = 0; i < row.size();) i = replace(row, i, pattern, node) ? 0 : i + 1;
    }
  }

  // Replaces term i and its partner, if they are the pattern.
  bool replace(Row& row, std::size_t i, const Pattern& pattern, int node) {
    const Addend a = row[i];
    if (a.node != pattern.a) return false;
    const auto is_partner = [&](const Addend& b) {
      return b.node == pattern.b && b.shift == a.shift + pattern.distance &&
             b.is_negative == (a.is_negative != pattern.is_difference);
    };
    const auto partner = std::find_if(row.begin(), row.end(), is_partner);
    if (partner == row.end()) return false;
    const std::size_t j = static_cast<std::size_t>(partner - row.begin());
    remove(row, std::max(i, j));
    remove(row, std::min(i, j));
    const Addend term{node, a.shift, a.is_negative};
    count(row, row.size(), term, 1);
    row.push_back(term);
    return true;
  }

  void remove(Row& row, std::size_t i) {
    const Addend term = row[i];
    row[i] = row.back();
    row.pop_back();
    count(row, row.size(), term, -1);
  }

  // Adds the terms of a row: at each step the pair whose sum has the lowest level, of those that with the fewest bits.
  Addend sum(Row row) {
    while (row.size() > 1) {
      std::tuple<int, int, std::size_t, std::size_t> best{1 << 30, 0, 0, 0};
      for (std::size_t i = 0; i < row.size(); ++i) {
        for (std::size_t j = i + 1; j < row.size(); ++j) {
          const int level = std::max(graph_.at(row[i].node).level, graph_.at(row[j].node).level);
          if (level > std::get<0>(best)) continue;
          best = std::min(best, {level, graph_.bits(pattern_of(row[i], row[j]).adder()), i, j});
        }
      }
      const std::size_t i = std::get<2>(best), j = std::get<3>(best);
      const Addend pair = sum(row[i], row[j], row.size() == 2);
      row.erase(row.begin() + static_cast<std::ptrdiff_t>(j));
      row[i] = pair;
    }
    return row.empty() ? Addend{} : row.front();
  }

  // The last sum of a row is positive unless both addends are negative, at the price of the bits that would pass.
  Addend sum(const Addend& u, const Addend& v, bool is_last) {
    const Addend &a = comes_first(u, v) ? u : v, &b = comes_first(u, v) ? v : u;
    if (is_last && a.is_negative && !b.is_negative)
      return {graph_.add({{b.node, b.shift - a.shift, false}, {a.node, 0, true}}), a.shift, false};
    return {graph_.add(pattern_of(u, v).adder()), a.shift, a.is_negative};
  }

  // An output that is negative takes an adder more, unless its last difference can be turned.
  void make_positive() {
    const std::vector<Addend> outputs = graph_.outputs();
    for (const Addend& output : outputs) {
      if (!output.is_negative) continue;
      AdderGraph turned = graph_;
      if (turned.turn(output.node) && turned.bits() < graph_.bits()) graph_ = std::move(turned);
    }
  }

  const int attempt_;
  engine::Rng rng_;
  AdderGraph graph_;
  std::vector<Row> rows_;
  std::unordered_map<std::uint64_t, Occurrences> counts_;
  std::priority_queue<Candidate> queue_;
};

// So many that they take about a second.
int n_attempts(const Matrix& matrix) {
  engine::Rng unused(0);
  Row terms;
  for (const std::int32_t weight : matrix.weights) append_digits(terms, weight, 0, 0, unused);
  return terms.size() > 4096 ? 1 : static_cast<int>(std::min<std::size_t>(60'000 / (terms.size() + 1), 600));
}

}  // namespace

AdderGraph share_sums(const Matrix& matrix) {
  AdderGraph best = Search(matrix, 0).run(matrix.bias);
  for (int attempt = 1; attempt < n_attempts(matrix); ++attempt) {
    AdderGraph graph = Search(matrix, attempt).run(matrix.bias);
    if (graph.bits() < best.bits()) best = std::move(graph);
  }
  return best;
}

}  // namespace ingot::hw
