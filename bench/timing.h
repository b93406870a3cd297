// Timing of programs that do the same work, in turns: a virtual machine's speed changes from one second to the next,
// and its neighbours steal time, so that only figures taken side by side can be compared.
#pragma once

#include <functional>
#include <utility>
#include <vector>

namespace ingot::bench {

double median(std::vector<double> values);  // of at least one value; the upper one of an even number
double spread(std::vector<double> values);  // interquartile range over the median

// Makes `calls` calls and returns the seconds of one.
using Sampler = std::function<double(int calls)>;
Sampler sampler(std::function<void()> run);

// What the rounds of one sampler gave, oldest first.
struct Series {
  std::vector<double> seconds;  // of a call
  std::vector<double> limits;   // fma_peak just before, FLOP/s
};

// Every round takes one slice of each sampler, of about slice_seconds or one call, just after an fma_peak of n_threads;
// each round begins with another sampler. One call of each, unmeasured, goes before.
std::vector<Series> take_turns(int rounds, double slice_seconds, int n_threads, const std::vector<Sampler>& samplers);

// For each round: the share of the arithmetic limit of a call of `flops` operations, and how often `own` fits into
// `other`.
std::vector<double> shares(double flops, const Series& series);
std::vector<double> ratios(const Series& own, const Series& other);

// The fastest call against the highest limit: what a machine that others use too would give alone.
double best_share(double flops, const Series& series);

// Work done in parts, one after another: seconds add up, and so do the operations that the limits would have allowed.
Series sum(const std::vector<Series>& parts);

}  // namespace ingot::bench
