// A student that learns from the inside of a teacher: from its hidden states and its attention, beside what its head
// says (Jiao et al., TinyBERT, 2020, equations 7 to 9; Sun et al., MobileBERT, 2020, section 3.4).
#pragma once

#include <cstdint>

#include "bert/model.h"

namespace ingot::bert {

struct Imitation {
  const Model* teacher = nullptr;  // reads the student's token ids
  std::uint64_t fingerprint = 0;   // of its files
  double hidden_weight = 0, attention_weight = 0;
  // [teacher's hidden, student's hidden]: from states of the student to those of the teacher, learned with the student
  // and no part of it. Undefined where hidden_weight is 0.
  engine::Variable projection;
};

// A projection to begin with: ones on the diagonal, so that equal sizes begin without one.
engine::Variable new_projection(const Config& teacher, const Config& student);

// The layer of the teacher that a layer of the student learns from, both counted from 1: evenly, the last from the
// last. 0: the embeddings.
std::int64_t taught_by(std::int64_t layer, std::int64_t n_student_layers, std::int64_t n_teacher_layers);

// `loss` [1] and, each times its weight,
//   hidden:    the mean over embeddings and layers of the student's mean squared error, its states times the projection
//              against those of the teacher's layer (TinyBERT, equations 7 and 9, with one projection for all);
//   attention: the mean over layers of engine::attention_divergence.
// Both are means over the tokens of the input, and also times `share`. The teacher is run on the input, without dropout
// and gradients.
engine::Variable with_imitation(const engine::Variable& loss, const Imitation& imitation, const EncoderStates& student,
                                const Input& input, double share = 1);

}  // namespace ingot::bert
