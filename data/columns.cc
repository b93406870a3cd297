#include "data/columns.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "engine/base/error.h"
#include "engine/base/printable.h"

namespace ingot::data {
using engine::fail;
using engine::require;

namespace {

// Usual names in their plain form; where several are there, those of the first rank count.
struct UsualName {
  std::string_view name;
  int rank;
};
constexpr std::array kTextNames{
    UsualName{"text", 0},        UsualName{"sentence", 1}, UsualName{"review", 1},     UsualName{"content", 1},
    UsualName{"comment", 1},     UsualName{"tweet", 1},    UsualName{"document", 1},   UsualName{"message", 1},
    UsualName{"commenttext", 1}, UsualName{"phrase", 1},   UsualName{"reviewtext", 1}, UsualName{"reviewbody", 1},
    UsualName{"utterance", 1},   UsualName{"article", 1},  UsualName{"body", 2},       UsualName{"title", 2},
    UsualName{"description", 2}, UsualName{"headline", 2}, UsualName{"question", 2},   UsualName{"summary", 2},
    UsualName{"tokens", 2},
};
constexpr std::array kLabelNames{
    UsualName{"label", 0},      UsualName{"labels", 1},  UsualName{"sentiment", 1}, UsualName{"class", 1},
    UsualName{"classindex", 1}, UsualName{"target", 1},  UsualName{"category", 1},  UsualName{"goldlabel", 1},
    UsualName{"polarity", 1},   UsualName{"emotion", 1}, UsualName{"intent", 1},    UsualName{"topic", 2},
    UsualName{"tags", 1},       UsualName{"nertags", 1}, UsualName{"score", 2},     UsualName{"stars", 2},
    UsualName{"rating", 2},
};

// Columns that are read together or not at all.
struct PairNames {
  std::string_view first, second;
};
constexpr std::array kPairs{
    PairNames{"text", "textpair"},
    PairNames{"text1", "text2"},
    PairNames{"texta", "textb"},
    PairNames{"sentence1", "sentence2"},
    PairNames{"sentencea", "sentenceb"},
    PairNames{"question1", "question2"},
    PairNames{"sentence", "sentence2"},
    PairNames{"text", "text2"},
    PairNames{"premise", "hypothesis"},
    PairNames{"question", "sentence"},
    PairNames{"question", "context"},
    PairNames{"question", "passage"},
    PairNames{"question", "answer"},
    PairNames{"query", "passage"},
    PairNames{"query", "document"},
    PairNames{"sent1", "sent2"},
    PairNames{"s1", "s2"},
};

std::string_view trimmed(std::string_view name) {
  const std::size_t first = name.find_first_not_of(" \t\r\n");
  if (first == name.npos) return {};
  return name.substr(first, name.find_last_not_of(" \t\r\n") - first + 1);
}

// "Class Index", "class_index" and "class-index" are one name.
std::string plain(std::string_view name) {
  std::string form;
  for (const char c : name) {
    if (std::string_view(" \t\r\n_-").find(c) != std::string_view::npos) continue;
    form += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return form;
}

std::string listed(const std::vector<std::string>& names) {
  std::string all;
  for (const std::string& name : names) all += (all.empty() ? "" : ", ") + std::string(trimmed(name));
  return engine::printable(all, 200);
}

class Chooser {
 public:
  Chooser(const std::vector<std::string>& names, const std::string& where) : names_(names), where_(where) {
    for (const std::string& name : names) plain_.push_back(plain(name));
  }

  // The column the user names with an option.
  std::size_t named(std::string_view wanted, const char* option) const {
    std::vector<std::size_t> found = where_is([&](std::size_t i) { return names_[i] == wanted; });
    if (found.empty()) found = where_is([&](std::size_t i) { return plain_[i] == plain(wanted); });
    require(!found.empty(), "{}: {} {}: no column has that name; the columns are {}", where_, option, wanted,
            listed(names_));
    require_one(found, option);
    return found.front();
  }

  // The columns of the best rank among usual names.
  template <std::size_t n>
  std::vector<std::size_t> usual(const std::array<UsualName, n>& names) const {
    std::vector<std::size_t> best;
    int best_rank = 0;
    for (std::size_t i = 0; i < plain_.size(); ++i) {
      const auto* found =
          std::find_if(names.begin(), names.end(), [&](const UsualName& u) { return u.name == plain_[i]; });
      if (found == names.end()) continue;
      if (best.empty() || found->rank < best_rank) best.clear(), best_rank = found->rank;
      if (found->rank == best_rank) best.push_back(i);
    }
    // `text` beside `Text`: as written counts.
    const auto exact =
        std::find_if(best.begin(), best.end(), [&](std::size_t i) { return names_[i] == names[0].name; });
    if (best_rank == 0 && exact != best.end() && std::count(names_.begin(), names_.end(), names[0].name) == 1)
      return {*exact};
    return best;
  }

  void require_one(const std::vector<std::size_t>& found, const char* option) const {
    if (found.size() == 1) return;
    std::vector<std::string> several;
    for (const std::size_t i : found) several.push_back(names_[i]);
    fail("{}: {}: must be one column, got {}; the columns are {}", where_, option, listed(several), listed(names_));
  }

  // The columns of the first usual pair that is there.
  std::optional<std::pair<std::size_t, std::size_t>> usual_pair() const {
    const auto find = [&](std::string_view name) { return std::find(plain_.begin(), plain_.end(), name); };
    for (const auto& [first, second] : kPairs) {
      const auto one = find(first), two = find(second);
      if (one != plain_.end() && two != plain_.end())
        return std::pair(static_cast<std::size_t>(one - plain_.begin()),
                         static_cast<std::size_t>(two - plain_.begin()));
    }
    return std::nullopt;
  }

  std::vector<std::size_t> texts() const {
    const std::vector<std::size_t> found = usual(kTextNames);
    require(!found.empty(),
            "{}: no column is named as texts usually are (text, sentence, review ...); name one with "
            "--text; the columns are {}",
            where_, listed(names_));
    if (found.size() == 2 && plain_[found[0]] == "title" && plain_[found[1]] == "description") return found;
    require_one(found, "--text");
    return found;
  }

  std::optional<std::size_t> label(bool required) const {
    const std::vector<std::size_t> found = usual(kLabelNames);
    if (found.empty() && !required) return std::nullopt;
    require(!found.empty(),
            "{}: no column is named as labels usually are (label, sentiment, class ...); name one with "
            "--label; the columns are {}",
            where_, listed(names_));
    require_one(found, "--label");
    return found.front();
  }

 private:
  template <class Condition>
  std::vector<std::size_t> where_is(const Condition& is_so) const {
    std::vector<std::size_t> found;
    for (std::size_t i = 0; i < names_.size(); ++i) {
      if (is_so(i)) found.push_back(i);
    }
    return found;
  }

  const std::vector<std::string>& names_;
  const std::string& where_;
  std::vector<std::string> plain_;
};

// The columns of "title+description" or "toxic,insult"; a column may have that name as a whole.
std::vector<std::string> parts_of(const std::string& wanted, char separator, const std::vector<std::string>& names) {
  if (std::find(names.begin(), names.end(), wanted) != names.end()) return {wanted};
  std::vector<std::string> parts(1);
  for (const char c : wanted) {
    if (c == separator) {
      parts.emplace_back();
    } else {
      parts.back() += c;
    }
  }
  return parts;
}

std::string note_of(const std::vector<std::string>& names, const Columns& columns, Labels labels) {
  std::string texts, unused;
  bool plain_names = columns.text.size() == 1 && names[columns.text[0]] == "text";
  for (const std::size_t i : columns.text) texts += (texts.empty() ? "" : " and ") + std::string(trimmed(names[i]));
  for (std::size_t i = 0; i < names.size(); ++i) {
    const bool used = columns.second == i || std::count(columns.labels.begin(), columns.labels.end(), i) > 0 ||
                      std::count(columns.text.begin(), columns.text.end(), i) > 0;
    if (!used) unused += (unused.empty() ? "" : ", ") + std::string(trimmed(names[i]));
  }
  std::string note = "texts are column " + engine::printable(texts, 100);
  if (columns.second) {
    plain_names = false;
    note = fmt::format("pairs are columns {} and {}", engine::printable(texts, 100),
                       engine::printable(trimmed(names[*columns.second]), 100));
  }
  if (!columns.labels.empty() && labels != Labels::ignored) {
    std::string all;
    for (const std::size_t i : columns.labels) all += (all.empty() ? "" : ", ") + std::string(trimmed(names[i]));
    plain_names = plain_names && columns.labels.size() == 1 && names[columns.labels[0]] == "label";
    note += fmt::format(", labels column{} {}", columns.labels.size() > 1 ? "s" : "", engine::printable(all, 200));
  }
  if (plain_names && unused.empty()) return "";
  if (!unused.empty()) note += "; not used: " + engine::printable(unused, 200);
  return note;
}

}  // namespace

Columns choose_columns(const std::vector<std::string>& names, const ReadingOptions& options, Labels labels,
                       const std::string& where) {
  const Chooser chooser(names, where);
  Columns columns;
  const auto pair = options.text.empty() && options.pair.empty() ? chooser.usual_pair() : std::nullopt;
  if (pair) {
    columns.text = {pair->first};
    columns.second = pair->second;
  } else if (options.text.empty()) {
    columns.text = chooser.texts();
  } else {
    for (const std::string& part : parts_of(options.text, '+', names))
      columns.text.push_back(chooser.named(part, "--text"));
  }
  if (!options.pair.empty()) {
    columns.second = chooser.named(options.pair, "--pair");
    require(std::count(columns.text.begin(), columns.text.end(), *columns.second) == 0,
            "{}: the texts of a pair must be two columns, got {} for both", where, names[*columns.second]);
  }
  if (labels != Labels::ignored) {
    const bool needed = labels == Labels::required && !columns.second && options.answers != Answers::none;
    if (!options.label.empty()) {
      for (const std::string& part : parts_of(options.label, ',', names))
        columns.labels.push_back(chooser.named(part, "--label"));
    } else if (options.answers != Answers::none) {
      if (const auto label = chooser.label(needed)) columns.labels.push_back(*label);
    }
    for (const std::size_t label : columns.labels) {
      require(std::count(columns.text.begin(), columns.text.end(), label) == 0 && columns.second != label,
              "{}: text and label must be two columns, got {} for both", where, names[label]);
      require(std::count(columns.labels.begin(), columns.labels.end(), label) == 1,
              "{}: --label: names a column once, got {} twice", where, names[label]);
    }
  }
  columns.note = note_of(names, columns, labels);
  return columns;
}

int n_recognised(const std::vector<std::string>& names, const ReadingOptions& options, Labels labels) {
  const std::string where;
  const Chooser chooser(names, where);
  const auto is_there = [&](const std::string& wanted) {
    return std::any_of(names.begin(), names.end(),
                       [&](const std::string& name) { return plain(name) == plain(wanted); });
  };
  const std::vector<std::string> texts = parts_of(options.text, '+', names);
  const std::vector<std::string> named = parts_of(options.label, ',', names);
  const bool text = options.text.empty() ? !chooser.usual(kTextNames).empty() || chooser.usual_pair()
                                         : std::all_of(texts.begin(), texts.end(), is_there);
  const bool label =
      labels != Labels::ignored &&
      (options.label.empty() ? !chooser.usual(kLabelNames).empty() : std::all_of(named.begin(), named.end(), is_there));
  return int{text} + int{label};
}

}  // namespace ingot::data
