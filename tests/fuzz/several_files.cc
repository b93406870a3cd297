#include "tests/fuzz/several_files.h"

#include <algorithm>

#include "tests/fuzz/mutations.h"
#include "tests/support/temporary_folder.h"

namespace ingot::fuzz {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view kMark = "--- ";

bool is_plain(std::string_view name) {
  const auto is_fine = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
           c == '.';
  };
  return !name.empty() && name.size() < 100 && name.front() != '.' && std::all_of(name.begin(), name.end(), is_fine);
}

void mutate(NamedFile& file, Rng& rng) {
  const std::string& name = file.name;
  if (name.ends_with(".json")) {
    file.bytes = mutated_json(file.bytes, rng);
  } else if (name.ends_with(".jsonl") || name.ends_with(".log")) {
    file.bytes = mutated_json_lines(file.bytes, rng);
  } else if (name.ends_with(".safetensors")) {
    file.bytes = mutated_safetensors(file.bytes, rng);
  } else {
    file.bytes = mutated_lines(file.bytes, rng);
  }
}

}  // namespace

std::vector<NamedFile> files_in(std::string_view bytes) {
  const std::string text = "\n" + std::string(bytes);
  const std::string mark = "\n" + std::string(kMark);
  std::vector<NamedFile> files;
  for (std::size_t at = text.find(mark), next = 0; at != text.npos; at = next) {
    const std::size_t name = at + mark.size(), begin = std::min(text.find('\n', name), text.size() - 1) + 1;
    next = text.find(mark, begin - 1);
    // The line end before the next mark is none of the file's.
    const std::size_t end = next != text.npos ? next : text.size() - text.ends_with('\n');
    const NamedFile file{text.substr(name, begin - 1 - name), begin < end ? text.substr(begin, end - begin) : ""};
    if (is_plain(file.name)) files.push_back(file);
  }
  return files;
}

std::string joined(const std::vector<NamedFile>& files) {
  std::string bytes;
  for (const NamedFile& file : files) bytes += std::string(kMark) + file.name + "\n" + file.bytes + "\n";
  return bytes;
}

fs::path folder_of(std::string_view bytes) {
  const fs::path made = folder() / "several";
  fs::remove_all(made);
  fs::create_directory(made);
  for (const NamedFile& file : files_in(bytes)) test::put(made / file.name, file.bytes);
  return made;
}

std::string mutated_files(std::string bytes, Rng& rng) {
  std::vector<NamedFile> files = files_in(bytes);
  if (files.empty()) return mutated_bytes(std::move(bytes), rng);
  for (std::uint64_t n = 1 + rng.below(2); n > 0; --n) mutate(files[rng.below(files.size())], rng);
  const std::size_t at = rng.below(files.size());
  if (rng.below(30) == 0) files.erase(files.begin() + static_cast<std::ptrdiff_t>(at));
  if (!files.empty() && rng.below(30) == 0) files[rng.below(files.size())].name = files[rng.below(files.size())].name;
  return joined(files);
}

}  // namespace ingot::fuzz
