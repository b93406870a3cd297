// A loop that takes the same work each time, to tell a slow machine from a slow program.
extern "C" double ingot_multiply_adds(long n) {
  constexpr int kChains = 64;
  double sums[kChains] = {};
  for (long i = 0; i < n / kChains; ++i) {
    for (int k = 0; k < kChains; ++k) sums[k] = sums[k] * 0.999999 + 1e-6;
  }
  double sum = 0;
  for (const double x : sums) sum += x;
  return sum;
}
