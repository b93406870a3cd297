#include "tests/fuzz/tables.h"

#include "engine/base/error.h"
#include "tests/fuzz/target.h"

namespace ingot::fuzz {

namespace {

// What the header asks for: names that nothing is told by, or another separator.
data::ReadingOptions options_for(std::string_view bytes) {
  const std::string_view header = bytes.substr(0, bytes.find('\n'));
  if (header.find("a,b") == 0 || header.find("a\tb") == 0 || header.find("{\"a\":") < 2)
    return {.text = "a+b", .label = "c,d"};
  if (header.find(';') != header.npos) return {.separator = ";", .answers = data::Answers::labels};
  return {};
}

}  // namespace

void read_table(std::string_view name, std::string_view bytes) {
  const bool has_options = name.ends_with(".csv") || name.ends_with(".tsv") || name.ends_with(".jsonl");
  const data::ReadingOptions chosen = has_options ? options_for(bytes) : data::ReadingOptions{};
  const std::unique_ptr<data::Source> source = data::open_source(file_of(name, bytes).string(), chosen);
  source->notes();
  source->fingerprint();
  source->visit([](data::Part, data::Example&&) {});
}

}  // namespace ingot::fuzz
