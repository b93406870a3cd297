#include "data/labels.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

#include "data/utf8.h"
#include "engine/base/error.h"

namespace ingot::data {
using engine::require;

namespace {

std::optional<std::int64_t> as_integer(std::string_view name) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), value);
  if (error != std::errc() || end != name.data() + name.size()) return std::nullopt;
  return value;
}

// Of digits: not the words inf and nan.
std::optional<double> as_number(std::string_view name) {
  double value = 0;
  if (name.find_first_of("0123456789") == name.npos) return std::nullopt;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), value);
  if (error != std::errc() || end != name.data() + name.size()) return std::nullopt;
  return value;
}

// "1" for 1.0 and 1e0; whole numbers stay as they are written.
std::string whole(const std::string& name) {
  if (as_integer(name)) return name;
  const std::optional<double> value = as_number(name);
  if (!value || std::trunc(*value) != *value || std::abs(*value) > 9e15) return name;
  return std::to_string(static_cast<std::int64_t>(*value));
}

}  // namespace

std::int32_t LabelTable::add(const std::string& label, const std::string& file, std::size_t line) {
  const auto [found, is_new] = found_.try_emplace(label, Found{static_cast<std::int32_t>(found_.size()), file, line});
  require(found_.size() <= kMostLabels,
          "{}: line {}: there must be at most {} different labels; is another column the "
          "label?",
          file, line, kMostLabels);
  return found->second.number;
}

void LabelTable::check_whole() const {
  const Found* real = nullptr;
  std::string value;
  for (const auto& [name, found] : found_) {
    const std::optional<double> number = as_number(name);
    const bool is_real = !as_integer(name) && std::trunc(*number) != *number;
    if (!is_real || (real != nullptr && real->line <= found.line)) continue;
    real = &found;
    value = name;
  }
  if (real == nullptr) return;
  engine::fail(
      "{}: line {}: labels are real numbers, such as {}: regression is not supported yet; for classes, give "
      "names or whole numbers",
      real->file, real->line, excerpt(value));
}

std::vector<std::string> LabelTable::finish(std::vector<Example>& examples) {
  numeric_ = !found_.empty() && std::all_of(found_.begin(), found_.end(), [](const auto& entry) {
    return as_integer(entry.first) || as_number(entry.first);
  });
  if (numeric_) check_whole();
  std::vector<std::string> names;
  for (const auto& [name, found] : found_) {
    const std::string written = numeric_ ? whole(name) : name;
    rewritten_ |= written != name;
    if (numbers_.try_emplace(written, 0).second) names.push_back(written);
  }
  std::sort(names.begin(), names.end());
  if (std::all_of(names.begin(), names.end(), as_integer)) {
    std::stable_sort(names.begin(), names.end(),
                     [](const std::string& a, const std::string& b) { return *as_integer(a) < *as_integer(b); });
  }
  for (std::size_t i = 0; i < names.size(); ++i) numbers_[names[i]] = static_cast<std::int32_t>(i);
  std::vector<std::int32_t> order(found_.size());
  for (const auto& [name, found] : found_) order[static_cast<std::size_t>(found.number)] = find(name);
  for (Example& example : examples) example.label = order[static_cast<std::size_t>(example.label)];
  return names;
}

std::int32_t LabelTable::find(const std::string& label) const {
  const auto found = numbers_.find(numeric_ ? whole(label) : label);
  return found == numbers_.end() ? -1 : found->second;
}

std::vector<std::string> LabelTable::notes() const {
  if (!rewritten_) return {};
  return {"labels that are whole numbers are read as such: 1.0 is 1"};
}

}  // namespace ingot::data
