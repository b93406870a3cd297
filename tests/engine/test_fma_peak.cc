#include <doctest/doctest.h>

#include "engine/kernels/fma_peak/fma_peak.h"
#include "engine/kernels/fma_peak/table.h"
#include "tests/support/kernel_cases.h"

using namespace ingot::engine;
using namespace ingot::engine::kernels;

TEST_CASE("the chains of every instruction set run to their limit") {
  ingot::test::for_each_row(fma_peak_rows(), [](const FmaPeakRow& row) {
    CHECK(row.chains(0, 3.0f) == 3.0f);
    CHECK(row.chains(1, 3.0f) == 2.0f);
    CHECK(row.chains(100, 3.0f) == 1.0f);
  });
}

TEST_CASE("the peak is that of a computer") {
  for (const int n_threads : {1, 2}) {
    const double flops = fma_peak(n_threads);
    CHECK(flops > 1e8);
    CHECK(flops < 1e12 * n_threads);
  }
}
