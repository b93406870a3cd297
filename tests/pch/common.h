// Compiled once for each program of tests: what nearly all of its files read.
#include <doctest/doctest.h>

#include "engine/pch/common.h"
