// The folder of a lab, which several processes may share. It holds which rows are done, and which process does a row.
//
//   lab.json          what the lab is about: data, model, seed, recipe; another lab is refused
//   rows/NAME/        what the commands of a row wrote; row.json once they are done
//   plans/NAME.toml   the quantisation plan of a row that has one
//   locks/NAME        locked by the process that does the row
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "engine/base/file_lock.h"
#include "engine/io/json.h"
#include "labs/row.h"
#include "pipeline/output_lock.h"

namespace ingot::labs {

class LabFolder {
 public:
  // Makes the folder, or joins the lab in it. Throws Error if that is another one, or the folder holds other things.
  LabFolder(std::filesystem::path folder, const engine::Json& identity);

  const std::filesystem::path& path() const { return path_; }
  std::filesystem::path row_folder(const std::string& name) const { return path_ / "rows" / name; }
  std::filesystem::path plan_file(const std::string& name) const { return path_ / "plans" / (name + ".toml"); }
  std::filesystem::path lock_file(const std::string& name) const { return path_ / "locks" / name; }

  // What the row came to if it is done, as its row.json says. Throws Error if it was done by other commands than the
  // row's, or is damaged.
  std::optional<RowResult> result(const Row& row) const;
  Results results(std::span<const Row> rows) const;

  // Marks the row as done. Of its run the best model stays; what only a continuation would need goes.
  void finish_row(const Row& row, const RowResult& result) const;
  // The second half of it, for a row that is done: the first process may have been killed before it.
  void tidy(const std::string& row) const;

 private:
  std::filesystem::path path_;
};

}  // namespace ingot::labs
