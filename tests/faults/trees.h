// Folders as maps of their files, and what of their contents two unbroken runs have in common.
#pragma once

#include <filesystem>
#include <map>
#include <set>
#include <string>

namespace ingot::test {

// Names of all files and folders inside (these with a slash at the end), and what the files hold.
using Tree = std::map<std::string, std::string>;

Tree tree_of(const std::filesystem::path& folder);
void write_tree(const Tree& tree, const std::filesystem::path& folder);  // a new folder

// Texts of files of results without what depends on the clock, the process or the memory: these members of JSON objects
// are left out.
extern const std::set<std::string> kUnsteadyMembers;
std::string steady(const std::string& name, const std::string& content);

// One line a difference, at most `most`: files that are missing or too many, and those whose steady contents differ.
// Names in `unsteady` may hold anything.
std::string differences(const Tree& expected, const Tree& found, const std::set<std::string>& unsteady, int most = 6);

// Whether the file has the name of one that is not finished. Folders of that kind (NAME.new) may stay until the next
// run.
bool is_temporary(const std::string& name);

}  // namespace ingot::test
