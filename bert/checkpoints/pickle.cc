// The opcodes: Lib/pickletools.py of Python. There is no recursion, and each opcode adds at most one value for each of
// its bytes: neither deep nesting nor values that refer to one another often take more.
#include "bert/checkpoints/pickle.h"

#include <algorithm>
#include <cstring>
#include <set>

#include "bert/checkpoints/pickle_opcodes.h"
#include "engine/base/error.h"
#include "engine/base/printable.h"
#include "engine/base/utf8.h"

namespace ingot::bert {
namespace {

using engine::excerpt;

constexpr std::int64_t kMostDimensions = 8;

enum class Kind : std::uint32_t { none, boolean, integer, text, tuple, dict, global, storage, tensor };
constexpr const char* kKindNames[] = {"None",   "a boolean",          "an integer", "a text",  "a tuple",
                                      "a dict", "a type or function", "a storage",  "a tensor"};

// What the stack holds. `at` and `number` are the first byte and the length of a text, the first item and the length of
// a tuple, the number of a dict, and the index of a global, storage or tensor.
struct Value {
  Kind kind = Kind::none;
  std::uint32_t at = 0;
  std::int64_t number = 0;
};

enum class Role { ordered_dict, tensor, parameter, storage };

struct Global {
  std::string_view module, name;
  Role role;
  std::string_view dtype = {};
};
constexpr Global kGlobals[] = {
    {"collections", "OrderedDict", Role::ordered_dict},      {"torch._utils", "_rebuild_tensor_v2", Role::tensor},
    {"torch._utils", "_rebuild_parameter", Role::parameter}, {"torch", "FloatStorage", Role::storage, "F32"},
    {"torch", "HalfStorage", Role::storage, "F16"},          {"torch", "BFloat16Storage", Role::storage, "BF16"},
    {"torch", "DoubleStorage", Role::storage, "F64"},        {"torch", "LongStorage", Role::storage, "I64"},
    {"torch", "IntStorage", Role::storage, "I32"},           {"torch", "ShortStorage", Role::storage, "I16"},
    {"torch", "CharStorage", Role::storage, "I8"},           {"torch", "ByteStorage", Role::storage, "U8"},
    {"torch", "BoolStorage", Role::storage, "BOOL"},
};

struct Item {
  std::int64_t dict;
  Value key, value;
};

class Machine {
 public:
  Machine(std::string_view pickle, const std::string& subject) : pickle_(pickle), subject_(subject) {}

  std::vector<PickledTensor> run();

  // The opcodes, in the order of their rows.
  void protocol();
  void frame();
  void none() { push({Kind::none}); }
  void yes() { push({Kind::boolean, 0, 1}); }
  void no() { push({Kind::boolean, 0, 0}); }
  void byte_integer() { push({Kind::integer, 0, read<std::uint8_t>()}); }
  void short_integer() { push({Kind::integer, 0, read<std::uint16_t>()}); }
  void integer() { push({Kind::integer, 0, read<std::int32_t>()}); }
  void long_integer();
  void byte_text() { push_text(read<std::uint8_t>()); }
  void text() { push_text(read<std::uint32_t>()); }
  void long_text() { push_text(read<std::uint64_t>()); }
  void mark() { marks_.push_back(stack_.size()); }
  void empty_tuple() { push_tuple(0); }
  void tuple_1() { push_tuple(1); }
  void tuple_2() { push_tuple(2); }
  void tuple_3() { push_tuple(3); }
  void tuple() { push_tuple(pop_mark()); }
  void empty_dict() { push({Kind::dict, 0, n_dicts_++}); }
  void set_item() { set_items_of(2); }
  void set_items() { set_items_of(pop_mark()); }
  void put_byte() { put(read<std::uint8_t>()); }
  void put_long() { put(read<std::uint32_t>()); }
  void memoize() { put(memo_.size()); }
  void get_byte() { get(read<std::uint8_t>()); }
  void get_long() { get(read<std::uint32_t>()); }
  void global();
  void stack_global();
  void storage();
  void reduce();
  void build();
  void stop() { is_done_ = true; }

 private:
  template <class... Args>
  void require(bool ok, fmt::format_string<Args...> rule, Args&&... args) const {
    if (!ok) engine::fail("{}: byte {}: {}", subject_, opcode_at_, fmt::format(rule, std::forward<Args>(args)...));
  }

  std::string_view take(std::uint64_t n_bytes) {
    require(n_bytes <= pickle_.size() - at_, "truncated: an opcode's bytes end beyond the file");
    const std::string_view bytes = pickle_.substr(at_, n_bytes);
    at_ += n_bytes;
    return bytes;
  }
  template <class T>
  T read() {
    T value;
    std::memcpy(&value, take(sizeof value).data(), sizeof value);
    return value;
  }
  std::string_view take_line();

  void push(const Value& value) { stack_.push_back(value); }
  void check_depth(std::size_t n) const {
    require(stack_.size() - (marks_.empty() ? 0 : marks_.back()) >= n, "damaged: it takes more values than there are");
  }
  Value pop();
  Value pop(Kind kind, std::string_view what);
  std::size_t pop_mark();

  void push_text(std::uint64_t n_bytes);
  void push_tuple(std::size_t n);
  void set_items_of(std::size_t n);
  void put(std::size_t i);
  void get(std::size_t i);
  void push_global(std::string_view module, std::string_view name);
  void rebuild_tensor(std::span<const Value> arguments);

  std::string_view text_of(const Value& value) const {
    return pickle_.substr(value.at, static_cast<std::size_t>(value.number));
  }
  std::span<const Value> items_of(const Value& tuple) const {
    return std::span(items_).subspan(tuple.at, static_cast<std::size_t>(tuple.number));
  }
  std::vector<std::int64_t> integers_of(const Value& tuple, std::string_view what) const;
  std::vector<PickledTensor> tensors_of(const Value& dict) const;

  const std::string_view pickle_;
  const std::string& subject_;
  std::size_t at_ = 0, opcode_at_ = 0;
  bool is_done_ = false;
  std::vector<Value> stack_, memo_;
  std::vector<Value> items_;  // of tuples
  std::vector<std::size_t> marks_;
  std::int64_t n_dicts_ = 0;
  std::vector<Item> contents_;  // of dicts
  std::vector<PickledStorage> storages_;
  std::vector<PickledTensor> tensors_;
};

// The opcodes of a state dict; others are refused by their names.
struct Opcode {
  unsigned char code;
  void (Machine::*execute)();
};
constexpr Opcode kOpcodes[] = {
    {0x80, &Machine::protocol},      // PROTO
    {0x95, &Machine::frame},         // FRAME
    {'N', &Machine::none},           // NONE
    {0x88, &Machine::yes},           // NEWTRUE
    {0x89, &Machine::no},            // NEWFALSE
    {'K', &Machine::byte_integer},   // BININT1
    {'M', &Machine::short_integer},  // BININT2
    {'J', &Machine::integer},        // BININT
    {0x8a, &Machine::long_integer},  // LONG1
    {0x8c, &Machine::byte_text},     // SHORT_BINUNICODE
    {'X', &Machine::text},           // BINUNICODE
    {0x8d, &Machine::long_text},     // BINUNICODE8
    {'(', &Machine::mark},           // MARK
    {')', &Machine::empty_tuple},    // EMPTY_TUPLE
    {0x85, &Machine::tuple_1},       // TUPLE1
    {0x86, &Machine::tuple_2},       // TUPLE2
    {0x87, &Machine::tuple_3},       // TUPLE3
    {'t', &Machine::tuple},          // TUPLE
    {'}', &Machine::empty_dict},     // EMPTY_DICT
    {'s', &Machine::set_item},       // SETITEM
    {'u', &Machine::set_items},      // SETITEMS
    {'q', &Machine::put_byte},       // BINPUT
    {'r', &Machine::put_long},       // LONG_BINPUT
    {0x94, &Machine::memoize},       // MEMOIZE
    {'h', &Machine::get_byte},       // BINGET
    {'j', &Machine::get_long},       // LONG_BINGET
    {'c', &Machine::global},         // GLOBAL
    {0x93, &Machine::stack_global},  // STACK_GLOBAL
    {'Q', &Machine::storage},        // BINPERSID
    {'R', &Machine::reduce},         // REDUCE
    {'b', &Machine::build},          // BUILD
    {'.', &Machine::stop},           // STOP
};

std::string_view kind_of(const Value& value) { return kKindNames[static_cast<std::size_t>(value.kind)]; }

void Machine::protocol() {
  require(opcode_at_ == 0, "damaged: the protocol stands at the start");
  const int version = read<std::uint8_t>();
  require(2 <= version && version <= 4, "must be a pickle of protocol 2 to 4, is of {}", version);
}

void Machine::frame() {
  const auto n_bytes = read<std::uint64_t>();
  require(n_bytes <= pickle_.size() - at_, "truncated: a frame ends beyond the file");
}

void Machine::long_integer() {
  const std::string_view bytes = take(read<std::uint8_t>());
  require(bytes.size() <= sizeof(std::int64_t), "an integer of {} bytes is too big", bytes.size());
  std::int64_t value = 0;
  std::memcpy(&value, bytes.data(), bytes.size());
  const std::size_t n_unused = 64 - 8 * bytes.size();
  // The highest bit that is there is the sign.
  if (!bytes.empty()) value = static_cast<std::int64_t>(static_cast<std::uint64_t>(value) << n_unused) >> n_unused;
  push({Kind::integer, 0, value});
}

std::string_view Machine::take_line() {
  const std::size_t end = pickle_.find('\n', at_);
  require(end != std::string_view::npos, "truncated: a name ends beyond the file");
  const std::string_view line = pickle_.substr(at_, end - at_);
  at_ = end + 1;
  return line;
}

Value Machine::pop() {
  check_depth(1);
  const Value value = stack_.back();
  stack_.pop_back();
  return value;
}

Value Machine::pop(Kind kind, std::string_view what) {
  const Value value = pop();
  require(value.kind == kind, "{} must be {}, is {}", what, kind_of({kind}), kind_of(value));
  return value;
}

// The values above the last mark, which goes.
std::size_t Machine::pop_mark() {
  require(!marks_.empty(), "damaged: it goes back to a mark that is not there");
  const std::size_t n = stack_.size() - marks_.back();
  marks_.pop_back();
  return n;
}

void Machine::push_text(std::uint64_t n_bytes) {
  const std::string_view bytes = take(n_bytes);
  require(engine::find_invalid_utf8(bytes) == std::string_view::npos, "a text must be UTF-8");
  push({Kind::text, static_cast<std::uint32_t>(at_ - bytes.size()), static_cast<std::int64_t>(bytes.size())});
}

void Machine::push_tuple(std::size_t n) {
  check_depth(n);
  const Value tuple{Kind::tuple, static_cast<std::uint32_t>(items_.size()), static_cast<std::int64_t>(n)};
  items_.insert(items_.end(), stack_.end() - static_cast<std::ptrdiff_t>(n), stack_.end());
  stack_.resize(stack_.size() - n);
  push(tuple);
}

// Keys and values in turns, the top `n` of the stack, into the dict below them.
void Machine::set_items_of(std::size_t n) {
  check_depth(n + 1);
  require(n % 2 == 0, "damaged: a key of a dict has no value");
  const std::size_t first = stack_.size() - n;
  const Value dict = stack_[first - 1];
  require(dict.kind == Kind::dict, "items must go into a dict, not into {}", kind_of(dict));
  for (std::size_t i = first; i < stack_.size(); i += 2) contents_.push_back({dict.number, stack_[i], stack_[i + 1]});
  stack_.resize(first);
}

void Machine::put(std::size_t i) {
  check_depth(1);
  require(i <= memo_.size(), "numbers of the memo must follow one another: after {} values, got {}", memo_.size(), i);
  if (i == memo_.size()) memo_.emplace_back();
  memo_[i] = stack_.back();
}

void Machine::get(std::size_t i) {
  require(i < memo_.size(), "damaged: the memo has {} values, none of number {}", memo_.size(), i);
  push(memo_[i]);
}

void Machine::global() {
  const std::string_view module = take_line();
  push_global(module, take_line());
}

void Machine::stack_global() {
  const Value name = pop(Kind::text, "a name");
  const Value module = pop(Kind::text, "a module");
  push_global(text_of(module), text_of(name));
}

void Machine::push_global(std::string_view module, std::string_view name) {
  const auto* const row = std::find_if(std::begin(kGlobals), std::end(kGlobals), [&](const Global& global) {
    return global.module == module && global.name == name;
  });
  require(row != std::end(kGlobals),
          "must be a state dict of tensors, which needs no {}.{} (nothing of a file is executed)", excerpt(module),
          excerpt(name));
  push({Kind::global, static_cast<std::uint32_t>(row - std::begin(kGlobals))});
}

// A persistent id: ("storage", type, key, device, number of values).
void Machine::storage() {
  const Value id = pop(Kind::tuple, "a persistent id");
  const std::span<const Value> items = items_of(id);
  const bool is_storage = items.size() == 5 && items[0].kind == Kind::text && text_of(items[0]) == "storage" &&
                          items[1].kind == Kind::global && items[2].kind == Kind::text && items[3].kind == Kind::text &&
                          items[4].kind == Kind::integer && items[4].number >= 0;
  require(is_storage && kGlobals[items[1].at].role == Role::storage,
          "a persistent id must name a storage, its type, member, device and number of values");
  require(storages_.size() < kMostPickledTensors, "must have at most {} storages", kMostPickledTensors);
  push({Kind::storage, static_cast<std::uint32_t>(storages_.size())});
  storages_.push_back({text_of(items[2]), kGlobals[items[1].at].dtype, items[4].number});
}

std::vector<std::int64_t> Machine::integers_of(const Value& tuple, std::string_view what) const {
  std::vector<std::int64_t> integers;
  require(tuple.kind == Kind::tuple && tuple.number <= kMostDimensions, "{} must be a tuple of up to {} integers", what,
          kMostDimensions);
  for (const Value& item : items_of(tuple)) {
    require(item.kind == Kind::integer && item.number >= 0, "{} must hold integers from 0, got {}", what,
            item.kind == Kind::integer ? std::to_string(item.number) : std::string(kind_of(item)));
    integers.push_back(item.number);
  }
  return integers;
}

// storage, offset, shape, strides, whether it has a gradient, hooks and, in newer files, metadata
void Machine::rebuild_tensor(std::span<const Value> arguments) {
  require(arguments.size() == 6 || arguments.size() == 7, "_rebuild_tensor_v2 must have 6 or 7 arguments, has {}",
          arguments.size());
  require(arguments[0].kind == Kind::storage, "a tensor must be a view of a storage, not of {}", kind_of(arguments[0]));
  require(arguments[1].kind == Kind::integer && arguments[1].number >= 0,
          "the offset of a tensor must be an integer from 0");
  require(arguments.size() == 6 || arguments[6].kind == Kind::none,
          "a tensor must have no metadata (such as being negated or conjugated)");
  PickledTensor tensor{{}, storages_[arguments[0].at], arguments[1].number, {}, {}};
  tensor.shape = integers_of(arguments[2], "the shape of a tensor");
  tensor.strides = integers_of(arguments[3], "the strides of a tensor");
  require(tensor.shape.size() == tensor.strides.size(),
          "a tensor must have a stride for each of its {} dimensions, has {}", tensor.shape.size(),
          tensor.strides.size());
  require(tensors_.size() < kMostPickledTensors, "must have at most {} tensors", kMostPickledTensors);
  push({Kind::tensor, static_cast<std::uint32_t>(tensors_.size())});
  tensors_.push_back(std::move(tensor));
}

// Python calls a function here; these are the three that are known.
void Machine::reduce() {
  const Value tuple = pop(Kind::tuple, "arguments");
  const Value function = pop(Kind::global, "what is called");
  const std::span<const Value> arguments = items_of(tuple);
  const Global& global = kGlobals[function.at];
  switch (global.role) {
    case Role::ordered_dict:
      require(arguments.empty(), "OrderedDict must have no arguments");
      return empty_dict();
    case Role::tensor:
      return rebuild_tensor(arguments);
    case Role::parameter:
      require(arguments.size() == 3 && arguments[0].kind == Kind::tensor,
              "_rebuild_parameter must have a tensor, whether it has a gradient, and hooks");
      return push(Value(arguments[0]));
    case Role::storage:
      require(false, "a {} must come from a persistent id", global.name);
  }
}

// Sets the attributes of an object: a state dict has versions of its layers there, which no tensor depends on.
void Machine::build() {
  pop(Kind::dict, "a state");
  check_depth(1);
  require(stack_.back().kind == Kind::dict, "a dict alone can have a state, not {}", kind_of(stack_.back()));
}

std::vector<PickledTensor> Machine::tensors_of(const Value& dict) const {
  std::vector<PickledTensor> tensors;
  std::set<std::string_view> names;
  for (const Item& item : contents_) {
    if (item.dict != dict.number) continue;
    require(item.key.kind == Kind::text, "a state dict must have texts as keys, has {}", kind_of(item.key));
    const std::string_view name = text_of(item.key);
    require(item.value.kind == Kind::tensor, "must be a state dict of tensors: {} is {}", excerpt(name),
            kind_of(item.value));
    require(names.insert(name).second, "{} is given twice", excerpt(name));
    tensors.push_back(tensors_[item.value.at]);
    tensors.back().name = name;
  }
  return tensors;
}

std::vector<PickledTensor> Machine::run() {
  require(pickle_.starts_with('\x80'), "must be a pickle of protocol 2 to 4, which begins with its number");
  while (!is_done_) {
    opcode_at_ = at_;
    require(at_ < pickle_.size(), "truncated: it ends without the opcode STOP");
    const unsigned char code = read<std::uint8_t>();
    const auto* const row = std::find_if(std::begin(kOpcodes), std::end(kOpcodes),
                                         [&](const Opcode& opcode) { return opcode.code == code; });
    require(row != std::end(kOpcodes),
            "must be a state dict of tensors, which needs no opcode {} (nothing of a file is executed)",
            pickle_opcode_name(code));
    (this->*row->execute)();
  }
  require(at_ == pickle_.size(), "{} bytes follow the end", pickle_.size() - at_);
  require(marks_.empty() && stack_.size() == 1, "damaged: it ends with more or less than one value");
  require(stack_[0].kind == Kind::dict, "must be a state dict of tensors, is {}", kind_of(stack_[0]));
  return tensors_of(stack_[0]);
}

}  // namespace

std::vector<PickledTensor> read_state_dict(std::string_view pickle, const std::string& subject) {
  engine::require(pickle.size() <= kMostPickleBytes, "{}: must have at most {} bytes, has {}", subject,
                  kMostPickleBytes, pickle.size());
  return Machine(pickle, subject).run();
}

}  // namespace ingot::bert
