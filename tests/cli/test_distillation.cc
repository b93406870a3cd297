// Students of teachers, from the command line.
#include <doctest/doctest.h>

#include <algorithm>

#include "bert/model.h"
#include "engine/io/json.h"
#include "tests/support/error_text.h"
#include "tests/support/program.h"

using namespace ingot;
using engine::Json;
using test::contains;
using test::Outcome;
using test::Workplace;
namespace fs = std::filesystem;

namespace {

constexpr const char* kWords[] = {"iron", "gold", "lead", "plum", "pear", "fig"};
const std::string kStudent =
    "train --tokenizer vocab.txt --layers 1 --hidden 16 --heads 2 --ffn 16 --length 12 --batch 8 --lr 1e-2 "
    "--validation 12 --data own.csv ";

// Texts whose word says the label, and others without labels.
void write_texts(const Workplace& place) {
  std::string labelled = "text,label\n", other = "text\n";
  for (int i = 0; i < 72; ++i) {
    labelled += fmt::format("the {} is {},{}\n", kWords[i % 6], kWords[(i * 5 + 1) % 6], i % 6 < 3 ? "metal" : "fruit");
    other += fmt::format("{} and {}\n", kWords[i % 6], kWords[(i / 6) % 6]);
  }
  place.write("own.csv", labelled);
  place.write("unlabelled.csv", other);
}

Outcome good(const Workplace& place, const std::string& words) {
  const Outcome outcome = place.run(words);
  CHECK_MESSAGE(outcome.code == 0, outcome.error);
  return outcome;
}

std::string weights(const Workplace& place, const std::string& run) {
  return test::text_of_file(place / (run + "/last/model.safetensors"));
}

}  // namespace

TEST_CASE(
    "a student learns from n-grams and models; what they say is asked once and kept; its run resumes to the same") {
  const Workplace place;
  write_texts(place);
  const std::string taught = kStudent + "--epochs 2 --teacher ngrams --unlabelled unlabelled.csv ";
  const Outcome first = good(place, taught + "--out a");
  CHECK(contains(first.error, "ngrams, fold 4 of 4"));
  CHECK(contains(first.error, "teacher ngrams: 60 labelled and 72 unlabelled texts"));
  const Outcome second = good(place, taught + "--out b");
  CHECK_FALSE(contains(second.error, "fold 4 of 4"));
  CHECK(weights(place, "a") == weights(place, "b"));
  CHECK(Json::parse(test::text_of_file(place / "a/result.json"))["steps"] == 2 * 17);  // (60 + 72) / 8, rounded up
  good(place, kStudent + "--epochs 2 --out alone");
  CHECK(weights(place, "a") != weights(place, "alone"));
  good(place, taught + "--threads 1 --out one");
  CHECK(weights(place, "a") == weights(place, "one"));

  const Outcome both = good(place, kStudent + "--teacher ngrams=0.4,a=0.6 --temperature 2 --out both");
  CHECK(contains(both.error, "teacher a "));
  CHECK(contains(both.error, "60 labelled and 0 unlabelled texts"));
  good(place, kStudent + "--teacher a --out of-a");
  good(place, kStudent + "--teacher alone --out of-alone");
  CHECK(weights(place, "of-a") != weights(place, "of-alone"));  // what one teacher said is not taken for another's
  good(place, "quantize a --data own.csv --qat-epochs 1 --batch 8 --teacher a --validation 12 --out q");
  CHECK(fs::exists(place / "q/best/compression.json"));
  good(place, "prune a --data own.csv --epochs 1 --batch 8 --teacher a --validation 12 --out p");
}

TEST_CASE("a teacher that counts its labels in another order teaches the same") {
  const Workplace place;
  write_texts(place);
  good(place, kStudent + "--epochs 3 --out a");
  good(place, kStudent + "--teacher a --teacher-weight 1 --out straight");
  // The same teacher, its outputs and their names exchanged.
  bert::Model teacher = bert::load_model(place / "a/best");
  std::swap(teacher.config.label_names[0], teacher.config.label_names[1]);
  const engine::Linear& classifier = teacher.head.linears.at("classifier");
  const std::int64_t k = classifier.weight.shape()[1];
  float* const weight = classifier.weight.value().data();
  std::swap_ranges(weight, weight + k, weight + k);
  std::swap(classifier.bias.value().data()[0], classifier.bias.value().data()[1]);
  fs::copy(place / "a/best", place / "b");
  bert::save_model(place / "b", teacher);
  good(place, kStudent + "--teacher b --teacher-weight 1 --out crossed");
  CHECK(weights(place, "straight") == weights(place, "crossed"));
}

TEST_CASE("a recipe is its settings by name, pretrains where it says so, and gives way to options") {
  const Workplace place;
  write_texts(place);
  good(place, kStudent + "--recipe fast --out fast");
  good(place, kStudent + "--teacher ngrams --out same");
  CHECK(weights(place, "fast") == weights(place, "same"));
  good(place, kStudent + "--recipe good --out good");
  CHECK(Json::parse(test::text_of_file(place / "good/pretrained/result.json"))["steps"] ==
        2);  // of 60 + 12 texts, one epoch
  CHECK(weights(place, "good") != weights(place, "fast"));
  CHECK(place.run(kStudent + "--recipe good --out good").code == 2);
  CHECK(place.run(kStudent + "--recipe good --resume --out good").code == 0);
  const Outcome unknown = place.run(kStudent + "--recipe quick --out none");
  CHECK(contains(unknown.error, "--recipe: must be none or one of fast, good, best, got 'quick'"));
  CHECK(contains(place.run("train --data own.csv --from fast --recipe best --out none").error,
                 "--recipe best: pretrains a model of its own; it goes without --from"));
}

TEST_CASE("a student learns hidden states and attention of a model of any task, and its run resumes to the same") {
  const Workplace place;
  write_texts(place);
  const std::string sizes = "--tokenizer vocab.txt --layers 3 --hidden 24 --heads 4 --ffn 24 --length 12 --batch 8 ";
  good(place, "train --data own.csv " + sizes + "--epochs 1 --validation 12 --out mini");
  good(place, "pretrain --data own.csv " + sizes + "--epochs 1 --out mlm");
  const std::string inside = kStudent + "--epochs 2 --teacher mini --teacher-hidden 1 --teacher-attention 0.5 ";
  good(place, inside + "--out a");
  good(place, inside + "--threads 1 --out one");
  CHECK(weights(place, "a") == weights(place, "one"));
  good(place, kStudent + "--epochs 2 --teacher mini --out outputs");
  CHECK(weights(place, "a") != weights(place, "outputs"));
  const std::string body = kStudent + "--epochs 2 --teacher mlm --teacher-weight 0 --teacher-hidden 1 ";
  const Outcome taught = good(place, body + "--unlabelled unlabelled.csv --class-weights balanced --out body");
  CHECK(contains(taught.error, "teacher mlm: 60 labelled and 72 unlabelled texts"));
  CHECK(Json::parse(test::text_of_file(place / "body/result.json"))["steps"] == 2 * 17);
  CHECK_FALSE(contains(weights(place, "body"), "projection"));
  CHECK(contains(
      place.run(kStudent + "--epochs 2 --teacher mini --teacher-hidden 2 --teacher-attention 0.5 --resume --out a")
          .error,
      "teacher-hidden: saved 1, now 2"));
  fs::copy(place / "mlm/best", place / "mini", fs::copy_options::recursive | fs::copy_options::overwrite_existing);
  CHECK(contains(place.run(inside + "--teacher-weight 0 --resume --out a").error, "imitated: saved "));
}

TEST_CASE("quantised with learned scales, pruned, tagged and embedded students learn hidden states too") {
  const Workplace place;
  write_texts(place);
  good(place, kStudent + "--out a");
  const std::string inside = " --batch 8 --teacher a --teacher-weight 0 --teacher-hidden 1 --teacher-attention 1 ";
  good(place, "quantize a --data own.csv --width 6 --qat-epochs 1 --learn-scales --validation 12 --out q" + inside);
  const std::string state = test::text_of_file(place / "q/training.safetensors");
  CHECK(contains(state, "\"teacher_projection\""));
  CHECK(contains(state, "\"log2_steps."));
  good(place, "prune a --data own.csv --epochs 1 --validation 12 --out p" + inside);
  std::string tags, pairs = "sentence1,sentence2\n";
  for (int i = 0; i < 40; ++i) {
    tags += fmt::format("the O\n{} {}\n\n", kWords[i % 6], i % 6 < 3 ? "B-metal" : "B-fruit");
    pairs += fmt::format("the {},{} is {}\n", kWords[i % 6], kWords[i % 6], kWords[(i / 6) % 6]);
  }
  place.write("tags.conll", tags);
  place.write("pairs.csv", pairs);
  const std::string plain = "train --tokenizer vocab.txt --layers 1 --hidden 16 --heads 2 --ffn 16 --length 12 ";
  good(place, plain + "--data tags.conll --task tokens --unlabelled unlabelled.csv --out t" + inside);
  good(place, plain + "--data pairs.csv --task embedding --out e" + inside);
}

TEST_CASE("teachers that cannot teach are refused, and options about teachers without one") {
  const Workplace place;
  write_texts(place);
  good(place, kStudent + "--out a");
  const auto refused = [&](const std::string& words, const std::string& sentence) {
    const Outcome outcome = place.run(words + " --out none");
    CHECK(outcome.code == 2);
    CHECK_MESSAGE(contains(outcome.error, sentence), outcome.error);
    CHECK_FALSE(fs::exists(place / "none/result.json"));
  };
  refused(kStudent + "--teacher absent", "absent: no such model folder");
  refused(kStudent + "--teacher a,", "--teacher: must be folders of models, or ngrams, separated by commas, got 'a,'");
  refused(kStudent + "--teacher a=0", "--teacher a: a weight must be a number above 0, got '0'");
  refused(kStudent + "--teacher a=nan", "--teacher a: a weight must be a number above 0, got 'nan'");
  refused(kStudent + "--teacher a=1,ngrams", "--teacher: all of 2 must have a weight or none, got 'a=1,ngrams'");
  refused(kStudent + "--temperature 2", "are about a teacher; name one with --teacher");
  refused(kStudent + "--teacher a --temperature 0", "--temperature: must be above 0, got 0");
  refused(kStudent + "--teacher a --teacher-weight 1.5", "--teacher-weight: must be above 0 and at most 1, got 1.5");
  refused(kStudent + "--teacher a --label-smoothing 0.1", "--teacher: its targets are soft already");
  refused(
      kStudent + "--teacher a --teacher-weight 0",
      "--teacher-weight: must be above 0 and at most 1, got 0; 0 goes with --teacher-hidden or --teacher-attention");
  refused(kStudent + "--teacher-hidden 1", "are about a teacher; name one with --teacher");
  refused(kStudent + "--teacher a --teacher-hidden -1", "--teacher-hidden: must be at least 0, got -1");
  for (const char* teachers : {"ngrams", "a,ngrams", "a,a"})
    refused(kStudent + "--teacher-attention 1 --teacher " + teachers,
            fmt::format("--teacher-hidden, --teacher-attention: need one teacher that is a BERT, got '{}'", teachers));
  const std::string pieces = "train --pieces 25 --layers 1 --hidden 16 --heads 2 --ffn 16 --length 12 --data own.csv ";
  for (const char* recipe : {"none", "good"})
    refused(pieces + "--teacher a --teacher-hidden 1 --recipe " + recipe,
            "--teacher a: must have the tokenizer of the student to teach hidden states or attention");
  CHECK_FALSE(fs::exists(place / "none/pretrained"));
  refused(
      "train --tokenizer vocab.txt --layers 1 --hidden 16 --heads 2 --ffn 16 --length 600 --positions 600 "
      "--data own.csv --teacher a --teacher-hidden 1",
      "has 512, and --length is 600");
  refused("quantize a --data own.csv --teacher a", "--teacher: is about training, and there are no epochs of it");
  std::string other = "text,label\n", numbers = "text,score\n";
  for (int i = 0; i < 40; ++i) {
    other += fmt::format("the {},{}\n", kWords[i % 6], i % 2 == 0 ? "big" : "small");
    numbers += fmt::format("the {},{}\n", kWords[i % 6], 0.5 * i);
  }
  place.write("other.csv", other);
  place.write("numbers.csv", numbers);
  place.write("pairs.csv", "sentence1,sentence2\na,b\n");
  const std::string plain = "train --tokenizer vocab.txt --layers 1 --hidden 16 --heads 2 --ffn 16 --length 12 ";
  refused(plain + "--data other.csv --teacher a",
          "--teacher a: must know the labels of the data (big, small), knows fruit, metal");
  refused(plain + "--data numbers.csv --teacher a",
          "--teacher a: must have learned the task regression, has learned single-label");
  refused(plain + "--data numbers.csv --teacher ngrams", "--teacher ngrams: teaches one label for each text");
  refused(kStudent + "--teacher ngrams --unlabelled pairs.csv", "--unlabelled pairs.csv: must hold single texts");
}
