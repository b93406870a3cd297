#include "pipeline/training.h"

#include <fmt/format.h>

#include <cmath>

#include "bert/head.h"
#include "bert/train/metrics_log.h"
#include "data/readers.h"
#include "engine/autograd/shards.h"
#include "engine/base/error.h"
#include "engine/base/process.h"
#include "engine/base/progress.h"
#include "pipeline/model_folder.h"
#include "pipeline/precision.h"

namespace ingot::pipeline {
namespace fs = std::filesystem;
using engine::require;
using engine::say;

namespace {

constexpr std::int64_t kMostSteps = 1 << 30;
constexpr std::int64_t kMostAccumulated = 65536;
constexpr std::int64_t kMostShards = 1024;

bool is_there(const fs::path& path) {
  std::error_code unreadable;  // what cannot be looked at cannot be written either: that is said
  return fs::exists(path, unreadable);
}

std::int64_t mb(std::uint64_t n_bytes) { return static_cast<std::int64_t>((n_bytes + 999'999) / 1'000'000); }

}  // namespace

void check_options(const TrainingOptions& o) {
  const auto in_range = [](const char* name, double value, bool zero) {
    require(std::isfinite(value) && (zero ? value >= 0 : value > 0), "{}: must be {} 0, got {}", name,
            zero ? "at least" : "above", value);
  };
  in_range("--lr", o.learning_rate, false);
  in_range("--weight-decay", o.weight_decay, true);
  in_range("--clip", o.clip, true);
  const auto count = [](const char* name, std::int64_t value, std::int64_t lowest, std::int64_t highest) {
    require(value >= lowest && value <= highest, "{}: must be between {} and {}, got {}", name, lowest, highest, value);
  };
  count("--max-steps", o.max_steps, 0, kMostSteps);
  count("--eval-every", o.eval_every, 0, kMostSteps);
  count("--patience", o.patience, 0, kMostSteps);
  count("--accumulate", o.accumulate, 1, kMostAccumulated);
  count("--shards", o.shards, 0, kMostShards);
  engine::check_shards((o.shards == 0 ? kUsualShards : o.shards) * o.accumulate, engine::ranks().size());
  require(o.layer_decay > 0 && o.layer_decay <= 1, "--layer-decay: must be above 0 and at most 1, got {}",
          o.layer_decay);
  require(o.label_smoothing >= 0 && o.label_smoothing < 1, "--label-smoothing: must be at least 0 and below 1, got {}",
          o.label_smoothing);
  check_precision(o.precision);
  require(o.length >= 3 || (o.length == 0 && !o.from.empty()),
          "--length: must be at least 3 ([CLS], a token, [SEP]), got {}", o.length);
  if (o.truncation != kOfModel) truncation_from_name(o.truncation);
  engine::decay_from_name(o.schedule);
  if (!o.from.empty()) {
    require(o.tokenizer.empty(), "--tokenizer: a model from --from comes with its own tokenizer");
    const TrainingOptions plain;
    const bool sizes = o.layers != 0 || o.hidden != 0 || o.heads != 0 || o.ffn != 0;
    require(!sizes && o.model == plain.model && o.positions == plain.positions,
            "--from: comes with its sizes; --model, --layers, --hidden, --heads, --ffn and --positions cannot change");
  }
  if (!o.sizes_of.empty()) {
    require(o.from.empty(), "--sizes-of: is about a new model; --from comes with its sizes");
    const TrainingOptions plain;
    require(o.layers == 0 && o.hidden == 0 && o.heads == 0 && o.ffn == 0 && o.model == plain.model,
            "--sizes-of: says all sizes; --model, --layers, --hidden, --heads and --ffn cannot change them");
    resolve_model_folder(o.sizes_of);
  }
}

void check_unused(const Run& run, const TrainingOptions& o, const char* state) {
  const fs::path out = o.out;
  const bool holds_state = is_there(out / state);
  require(o.resume || (!holds_state && !is_there(out / "result.json")),
          "--out {}: holds a run already; choose another folder, or --resume it", o.out);
  const std::string maker = command_of(out / "config.toml");
  require(maker.empty() || maker == run.command,
          "--out {}: is a folder of `ingot {}`, not of `ingot {}`; choose another one", o.out, maker, run.command);
  for (const char* file : {"config.json", "packed.safetensors"})
    require(!is_there(out / file), "--out {}: holds a model already ({}); choose another folder", o.out, file);
  const bool is_joined = std::string_view(state) == "study.log";  // with --resume from its first process on
  if (o.resume && !holds_state && !is_joined)
    say(fmt::format("{}: holds no state to resume; starting from the beginning", o.out));
}

void prepare_out(const Run& run, const TrainingOptions& o) {
  const fs::path out = o.out;
  if (o.resume && is_there(out / "training.safetensors")) return;
  write_config(out, run.config);
  std::error_code absent;
  for (const char* log : {"metrics.jsonl", bert::kEventsFile}) fs::remove(out / log, absent);
}

std::unique_ptr<bert::Tokenizer> tokenizer_of(const TrainingOptions& o, const data::Source& source,
                                              std::uint64_t seed) {
  if (!o.from.empty()) return bert::load_tokenizer(resolve_model_folder(o.from));
  if (!o.tokenizer.empty()) return bert::load_tokenizer(o.tokenizer);
  return learned_tokenizer(source, {.algorithm = o.tokenizer_type, .n_pieces = o.pieces, .seed = seed});
}

std::unique_ptr<bert::Tokenizer> learned_tokenizer(const data::Source& source, const bert::TokenizerTraining& options) {
  const std::int32_t wanted = options.n_pieces == 0 ? bert::kDefaultPieces : options.n_pieces;
  say(fmt::format("tokenizer: {}, {} pieces, from {}", options.algorithm, wanted, source.name()));
  auto tokenizer = data::within_memory(source.name(), [&] { return bert::tokenizer_for(source, options); });
  if (tokenizer->size() != wanted)
    say(fmt::format("note: the tokenizer has {} pieces, {}", tokenizer->size(),
                    tokenizer->size() < wanted ? "all that these texts hold" : "for all characters of these texts"));
  return tokenizer;
}

bert::TokenCorpus tokenized(const data::Source& source, const bert::Tokenizer& tokenizer) {
  std::unique_ptr<engine::Progress> meter;
  std::int64_t n_mb = 0;
  bert::TokenCorpus corpus = bert::tokenize(source, tokenizer, [&](std::size_t n_texts) {
    const data::Source::Reading reading = source.reading();
    n_mb = mb(reading.of);
    if (meter == nullptr) meter = std::make_unique<engine::Progress>(n_mb > 0 ? "tokenize, MB read" : "tokenize", n_mb);
    if (n_mb > 0) {  // what has been read is not yet all done
      meter->update(std::min(mb(reading.done), n_mb - 1), fmt::format("{} texts", n_texts));
    } else {
      meter->update(static_cast<std::int64_t>(n_texts));
    }
  });
  if (meter != nullptr && n_mb > 0) meter->update(n_mb);
  engine::release_freed_memory();  // the texts are gone
  meter.reset();
  say_notes(corpus.notes);
  return corpus;
}

bert::Config config_of(const TrainingOptions& o, const bert::Tokenizer& tokenizer) {
  bert::Config config = bert::named_config(o.model);
  if (!o.sizes_of.empty()) {
    const bert::Config other = bert::read_config(resolve_model_folder(o.sizes_of) / "config.json");
    config.num_hidden_layers = other.num_hidden_layers;
    config.hidden_size = other.hidden_size;
    config.num_attention_heads = other.num_attention_heads;
    config.intermediate_size = other.intermediate_size;
    config.identities = other.identities;
  }
  if (o.layers != 0) config.num_hidden_layers = o.layers;
  if (o.hidden != 0) config.hidden_size = o.hidden;
  if (o.heads != 0) config.num_attention_heads = o.heads;
  if (o.ffn != 0) config.intermediate_size = o.ffn;
  config.max_position_embeddings = o.positions;
  config.vocab_size = tokenizer.size();
  config.pad_token_id = std::max(0, tokenizer.special().pad);
  config.hidden_dropout_prob = config.attention_probs_dropout_prob = static_cast<float>(o.dropout);
  return config;
}

data::Framing framing_of(const TrainingOptions& o, const bert::Config& config, const bert::Tokenizer& tokenizer) {
  const bert::SpecialTokens& special = tokenizer.special();
  require(special.cls >= 0 && special.sep >= 0, "tokenizer: has no [CLS] or [SEP] token");
  require(o.length <= config.max_position_embeddings, "--length: {} is above the {} positions of the model", o.length,
          config.max_position_embeddings);
  const bool has_truncation = o.truncation != kOfModel;
  require(has_truncation || !o.from.empty(), "--truncation: {} needs a model to start from", kOfModel);
  data::Framing framing{.cls = special.cls,
                        .sep = special.sep,
                        .length = o.length,
                        .truncation = {},
                        .pairs_apart = config.head->pairs_apart};
  if (o.length == 0 || !has_truncation)
    framing = framing_for(resolve_model_folder(o.from), config, tokenizer, o.length);
  if (has_truncation) framing.truncation = truncation_from_name(o.truncation);
  return framing;
}

std::int64_t shards_of(const TrainingOptions& o, const bert::Head& head) {
  if (o.shards != 0) return o.shards;
  return head.compares_texts ? 1 : kUsualShards;
}

bert::TrainerOptions trainer_options(const TrainingOptions& o, std::uint64_t seed) {
  return {.n_epochs = o.epochs,
          .max_steps = o.max_steps,
          .accumulate = o.accumulate,
          .eval_every = o.eval_every,
          .patience = o.patience,
          .learning_rate = o.learning_rate,
          .warm_up = o.warm_up,
          .decay = engine::decay_from_name(o.schedule),
          .weight_decay = o.weight_decay,
          .beta2 = o.beta2,
          .lazy_embeddings = o.lazy_embeddings,
          .clip_norm = o.clip,
          .seed = seed,
          .save_every = o.save_every};
}

bert::TrainerOptions trainer_options(const Run& run, const TrainingOptions& o, const data::Source& source,
                                     const bert::Tokenizer& tokenizer, engine::Json identity) {
  identity.update(run.options);
  for (const char* free :
       {"data", "train", "test", "text", "pair", "label", "separator", "data-limit", "from", "sizes-of", "tokenizer",
        "out", "resume", "tensorboard", "threads", "quiet", "json", "save-every"})
    identity.erase(free);
  if (identity.contains("validation") && identity["validation"].is_string()) identity.erase("validation");  // a file
  // Newer than states that are still gone on with: where they say nothing new they are left out.
  const std::pair<const char*, engine::Json> newer[] = {
      {"best-by", "accuracy"}, {"best-by", ""},          {"task", "auto"},        {"class-weights", "none"},
      {"max-steps", 0},        {"eval-every", 0},        {"patience", 0},         {"accumulate", 1},
      {"teacher", ""},         {"unlabelled", "auto"},   {"teacher-weight", 0.5}, {"temperature", 1.0},
      {"layer-decay", 1.0},    {"label-smoothing", 0.0}, {"teacher-hidden", 0.0}, {"teacher-attention", 0.0}};
  for (const auto& [option, usual] : newer) {
    if (identity.contains(option) && identity[option] == usual) identity.erase(option);
  }
  identity["data_fingerprint"] = source.fingerprint();
  identity["tokenizer_fingerprint"] = bert::fingerprint(tokenizer);
  bert::TrainerOptions options = trainer_options(o, run.seed);
  options.resume = o.resume;
  options.tensorboard = o.tensorboard;
  options.out = o.out;
  options.identity = identity.dump();
  return options;
}

std::size_t n_truncated(const bert::TokenPart& part, const data::Framing& framing) {
  std::size_t n = 0;
  const auto is_long = [&](std::int64_t length) { return length > framing.length; };
  for (std::size_t i = 0; i < part.size(); ++i) {
    const std::size_t first = part.first(i).size(), second = part.second(i).size();
    if (part.second_sizes.empty()) {
      n += is_long(data::framed_length(first));
    } else if (framing.pairs_apart) {
      n += is_long(data::framed_length(first)) || is_long(data::framed_length(second));
    } else {
      n += is_long(data::framed_length_of_pair(first + second));
    }
  }
  return n;
}

void note_truncation(const bert::TokenPart& part, const data::Framing& framing, const std::string& what) {
  const std::size_t n = n_truncated(part, framing);
  if (n > 0) {
    say(fmt::format("{} of {} {} texts are longer than {} tokens and are truncated ({})", n, part.size(), what,
                    framing.length, name(framing.truncation)));
  }
}

}  // namespace ingot::pipeline
