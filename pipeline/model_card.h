// README.md of an exported folder: what a user of Hugging Face transformers has to know.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "pipeline/model_folder.h"

namespace ingot::pipeline {

// What a Hugging Face folder cannot carry over, in a sentence, and Python that makes up for it, if some can.
struct Note {
  std::string sentence;
  std::string python = {};
};

// Of a model as it is exported; `floats`: with weights that its formats and masks have not changed.
std::vector<Note> export_notes(const CompressedModel& written, bool floats);

// Writes README.md, unless there is one, which stays.
void write_model_card(const std::filesystem::path& folder, const bert::Config& config, const std::vector<Note>& notes);

// The same with any text.
void write_card(const std::filesystem::path& folder, const std::string& text);

}  // namespace ingot::pipeline
