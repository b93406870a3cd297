#include "pipeline/distillation.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include "bert/head.h"
#include "data/readers.h"
#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/base/process.h"
#include "engine/base/progress.h"
#include "pipeline/cached_outputs.h"
#include "pipeline/classifier.h"
#include "pipeline/model_folder.h"
#include "pipeline/ngrams/teacher.h"

namespace ingot::pipeline {
namespace {

namespace fs = std::filesystem;
using engine::require;
using engine::say;

constexpr std::string_view kNgrams = "ngrams";
constexpr std::int64_t kTeacherBatch = 32;
constexpr const char *kNone = "none", *kOwn = "auto";

// The texts that are taught, and where they come from.
struct Texts {
  const TrainingTexts& labelled;
  const data::Source& unlabelled_source;  // may be that of the labelled ones
  const bert::Subset& unlabelled;
  bool from_training_part;  // the unlabelled ones are the training part of their source

  std::size_t n() const { return labelled.training.examples.size() + unlabelled.examples.size(); }
};

constexpr std::uint64_t kNoModel = 0;

// What one teacher's outputs depend on, `model` being hash_of_model of it. The number is raised when what the same
// files compute changes.
std::uint64_t key_of(std::uint64_t model, const Texts& texts, std::uint64_t seed) {
  std::uint64_t hash = engine::hash_of_value(model, engine::content_hash("teacher 2"));
  hash = engine::hash_of_value(texts.labelled.source->fingerprint(), hash);
  hash = engine::hash_of_value(texts.unlabelled_source.fingerprint(), hash);
  for (const std::size_t i : texts.labelled.training.examples) hash = engine::hash_of_value(i, hash);
  return engine::hash_of_value(texts.unlabelled.examples.size(), engine::hash_of_value(seed, hash));
}

// Outputs in the order and number of the student's labels.
std::vector<float> reordered(std::vector<float> outputs, const std::vector<std::string>& from,
                             const std::vector<std::string>& to, const std::string& teacher) {
  if (from == to) return outputs;
  std::vector<std::size_t> places;
  for (const std::string& name : to) {
    const auto at = std::find(from.begin(), from.end(), name);
    require(at != from.end() && from.size() == to.size(),
            "--teacher {}: must know the labels of the data ({}), knows {}", teacher, fmt::join(to, ", "),
            fmt::join(from, ", "));
    places.push_back(static_cast<std::size_t>(at - from.begin()));
  }
  std::vector<float> sorted;
  for (std::size_t row = 0; row < outputs.size(); row += to.size())
    for (const std::size_t place : places) sorted.push_back(outputs[row + place]);
  return sorted;
}

// The teacher's own tokens of the same texts: sources give them in the same order.
std::vector<float> ask_model(const Teacher& teacher, std::uint64_t hash, const Texts& texts,
                             const bert::Config& student) {
  const Classifier model = load_unchanged_classifier(teacher.name, 0, hash);
  const bert::Config& config = model.model().config;
  require(config.head == student.head,
          "--teacher {}: must have learned the task {}, has learned {}; with --teacher-weight 0 a teacher of any task "
          "teaches hidden states and attention",
          teacher.name, student.head->task, config.head->task);
  const std::vector<std::string>& labels = texts.labelled.corpus.label_names;
  reordered({}, config.label_names, labels, teacher.name);  // complains before the work
  const bert::TokenCorpus corpus = tokenized(*texts.labelled.source, *model.tokenizer);
  const bool own = &texts.unlabelled_source == texts.labelled.source.get();
  std::optional<bert::TokenCorpus> other;
  if (!own) other.emplace(tokenized(texts.unlabelled_source, *model.tokenizer));
  engine::Progress meter(fmt::format("teacher {}", teacher.name), static_cast<std::int64_t>(texts.n()));
  std::int64_t before = 0;
  std::vector<float> all;
  const auto ask = [&](const bert::Subset& subset) {
    if (subset.examples.empty()) return;
    const bert::Predictions said = bert::predict(
        bert::outputs_of(model.model()), subset, model.framing, kTeacherBatch,
        [&](std::int64_t done, std::int64_t) {
          meter.update(before + done);
          if (engine::interrupted()) throw engine::Interrupted("stopped while the teacher was asked; run it again");
        },
        bert::Form::outputs);
    all.insert(all.end(), said.values.begin(), said.values.end());
    before += static_cast<std::int64_t>(subset.examples.size());
  };
  ask({&corpus.train, texts.labelled.training.examples});
  if (!texts.unlabelled.examples.empty())
    ask(bert::Subset::all(own ? corpus.unlabelled : texts.from_training_part ? other->train : other->unlabelled));
  return reordered(std::move(all), config.label_names, labels, teacher.name);
}

// The texts themselves, for n-grams: of a pair both.
class Strings {
 public:
  void add(data::Example&& example, bool is_pair) {
    all_.push_back(std::move(example.text));
    if (is_pair) all_.push_back(std::move(example.second));
  }
  std::vector<std::string_view> of(const bert::Subset* subset, std::size_t each) const {
    std::vector<std::string_view> views;
    if (subset == nullptr) return {all_.begin(), all_.end()};
    for (const std::size_t i : subset->examples)
      for (std::size_t j = 0; j < each; ++j) views.push_back(all_[i * each + j]);
    return views;
  }

 private:
  std::vector<std::string> all_;
};

std::vector<std::int32_t> labels_of(const bert::Subset& subset) {
  std::vector<std::int32_t> labels;
  for (const std::size_t i : subset.examples) labels.push_back(subset.part->labels[i]);
  return labels;
}

std::vector<float> ask_ngrams(const Texts& texts, const bert::Config& student, std::uint64_t seed) {
  require(student.head->answers == data::Answers::label,
          "--teacher ngrams: teaches one label for each text, the task is {}", student.head->task);
  const TrainingTexts& labelled = texts.labelled;
  const bool is_pair = labelled.corpus.has_pairs;
  const std::size_t each = is_pair ? 2 : 1;
  Strings train, validation, unlabelled;
  const bool own = &texts.unlabelled_source == labelled.source.get();
  labelled.source->visit([&](data::Part part, data::Example&& example) {
    if (part == data::Part::train) train.add(std::move(example), is_pair);
    if (part == data::Part::validation) validation.add(std::move(example), is_pair);
    if (part == data::Part::unlabelled && own) unlabelled.add(std::move(example), is_pair);
  });
  if (!own)
    texts.unlabelled_source.visit([&](data::Part part, data::Example&& example) {
      const data::Part wanted = texts.from_training_part ? data::Part::train : data::Part::unlabelled;
      if (part == wanted) unlabelled.add(std::move(example), is_pair);
    });
  const bool is_held_out = labelled.validation.part == &labelled.corpus.train;
  const auto taught = train.of(&labelled.training, each);
  const auto held_out = (is_held_out ? train : validation).of(&labelled.validation, each);
  const auto rest = texts.unlabelled.examples.empty() ? std::vector<std::string_view>{} : unlabelled.of(nullptr, each);
  const std::vector<std::int32_t> labels = labels_of(labelled.training), held_labels = labels_of(labelled.validation);
  std::unique_ptr<engine::Progress> meter;
  std::string now;
  const TeacherLogits said =
      ngram_teacher({.n_classes = labelled.corpus.label_names.size(),
                     .texts_per_example = each,
                     .labelled = taught,
                     .labels = labels,
                     .validation = held_out,
                     .validation_labels = held_labels,
                     .unlabelled = rest},
                    {.seed = seed}, [&](const std::string& what, std::int64_t done, std::int64_t total) {
                      if (what != now) {
                        meter.reset();
                        meter = std::make_unique<engine::Progress>("ngrams, " + what, total);
                        now = what;
                      }
                      meter->update(done);
                    });
  std::vector<float> all = said.labelled;
  all.insert(all.end(), said.unlabelled.begin(), said.unlabelled.end());
  return all;
}

std::vector<float> outputs_of(const Teacher& teacher, const Texts& texts, const bert::Config& student,
                              std::uint64_t seed) {
  const std::uint64_t model = teacher.name == kNgrams ? kNoModel : hash_of_model(teacher.name, 0);
  std::vector<float> outputs = cached_outputs("teacher", key_of(model, texts, seed), [&] {
    return teacher.name == kNgrams ? ask_ngrams(texts, student, seed) : ask_model(teacher, model, texts, student);
  });
  const std::size_t n = texts.n() * student.label_names.size();
  require(outputs.size() == n, "--teacher {}: must say {} numbers, has said {}", teacher.name, n, outputs.size());
  return outputs;
}

// Of all teachers, each times its weight.
std::vector<float> sum_of_outputs(const std::vector<Teacher>& teachers, const Texts& texts, const bert::Config& student,
                                  std::uint64_t seed) {
  std::vector<float> sum(texts.n() * student.label_names.size(), 0);
  for (const Teacher& teacher : teachers) {
    const std::vector<float> said = outputs_of(teacher, texts, student, seed);
    for (std::size_t i = 0; i < said.size(); ++i)
      sum[i] += static_cast<float>(teacher.weight * static_cast<double>(said[i]));
  }
  return sum;
}

bool is_imitated(const TrainingOptions& o) { return o.teacher_hidden > 0 || o.teacher_attention > 0; }

// The teacher of hidden states and attention, once it is known to read what the student reads.
CompressedModel imitated_model(const TrainingOptions& o, const TrainingTexts& texts, const data::Framing& framing) {
  check_imitated_tokenizer(o, *texts.tokenizer);
  const std::string teacher = parse_teachers(o.teacher).front().name;
  CompressedModel read = load_compressed_or_packed_model(resolve_model_folder(teacher));
  const bert::Config& config = read.model.config;
  require(framing.length <= config.max_position_embeddings,
          "--teacher {}: must have a position for each token to teach hidden states or attention, has {}, and --length "
          "is {}",
          teacher, config.max_position_embeddings, framing.length);
  require(!texts.corpus.has_pairs || framing.pairs_apart || config.type_vocab_size > 1,
          "--teacher {}: must have two token types to read pairs of texts, has {}", teacher, config.type_vocab_size);
  return read;
}

bert::Imitation imitation_of(const TrainingOptions& o, const bert::Model& teacher, const bert::Config& student) {
  return {.teacher = &teacher,
          .fingerprint = hash_of_model(parse_teachers(o.teacher).front().name, engine::content_hash("imitated 1")),
          .hidden_weight = o.teacher_hidden,
          .attention_weight = o.teacher_attention,
          .projection = o.teacher_hidden > 0 ? bert::new_projection(teacher.config, student) : engine::Variable()};
}

double weight_in(std::string_view text, const std::string& teacher) {
  double weight = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), weight);
  require(error == std::errc() && end == text.data() + text.size() && std::isfinite(weight) && weight > 0,
          "--teacher {}: a weight must be a number above 0, got '{}'", teacher, text);
  return weight;
}

}  // namespace

std::vector<Teacher> parse_teachers(const std::string& text) {
  std::vector<Teacher> teachers;
  std::size_t n_weights = 0;
  for (std::size_t begin = 0; begin <= text.size() && !text.empty();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const std::string part = text.substr(begin, end - begin);
    begin = end + 1;
    const std::size_t equals = part.rfind('=');
    Teacher teacher{.name = part.substr(0, equals)};
    require(!teacher.name.empty(), "--teacher: must be folders of models, or ngrams, separated by commas, got '{}'",
            text);
    if (equals != part.npos) {
      teacher.weight = weight_in(std::string_view(part).substr(equals + 1), teacher.name);
      ++n_weights;
    }
    teachers.push_back(std::move(teacher));
  }
  require(n_weights == 0 || n_weights == teachers.size(), "--teacher: all of {} must have a weight or none, got '{}'",
          teachers.size(), text);
  if (n_weights == 0)
    for (Teacher& teacher : teachers) teacher.weight = 1 / static_cast<double>(teachers.size());
  return teachers;
}

void check_distillation_options(const TrainingOptions& o) {
  const TrainingOptions plain;
  require(
      !o.teacher.empty() || (o.unlabelled == plain.unlabelled && o.teacher_weight == plain.teacher_weight &&
                             o.temperature == plain.temperature && o.teacher_hidden == 0 && o.teacher_attention == 0),
      "--unlabelled, --teacher-weight, --temperature, --teacher-hidden, --teacher-attention: are about a teacher; "
      "name one with --teacher");
  for (const auto& [name, weight] :
       {std::pair("hidden", o.teacher_hidden), std::pair("attention", o.teacher_attention)})
    require(std::isfinite(weight) && weight >= 0, "--teacher-{}: must be at least 0, got {}", name, weight);
  const bool no_outputs = o.teacher_weight == 0 && is_imitated(o);
  require(no_outputs || (o.teacher_weight > 0 && o.teacher_weight <= 1),
          "--teacher-weight: must be above 0 and at most 1, got {}{}", o.teacher_weight,
          o.teacher_weight == 0 ? "; 0 goes with --teacher-hidden or --teacher-attention" : "");
  require(std::isfinite(o.temperature) && o.temperature > 0, "--temperature: must be above 0, got {}", o.temperature);
  require(o.teacher.empty() || o.has_training(), "--teacher: is about training, and there are no epochs of it");
  require(o.teacher.empty() || no_outputs || (o.class_weights == "none" && o.label_smoothing == 0),
          "--teacher: its targets are soft already; it goes without --class-weights and --label-smoothing");
  const std::vector<Teacher> teachers = parse_teachers(o.teacher);
  require(!is_imitated(o) || (teachers.size() == 1 && teachers.front().name != kNgrams),
          "--teacher-hidden, --teacher-attention: need one teacher that is a BERT, got '{}'", o.teacher);
  for (const Teacher& teacher : teachers)
    if (teacher.name != kNgrams) resolve_model_folder(teacher.name);
}

void check_imitated_tokenizer(const TrainingOptions& o, const bert::Tokenizer& student) {
  if (!is_imitated(o)) return;
  const std::string teacher = parse_teachers(o.teacher).front().name;
  const fs::path folder = resolve_model_folder(teacher);
  const auto other = bert::load_tokenizer(folder);
  require(bert::fingerprint(*other) == bert::fingerprint(student),
          "--teacher {}: must have the tokenizer of the student to teach hidden states or attention, has one of {} "
          "pieces, the student another of {}; --tokenizer {} takes the teacher's",
          teacher, other->size(), student.size(), (folder / other->file_name()).string());
}

engine::Json identity_of(const bert::Teaching& teaching) {
  engine::Json identity{{"taught", engine::content_hash({reinterpret_cast<const char*>(teaching.outputs.data()),
                                                         teaching.outputs.size() * sizeof(float)})}};
  if (teaching.imitation) identity["imitated"] = teaching.imitation->fingerprint;
  return identity;
}

std::unique_ptr<Distillation> distillation_of(const TrainingOptions& o, const bert::Config& student,
                                              const TrainingTexts& texts, const data::Framing& framing,
                                              std::uint64_t seed) {
  if (o.teacher.empty()) return nullptr;
  require(student.head->lesson != nullptr || o.teacher_weight == 0,
          "--teacher: cannot teach the task {}; with --teacher-weight 0 it can teach hidden states and attention",
          student.head->task);
  auto made = std::make_unique<Distillation>();
  if (is_imitated(o)) {
    made->imitated.emplace(imitated_model(o, texts, framing));
    made->teaching.imitation = imitation_of(o, made->imitated->model, student);
  }
  bert::Subset& unlabelled = made->teaching.unlabelled;
  bool from_training_part = false;
  if (o.unlabelled == kOwn) {
    if (texts.corpus.unlabelled.size() > 0) unlabelled = bert::Subset::all(texts.corpus.unlabelled);
  } else if (o.unlabelled != kNone) {
    DataOptions options = o;
    options.data = o.unlabelled;
    options.train_file = options.validation_file = options.test_file = "";
    options.label.clear();
    options.answers = data::Answers::none;
    made->source = open_data(options);
    made->corpus.emplace(tokenized(*made->source, *texts.tokenizer));
    require(made->corpus->has_pairs == texts.corpus.has_pairs, "--unlabelled {}: must hold {} as the data does",
            o.unlabelled, texts.corpus.has_pairs ? "pairs" : "single texts");
    from_training_part = made->corpus->unlabelled.size() == 0;
    unlabelled = bert::Subset::all(from_training_part ? made->corpus->train : made->corpus->unlabelled);
  }
  const Texts all{texts, made->source != nullptr ? *made->source : *texts.source, unlabelled, from_training_part};
  made->teaching.weight = o.teacher_weight;
  made->teaching.temperature = o.temperature;
  if (o.teacher_weight > 0) made->teaching.outputs = sum_of_outputs(parse_teachers(o.teacher), all, student, seed);
  say(fmt::format("teacher {}: {} labelled and {} unlabelled texts", o.teacher, texts.training.examples.size(),
                  unlabelled.examples.size()));
  return made;
}

}  // namespace ingot::pipeline
