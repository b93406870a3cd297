// Several objectives: who is dominated, and how much of the space a set of points dominates. All objectives are
// minimised.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace ingot::search {

using Losses = std::vector<double>;  // of one trial, one for each objective; not NaN

// 0 for points that no other dominates, 1 for those that only points of rank 0 dominate, and so on. Equal points share
// a rank. Ranks are told apart until at least n_needed points have one; the rest share the last.
std::vector<int> nondomination_ranks(std::span<const Losses> points, std::size_t n_needed);

// Volume of what the points dominate and that dominates the reference (While, Bradstreet, Barone: A Fast Way of
// Calculating Exact Hypervolumes, 2012). Points beyond the reference count nothing.
double hypervolume(std::vector<Losses> points, const Losses& reference);

// The reference point that belongs to points: a tenth worse than the worst in each objective.
Losses reference_point(std::span<const Losses> points);

// Chooses `count` points that together have a large hypervolume; returns their indices, ascending. The choice is
// greedy: each point adds the most to those before it, which reaches at least 1 - 1/e of the best possible (Guerreiro,
// Fonseca, Paquete: Greedy Hypervolume Subset Selection, 2016).
std::vector<std::size_t> select_by_hypervolume(std::span<const Losses> points, std::size_t count,
                                               const Losses& reference);

}  // namespace ingot::search
