// What hardware is made of: integer graphs (compress/integer/graph.h), as far as they are chains.
#pragma once

#include "compress/integer/graph.h"
#include "compress/integer/operation.h"

namespace ingot::hw {

using compress::Edge, compress::FixedPoint, compress::Graph, compress::Layer, compress::Node, compress::Parallelism,
    compress::Vectors;
using compress::graph_of, compress::layers, compress::to_json;

}  // namespace ingot::hw
