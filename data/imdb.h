// The Large Movie Review Dataset (Maas et al., Learning Word Vectors for Sentiment Analysis, ACL 2011):
// {train,test}/{neg,pos}/ID_RATING.txt and, optionally, train/unsup/ID_0.txt, one review a file. Labels: neg 0, pos 1.
//
// Texts are as stored: `<br />` tags stay in them, since whether to keep them is up to the tokenizer. Reviews are
// ordered by part, label, ID and rating, whatever the order of the archive or file system. Files whose names begin with
// a dot (which some systems add) and files elsewhere are not reviews; any other file among the reviews is an Error.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "data/source.h"

namespace ingot::data {

// Reads an archive from its bytes, wherever in it train/ and test/ are; `file` is the name for messages. Throws Error
// naming file, member and rule, also if it unpacks to more than `most_bytes`.
// With Answers::numbers, examples have their rating, 1 to 10 stars, instead of a label.
Corpus read_imdb_archive(std::string_view bytes, const std::string& file, std::uint64_t most_bytes,
                         Answers answers = Answers::label);

// Reads the folder that holds train/ and test/, of at most `most_bytes`.
Corpus read_imdb_folder(const std::filesystem::path& folder, std::uint64_t most_bytes,
                        Answers answers = Answers::label);

}  // namespace ingot::data
