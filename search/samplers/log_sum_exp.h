// ln of a sum of exponentials of which only the logarithms are known, in one pass.
#pragma once

#include <span>

namespace ingot::search {

class LogSumExp {
 public:
  void add(std::span<const double> logarithms);
  double value() const;  // -infinity for none

 private:
  double highest_ = -1e308;
  double sum_ = 0;  // of the exponentials, divided by that of highest_
};

}  // namespace ingot::search
