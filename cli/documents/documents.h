// Man pages and completion, each as text made of what the commands say of themselves.
#pragma once

#include <string>
#include <vector>

#include "cli/documents/described.h"

namespace ingot::cli {

// The page of one of `all` in troff, for man; `version` stands in its foot.
std::string man_page(const DescribedCommand& command, const std::vector<DescribedCommand>& all,
                     const std::string& version);

// "ingot", "ingot-search-nas": the name of its page.
std::string page_name(const DescribedCommand& command);

// Scripts that complete commands, options, their choices and files.
std::string bash_completion(const std::vector<DescribedCommand>& all);
std::string zsh_completion(const std::vector<DescribedCommand>& all);
std::string fish_completion(const std::vector<DescribedCommand>& all);

// `text` as one word of a shell that knows 'single quotes', in which fish needs backslashes doubled too.
std::string shell_word(const std::string& text);
std::string fish_word(const std::string& text);

// The description up to its first clause, for menus that show a line.
std::string brief(const std::string& description);

}  // namespace ingot::cli
