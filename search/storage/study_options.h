// What a study is made of: chosen by whoever starts one, in plain values.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "engine/io/json.h"
#include "search/history/record.h"
#include "search/samplers/sampler.h"

namespace ingot::search {

// What happens to a trial whose configuration a complete trial already had; found out in Trial::settle().
enum class Duplicates {
  evaluate,  // it is evaluated again
  cached,    // it gets the values of the other
  resample,  // draws other parameters, from the 11th time on uniformly; after 100 times as cached
};

struct StudyOptions {
  std::string name = "study";
  std::vector<std::string> metric_names = {};  // of the objectives, kept in a journal; none, or one for each direction
  std::string brackets = {};                   // what Hyperband divides trials by; empty: the name
  std::vector<Direction> directions{Direction::minimize};
  std::string sampler = "tpe";
  SamplerOptions sampling;
  std::string pruner = "none";
  Duplicates duplicates = Duplicates::evaluate;
  std::map<std::string, Choice> first = {};  // parameters of trial 0; what it leaves out is drawn
  int batch = 1;  // trials that are drawn before their results are known, so that they can run side by side
  std::filesystem::path journal;  // a file; empty: the study lives in memory
  std::string storage = {};       // redis://[:password@]host:port/database, a server in the file's place
  double lease = 60;              // seconds after which a worker that the server hears nothing of has lost its trial
  double patience = 45;           // seconds for which a lost server is tried again
  // Whether a trial that a process of another machine began is abandoned. Null: such trials are taken to be running.
  std::function<bool(int number)> is_abandoned = nullptr;
  engine::Json identity = engine::Json::object();          // names and values that must be the same when it is resumed
  std::function<void(const std::string&)> note = nullptr;  // is told, as a sentence, how a damaged journal was mended
};

}  // namespace ingot::search
