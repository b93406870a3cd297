#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "engine/base/rng.h"
#include "engine/base/threads.h"
#include "engine/kernels/gemm/table.h"
#include "engine/kernels/peak/fma_peak.h"
#include "engine/kernels/peak/table.h"

using namespace ingot::engine;
using namespace ingot::engine::kernels;
