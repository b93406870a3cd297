// The time from the start of the program to its first prediction.
#pragma once

#include <filesystem>
#include <string>

namespace ingot::bench {

// A folder with a BERT-tiny of 30,522 WordPiece pieces and random weights, removed with this.
class ModelFolder {
 public:
  ModelFolder();
  ~ModelFolder();
  ModelFolder(const ModelFolder&) = delete;
  ModelFolder& operator=(const ModelFolder&) = delete;

  // Runs `ingot predict` of the build folder on one text; seconds until its line can be read. Throws Error if there is
  // no such line.
  double predict() const;

 private:
  std::filesystem::path path_;
};

}  // namespace ingot::bench
