// The widths of a whole model in integers as a search chooses them: an axis for each weight, each table and each edge
// between operations.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "compress/quantize/plan.h"
#include "pipeline/model_folder.h"
#include "pipeline/searches/format_space.h"

namespace ingot::pipeline {

// A tensor as plans name it.
struct PlanTensor {
  compress::PlanPart part;
  std::string layer;
  compress::Role role;
};

// Tensors that have one width: those of an edge, whichever layers name it.
struct WidthAxis {
  std::string name;      // in parameters
  std::string notation;  // in plans, with {width}
  std::vector<PlanTensor> tensors;
  std::vector<std::int64_t> widths;  // ascending
};

// A tensor and its format in the notation of plans.
struct TensorFormat {
  PlanTensor tensor;
  std::string format;
};

// Lists such as "4,6,8": of weights and tables, of edges, and of what residual sums add up. Scores and exponentials
// have lists of their own.
struct WholeWidths {
  std::string weights, edges, residuals;
};

// All axes of a model. Throws Error for a width that an operation does not take.
std::vector<WidthAxis> whole_axes(bert::Model& model, const WholeWidths& widths);

// The formats that a trial picks.
std::vector<TensorFormat> pick_formats(const std::vector<WidthAxis>& axes, const Pick& pick);

// Every parameter with its items, for a grid.
std::vector<std::pair<std::string, std::vector<search::Choice>>> grid_of(const std::vector<WidthAxis>& axes);

// A plan that `ingot quantize` reads: what the formats do not name is as `--integer-only` has it.
std::string whole_plan_text(const std::vector<TensorFormat>& formats);

// Turns formats into compressions. The fraction bits of a tensor depend on its own format alone, so each format is
// calibrated once, for all tensors.
class WholeQuantizers {
 public:
  // References are kept.
  WholeQuantizers(const CompressedModel& start, const std::vector<bert::Input>& batches);

  compress::Compression compression(const std::vector<TensorFormat>& formats);

 private:
  const compress::Compression& in(const std::string& format);

  const CompressedModel& start_;
  const std::vector<bert::Input>& batches_;
  std::map<std::string, compress::Compression> by_format_;  // "": as --integer-only has it
};

}  // namespace ingot::pipeline
