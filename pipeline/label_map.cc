#include "pipeline/label_map.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <functional>
#include <optional>
#include <set>

#include "data/spellings.h"
#include "engine/base/error.h"

namespace ingot::pipeline {
namespace {

using Names = std::vector<std::string>;

std::optional<std::int32_t> number_of(const std::string& name) {
  std::int32_t value = 0;
  const char* const end = name.data() + name.size();
  const auto [rest, error] = std::from_chars(name.data(), end, value);
  return error == std::errc() && rest == end ? std::optional(value) : std::nullopt;
}

constexpr std::string_view kDefault = "label_";  // Hugging Face's names without others: LABEL_0, LABEL_1 ...

std::string trimmed(const std::string& name) {
  std::string form = data::lower_case(name);
  form.erase(0, form.find_first_not_of(" \t"));
  form.erase(form.find_last_not_of(" \t") + 1);
  return form;
}

// n of LABEL_n.
std::optional<std::int32_t> default_place(const std::string& name) {
  const std::string form = trimmed(name);
  return form.starts_with(kDefault) ? number_of(form.substr(kDefault.size())) : std::nullopt;
}

std::string plain(const std::string& name) {
  const std::string form = trimmed(name);
  return default_place(form) ? form.substr(kDefault.size()) : form;
}

// The index among the model's labels, or nothing.
using Rule = std::function<std::optional<std::int32_t>(const std::string& name, const Names& model)>;

std::optional<std::int32_t> only_one(const Names& model, const std::function<bool(const std::string&)>& is_it) {
  const auto found = std::find_if(model.begin(), model.end(), is_it);
  if (found == model.end() || std::any_of(found + 1, model.end(), is_it)) return std::nullopt;
  return static_cast<std::int32_t>(found - model.begin());
}

std::optional<std::int32_t> same(const std::string& name, const Names& model) {
  return only_one(model, [&](const std::string& other) { return other == name; });
}

std::optional<std::int32_t> same_when_plain(const std::string& name, const Names& model) {
  return only_one(model, [&](const std::string& other) { return plain(other) == plain(name); });
}

std::optional<std::int32_t> by_order(const std::string& name, const Names& model) {
  const std::optional<std::int32_t> number = number_of(name);
  const bool has_numbers = std::any_of(model.begin(), model.end(), [](const std::string& n) { return number_of(n); });
  if (has_numbers || !number || *number < 0 || *number >= std::ssize(model)) return std::nullopt;
  return number;
}

std::optional<std::int32_t> same_boolean(const std::string& name, const Names& model) {
  const std::optional<data::Boolean> boolean = data::as_boolean(name);
  if (!boolean || !data::boolean_pair(model)) return std::nullopt;
  return only_one(model, [&](const std::string& other) {
    const data::Boolean own = data::as_boolean(other).value();
    const bool one_is_a_number = (boolean->pair == data::kNumberPair) != (own.pair == data::kNumberPair);
    return own.value == boolean->value && one_is_a_number;
  });
}

// For every label another one, or nothing.
std::optional<std::vector<std::int32_t>> matched(const Names& data, const Names& model, const Rule& rule) {
  std::vector<std::int32_t> numbers;
  for (const std::string& name : data) {
    const std::optional<std::int32_t> number = rule(name, model);
    if (!number) return std::nullopt;
    numbers.push_back(*number);
  }
  const std::set<std::int32_t> different(numbers.begin(), numbers.end());
  return different.size() == numbers.size() ? std::optional(numbers) : std::nullopt;
}

std::string pairs(const Names& data, const Names& model, const std::vector<std::int32_t>& numbers) {
  std::string text;
  for (std::size_t i = 0; i < data.size() && i < 10; ++i) {
    text += fmt::format("{}{} is {}", i > 0 ? ", " : "", data[i], model[static_cast<std::size_t>(numbers[i])]);
  }
  return text + (data.size() > 10 ? ", ..." : "");
}

// LABEL_n is place n; a model whose own names are other numbers would be matched by name, against that.
void check_places(const Names& data, const Names& model, const std::vector<std::int32_t>& numbers) {
  for (std::size_t i = 0; i < data.size(); ++i) {
    const std::string& own = model[static_cast<std::size_t>(numbers[i])];
    const std::optional<std::int32_t> place = default_place(data[i]);
    if (!place || default_place(own) || *place == numbers[i]) continue;
    engine::fail(
        "label '{}' of the data must be place {} of the model's labels ({}), where the label {} is place {}: give the "
        "data the model's own labels",
        data[i], *place, fmt::join(model, ", "), own, numbers[i]);
  }
}

}  // namespace

LabelMap map_labels(const Names& data, const Names& model) {
  if (const auto numbers = matched(data, model, same)) return {*numbers, ""};
  const auto plain_names = [&](const std::vector<std::int32_t>& numbers) {
    return LabelMap{numbers, fmt::format("labels of the data and the model's: {}", pairs(data, model, numbers))};
  };
  if (const auto numbers = matched(data, model, same_when_plain)) {
    check_places(data, model, *numbers);
    return plain_names(*numbers);
  }
  const auto booleans = matched(data, model, same_boolean);
  if (const auto numbers = matched(data, model, by_order)) {
    engine::require(!booleans || *booleans == *numbers,
                    "labels of the data ({}) are other labels of the model ({}) as places in its order than as "
                    "booleans: give the data the model's own labels",
                    fmt::join(data, ", "), fmt::join(model, ", "));
    return {*numbers, fmt::format("labels of the data are taken as places in the model's order: {}",
                                  pairs(data, model, *numbers))};
  }
  if (booleans) return plain_names(*booleans);
  const auto unknown = std::find_if(data.begin(), data.end(), [&](const auto& name) { return !same(name, model); });
  engine::fail("label '{}' of the data is not among the {} labels of the model ({})",
               unknown == data.end() ? "" : *unknown, model.size(), fmt::join(model, ", "));
}

namespace {

std::vector<std::int32_t> renumbered(std::span<const std::int32_t> labels, const LabelMap& map) {
  std::vector<std::int32_t> all;
  all.reserve(labels.size());
  for (const std::int32_t label : labels)
    all.push_back(label < 0 ? label : map.numbers[static_cast<std::size_t>(label)]);
  return all;
}

}  // namespace

RenumberedPart::RenumberedPart(const bert::TokenPart& part, data::Answers answers, const Names& names,
                               const Names& model)
    : part_(part) {
  if (names == model || answers == data::Answers::none) return;
  if (answers == data::Answers::numbers && names.size() == 1 && model.size() == 1) return;
  const LabelMap map = map_labels(names, model);
  note_ = map.note;
  part_.labels = labels_ = renumbered(part.labels, map);
  if (!part.tags.empty()) part_.tags = tags_ = renumbered(part.tags, map);
  if (part.numbers.empty()) return;
  engine::require(answers != data::Answers::numbers || names.size() == model.size(),
                  "labels: the model learned {} numbers ({}), the data has {}", model.size(), fmt::join(model, ", "),
                  names.size());
  numbers_.assign(part.size() * model.size(), 0);
  for (std::size_t i = 0; i < part.size(); ++i) {
    for (std::size_t j = 0; j < names.size(); ++j)
      numbers_[i * model.size() + static_cast<std::size_t>(map.numbers[j])] = part.numbers_of(i)[j];
  }
  part_.numbers = numbers_;
}

}  // namespace ingot::pipeline
