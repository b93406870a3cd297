// Reads files as ingot does and says what is in them, for tests/interop/run, which compares it with what other programs
// say. Standard input has a line KIND, tab, PATH, tab, OPTION for each file; standard output gets a line of JSON for
// each: what was read, or {"refused": "the sentence"}. Bytes are hexadecimal.
#include <cstring>
#include <exception>
#include <iostream>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>

#include "bert/checkpoints/torch_file.h"
#include "bert/tokenizers/tokenizer.h"
#include "bert/tokenizers/tokenizer_json.h"
#include "data/table_file.h"
#include "data/table_writer.h"
#include "data/tar_reader.h"
#include "data/text_file.h"
#include "engine/base/error.h"
#include "engine/base/files.h"
#include "engine/base/rng.h"
#include "engine/io/json.h"
#include "engine/io/safetensors.h"
#include "search/history/json.h"
#include "search/storage/replay.h"
#include "search/study.h"

namespace ingot {
namespace {

using engine::Json;
using engine::Rng;

constexpr std::uint64_t kMostBytes = std::uint64_t{1} << 30;

std::string hex(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const char c : bytes) {
    text += kDigits[static_cast<unsigned char>(c) >> 4];
    text += kDigits[static_cast<unsigned char>(c) & 15];
  }
  return text;
}

template <class T>
std::string hex_of(const T& values) {
  if (values.empty()) return {};
  return hex({reinterpret_cast<const char*>(values.data()), values.size() * sizeof values[0]});
}

bool has_floats(const engine::SafetensorsEntry& entry) {
  return entry.dtype == "F32" || entry.dtype == "F16" || entry.dtype == "BF16";
}

Json shape_of(const std::vector<std::int64_t>& sizes) {
  Json list = Json::array();
  for (const std::int64_t size : sizes) list.push_back(size);
  return list;
}

// Writes what it reads to the path `written`, too.
Json read_safetensors(const std::string& path, const std::string& written) {
  const engine::Safetensors file(path);
  engine::write_safetensors(written, file.entries(), file.metadata());
  Json tensors = Json::object();
  for (const engine::SafetensorsEntry& entry : file.entries()) {
    Json& tensor = tensors[entry.name];
    tensor = {{"dtype", entry.dtype}, {"shape", shape_of(entry.shape)}, {"bytes", hex_of(entry.bytes)}};
    if (has_floats(entry)) tensor["floats"] = hex_of(file.floats(entry));
  }
  return {{"metadata", Json(file.metadata())}, {"tensors", tensors}};
}

Json read_torch(const std::string& path, const std::string&) {
  const bert::TorchFile file(path);
  Json tensors = Json::object();
  for (const bert::StoredTensor& stored : file.tensors()) {
    Json& tensor = tensors[stored.entry.name];
    tensor = {{"dtype", stored.entry.dtype}, {"shape", shape_of(stored.entry.shape)}};
    if (has_floats(stored.entry)) tensor["floats"] = hex_of(bert::floats_of(stored));
    if (stored.strides.empty()) tensor["bytes"] = hex_of(stored.entry.bytes);
  }
  return {{"tensors", tensors}};
}

Json read_zip(const std::string& path, const std::string&) {
  const bert::StoredZip zip(engine::MappedFile(path), path);
  Json members = Json::object();
  for (const bert::StoredZip::Member& member : zip.members()) members[hex(member.name)] = hex_of(member.bytes);
  return {{"members", members}};
}

Json read_gzip(const std::string& path, const std::string&) {
  data::Unpacker unpacker = data::open_gzip(path, kMostBytes);
  std::string bytes;
  for (std::string_view block = unpacker.next(); !block.empty(); block = unpacker.next()) bytes += block;
  unpacker.finish();
  return {{"bytes", hex(bytes)}};
}

Json read_tar(const std::string& path, const std::string&) {
  Json members = Json::array();
  std::string name;
  const auto wanted = [&](std::string_view member) {
    name = member;
    return true;
  };
  data::read_tar(engine::read_file(path), path, kMostBytes, wanted, [&](const std::string& content) {
    members.push_back(Json::array({hex(name), hex(content)}));
  });
  return {{"members", members}};
}

// Writes the same table beside it, its name with .written behind.
Json write_table(const std::string& path, const std::string& separator) {
  const data::TableFile file(path, {.text = "text", .separator = separator});
  const data::TableWriter writer(file.kind(), path, file.names(), {});
  std::string text = writer.header();
  file.read([&](data::TableRow&& row) { text += writer.line(row, {}); });
  engine::write_file(path + ".written", text);
  return {{"written", path + ".written"}};
}

// The fields of all rows, under the names of the columns; of JSON the values as they are written.
Json read_table(const std::string& path, const std::string& separator) {
  const data::TableFile file(path, {.text = "text", .separator = separator});
  Json rows = Json::array();
  file.read([&](data::TableRow&& row) {
    Json fields = Json::array();
    for (std::size_t i = 0; i < row.fields.size(); ++i) {
      const data::Field& field = row.fields[i];
      Json value = field.is_json ? Json::object({{"json", field.text}}) : Json(field.text);
      fields.push_back(row.names.empty() ? value : Json::array({row.names[i], value}));
    }
    rows.push_back(Json::object({{"line", row.line}, {"fields", fields}}));
  });
  return {{"names", Json(file.names())}, {"rows", rows}};
}

Json read_json(const std::string& path, const std::string&) {
  return {{"value", engine::parse_json(engine::read_file(path), path)}};
}

Json read_python_json(const std::string& path, const std::string&) {
  return {{"value", search::parse_python_json(engine::read_file(path), path)}};
}

// The file is {"tokenizer": a path, "texts": [...]}.
Json read_texts(const std::string& path, const std::string&) {
  const Json file = engine::parse_json(engine::read_file(path), path);
  const auto tokenizer = bert::load_tokenizer(file["tokenizer"].text());
  Json ids = Json::array();
  for (const Json& text : file["texts"]) {
    try {
      ids.push_back(Json(tokenizer->encode(text.text())));
    } catch (const engine::Error& error) {
      ids.push_back({{"refused", error.what()}});
    }
  }
  return {{"ids", ids}};
}

Json write_tokenizer_json(const std::string& path, const std::string&) {
  return {{"json", bert::to_tokenizer_json(*bert::load_tokenizer(path))}};
}

Json value_of(const search::Parameter& parameter) {
  return search::written_value(*parameter.distribution, parameter.value);
}

Json trial_of(const search::TrialRecord& trial) {
  Json parameters = Json::object(), distributions = Json::object(), reports = Json::object(), values = Json::array();
  for (const auto& [name, parameter] : trial.parameters) {
    parameters[name] = value_of(parameter);
    distributions[name] = engine::parse_json(search::to_optuna(*parameter.distribution), "distribution");
  }
  for (const auto& [step, value] : trial.reports) reports[std::to_string(step)] = search::number_text(value);
  for (const double value : trial.values) values.push_back(search::number_text(value));
  return {{"state", static_cast<int>(trial.state)},
          {"parameters", parameters},
          {"distributions", distributions},
          {"values", values},
          {"reports", reports},
          {"user", trial.user_attributes},
          {"system", trial.system_attributes}};
}

Json study_of(const search::History& history) {
  Json trials = Json::array(), directions = Json::array();
  for (const search::TrialRecord& trial : history.trials) trials.push_back(trial_of(trial));
  for (const search::Direction direction : history.directions) directions.push_back(static_cast<int>(direction));
  return {{"directions", directions}, {"trials", trials}};
}

// The study "s" of a journal.
Json read_journal(const std::string& path, const std::string&) {
  search::Replay replay(path, "line", "s");
  std::string_view rest, line;
  const std::string bytes = engine::read_file(path);
  rest = bytes;
  for (std::int64_t number = 1; !rest.empty(); ++number) {
    const std::size_t end = rest.find('\n');
    if (end == rest.npos) break;  // a part of a record, which does not count
    replay.apply(rest.substr(0, end), number);
    rest.remove_prefix(end + 1);
  }
  replay.settle();
  if (replay.study() < 0) return {{"trials", nullptr}};
  return study_of(replay.history());
}

// An objective of which everything is drawn.
std::vector<double> draw(search::Trial& trial, Rng& rng, std::size_t n_values) {
  double sum = 0;
  const auto n = 1 + rng.below(5);
  for (std::uint64_t i = 0; i < n; ++i) {
    const std::string name = "p\u00e9" + std::to_string(i);
    if (i == 0) sum += trial.suggest_float(name, -1.5, 2.25);
    if (i == 1) sum += trial.suggest_float(name, 1e-7, 1e3, {.log = true});
    if (i == 2) sum += static_cast<double>(trial.suggest_int(name, -7, 8, {.step = 3}));
    if (i == 3) sum += static_cast<double>(trial.suggest_int(name, 1, 4096, {.log = true}));
    if (i == 4) sum += trial.suggest_categorical<std::string>(name, {"a", "\u4e2d\n\"", ""}) == "a" ? 1 : 0;
  }
  if (rng.below(2) == 0) sum += trial.suggest_float("stepped", 0, 1, {.step = 0.125});
  if (rng.below(2) == 0) sum += trial.suggest_categorical<bool>("flag", {true, false}) ? 1 : 0;
  if (rng.below(2) == 0) sum += trial.suggest_ordinal<double>("item", {0.1, 1e300, -3});
  const double kOdd[] = {0.0, -0.0, 1e-310, 1e308, 0.1, 1.0 / 3, -12345678901234567890.0, HUGE_VAL, -HUGE_VAL};
  if (rng.below(3) == 0) trial.set_user_attr("k\u00fc", Json::array({1, 0.1, "x\ty", nullptr, true}));
  if (n_values == 1 && rng.below(2) == 0) {
    trial.report(kOdd[rng.below(std::size(kOdd))], static_cast<std::int64_t>(rng.below(1000)));
    if (rng.below(3) == 0) trial.report(std::nan(""), 1000);
    if (rng.below(4) == 0) throw search::Pruned();
  }
  if (rng.below(8) == 0) throw std::runtime_error("an objective that fails");
  std::vector<double> values(n_values, sum);
  if (rng.below(3) == 0) values[0] = kOdd[rng.below(std::size(kOdd))];
  if (rng.below(9) == 0) values[0] = std::nan("");
  return values;
}

// Writes a journal at the path, a study of which the name of the file is the seed, and says what it knows of it.
Json write_journal(const std::string& path, const std::string&) {
  Rng rng(std::stoull(std::filesystem::path(path).stem().string()));
  const std::size_t n_values = rng.below(4) == 0 ? 2 : 1;
  search::StudyOptions options{.name = "s", .sampler = rng.below(2) == 0 ? "tpe" : "random", .journal = path};
  options.directions.clear();
  for (std::size_t i = 0; i < n_values; ++i)
    options.directions.push_back(rng.below(2) == 0 ? search::Direction::minimize : search::Direction::maximize);
  options.sampling.seed = rng.below(std::uint64_t{1} << 62);
  search::Study study(options);
  study.enqueue({{"stepped", 0.5}, {"flag", true}});
  study.optimize([&](search::Trial& trial) { return draw(trial, rng, n_values); },
                 {.trials = 2 + static_cast<int>(rng.below(8))});
  if (rng.below(2) == 0) study.enqueue({{"stepped", 0.25}});
  return read_journal(path, {});
}

using Reader = Json (*)(const std::string& path, const std::string& option);
const std::map<std::string, Reader, std::less<>> kReaders{
    {"safetensors", read_safetensors},
    {"torch", read_torch},
    {"zip", read_zip},
    {"gzip", read_gzip},
    {"tar", read_tar},
    {"table", read_table},
    {"json", read_json},
    {"texts", read_texts},
    {"python_json", read_python_json},
    {"journal", read_journal},
    {"write_journal", write_journal},
    {"write_table", write_table},
    {"write_tokenizer_json", write_tokenizer_json},
};

Json answer(std::string_view kind, const std::string& path, const std::string& option) {
  const auto reader = kReaders.find(kind);
  if (reader == kReaders.end()) return {{"fault", "no such kind"}};
  try {
    return reader->second(path, option);
  } catch (const engine::Error& error) {
    return {{"refused", error.what()}};
  } catch (const engine::Failure& failure) {
    return {{"refused", failure.what()}};
  } catch (const std::exception& other) {  // what ingot would not show
    return {{"fault", other.what()}};
  }
}

}  // namespace
}  // namespace ingot

int main() {
  for (std::string line; std::getline(std::cin, line);) {
    const std::size_t kind_end = line.find('\t'), path_end = line.rfind('\t');
    if (kind_end == path_end) continue;
    const ingot::engine::Json said = ingot::answer(
        line.substr(0, kind_end), line.substr(kind_end + 1, path_end - kind_end - 1), line.substr(path_end + 1));
    std::cout << said.dump({.ascii = true, .mended = true}) << std::endl;
  }
}
