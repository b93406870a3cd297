// Compiled once for each library: what nearly all of its files read. Headers of ours in it have include guards in place
// of #pragma once, which a younger file of the same text would pass (a cache of compilations, another branch).
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/error.h"
#include "engine/io/json.h"
