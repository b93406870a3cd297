#include "data/labels.h"

#include <algorithm>
#include <cmath>

#include "data/spellings.h"
#include "engine/base/error.h"
#include "engine/base/printable.h"

namespace ingot::data {
using engine::fail;
using engine::require;

namespace {

constexpr std::size_t kMostShown = 10;

std::string spelling_of(std::size_t pair, bool value) { return std::string(kBooleans[pair][value ? 1 : 0]); }

bool is_number(const std::string& label) { return as_number(label).has_value(); }

}  // namespace

std::int32_t LabelTable::add(const std::string& label, const std::string& file, std::size_t line) {
  const auto [found, is_new] = found_.try_emplace(label, Found{static_cast<std::int32_t>(found_.size()), file, line});
  require(found_.size() <= kMostLabels,
          "{}: line {}: there must be at most {} different labels; is another column the "
          "label?",
          file, line, kMostLabels);
  return found->second.number;
}

void LabelTable::check_missing(const std::vector<std::string>& met) const {
  std::vector<std::string> given;
  std::copy_if(met.begin(), met.end(), std::back_inserter(given),
               [](const auto& name) { return !means_missing(name); });
  const bool numbers = std::all_of(given.begin(), given.end(), is_number);
  const bool booleans = boolean_pair(given) == kTruthPair;
  if (given.empty() || given.size() == met.size() || !(numbers || booleans)) return;
  const std::string& missing = *std::find_if(met.begin(), met.end(), means_missing);
  const Found& found = found_.at(missing);
  fail("{}: line {}: a row must have a label, got {} among labels that are {}", found.file, found.line, missing,
       numbers ? "numbers" : "booleans");
}

void LabelTable::check_whole(const std::vector<std::string>& met) const {
  const auto real = std::find_if(met.begin(), met.end(), [](const std::string& name) {
    const double value = as_number(name).value();
    return !as_integer(name) && std::trunc(value) != value;
  });
  if (real == met.end()) return;
  const Found& found = found_.at(*real);
  fail(
      "{}: line {}: labels are real numbers, such as {}: regression is not supported yet; for classes, give "
      "names or whole numbers",
      found.file, found.line, engine::excerpt(*real));
}

void LabelTable::check_words(const std::vector<std::string>& met) const {
  std::array<const std::string*, 2> words{};
  for (const std::string& name : met) {
    const std::optional<Boolean> boolean = as_boolean(name);
    if (!boolean) return;
  }
  for (const std::string& name : met) {
    const Boolean boolean = as_boolean(name).value();
    if (boolean.pair == kNumberPair) continue;
    const std::string*& word = words[boolean.value ? 1 : 0];
    if (word == nullptr) word = &name;
    const Found& found = found_.at(name);
    require(as_boolean(*word)->pair == boolean.pair,
            "{}: line {}: one boolean must be spelled by one word in all rows, got {} after {}", found.file, found.line,
            name, *word);
  }
}

// Each as it is written if that is one spelling a value, and words.
std::vector<std::string> LabelTable::boolean_names(const std::vector<std::string>& met) {
  std::array<std::vector<std::string>, 2> spellings;
  bool fold = false;
  for (const std::string& name : met) {
    const Boolean boolean = as_boolean(name).value();
    spellings[boolean.value ? 1 : 0].push_back(name);
    fold |= boolean.pair == kNumberPair || spellings[boolean.value ? 1 : 0].size() > 1;
  }
  std::vector<std::string> names;
  std::string changes;
  std::size_t n_changes = 0;
  for (const bool value : {false, true}) {
    const std::vector<std::string>& same = spellings[value ? 1 : 0];
    if (same.empty()) continue;
    booleans_[value ? 1 : 0] = static_cast<std::int32_t>(names.size());
    names.push_back(fold ? spelling_of(*pair_, value) : same.front());
    for (const std::string& name : same) {
      if (name == names.back() || ++n_changes > kMostShown) continue;
      changes += fmt::format("{}{} is {}", changes.empty() ? "" : ", ", name, names.back());
    }
  }
  if (n_changes > 0) {
    notes_.push_back(
        fmt::format("labels that spell one boolean are one: {}{}", changes, n_changes > kMostShown ? ", ..." : ""));
  }
  return names;
}

std::vector<std::string> LabelTable::other_names(const std::vector<std::string>& met) {
  std::vector<std::string> names;
  bool rewritten = false;
  for (const std::string& name : met) {
    names.push_back(numeric_ ? as_whole(name) : name);
    rewritten |= names.back() != name;
  }
  if (rewritten) notes_.push_back("labels that are whole numbers are read as such: 1.0 and +1 are 1");
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  if (std::all_of(names.begin(), names.end(), as_integer)) {
    std::stable_sort(names.begin(), names.end(),
                     [](const std::string& a, const std::string& b) { return *as_integer(a) < *as_integer(b); });
  }
  return names;
}

std::vector<std::string> LabelTable::finish(std::vector<Example>& examples) {
  std::vector<std::string> met(found_.size());
  for (const auto& [name, found] : found_) met[static_cast<std::size_t>(found.number)] = name;
  check_missing(met);
  check_words(met);
  numeric_ = std::all_of(met.begin(), met.end(), is_number);
  if (numeric_) check_whole(met);
  pair_ = boolean_pair(met);
  const bool words = pair_ && *pair_ != kNumberPair;
  const std::vector<std::string> names = words ? boolean_names(met) : other_names(met);
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto number = static_cast<std::int32_t>(i);
    numbers_[names[i]] = number;
    const auto [same, is_new] = lower_case_.try_emplace(lower_case(names[i]), number);
    if (!is_new) same->second = -1;
    if (pair_ && !words) booleans_[as_boolean(names[i])->value ? 1 : 0] = number;
  }
  std::vector<std::int32_t> order;
  for (const std::string& name : met) order.push_back(find(name));
  for (Example& example : examples) example.label = order[static_cast<std::size_t>(example.label)];
  return names;
}

std::int32_t LabelTable::find(const std::string& label) const {
  const auto found = numbers_.find(numeric_ ? as_whole(label) : label);
  if (found != numbers_.end()) return found->second;
  const std::optional<Boolean> boolean = pair_ ? as_boolean(label) : std::nullopt;
  if (boolean && (*pair_ == boolean->pair || *pair_ == kNumberPair || boolean->pair == kNumberPair))
    return booleans_[boolean->value ? 1 : 0];
  const auto same = lower_case_.find(lower_case(label));
  return same == lower_case_.end() ? -1 : same->second;
}

}  // namespace ingot::data
