#include "bert/config.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <set>

#include "bert/head.h"
#include "bert/structure.h"
#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/io/json.h"

namespace ingot::bert {
namespace {

using engine::fail;
using engine::Json;
using engine::require;
using engine::shown;

struct SizeField {
  const char* key;
  std::int64_t Config::*member;
  std::int64_t least, most;
  bool needed;  // else the default of Hugging Face, which is ours, stands in
};
constexpr SizeField kSizes[] = {
    {"vocab_size", &Config::vocab_size, 1, 1 << 24, true},
    {"hidden_size", &Config::hidden_size, 1, 1 << 16, true},
    {"num_hidden_layers", &Config::num_hidden_layers, 1, 1 << 10, true},
    {"num_attention_heads", &Config::num_attention_heads, 1, 1 << 16, true},
    {"intermediate_size", &Config::intermediate_size, 1, 1 << 18, true},
    {"max_position_embeddings", &Config::max_position_embeddings, 1, 1 << 20, true},
    {"type_vocab_size", &Config::type_vocab_size, 1, 1 << 16, false},
    {"pad_token_id", &Config::pad_token_id, 0, (1 << 24) - 1, false},
};
constexpr std::int64_t kMaxLabels = 1 << 16;
constexpr std::size_t kMostBytes = 16 << 20;  // of the file: names for kMaxLabels

struct RealField {
  const char* key;
  float Config::*member;
};
constexpr RealField kReals[] = {
    {"hidden_dropout_prob", &Config::hidden_dropout_prob},
    {"attention_probs_dropout_prob", &Config::attention_probs_dropout_prob},
    {"classifier_dropout", &Config::classifier_dropout},
    {"initializer_range", &Config::initializer_range},
    {"layer_norm_eps", &Config::layer_norm_eps},
};

// A setting whose other values would make another model of the same tensors.
struct FixedField {
  const char* key;
  Json only;
};
std::vector<FixedField> fixed_fields(const Head& head) {
  std::vector<FixedField> fields = {{"position_embedding_type", "absolute"},
                                    {"is_decoder", false},
                                    {"add_cross_attention", false},
                                    {"is_encoder_decoder", false},
                                    {"pruned_heads", Json::object()}};
  for (const FixedSetting& setting : head.settings) fields.push_back({setting.key, Json::parse(setting.only)});
  return fields;
}

// The value of `key`; null if it is absent, or JSON's null where Hugging Face takes that for absent.
const Json* find(const Json& object, const char* key, bool nullable) {
  const auto at = object.find(key);
  if (at == object.end() || (nullable && at->is_null())) return nullptr;
  return &*at;
}

void require_value(const std::string& subject, const Json& object, const FixedField& field) {
  const Json* const value = find(object, field.key, true);
  require(value == nullptr || *value == field.only, "{}: {}: only {} is supported, got {}", subject, field.key,
          field.only.dump(), value == nullptr ? "" : value->dump());
}

std::int64_t integer(const std::string& subject, const char* key, const Json& value) {
  require(value.is_number_integer(), "{}: {}: must be an integer, got {}", subject, key, shown(value));
  require(!value.is_number_unsigned() || value.get<std::uint64_t>() <= std::uint64_t{INT64_MAX},
          "{}: {}: must be below 2^63, got {}", subject, key, shown(value));
  return value.get<std::int64_t>();
}

float real(const std::string& subject, const char* key, const Json& value) {
  require(value.is_number(), "{}: {}: must be a number, got {}", subject, key, shown(value));
  const auto wide = value.get<double>();
  require(std::abs(wide) <= 1e30, "{}: {}: must be within 1e30 of zero, got {}", subject, key, shown(value));
  return static_cast<float>(wide);
}

// "a, b or c"
std::string one_of(const std::vector<std::string_view>& names) {
  if (names.size() == 1) return std::string(names.front());
  return fmt::format("{} or {}", fmt::join(names.begin(), names.end() - 1, ", "), names.back());
}

const Head& read_head(const std::string& subject, const Json& object) {
  const Json* const names = find(object, "architectures", true);
  if (names == nullptr) return kEncoder;
  require(names->is_array() && names->size() == 1 && names->front().is_string(),
          "{}: architectures: must be an array of one string, got {}", subject, names->dump());
  const auto name = names->front().get<std::string>();
  const Head* const head = find_head(name, object);
  require(head != nullptr, "{}: architectures: must be {}, got {}", subject, one_of(architectures()), name);
  return *head;
}

std::vector<std::string> numbered_labels(std::int64_t n) {
  std::vector<std::string> labels;
  for (std::int64_t i = 0; i < n; ++i) labels.push_back(fmt::format("LABEL_{}", i));
  return labels;
}

// That label2id, if it is there, says of each label what its place in `labels` says.
void check_ids(const std::string& subject, const Json& object, const std::vector<std::string>& labels) {
  const Json* const map = find(object, "label2id", true);
  if (map == nullptr) return;
  require(map->is_object(), "{}: label2id: must be an object, got {}", subject, shown(*map));
  require(map->size() == labels.size(), "{}: label2id has {} labels, id2label {}", subject, map->size(), labels.size());
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const auto at = map->find(labels[i]);
    require(at != map->end(), "{}: label2id: must name the labels of id2label, '{}' is missing", subject, labels[i]);
    require(*at == i, "{}: label2id: must be {} for '{}' as id2label says, got {}", subject, i, labels[i], shown(*at));
  }
}

// id2label, else num_labels of the names that Hugging Face gives, else as many as the head has by default.
std::vector<std::string> read_labels(const std::string& subject, const Json& object, const Head& head) {
  std::int64_t n = -1;
  if (const Json* const value = find(object, "num_labels", true)) {
    n = integer(subject, "num_labels", *value);
    require(n >= 1 && n <= kMaxLabels, "{}: num_labels: must be from 1 to {}, got {}", subject, kMaxLabels, n);
  }
  const Json* const map = find(object, "id2label", true);
  if (map == nullptr) return numbered_labels(n > 0 ? n : head.n_default_labels);
  require(map->is_object(), "{}: id2label: must be an object, got {}", subject, shown(*map));
  const auto n_named = static_cast<std::int64_t>(map->size());
  require(n < 0 || n == n_named, "{}: num_labels is {}, but id2label has {} labels", subject, n, n_named);
  std::vector<std::string> labels;
  for (std::int64_t i = 0; i < n_named; ++i) {
    const auto at = map->find(std::to_string(i));
    require(at != map->end(), "{}: id2label: must name the labels 0 to {}, label {} is missing", subject, n_named - 1,
            i);
    require(at->is_string(), "{}: id2label: label {} must be a string, got {}", subject, i, shown(*at));
    labels.push_back(at->get<std::string>());
  }
  return labels;
}

constexpr const char* kIdentity = "linear";  // what Hugging Face calls the identity

std::string_view activation_name(engine::Activation activation) {
  return activation == engine::Activation::identity ? kIdentity : engine::name(activation);
}

engine::Activation read_activation(const std::string& subject, const Json& object) {
  const Json* const value = find(object, "hidden_act", false);
  if (value == nullptr) return engine::Activation::gelu;
  require(value->is_string(), "{}: hidden_act: must be a string, got {}", subject, shown(*value));
  if (*value == kIdentity) return engine::Activation::identity;
  return engine::with_subject(fmt::format("{}: hidden_act", subject),
                              [&] { return engine::activation_from_name(value->get<std::string>()); });
}

bool read_pooler(const std::string& subject, const Json& object, const Head& head) {
  const Json* const value = find(object, "ingot_pooler", false);
  if (value == nullptr || *value == true) return true;
  require(*value == false && head.pooler == PoolerUse::optional,
          "{}: ingot_pooler: must be true, or false for a {}, got {}", subject, architecture(kEncoder), shown(*value));
  return false;
}

Pooling read_pooling(const std::string& subject, const Json& object) {
  const Json* const value = find(object, "ingot_pooling", false);
  if (value == nullptr || *value == "cls") return Pooling::cls;
  require(*value == "mean", "{}: ingot_pooling: must be \"cls\" or \"mean\", got {}", subject, shown(*value));
  return Pooling::mean;
}

void check_labels(const Config& config, const std::string& subject) {
  if (config.head->check != nullptr) config.head->check(subject, config);
  require(config.n_labels() <= kMaxLabels, "{}: labels: must be at most {}, got {}", subject, kMaxLabels,
          config.n_labels());
  std::set<std::string_view> names;
  for (const std::string& name : config.label_names)
    require(names.insert(name).second, "{}: labels: names must differ, got {} twice", subject, name);
}

std::vector<std::string> read_identities(const std::string& subject, const Json& object) {
  std::vector<std::string> names;
  const Json* const value = find(object, "ingot_identities", true);
  if (value == nullptr) return names;
  require(value->is_array(), "{}: ingot_identities: must be an array, got {}", subject, shown(*value));
  for (const Json& name : *value) {
    require(name.is_string(), "{}: ingot_identities: must hold names, got {}", subject, shown(name));
    names.push_back(name.get<std::string>());
  }
  return names;
}

void check_identities(const Config& config, const std::string& subject) {
  std::set<std::string> known, seen;
  if (config.identities.empty()) return;
  for (const Part& part : optional_linears(config)) known.insert(part.name);
  for (const std::string& name : config.identities) {
    require(known.contains(name), "{}: ingot_identities: '{}' is no square Linear of {} encoder layers", subject, name,
            config.num_hidden_layers);
    require(seen.insert(name).second, "{}: ingot_identities: {} is named twice", subject, name);
  }
}

// A float as the shortest decimal that reads back as the same float: 0.1, not 0.10000000149011612.
double shortest(float value) { return std::strtod(fmt::format("{}", value).c_str(), nullptr); }

Json labels_by_id(const Config& config) {
  Json labels = Json::object();
  for (std::size_t i = 0; i < config.label_names.size(); ++i) labels[std::to_string(i)] = config.label_names[i];
  return labels;
}

Json ids_by_label(const Config& config) {
  Json ids = Json::object();
  for (std::size_t i = 0; i < config.label_names.size(); ++i) ids[config.label_names[i]] = i;
  return ids;
}

}  // namespace

bool Config::has_pooler() const { return head->pooler != PoolerUse::never && pooler; }

void check(const Config& config, const std::string& subject) {
  for (const SizeField& field : kSizes) {
    const std::int64_t size = config.*field.member;
    require(size >= field.least && size <= field.most, "{}: {}: must be from {} to {}, got {}", subject, field.key,
            field.least, field.most, size);
  }
  require(config.hidden_size % config.num_attention_heads == 0,
          "{}: hidden_size must be a multiple of num_attention_heads, got {} and {}", subject, config.hidden_size,
          config.num_attention_heads);
  require(config.pad_token_id < config.vocab_size, "{}: pad_token_id must be below vocab_size, got {} and {}", subject,
          config.pad_token_id, config.vocab_size);
  const auto in_unit = [&](const char* key, float p) {
    require(p >= 0 && p < 1, "{}: {}: must be in [0, 1), got {}", subject, key, p);
  };
  in_unit("hidden_dropout_prob", config.hidden_dropout_prob);
  in_unit("attention_probs_dropout_prob", config.attention_probs_dropout_prob);
  if (!(config.classifier_dropout < 0)) in_unit("classifier_dropout", config.classifier_dropout);
  require(config.initializer_range > 0 && config.initializer_range <= 10,
          "{}: initializer_range: must be above 0 and at most 10, got {}", subject, config.initializer_range);
  require(config.layer_norm_eps > 0 && config.layer_norm_eps < 1, "{}: layer_norm_eps: must be in (0, 1), got {}",
          subject, config.layer_norm_eps);
  check_labels(config, subject);
  check_identities(config, subject);
  require(n_parameters(config) <= kMostParameters, "{}: the model would have {} parameters, at most {} are supported",
          subject, n_parameters(config), kMostParameters);
}

Config named_config(const std::string& model) {
  struct Named {
    const char* name;
    std::int64_t layers, hidden, heads, intermediate;
  };
  constexpr Named kNamed[] = {{"tiny", 2, 128, 2, 512}, {"mini", 4, 256, 4, 1024}, {"small", 4, 512, 8, 2048}};
  for (const Named& row : kNamed) {
    if (model == row.name)
      return {.hidden_size = row.hidden,
              .num_hidden_layers = row.layers,
              .num_attention_heads = row.heads,
              .intermediate_size = row.intermediate,
              .label_names = {}};
  }
  fail("model: must be tiny, mini or small, got {}", model);
}

Config read_config(const std::filesystem::path& config_json) {
  const std::string subject = config_json.string();
  const Json object = engine::parse_json(engine::read_file(config_json, kMostBytes), subject);
  require(object.is_object(), "{}: must be a JSON object, got {}", subject, shown(object));
  require_value(subject, object, {"model_type", "bert"});  // first: another model has other architectures, too
  Config config;
  config.head = &read_head(subject, object);
  for (const FixedField& field : fixed_fields(*config.head)) require_value(subject, object, field);
  for (const SizeField& field : kSizes) {
    const Json* const value = find(object, field.key, !field.needed);
    require(value != nullptr || !field.needed, "{}: {}: is missing", subject, field.key);
    if (value != nullptr) config.*field.member = integer(subject, field.key, *value);
  }
  for (const RealField& field : kReals) {
    const bool is_classifier = field.member == &Config::classifier_dropout;
    const Json* const value = find(object, field.key, is_classifier);
    if (value == nullptr) continue;
    config.*field.member = real(subject, field.key, *value);
    require(!is_classifier || config.classifier_dropout >= 0, "{}: {}: must be null or in [0, 1), got {}", subject,
            field.key, shown(*value));
  }
  config.hidden_act = read_activation(subject, object);
  config.pooling = read_pooling(subject, object);
  config.pooler = read_pooler(subject, object, *config.head);
  config.label_names = read_labels(subject, object, *config.head);
  const bool has_labels = config.head->n_default_labels > 0;
  if (has_labels) check_labels(config, subject);
  if (config.head->check_settings != nullptr) config.head->check_settings(subject, object, config);
  if (has_labels) check_ids(subject, object, config.label_names);
  config.identities = read_identities(subject, object);
  check(config, subject);
  return config;
}

void write_config(const std::filesystem::path& config_json, const Config& config) {
  const std::string subject = config_json.string();
  check(config, subject);
  Json object = {{"model_type", "bert"},
                 {"architectures", Json::array({architecture(*config.head)})},
                 {"hidden_act", activation_name(config.hidden_act)},
                 {"tie_word_embeddings", true}};
  for (const SizeField& field : kSizes) object[field.key] = config.*field.member;
  for (const RealField& field : kReals) object[field.key] = shortest(config.*field.member);
  if (config.classifier_dropout < 0) object["classifier_dropout"] = nullptr;
  if (config.pooling == Pooling::mean) object["ingot_pooling"] = "mean";
  if (config.head->pooler == PoolerUse::optional && !config.pooler) object["ingot_pooler"] = false;
  if (!config.identities.empty()) object["ingot_identities"] = config.identities;
  if (!config.label_names.empty()) {
    object["id2label"] = labels_by_id(config);
    object["label2id"] = ids_by_label(config);
  }
  if (config.head->write_settings != nullptr) config.head->write_settings(config, object);
  std::string text;
  try {
    text = object.dump(2) + "\n";
  } catch (const engine::JsonError&) {
    fail("{}: labels: names must be UTF-8 text", subject);
  }
  engine::write_file(config_json, text);
}

}  // namespace ingot::bert
