// Searches whose objective costs nothing: the time is the sampler's.
#pragma once

namespace ingot::bench {

// CPU seconds of a TPE search over so many real parameters, on this thread.
double search_seconds(int n_parameters, int n_trials);

// CPU seconds of a suggestion of one of 40 parameters when about 100 trials are known, everything of the trials
// included.
double suggestion_seconds();

}  // namespace ingot::bench
