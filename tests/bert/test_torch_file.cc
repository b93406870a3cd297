// Files of torch.save: those that PyTorch made (tests/golden/bert/torch/make.py), and what is refused.
#include <doctest/doctest.h>

#include <cstring>
#include <set>

#include "bert/checkpoints/torch_file.h"
#include "bert/model.h"
#include "engine/base/files.h"
#include "tests/support/error_text.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/torch_archive.h"

using namespace ingot;
using namespace ingot::bert;
using namespace ingot::test;
using engine::read_file;
using engine::Safetensors;
namespace fs = std::filesystem;

namespace {

const fs::path kTorch = fs::path(INGOT_GOLDEN) / "bert" / "torch";

// What opening a file of these bytes says after the file's name; empty if it is opened.
std::string complaint(const TemporaryFolder& folder, const std::string& bytes) {
  const fs::path path = put(folder / "m.bin", bytes);
  const std::string message = error_text([&] { const TorchFile file(path); });
  return message.starts_with(path.string() + ": ") ? message.substr(path.string().size() + 2) : message;
}

// The same for a pickle, after the byte.
std::string pickle_complaint(const TemporaryFolder& folder, const std::string& pickle) {
  const std::string message = complaint(folder, torch_file_of(pickle, {std::string(24, '\0')}));
  const std::string subject = "data.pkl: byte ";
  if (!message.starts_with(subject)) return message;
  return message.substr(message.find(": ", subject.size()) + 2);
}

std::string view_complaint(const TemporaryFolder& folder, const PickledView& view) {
  return pickle_complaint(folder, pickled_dict(pickled("a") + pickled(view) + "s"));
}

std::vector<ZipMember> small_file() {
  return {{"m/data.pkl",
           pickled_dict(pickled("a") + pickled(PickledView{.n_values = 1, .shape = {1}, .strides = {1}}) + "s")},
          {"m/version", "3\n"},
          {"m/data/0", "1234"}};
}

}  // namespace

TEST_CASE("tensors of PyTorch's files have the values that PyTorch computes") {
  const Safetensors expected(kTorch / "expected.safetensors");
  std::set<std::string> compared;
  for (const auto& item : fs::directory_iterator(kTorch)) {
    if (item.path().extension() != ".bin") continue;
    const TorchFile file(item.path());
    for (const StoredTensor& tensor : file.tensors()) {
      const std::string name = item.path().stem().string() + "/" + tensor.entry.name;
      CAPTURE(name);
      const engine::SafetensorsEntry* entry = expected.find(name);
      if (tensor.entry.dtype[0] == 'F' || tensor.entry.dtype[0] == 'B') {
        if (tensor.entry.dtype == "BOOL" || tensor.entry.dtype == "F64") {
          CHECK(contains(error_text([&] { floats_of(tensor); }), "expected F32, F16 or BF16, got"));
        } else {
          REQUIRE(entry != nullptr);
          CHECK(tensor.entry.shape == entry->shape);
          const std::vector<float> values = floats_of(tensor), right = expected.floats(*entry);
          REQUIRE(values.size() == right.size());
          if (!right.empty()) CHECK(std::memcmp(values.data(), right.data(), right.size() * sizeof(float)) == 0);
          compared.insert(name);
        }
      }
    }
  }
  CHECK(compared.size() == expected.entries().size() - 1);  // all but the double
}

TEST_CASE("integers keep shape and type") {
  const TorchFile file(kTorch / "integers.bin");
  REQUIRE(file.tensors().size() == 6);
  CHECK(file.tensors()[0].entry.name == "position_ids");
  CHECK(file.tensors()[0].entry.dtype == "I64");
  CHECK(file.tensors()[0].entry.shape == std::vector<std::int64_t>{1, 5});
  CHECK(file.tensors()[3].entry.dtype == "BOOL");
}

TEST_CASE("a BERT of 2018 as PyTorch saves it is the model of the same safetensors") {
  const TemporaryFolder folder;
  for (const char* file : {"model.safetensors", "pytorch_model.bin"}) {
    const fs::path place = folder / file / "in";
    fs::create_directories(place);
    for (const char* name : {"config.json", file}) fs::copy_file(kTorch / "model" / name, place / name);
    save_model(folder / file / "out", load_model(place));
  }
  CHECK(read_file(folder / "model.safetensors/out/model.safetensors") ==
        read_file(folder / "pytorch_model.bin/out/model.safetensors"));
}

TEST_CASE("files of PyTorch that are no state dict of plain tensors are refused by what they have") {
  const auto about = [](const std::string& name) {
    const fs::path path = kTorch / "refused" / (name + ".bin");
    return error_text([&] { const TorchFile file(path); }).substr(path.string().size() + 2);
  };
  CHECK(about("legacy") ==
        "is in the format of PyTorch before 1.6, which is not read; save it anew (in Python: "
        "torch.save(torch.load(file, weights_only=True), file))");
  const std::string rule = "must be a state dict of tensors";
  CHECK(contains(about("object"), rule + ", which needs no torch.nn.modules.linear.Linear (nothing of a file is"));
  CHECK(contains(about("sparse"), rule + ", which needs no torch._utils._rebuild_sparse_tensor ("));
  CHECK(contains(about("quantized"), rule + ", which needs no torch._utils._rebuild_qtensor ("));
  CHECK(contains(about("complex"), rule + ", which needs no torch.ComplexFloatStorage ("));
  CHECK(contains(about("float8"), rule + ", which needs no torch._utils._rebuild_tensor_v3 ("));
  CHECK(contains(about("training"), rule + ": epoch is an integer"));
  CHECK(contains(about("list"), rule + ", which needs no opcode EMPTY_LIST ("));
  CHECK(contains(about("keys"), "a state dict must have texts as keys, has an integer"));
  CHECK(contains(about("negated"), "a tensor must have no metadata"));
  CHECK(contains(about("expanded"),
                 "tensor a: shape [1000] with strides [0] from 0 does not fit its storage of 1 values"));
  CHECK(contains(about("protocol-5"), "must be a pickle of protocol 2 to 4, is of 5"));
}

TEST_CASE("archives that torch.save does not write are refused by the member that differs") {
  const TemporaryFolder folder;
  const auto about = [&](auto edit) {
    std::vector<ZipMember> members = small_file();
    edit(members);
    return complaint(folder, zip_of(members));
  };
  using Members = std::vector<ZipMember>;
  CHECK(about([](Members&) {}) == "");
  CHECK(complaint(folder, zip_of(small_file(), "a comment")) == "");
  CHECK(about([](Members& all) { all[2].method = 8; }) ==
        "m/data/0: must be stored, as torch.save does, is compressed (method 8)");
  CHECK(about([](Members& all) { all[2].flags = 1; }) == "m/data/0: must not be encrypted");
  CHECK(about([](Members& all) { all.push_back(all[2]); }) == "m/data/0 is in it twice");
  CHECK(
      contains(about([](Members& all) { all[2].size_lie = -1; }), "m/data/0: damaged: the header in front of it says"));
  CHECK(contains(about([](Members& all) { all[2].size_lie = 100; }), "m/data/0: damaged: its 104 bytes at "));
  CHECK(contains(about([](Members& all) { all[2].offset = 3; }), "m/data/0: damaged: there is no header at 3"));
  CHECK(contains(about([](Members& all) {
                   all.push_back({"m/data/0", "1234"});
                   all.back().offset = 0;
                 }),
                 "damaged: "));
  CHECK(contains(about([](Members& all) {
                   // A member inside of another one.
                   const std::string inner = zip_of({{"x", "12"}});
                   all.insert(all.begin(), {"m/outer", inner});
                   all.push_back({"x", "12"});
                   all.back().offset = 30 + 7;
                 }),
                 "damaged: m/outer and x overlap"));
  CHECK(about([](Members& all) { all.erase(all.begin()); }) == "has no data.pkl: it is no file of torch.save");
  CHECK(about([](Members& all) {
          all.push_back({"n/data.pkl", ""});
        }) == "must have one data.pkl, has one in m and one in n/data.pkl");
  CHECK(about([](Members& all) { all.erase(all.begin() + 1); }) == "has no version: it is no file of torch.save");
  CHECK(about([](Members& all) { all[1].bytes = "11"; }) == "version must be from 1 to 10, is '11'");
  CHECK(about([](Members& all) { all.push_back({"m/byteorder", "big"}); }) == "byteorder must be little, is 'big'");
  CHECK(about([](Members& all) { all.pop_back(); }) == "tensor a: its storage 0 is not in the file");
  CHECK(about([](Members& all) { all[2].bytes += "5678"; }) ==
        "tensor a: its storage of 1 values of F32 has 8 bytes in the file");
  std::string bytes = zip_of(small_file());
  bytes[bytes.find("1234")] ^= 1;
  CHECK(contains(complaint(folder, bytes), "m/data/0: damaged: the directory says checksum "));
  CHECK(complaint(folder, "version https://git-lfs.github.com/spec/v1\n") ==
        "must be a zip archive, as torch.save writes, begins with 'version https://'");
  CHECK(contains(complaint(folder, ""), "must be a zip archive"));
  CHECK(contains(complaint(folder, "PK\x03\x04"), "truncated or damaged"));
}

TEST_CASE("what a directory has more of a member is passed over, but for sizes of 64 bits") {
  const TemporaryFolder folder;
  const auto about = [&](const std::string& extra, std::int64_t size_lie) {
    std::vector<ZipMember> members = small_file();
    members[2].extra = extra;
    members[2].size_lie = size_lie;
    return complaint(folder, zip_of(members));
  };
  using U16 = std::uint16_t;
  using U64 = std::uint64_t;
  const std::string other = little(U16{0x7075}) + little(U16{5}) + "other";
  const std::int64_t left = 0xffffffff - 4;  // the member has 4 bytes
  CHECK(about(other, 0) == "");
  CHECK(about(std::string(259, '\0'), 0) == "");
  CHECK(about(other + little(U16{1}) + little(U16{16}) + little(U64{4}) + little(U64{4}), left) == "");
  CHECK(about(little(U16{1}) + little(U16{8}) + little(U64{4}), left) ==
        "m/data/0: damaged: its Zip64 field is too short");
  CHECK(contains(about(little(U16{1}) + little(U16{16}) + little(U64{5}) + little(U64{5}), left), "m/data/0: damaged"));
}

TEST_CASE("a Zip64 directory says what the narrow one leaves to it, and may not say another thing") {
  const TemporaryFolder folder;
  const std::string plain = zip_of(small_file());
  const std::size_t end = plain.size() - 22;
  std::uint32_t size = 0, offset = 0;
  std::memcpy(&size, plain.data() + end + 12, 4);
  std::memcpy(&offset, plain.data() + end + 16, 4);
  const std::uint64_t n = small_file().size();
  // APPNOTE.TXT 4.3.14 and 4.3.15; the narrow fields at 10, 12 and 16 of the last record are all ones if `is_left`.
  const auto about = [&](std::uint64_t members, std::uint64_t bytes, std::uint64_t at, bool is_left) {
    using U16 = std::uint16_t;
    using U32 = std::uint32_t;
    using U64 = std::uint64_t;
    std::string last = plain.substr(end);
    if (is_left) last.replace(10, 10, std::string(10, '\xFF'));
    return complaint(folder, plain.substr(0, end) + "PK\x06\x06" + little(U64{44}) + little(U16{45}) + little(U16{45}) +
                                 little(U32{0}) + little(U32{0}) + little(members) + little(members) + little(bytes) +
                                 little(at) + "PK\x06\x07" + little(U32{0}) + little(U64{end}) + little(U32{1}) + last);
  };
  for (const bool is_left : {false, true}) CHECK(about(n, size, offset, is_left) == "");
  CHECK(about(n + 1, size, offset, false) ==
        fmt::format("damaged: its directory says {} and {} of the same", n, n + 1));
  CHECK(about(n, size + 1, offset, false) ==
        fmt::format("damaged: its directory says {} and {} of the same", size, size + 1));
  CHECK(about(n, size, offset + 1, false) ==
        fmt::format("damaged: its directory says {} and {} of the same", offset, offset + 1));
  for (const std::uint64_t other : {n - 1, n + 1}) CHECK(contains(about(other, size, offset, true), "damaged"));
}

TEST_CASE("a tensor that does not lie in its storage is refused") {
  const TemporaryFolder folder;
  const std::int64_t most = std::numeric_limits<std::int64_t>::max();
  const auto about = [&](std::int64_t offset, std::vector<std::int64_t> shape, std::vector<std::int64_t> strides) {
    return view_complaint(folder,
                          {.n_values = 6, .offset = offset, .shape = std::move(shape), .strides = std::move(strides)});
  };
  CHECK(about(0, {2, 3}, {3, 1}) == "");
  CHECK(about(0, {2, 3}, {1, 2}) == "");
  CHECK(about(5, {}, {}) == "");
  CHECK(about(6, {0, 4}, {4, 1}) == "");
  CHECK(about(1, {2, 3}, {3, 1}) ==
        "tensor a: shape [2,3] with strides [3,1] from 1 does not fit its storage of 6 values");
  CHECK(contains(about(6, {}, {}), "does not fit"));
  CHECK(about(7, {0}, {1}) == "");  // as PyTorch has it: m[1:] of a matrix m of 2 x 0
  CHECK(about(most, {2, 0}, {1, 1}) == "");
  CHECK(contains(about(0, {3}, {3}), "does not fit"));
  CHECK(contains(about(0, {7}, {0}), "does not fit"));  // expanded
  CHECK(contains(about(most, {2}, {most}), "does not fit"));
  CHECK(contains(about(0, {most, most}, {0, 0}), "does not fit"));
  CHECK(contains(about(0, {most, 2, 0}, {0, 0, 0}), "does not fit"));
  CHECK(contains(about(0, {2}, {most}), "does not fit"));
  CHECK(about(-1, {1}, {1}) == "the offset of a tensor must be an integer from 0");
  CHECK(about(0, {-1}, {1}) == "the shape of a tensor must hold integers from 0, got -1");
  CHECK(about(5, {2}, {-1}) == "the strides of a tensor must hold integers from 0, got -1");
  CHECK(about(0, {2}, {1, 1}) == "a tensor must have a stride for each of its 1 dimensions, has 2");
  CHECK(about(0, std::vector<std::int64_t>(9, 1), std::vector<std::int64_t>(9, 1)) ==
        "the shape of a tensor must be a tuple of up to 8 integers");
  CHECK(view_complaint(folder, {.n_values = most, .shape = {1}, .strides = {1}}) ==
        fmt::format("tensor a: its storage of {} values of F32 has 24 bytes in the file", most));
  CHECK(view_complaint(folder, {.key = "../version", .n_values = 1, .shape = {1}, .strides = {1}}) ==
        "tensor a: its storage ../version is not in the file");
}

TEST_CASE("views of one storage are few times its size together") {
  const TemporaryFolder folder;
  std::string items;
  for (int i = 0; i < 300; ++i)
    items += pickled(std::to_string(i)) +
             pickled(PickledView{.n_values = 1 << 16, .shape = {1 << 16}, .strides = {1}}) + "s";
  CHECK(contains(complaint(folder, torch_file_of(pickled_dict(items), {std::string(4 << 16, '\0')})),
                 "its tensors must have at most 4 times its bytes together, "));
}

TEST_CASE("a pickle with any name or opcode that a state dict does not need is refused by it") {
  const TemporaryFolder folder;
  const std::string witness = (folder / "witness").string();
  const std::string call = "(" + pickled("touch " + witness) + "tR0";
  const auto named = [&](const std::string& module, const std::string& name) {
    const std::string rule = fmt::format(
        "must be a state dict of tensors, which needs no {}.{} (nothing of a file is executed)", module, name);
    CHECK(pickle_complaint(folder,
                           "\x80\x02"
                           "c" +
                               module + "\n" + name + "\n" + call + "}.") == rule);
    CHECK(pickle_complaint(folder, "\x80\x04" + pickled(module) + pickled(name) + "\x93" + call + "}.") == rule);
  };
  for (const auto& [module, name] :
       std::vector<std::pair<std::string, std::string>>{{"os", "system"},
                                                        {"posix", "system"},
                                                        {"builtins", "eval"},
                                                        {"__builtin__", "exec"},
                                                        {"builtins", "getattr"},
                                                        {"subprocess", "Popen"},
                                                        {"torch", "load"},
                                                        {"torch.storage", "_load_from_bytes"},
                                                        {"collections", "Counter"},
                                                        {"collections", "OrderedDict.fromkeys"},
                                                        {"torch._utils", "_rebuild_tensor"},
                                                        {"torch.hub", "load"},
                                                        {"", ""},
                                                        {"torch", "FloatStorage.from_file"}})
    named(module, name);
  const auto opcode = [&](const std::string& bytes, const std::string& name) {
    CHECK(pickle_complaint(folder, "\x80\x02" + bytes + "}.") ==
          "must be a state dict of tensors, which needs no opcode " + name + " (nothing of a file is executed)");
  };
  opcode("(ios\nsystem\n", "INST");
  opcode("o", "OBJ");
  opcode("\x81", "NEWOBJ");
  opcode("\x92", "NEWOBJ_EX");
  opcode(std::string("\x82\x01"), "EXT1");
  opcode(std::string("\x83\x01\x01"), "EXT2");
  opcode(std::string("\x84\x01\x01\x01\x01"), "EXT4");
  opcode("Pid\n", "PERSID");
  opcode("0", "POP");
  opcode("2", "DUP");
  opcode("\xff", "unknown");
  CHECK(!fs::exists(witness));
}

TEST_CASE("pickles that hang together wrongly are refused") {
  const TemporaryFolder folder;
  const auto about = [&](const std::string& bytes) { return pickle_complaint(folder, "\x80\x02" + bytes); };
  const std::string tensor = pickled(PickledView{.n_values = 6, .shape = {6}, .strides = {1}});
  CHECK(about("}.") == "");
  CHECK(about("}") == "truncated: it ends without the opcode STOP");
  CHECK(about("}.}") == "1 bytes follow the end");
  CHECK(about(".") == "damaged: it ends with more or less than one value");
  CHECK(about("}}.") == "damaged: it ends with more or less than one value");
  CHECK(about("N.") == "must be a state dict of tensors, is None");
  CHECK(about("}(Nu.") == "damaged: a key of a dict has no value");
  CHECK(about("N(NNu.") == "items must go into a dict, not into None");
  CHECK(about("}NNs.") == "a state dict must have texts as keys, has None");
  CHECK(about("}" + pickled("a") + "Ns.") == "must be a state dict of tensors: a is None");
  CHECK(about("}" + pickled("a") + tensor + "s" + pickled("a") + tensor + "s.") == "a is given twice");
  CHECK(about("}t") == "damaged: it goes back to a mark that is not there");
  CHECK(about("\x85") == "damaged: it takes more values than there are");
  CHECK(about("N(\x85") == "damaged: it takes more values than there are");
  CHECK(about("Nq\x01") == "numbers of the memo must follow one another: after 0 values, got 1");
  CHECK(about("Nr\xff\xff\xff\xff") == "numbers of the memo must follow one another: after 0 values, got 4294967295");
  CHECK(about("h\x01") == "damaged: the memo has 0 values, none of number 1");
  CHECK(about("\x80\x02}.") == "damaged: the protocol stands at the start");
  CHECK(about("X\xff\xff\xff\xff}.") == "truncated: an opcode's bytes end beyond the file");
  CHECK(about("X\x01" + std::string(3, '\0') + "\xff}.") == "a text must be UTF-8");
  CHECK(about("\x95" + std::string(8, '\x7f') + "}.") == "truncated: a frame ends beyond the file");
  // A frame of the empty dict and the end, and one that is a byte longer.
  CHECK(pickle_complaint(folder, "\x80\x04\x95" + little(std::uint64_t{2}) + "}.") == "");
  CHECK(about("\x95" + little(std::uint64_t{3}) + "}.") == "truncated: a frame ends beyond the file");
  CHECK(about("\x8a\x09" + std::string(9, '1') + "}.") == "an integer of 9 bytes is too big");
  CHECK(about("NR") == "arguments must be a tuple, is None");
  CHECK(about("N)R") == "what is called must be a type or function, is None");
  CHECK(about("ctorch\nFloatStorage\n)R") == "a FloatStorage must come from a persistent id");
  CHECK(about("ccollections\nOrderedDict\n(NtR") == "OrderedDict must have no arguments");
  CHECK(about("ctorch._utils\n_rebuild_parameter\n(N\x88NtR") ==
        "_rebuild_parameter must have a tensor, whether it has a gradient, and hooks");
  CHECK(about("ctorch._utils\n_rebuild_tensor_v2\n)R") == "_rebuild_tensor_v2 must have 6 or 7 arguments, has 0");
  CHECK(about(")Q") == "a persistent id must name a storage, its type, member, device and number of values");
  CHECK(about("}Nb") == "a state must be a dict, is None");
  CHECK(about(tensor + "}b") == "a dict alone can have a state, not a tensor");
  CHECK(pickle_complaint(folder, "}.") == "must be a pickle of protocol 2 to 4, which begins with its number");
  CHECK(pickle_complaint(folder, "\x80\x01}.") == "must be a pickle of protocol 2 to 4, is of 1");
}

TEST_CASE("nesting, values that refer to one another and long pickles end with a sentence") {
  const TemporaryFolder folder;
  const std::string n_deep = std::string(1 << 20, '\x85');
  CHECK(pickle_complaint(folder, "\x80\x02N" + n_deep + ".") == "must be a state dict of tensors, is a tuple");
  CHECK(pickle_complaint(folder, "\x80\x02" + std::string(1 << 20, '(') + ".") ==
        "damaged: it ends with more or less than one value");
  // 2^60 values in Python, if all were looked at: each tuple has the one before it twice.
  std::string laughs = "\x80\x02N";
  for (int i = 0; i < 60; ++i) laughs += fmt::format("q{0}h{0}\x86", static_cast<char>(i));
  CHECK(pickle_complaint(folder, laughs + ".") == "must be a state dict of tensors, is a tuple");
  CHECK(pickle_complaint(folder, "\x80\x02}" + pickled("a") + "h" + std::string(1, '\0')) ==
        "damaged: the memo has 0 values, none of number 0");
  CHECK(contains(pickle_complaint(folder, std::string((16 << 20) + 1, 'N')), "must have at most 16777216 bytes"));
}
