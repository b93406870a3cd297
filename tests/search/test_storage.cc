// What search/storage/storage.h says, of every storage.
#include <doctest/doctest.h>

#include <optional>

#include "search/storage/storage.h"
#include "tests/support/error_text.h"
#include "tests/support/redis_server.h"
#include "tests/support/temporary_folder.h"

using namespace ingot::search;
using ingot::test::contains;
using ingot::test::error_text;
using ingot::test::RedisServer;
using ingot::test::TemporaryFolder;

namespace {

// Where storages of one kind can be opened.
class Place {
 public:
  explicit Place(const StorageKind& kind) : kind_(kind.name) {
    if (kind_ == "redis" && RedisServer::is_there()) server_.emplace();
    if (!is_usable()) MESSAGE("skipped: the storage redis: needs redis-server (Debian package redis-tools has it)");
  }
  bool is_usable() const { return kind_ != "redis" || server_.has_value(); }

  // Options for which a storage of the kind is opened.
  StudyOptions options() const {
    StudyOptions options{.name = "s"};
    if (kind_ == "journal") options.journal = folder_ / "j";
    if (server_) options.storage = server_->url();
    return options;
  }

 private:
  std::string kind_;
  TemporaryFolder folder_;
  std::optional<RedisServer> server_;
};

int create(Storage& storage) {
  int number = -1;
  storage.exclusively([&] { number = storage.create_trial(); });
  return number;
}

void start(Storage& storage, int number) {
  storage.exclusively([&] { storage.start_trial(number); });
}

const TrialRecord& trial(const Storage& storage, int number) {
  return storage.history().trials.at(static_cast<std::size_t>(number));
}

void check_sharing(StudyOptions options) {
  options.identity = {{"seed", 1}};
  const auto one = open_storage(options), other = open_storage(options);
  REQUIRE(create(*one) == 0);
  CHECK(other->history().trials.empty());
  other->sync();
  one->set_trial_parameter(0, "x", Distribution::real(0, 1), 0.5);
  other->sync();
  CHECK(trial(*other, 0).parameters.empty());
  CHECK_FALSE(other->is_free(trial(*other, 0)));  // the other storage of this process runs it
  one->flush(0);
  other->sync();
  CHECK(trial(*other, 0).parameters.at("x").value == 0.5);
  one->set_study_system_attribute("key", "value");
  other->sync();
  CHECK(other->history().system_attributes["key"] == "value");
  start(*other, 0);
  CHECK_FALSE(one->finish_trial(0, State::complete, {1}));
  CHECK(other->finish_trial(0, State::complete, {2}));
  CHECK_FALSE(other->finish_trial(0, State::complete, {3}));
  one->sync();
  CHECK(trial(*one, 0).values == std::vector{2.0});
  options.identity["seed"] = 2;
  CHECK(contains(error_text([&] { open_storage(options); }), "study s was started with seed 1, not 2"));
  options.identity = {{"seed", 1}, {"option of a later version", true}};
  CHECK_NOTHROW(open_storage(options));
}

}  // namespace

TEST_CASE("the options ask for the storage of their kind") {
  for (const StorageKind& kind : storage_kinds()) {
    const Place place(kind);
    if (!place.is_usable()) continue;
    const StudyOptions options = place.options();
    const StorageKind* first = nullptr;
    for (const StorageKind& other : storage_kinds()) {
      if (first == nullptr && other.is_meant(options)) first = &other;
    }
    CHECK(first == &kind);
    CHECK(open_storage(options)->history().directions == options.directions);
  }
}

TEST_CASE("a storage knows at once what a trial does, and forgets what was discarded") {
  const Distribution real = Distribution::real(0, 1);
  for (const StorageKind& kind : storage_kinds()) {
    CAPTURE(kind.name);
    const Place place(kind);
    if (!place.is_usable()) continue;
    const auto storage = open_storage(place.options());
    REQUIRE(create(*storage) == 0);
    REQUIRE(create(*storage) == 1);
    const TrialRecord& t = trial(*storage, 1);
    CHECK(t.state == State::running);
    CHECK(storage->is_free(t));  // by this process
    storage->check_compatible("x", real);
    storage->set_trial_parameter(1, "x", real, 0.5);
    CHECK(t.parameters.at("x").value == 0.5);
    storage->discard(1);
    CHECK(t.parameters.empty());
    storage->set_trial_parameter(1, "x", real, 0.25);
    storage->set_trial_joint(1, {{"x", 0.25}});
    CHECK(t.joint.at("x") == 0.25);
    storage->set_trial_report(1, 3, 0.5);
    storage->set_trial_report(1, 3, 0.75);
    CHECK(t.reports == std::map<std::int64_t, double>{{3, 0.5}});
    storage->set_trial_user_attribute(1, "note", "a");
    storage->set_trial_system_attribute(1, "constraints", {-1.0, 2.0});
    CHECK(t.user_attributes["note"] == "a");
    CHECK(t.violation == 2);
    CHECK(storage->finish_trial(1, State::complete, {7}));
    CHECK(t.is_finished());
    CHECK(t.values == std::vector{7.0});
    CHECK(
        contains(error_text([&] { storage->check_compatible("x", Distribution::integer(0, 1)); }), "parameter x: is"));
  }
}

TEST_CASE("a trial that is started again keeps its parameters and forgets its reports") {
  for (const StorageKind& kind : storage_kinds()) {
    CAPTURE(kind.name);
    const Place place(kind);
    if (!place.is_usable()) continue;
    const auto storage = open_storage(place.options());
    storage->enqueue_trial({{"x", 1}});
    const TrialRecord& t = trial(*storage, 0);
    CHECK(t.state == State::waiting);
    CHECK(t.system_attributes["fixed_params"]["x"] == 1);
    for (int run = 0; run < 2; ++run) {
      const std::uint64_t revision = storage->history().revision;
      start(*storage, 0);
      CHECK(t.state == State::running);
      CHECK(t.reports.empty());
      CHECK(t.parameters.size() == static_cast<std::size_t>(run));
      if (run == 0) CHECK(storage->history().revision > revision);
      storage->set_trial_parameter(0, "x", Distribution::real(0, 1), 1);
      storage->set_trial_report(0, 0, 0.5);
    }
  }
}

TEST_CASE("others see a trial when it is flushed, and only one of them ends it") {
  for (const StorageKind& kind : storage_kinds()) {
    const Place place(kind);
    if (!place.is_usable() || std::string(kind.name) == "memory") continue;
    check_sharing(place.options());
  }
}
