// A model on disk: a Hugging Face folder with its tokenizer and the framing of its texts.
#pragma once

#include <filesystem>
#include <memory>

#include "bert/model.h"
#include "bert/tokenizers/tokenizer.h"
#include "compress/compression.h"
#include "data/batches.h"

namespace ingot::pipeline {

// The folder with config.json that `folder` stands for: the folder itself, or best/ or last/ of a run.
std::filesystem::path resolve_model_folder(const std::filesystem::path& folder);

// A model and the compression that is attached to it.
struct CompressedModel {
  bert::Model model;
  compress::Compression compression;
};

// The model with the compression in `folder`, which may have none.
CompressedModel with_compression(bert::Model model, const std::filesystem::path& folder);

// Model and compression in a folder. Throws Error as bert::load_model and compress::load_compression do.
CompressedModel load_compressed_model(const std::filesystem::path& folder);

// The same, or what compress::load_packed gives of a folder of packed codes.
CompressedModel load_compressed_or_packed_model(const std::filesystem::path& folder);

// How texts are framed for a model: length and truncation as it was trained (tokenizer_config.json), or else all its
// positions and Truncation::head; special tokens from the tokenizer. A `length` other than 0 is used instead of the
// saved one. Throws Error if the length exceeds the positions, or the tokenizer has no [CLS] or [SEP].
data::Framing framing_for(const std::filesystem::path& folder, const bert::Config& config,
                          const bert::Tokenizer& tokenizer, std::int64_t length);

// Throws Error unless the model has an embedding for each piece of the tokenizer, and only few more as padding.
void check_vocabulary(const bert::Config& config, const bert::Tokenizer& tokenizer, const std::string& where);

// Writes the tokenizer's file and tokenizer_config.json beside a model.
void save_tokenizer(const std::filesystem::path& folder, const bert::Tokenizer& tokenizer,
                    const data::Framing& framing);

// Throws Error if the folder holds a model or a run already.
void check_free(const std::filesystem::path& folder);

// Copies the files of the tokenizer, and which texts the model has seen, from one model's folder to another's: those
// that are there.
void copy_tokenizer(const std::filesystem::path& from, const std::filesystem::path& to);

data::Truncation truncation_from_name(const std::string& name);  // head, head-tail
std::string name(data::Truncation truncation);

}  // namespace ingot::pipeline
