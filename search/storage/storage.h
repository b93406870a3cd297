// Storages: where a study keeps its trials. One file each in this folder, and one line in list.cc. The cut is that of
// Optuna's storages/_base.py, for the one study that a storage is opened for.
//
// A storage knows its study's history. Every change of it is made here, so that whoever shares the storage sees it too:
// what a function says of "others" holds for processes that have opened the same study. What they wrote becomes known
// in sync(), exclusively(), await_free(), enqueue_trial() and finish_trial(), and never between: a trial does not see
// it come.
//
// Calls must not overlap: a Study makes them under its mutex. Trials are named by their numbers, which must be those of
// the history. Besides what they say, all functions that others see the work of throw Error if the storage cannot be
// read or holds what is no study, Failure if it cannot be written, and Interrupted if waiting for others is ended by
// the user. What could not be written is unknown to others, and a later call can write it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/io/json.h"
#include "search/history/record.h"
#include "search/storage/study_options.h"

namespace ingot::search {

class Storage {
 public:
  virtual ~Storage() = default;

  // All that is known of the study. Its trials keep their places in memory as long as the storage lives.
  virtual const History& history() const = 0;

  // Reads what others wrote. Throws Error also if they deleted the study.
  virtual void sync() = 0;

  // Calls `work` after a sync(), while no other writes. Waits for those that do, or calls it again from its beginning
  // when another was faster. Not to be nested, and of the functions below only create_trial() and start_trial() may be
  // called within.
  virtual void exclusively(const std::function<void()>& work) = 0;

  // Keeps a value with the study, over one of the same key. Others know it when they sync.
  virtual void set_study_system_attribute(const std::string& key, const engine::Json& value) = 0;

  // Both within exclusively(). A new trial that is running here; returns its number, the next one.
  virtual int create_trial() = 0;
  // A trial that is waiting, or running but free, is running here now. It keeps its parameters and attributes; what it
  // reported is forgotten, as is what an earlier run of it here had not flushed.
  virtual void start_trial(int number) = 0;

  // Whether this process may start a trial that is marked as running: nobody else runs it any more. Never throws.
  virtual bool is_free(const TrialRecord& trial) const = 0;

  // Waits until a trial that others run may have become free; false if that is not to be expected.
  virtual bool await_free() = 0;

  // A new trial that waits to be started, by anybody, with these parameters: an object of names and written values.
  virtual void enqueue_trial(const engine::Json& parameters) = 0;

  // Ends a trial and flushes it. False, without an effect, if others took it over or ended it: then the history has
  // theirs. Values: one for each direction of a complete trial, at most one of a pruned one, none of a failed one.
  virtual bool finish_trial(int number, State state, const std::vector<double>& values) = 0;

  // Throws Error, naming both, if the distribution is not compatible with the first one that this name had in the
  // study. Others see nothing of it until a trial has the parameter.
  virtual void check_compatible(const std::string& name, const Distribution& distribution) = 0;

  // These record what a running trial of this process does. The history has it at once; others see it from flush() or
  // finish_trial() on, in the order of the calls. An attribute replaces the one with the same key. Attributes throw
  // Error for constraints that are no numbers.
  virtual void set_trial_parameter(int number, const std::string& name, const Distribution& distribution,
                                   double value) = 0;
  virtual void set_trial_joint(int number, const std::map<std::string, double>& values) = 0;  // TrialRecord::joint
  virtual void set_trial_report(int number, std::int64_t step, double value) = 0;  // a step has its first value
  virtual void set_trial_user_attribute(int number, const std::string& key, const engine::Json& value) = 0;
  virtual void set_trial_system_attribute(int number, const std::string& key, const engine::Json& value) = 0;

  // Forgets the parameters of a running trial and all that was not flushed: it draws again. Others see nothing of it.
  // Never throws.
  virtual void discard(int number) = 0;

  // From now on others see what the trial did.
  virtual void flush(int number) = 0;
};

struct StorageKind {
  const char* name;
  const char* summary;
  bool (*is_meant)(const StudyOptions& options);                  // whether the options ask for it
  std::unique_ptr<Storage> (*open)(const StudyOptions& options);  // makes the study if it does not exist; throws
};
std::span<const StorageKind> storage_kinds();

// The storage that the options ask for, with their study in it. Throws Error if there is one of the name that was
// started with other directions or another identity.
std::unique_ptr<Storage> open_storage(const StudyOptions& options);

}  // namespace ingot::search
