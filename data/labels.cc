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

// Whether it is a number that is not whole.
bool is_real(const std::string& label) {
  const std::optional<double> value = as_number(label);
  return value && !as_integer(label) && std::trunc(*value) != *value;
}

}  // namespace

void LabelTable::add(const std::string& label, const std::string& file, std::size_t line) {
  if (!real_ && is_real(label)) real_.emplace(label, Found{0, file, line});
  if (real_ && found_.size() == kMostLabels) return;  // of a quantity: the names do not count
  found_.try_emplace(label, Found{found_.size(), file, line});
  require(found_.size() <= kMostLabels,
          "{}: line {}: there must be at most {} different labels; is another column the label, or is it a number to "
          "learn (--task regression)?",
          file, line, kMostLabels);
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

std::vector<std::string> LabelTable::met() const {
  std::vector<std::string> met(found_.size());
  for (const auto& [name, found] : found_) met[found.number] = name;
  return met;
}

bool LabelTable::is_quantity() const {
  if (!real_) return false;
  const auto& [number, place] = *real_;
  const std::vector<std::string> all = met();
  const auto text = std::find_if(all.begin(), all.end(), [](const std::string& name) { return !is_number(name); });
  if (text == all.end()) return true;
  const Found& other = found_.at(*text);
  fail("{}: line {}: must be a number, as {} in line {}, got '{}'; names of classes are read as such by --task single-label",
       other.file, other.line, engine::excerpt(number), place.line, engine::excerpt(*text));
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

std::vector<std::string> LabelTable::finish() {
  if (real_ && std::all_of(found_.begin(), found_.end(), [](const auto& found) { return is_number(found.first); }))
    fail(
        "{}: line {}: labels are real numbers, such as {}: for classes, give names or whole numbers; a number is "
        "learned by --task regression",
        real_->second.file, real_->second.line, engine::excerpt(real_->first));
  const std::vector<std::string> met = this->met();
  check_missing(met);
  check_words(met);
  numeric_ = std::all_of(met.begin(), met.end(), is_number);
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
