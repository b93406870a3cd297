// Mutations of JSON as a tree, by a library that is not the reader under test.
#include <algorithm>
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <vector>

#include "tests/fuzz/mutations.h"

namespace ingot::fuzz {
namespace {

using Tree = nlohmann::ordered_json;

constexpr std::size_t kMostNodes = 4000;

// All values, those that hold others before what they hold.
void collect(Tree& tree, std::vector<Tree*>& nodes) {
  if (nodes.size() >= kMostNodes) return;
  nodes.push_back(&tree);
  if (tree.is_structured())
    for (Tree& child : tree) collect(child, nodes);
}

Tree extreme_number(Rng& rng) {
  const double reals[] = {0.0, -0.0, 0.5, -1.5, 1e-320, 1e308, -1e308, 4294967296.5, 0.1, 1e18, 1e-7};
  const std::int64_t integers[] = {0,
                                   1,
                                   -1,
                                   2,
                                   3,
                                   7,
                                   8,
                                   16,
                                   64,
                                   255,
                                   256,
                                   1024,
                                   65535,
                                   65536,
                                   1 << 24,
                                   2147483647,
                                   -2147483648ll,
                                   4294967295ll,
                                   4294967296ll,
                                   9007199254740993ll,
                                   std::numeric_limits<std::int64_t>::max(),
                                   std::numeric_limits<std::int64_t>::min()};
  if (rng.below(4) == 0) return reals[rng.below(std::size(reals))];
  if (rng.below(16) == 0) return std::numeric_limits<std::uint64_t>::max() - rng.below(2);
  return integers[rng.below(std::size(integers))];
}

Tree extreme_text(Rng& rng) {
  const std::string texts[] = {"",
                               " ",
                               "a",
                               "..",
                               "/",
                               "../x",
                               "x/y",
                               "{}",
                               "%n%s",
                               "\n",
                               "\r",
                               "\t",
                               std::string("a\0b", 3),
                               "\x1b[31m",
                               "\xc2\x85",
                               "\xe2\x80\xae",
                               "\xef\xbf\xbd",
                               "\xf0\x9f\x92\xa1",
                               "NaN",
                               "-1",
                               "1e999",
                               "*",
                               "[",
                               std::string(300, 'x'),
                               std::string(40, '(')};
  return texts[rng.below(std::size(texts))];
}

Tree random_value(Rng& rng) {
  switch (rng.below(6)) {
    case 0:
      return nullptr;
    case 1:
      return rng.below(2) == 0;
    case 2:
      return extreme_text(rng);
    case 3:
      return rng.below(2) == 0 ? Tree::array() : Tree::object();
    default:
      return extreme_number(rng);
  }
}

void nest(Tree& node, Rng& rng) {
  const std::uint64_t levels = rng.below(8) == 0 ? 70 : 1;
  for (std::uint64_t i = 0; i < levels; ++i)
    node = rng.below(2) == 0 ? Tree::array({node}) : Tree::object({{"a", node}});
}

void change_scalar(Tree& node, Rng& rng) {
  if (node.is_string()) {
    node = mutated_bytes(node.get<std::string>(), rng);
  } else if (node.is_number_integer() && !node.is_number_unsigned()) {
    const auto value = static_cast<std::uint64_t>(node.get<std::int64_t>());
    node = static_cast<std::int64_t>(rng.below(2) == 0 ? value + rng.below(5) - 2 : value << rng.below(8));
  } else if (node.is_number_unsigned()) {
    const auto value = node.get<std::uint64_t>();
    node = rng.below(2) == 0 ? value + rng.below(5) - 2 : value << rng.below(8);
  } else if (node.is_number_float()) {
    node = node.get<double>() * (rng.below(2) == 0 ? -1.0 : 1e10);
  } else {
    node = random_value(rng);
  }
}

// Removes, repeats, or renames something that the node holds.
void change_children(Tree& node, const Tree& other, Rng& rng) {
  const auto child = [&] { return std::next(node.begin(), static_cast<std::ptrdiff_t>(rng.below(node.size()))); };
  const std::uint64_t kind = rng.below(4);
  if (kind == 0 && !node.empty()) {
    node.erase(child());
  } else if (node.is_array()) {
    const std::uint64_t copies = rng.below(16) == 0 ? 40 : 1;
    for (std::uint64_t i = 0; i < copies; ++i) node.insert(node.empty() ? node.begin() : child(), other);
  } else if (kind == 1 && !node.empty()) {
    const auto at = child();
    const std::string name = at.key();
    const Tree value = at.value();
    node.erase(at);
    node[mutated_bytes(name, rng)] = value;
  } else {
    node[extreme_text(rng).get<std::string>()] = other;
  }
}

void mutate(Tree& tree, Rng& rng) {
  std::vector<Tree*> nodes;
  collect(tree, nodes);
  Tree& node = *nodes[rng.below(nodes.size())];
  const Tree other = *nodes[rng.below(nodes.size())];
  switch (rng.below(7)) {
    case 0:
      node = random_value(rng);
      break;
    case 1:
      node = other;
      break;
    case 2:
      nest(node, rng);
      break;
    case 3:
    case 4:
      if (node.is_structured()) return change_children(node, other, rng);
      [[fallthrough]];
    default:
      change_scalar(node, rng);
  }
}

}  // namespace

std::string mutated_json(std::string text, Rng& rng) {
  Tree tree = Tree::parse(text, nullptr, false);
  if (tree.is_discarded()) return mutated_bytes(std::move(text), rng);
  for (std::uint64_t n = 1 + rng.below(3); n > 0; --n) mutate(tree, rng);
  text = tree.dump(-1, ' ', rng.below(2) == 0, Tree::error_handler_t::replace);
  return rng.below(16) == 0 ? mutated_bytes(std::move(text), rng) : text;
}

}  // namespace ingot::fuzz
