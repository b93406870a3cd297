// What a step of a training should learn from, and its loss.
#pragma once

#include <string>
#include <vector>

#include "tests/oracle/model.h"
#include "tests/oracle/problem.h"

namespace ingot::oracle {

// Texts that go through the model together, and what is asked of them.
struct Asked {
  bert::Input input;
  std::vector<std::int32_t> labels;  // of each row of the outputs; below 0: none
  std::vector<float> numbers, taught;
  std::vector<std::uint8_t> answered;
  double n_pairs = 1;
};

// The input of a problem by itself.
Asked asked_alone(const Problem& p);

// The texts of a step, all in one, however the engine cuts them. Where the loss compares texts, one for each batch.
std::vector<Asked> asked_in_step(const Problem& p, std::int64_t step);

// The steps of an epoch.
std::int64_t steps_per_epoch(const Problem& p);

template <class Real>
Number<Real> head_loss(const Problem& p, const Rows<Real>& outputs, const Asked& asked) {
  const std::string_view task = p.model.config.head->task;
  if (task == "multi-label" || task == "regression") {
    Rows<Real> rows;
    std::vector<float> numbers;
    const auto n = static_cast<std::ptrdiff_t>(outputs[0].size());
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      if (asked.answered[i] == 0) continue;
      rows.push_back(outputs[i]);
      const auto at = asked.numbers.begin() + static_cast<std::ptrdiff_t>(i) * n;
      numbers.insert(numbers.end(), at, at + n);
    }
    return task == "regression" ? squared_error<Real>(rows, numbers) : binary_cross_entropy<Real>(rows, numbers);
  }
  if (task == "embedding") return ranking_loss(outputs);
  return cross_entropy<Real>(outputs, asked.labels, p.class_weights, p.smoothing);
}

// By what a teacher puts out. Losses that are linear in their targets take the mixture of both.
template <class Real>
Number<Real> lesson_loss(const Problem& p, const Rows<Real>& outputs, const Asked& asked) {
  const std::string_view task = p.model.config.head->task;
  if (task == "single-label")
    return distillation_loss<Real>(outputs, asked.labels, asked.taught, p.taught_weight, p.temperature);
  const std::size_t n = outputs[0].size();
  Number<Real> total = 0;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    std::vector<float> own(n), said(n);
    for (std::size_t c = 0; c < n; ++c) {
      own[c] = asked.numbers[i * n + c];
      const double z = asked.taught[i * n + c];
      said[c] = static_cast<float>(task == "multi-label" ? 1 / (1 + std::exp(-z)) : z);
    }
    const auto loss = [&](const std::vector<float>& targets) {
      return task == "multi-label" ? binary_cross_entropy<Real>({outputs[i]}, targets)
                                   : squared_error<Real>({outputs[i]}, targets);
    };
    const double share = asked.answered[i] != 0 ? p.taught_weight : 1;
    total = total + share * loss(said);
    if (share < 1) total = total + (1 - share) * loss(own);
  }
  return total / static_cast<Real>(outputs.size());
}

// Jiao et al. 2020 (TinyBERT), equations 7 and 9: squared errors of the mapped states. Sun et al. 2020 (MobileBERT),
// section 3.4: KL(teacher || student) of the probabilities, here the means over as many groups of heads as both have.
template <class Real>
Number<Real> imitation_loss(const Problem& p, const Model<Real>& own, const Model<Real>& teacher,
                            const Row<Real>& projection) {
  const std::size_t n_layers = own.attention.size(), n_other = teacher.attention.size();
  Number<Real> total = 0;
  for (std::size_t layer = 0; layer <= n_layers; ++layer) {
    const std::size_t nearest = (2 * layer * n_other + n_layers) / (2 * n_layers);
    const std::size_t other = layer == 0 ? 0 : std::max<std::size_t>(1, nearest);
    if (p.hidden_weight > 0) {
      const Rows<Real>&x = own.hidden[layer], &y = teacher.hidden[other];
      Number<Real> squares = 0;
      for (std::size_t i = 0; i < x.size(); ++i) {
        for (std::size_t j = 0; j < y[i].size(); ++j) {
          Number<Real> mapped = 0;
          for (std::size_t k = 0; k < x[i].size(); ++k) mapped = mapped + projection[j * x[i].size() + k] * x[i][k];
          squares = squares + (mapped - y[i][j]) * (mapped - y[i][j]);
        }
      }
      const auto n = static_cast<double>(y.size() * y[0].size() * (n_layers + 1));
      total = total + p.hidden_weight / n * squares;
    }
    if (p.attention_weight == 0 || layer == 0) continue;
    const auto &a = own.attention[layer - 1], &b = teacher.attention[other - 1];
    const std::size_t n_groups = std::gcd(a.size(), b.size()), n_tokens = a[0].size();
    const auto mean = [&](const std::vector<Rows<Real>>& heads, std::size_t group, std::size_t token, std::size_t key) {
      const std::size_t n = heads.size() / n_groups;
      Number<Real> sum = 0;
      for (std::size_t head = group * n; head < (group + 1) * n; ++head) sum = sum + heads[head][token][key];
      return sum / static_cast<Real>(n);
    };
    for (std::size_t group = 0; group < n_groups; ++group) {
      for (std::size_t token = 0; token < n_tokens; ++token) {
        for (std::size_t key = 0; key < a[0][token].size(); ++key) {
          const Number<Real> said = mean(b, group, token, key), given = mean(a, group, token, key);
          const auto n = static_cast<double>(n_groups * n_tokens * n_layers);
          total = total + p.attention_weight / n * said * (log(said) - log(given));
        }
      }
    }
  }
  return total;
}

// `outputs` become those of the last texts.
template <class Real>
Number<Real> step_loss(const Problem& p, Model<Real>& model, const std::vector<Asked>& all, const Row<Real>& projection,
                       Rows<Real>& outputs) {
  Number<Real> own = 0, imitated = 0;
  double n_pairs = 0, n_tokens = 0;
  for (const Asked& asked : all) {
    const Rows<Real> hidden = model.encode(asked.input);
    const bool has_answers = std::count(asked.answered.begin(), asked.answered.end(), 0) < std::ssize(asked.answered);
    Number<Real> loss = 0, inside = 0;
    if (p.taught_weight > 0) {
      outputs = model.outputs(hidden, asked.input);
      loss = lesson_loss<Real>(p, outputs, asked);
    } else if (has_answers) {
      outputs = model.outputs(hidden, asked.input);
      loss = head_loss<Real>(p, outputs, asked);
    }
    if (p.teacher) {
      Model<Real> teacher(*p.teacher, false);
      teacher.encode(asked.input);
      inside = imitation_loss<Real>(p, model, teacher, projection);
    }
    const auto n = static_cast<double>(asked.input.ids.size());
    own = own + asked.n_pairs * loss, imitated = imitated + n * inside;
    n_pairs += asked.n_pairs, n_tokens += n;
  }
  return own / n_pairs + imitated / n_tokens;
}

}  // namespace ingot::oracle
