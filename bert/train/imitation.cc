#include "bert/train/imitation.h"

#include <algorithm>

#include "engine/autograd/attention_divergence.h"
#include "engine/autograd/matmul.h"
#include "engine/autograd/soft_loss.h"

namespace ingot::bert {
namespace {

using engine::Variable;

EncoderStates states_of(const Model& model, const Input& input) {
  const engine::NoGradient no_gradient;
  engine::DropoutStreams off;
  EncoderStates states;
  model.encode(input, off, &states);
  return states;
}

}  // namespace

Variable new_projection(const Config& teacher, const Config& student) {
  const engine::Tensor ones = engine::Tensor::zeros({teacher.hidden_size, student.hidden_size});
  for (std::int64_t i = 0; i < std::min(teacher.hidden_size, student.hidden_size); ++i)
    ones.data()[i * student.hidden_size + i] = 1;
  return Variable(ones, true);
}

std::int64_t taught_by(std::int64_t layer, std::int64_t n_student_layers, std::int64_t n_teacher_layers) {
  if (layer == 0) return 0;
  const std::int64_t nearest = (2 * layer * n_teacher_layers + n_student_layers) / (2 * n_student_layers);
  return std::max<std::int64_t>(1, nearest);
}

Variable with_imitation(const Variable& loss, const Imitation& imitation, const EncoderStates& student,
                        const Input& input, double share) {
  const EncoderStates teacher = states_of(*imitation.teacher, input);
  const std::int64_t n_layers = std::ssize(student.attention), n_teacher_layers = std::ssize(teacher.attention);
  const auto hidden_share = static_cast<float>(share * imitation.hidden_weight / static_cast<double>(n_layers + 1));
  const auto attention_share = static_cast<float>(share * imitation.attention_weight / static_cast<double>(n_layers));
  Variable sum = loss;
  for (std::int64_t layer = 0; layer <= n_layers; ++layer) {
    const auto own = static_cast<std::size_t>(layer);
    const auto other = static_cast<std::size_t>(taught_by(layer, n_layers, n_teacher_layers));
    if (hidden_share > 0) {
      const Variable mapped = engine::linear(student.hidden[own], imitation.projection, Variable());
      sum = engine::mixed(sum, 1, engine::squared_error(mapped, teacher.hidden[other].value().span()), hidden_share);
    }
    if (attention_share > 0 && layer > 0) {
      const Variable divergence =
          engine::attention_divergence(student.attention[own - 1], teacher.attention[other - 1], *input.sequences);
      sum = engine::mixed(sum, 1, divergence, attention_share);
    }
  }
  return sum;
}

}  // namespace ingot::bert
