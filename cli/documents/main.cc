// ingot-documents FOLDER VERSION: writes into FOLDER man pages (man1/) and completion for bash (ingot), zsh (_ingot) and
// fish (ingot.fish). It runs in the build, so that they are what the options are.
#include <cstdio>
#include <filesystem>

#include "cli/documents/documents.h"
#include "engine/base/error.h"
#include "engine/base/files.h"

int main(int argc, char** argv) {
  using namespace ingot;
  namespace fs = std::filesystem;
  if (argc != 3) return std::fputs("ingot-documents FOLDER VERSION\n", stderr), 2;
  try {
    const fs::path folder = argv[1];
    const std::vector<cli::DescribedCommand> all = cli::described_commands();
    fs::remove_all(folder / "man1");  // pages of commands that are no more
    fs::create_directories(folder / "man1");
    for (const cli::DescribedCommand& command : all) {
      engine::write_file(folder / "man1" / (cli::page_name(command) + ".1"), cli::man_page(command, all, argv[2]));
    }
    engine::write_file(folder / "ingot", cli::bash_completion(all));
    engine::write_file(folder / "_ingot", cli::zsh_completion(all));
    engine::write_file(folder / "ingot.fish", cli::fish_completion(all));
  } catch (const std::exception& error) {
    return std::fprintf(stderr, "ingot-documents: %s\n", error.what()), 1;
  }
  return 0;
}
