// How far the attention of one model is from that of another: a loss for students of a teacher.
#pragma once

#include "engine/autograd/attention.h"

namespace ingot::engine {

// The mean over queries and groups of heads of KL(teacher || student), the attention of a query in a group being the
// mean of the probabilities of its heads -> [1]. There are as many groups as the greatest common divisor of the numbers
// of heads, each of heads side by side: with equal numbers each head learns from its own, as in MobileBERT (Sun et al.
// 2020, section 3.4) and MiniLM (Wang et al. 2020, equation 2); else the groups are the finest that both models have.
// Sizes of heads may differ. No gradient goes to the teacher. Probabilities are made for one group of a sequence at a
// time. Throws Error for shapes that do not fit, and for sequences with hidden keys.
Variable attention_divergence(const QueryAndKey& student, const QueryAndKey& teacher, const Sequences& sequences);

}  // namespace ingot::engine
