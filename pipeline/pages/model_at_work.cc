#include "pipeline/pages/model_at_work.h"

#include <fmt/format.h>

#include <optional>

#include "bert/head.h"
#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/base/printable.h"
#include "engine/base/progress.h"
#include "engine/io/toml.h"
#include "pipeline/model_folder.h"
#include "pipeline/scores.h"

namespace ingot::pipeline {
namespace {

namespace fs = std::filesystem;
using engine::Error;
using engine::Json;
using engine::require;

bool holds_model(const fs::path& folder) {
  try {
    resolve_model_folder(folder);
    return true;
  } catch (const Error&) {
    return false;
  }
}

// The data that a run read, and how.
DataOptions data_of(const fs::path& config_toml) {
  DataOptions o;
  if (!fs::exists(config_toml)) return o;
  const Json config = engine::parse_toml(engine::read_file(config_toml), config_toml.string());
  const auto read = [&](const char* name, std::string& value) {
    if (config.contains(name) && config[name].is_string()) value = config[name].get<std::string>();
  };
  read("data", o.data);
  read("train", o.train_file);
  read("validation", o.validation_file);
  read("test", o.test_file);
  read("text", o.text);
  read("pair", o.pair);
  read("label", o.label);
  read("separator", o.separator);
  return o;
}

// Texts that the user names must be right. They have the columns that the model was trained on.
void judge_named(const RunFolder& folder, const Classifier& c, const std::string& texts, ModelAtWork& model) {
  DataOptions data = data_of(folder.path / "config.toml");
  data.data = texts;
  data.train_file = data.validation_file = data.test_file = "";
  model.judged = judged_texts(c, data);
}

// Whether the data is what the run says that it read. The folder of a run may come from a stranger, and its config.toml
// may name any file of its reader: whoever does not have the data cannot know its fingerprint.
bool is_what_was_read(DataOptions data, const RunFolder& folder, const Classifier& c) {
  const std::string known = folder.result.value("data_fingerprint", Json()).is_string()
                                ? folder.result["data_fingerprint"].get<std::string>()
                                : std::string();
  // A training lets the data say what there is to learn, or is told.
  for (const std::optional<data::Answers> answers :
       {std::optional<data::Answers>(), std::optional(c.model().config.head->answers)}) {
    data.answers = answers;
    if (data_fingerprint(*open_data(data)) == known) return true;
  }
  return false;
}

// Those of config.toml may be gone since, or be others.
void judge_own(const RunFolder& folder, const Classifier& c, ModelAtWork& model) {
  std::string name = "named in config.toml";
  try {
    const DataOptions data = data_of(folder.path / "config.toml");
    if (has_data(data)) {
      name = shown_value(data_name(data));
      engine::require(is_what_was_read(data, folder, c), "{}: is not the data that the run has read", name);
      model.judged = judged_texts(c, data);
    } else {
      model.notes.emplace_back("its config.toml names no data, so no texts of it are shown; --texts names some.");
    }
  } catch (const Error& error) {
    engine::say(fmt::format("note: {}: no texts are shown: {}", folder.name, error.what()));
    model.notes.push_back(fmt::format(
        "its data ({}) is not here, or not as it was, so no texts of it are shown; --texts names others.", name));
  }
}

data::Example example_of(const Classifier& c, const std::string& text) {
  return engine::with_subject(
      [] { return "--text"; },
      [&] {
        require(!c.tokenizer->encode(text).empty(), "must have content, got '{}'", engine::printable(text, 40));
        const std::size_t tab = text.find('\t');
        if (!c.framing.pairs) return data::Example{.text = text};
        require(tab != text.npos && text.find('\t', tab + 1) == text.npos,
                "must be a pair of texts with one tab between, as the model was trained on pairs, got '{}'",
                engine::printable(text, 40));
        return data::Example{.text = text.substr(0, tab), .second = text.substr(tab + 1)};
      });
}

// Those that are looked into, or the worst ones.
std::vector<data::Example> read_texts(const Classifier& c, const PageOptions& options, const JudgedTexts& judged) {
  std::vector<data::Example> examples;
  for (const std::string& text : options.look) examples.push_back(example_of(c, text));
  if (!examples.empty()) return examples;
  for (const JudgedText& text : judged.worst) examples.push_back(text.example);
  return examples;
}

ModelAtWork model_at_work(const RunFolder& folder, const PageOptions& options) {
  ModelAtWork model{.name = folder.name, .notes = {}, .judged = {}, .inspected = {}};
  std::optional<Classifier> c;
  try {
    c = load_classifier(folder.path.string(), 0);
  } catch (const Error& error) {
    engine::say(fmt::format("note: {}: its model is not shown: {}", folder.name, error.what()));
    model.notes.emplace_back("its model has learned no task, or cannot be read; it is not shown at work.");
    return model;
  }
  const bert::Config& config = c->model().config;
  if (!answers_texts(config)) {
    model.notes.push_back(
        fmt::format("its task is {}; a model is shown at work where it answers whole texts with labels or numbers.",
                    config.head->task));
    return model;
  }
  for (const std::string& text : options.look) model.inspected.push_back(inspected_text(*c, example_of(*c, text)));
  if (options.texts.empty()) {
    judge_own(folder, *c, model);
  } else {
    judge_named(folder, *c, options.texts, model);
  }
  if (options.look.empty() && !model.judged.worst.empty()) {
    const JudgedText& worst = model.judged.worst.front();
    model.inspected.push_back(inspected_text(*c, worst.example));
    model.inspected.back().truth = worst.truth;
  }
  model.edges = edge_uses(*c, read_texts(*c, options, model.judged));
  return model;
}

}  // namespace

std::vector<ModelAtWork> models_at_work(std::span<const RunFolder> folders, const PageOptions& options) {
  std::vector<ModelAtWork> models;
  for (const RunFolder& folder : folders)
    if (holds_model(folder.path)) models.push_back(model_at_work(folder, options));
  const char* given = !options.texts.empty() ? "--texts" : !options.look.empty() ? "--text" : nullptr;
  require(!models.empty() || given == nullptr,
          "{}: shows a model at work, and no folder holds a model; the first is {}", given == nullptr ? "" : given,
          folders.front().name);
  return models;
}

}  // namespace ingot::pipeline
