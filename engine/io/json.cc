#include "engine/io/json.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>

#include "engine/base/error.h"
#include "engine/io/json_library.h"

namespace ingot::engine {
namespace {

const char* type_name(Json::Type type) {
  constexpr const char* kNames[] = {"null",          "true or false", "an integer", "an integer",
                                    "a real number", "text",          "an array",   "an object"};
  return kNames[static_cast<int>(type)];
}

[[noreturn]] void wrong_type(Json::Type type, const char* expected) {
  throw JsonError(fmt::format("JSON: expected {}, got {}", expected, type_name(type)));
}

bool is_member_pair(const Json::Item& item) {
  const Json& value = item.value();
  return value.is_array() && value.size() == 2 && value[0].is_string();
}

}  // namespace

Json::Json() noexcept : integer_(0) {}
Json::Json(std::nullptr_t) noexcept : integer_(0) {}
Json::Json(std::string text) : string_(new std::string(std::move(text))), type_(Type::string) {}
Json::Json(std::string_view text) : Json(std::string(text)) {}
Json::Json(const char* text) : Json(std::string(text)) {}
Json::Json(Array array) : array_(new Array(std::move(array))), type_(Type::array) {}
Json::Json(Object object) : object_(new Object(std::move(object))), type_(Type::object) {}

Json::Json(std::initializer_list<Item> list) : integer_(0) {
  if (std::ranges::all_of(list, is_member_pair)) {
    Object& object = make_object();
    for (const Item& item : list) {
      Json pair = item.take();
      object.emplace(std::move(*pair[0].string_), std::move(pair[1]));
    }
  } else {
    *this = array(list);
  }
}

Json::Json(const Json& other) : integer_(0) {
  switch (other.type_) {
    case Type::string:
      string_ = new std::string(*other.string_);
      break;
    case Type::array:
      array_ = new Array(*other.array_);
      break;
    case Type::object:
      object_ = new Object(*other.object_);
      break;
    default:
      unsigned_ = other.unsigned_;
  }
  type_ = other.type_;
}

Json::Json(Json&& other) noexcept : unsigned_(other.unsigned_), type_(other.type_) { other.type_ = Type::null; }

Json& Json::operator=(Json other) noexcept {
  std::swap(unsigned_, other.unsigned_);
  std::swap(type_, other.type_);
  return *this;
}

Json::~Json() { destroy(); }

void Json::destroy() noexcept {
  if (type_ == Type::string) delete string_;
  if (type_ == Type::array) delete array_;
  if (type_ == Type::object) delete object_;
  type_ = Type::null;
}

Json Json::array() { return Array(); }
Json Json::object() { return Object(); }

Json Json::array(std::initializer_list<Item> list) {
  Array array;
  array.reserve(list.size());
  for (const Item& item : list) array.push_back(item.take());
  return array;
}

Json Json::object(std::initializer_list<Item> list) {
  assert(std::ranges::all_of(list, is_member_pair));
  return list.size() == 0 ? object() : Json(list);
}

void Json::set_boolean(bool value) noexcept {
  unsigned_ = 0;
  boolean_ = value;
  type_ = Type::boolean;
}

void Json::set_integer(std::int64_t value) noexcept {
  integer_ = value;
  type_ = Type::integer;
}

void Json::set_unsigned(std::uint64_t value) noexcept {
  unsigned_ = value;
  type_ = Type::unsigned_integer;
}

void Json::set_real(double value) noexcept {
  real_ = value;
  type_ = Type::real;
}

Json::Array& Json::make_array() {
  array_ = new Array;
  type_ = Type::array;
  return *array_;
}

Json::Object& Json::make_object() {
  object_ = new Object;
  type_ = Type::object;
  return *object_;
}

bool Json::to_boolean() const {
  if (type_ != Type::boolean) wrong_type(type_, "true or false");
  return boolean_;
}

double Json::to_real() const {
  if (type_ != Type::real) wrong_type(type_, "a number");
  return real_;
}

std::int64_t Json::to_integer() const {
  if (type_ != Type::integer) wrong_type(type_, "a number");
  return integer_;
}

std::uint64_t Json::to_unsigned() const {
  if (type_ != Type::unsigned_integer) wrong_type(type_, "a number");
  return unsigned_;
}

const std::string& Json::text() const {
  if (type_ != Type::string) wrong_type(type_, "text");
  return *string_;
}

const Json::Array& Json::elements() const {
  if (type_ != Type::array) wrong_type(type_, "an array");
  return *array_;
}

Json::Array& Json::elements() {
  if (type_ != Type::array) wrong_type(type_, "an array");
  return *array_;
}

const Json::Object& Json::members() const {
  static const Object none;
  if (type_ == Type::null) return none;
  if (type_ != Type::object) wrong_type(type_, "an object");
  return *object_;
}

Json::Object& Json::members() {
  if (type_ == Type::null) make_object();
  if (type_ != Type::object) wrong_type(type_, "an object");
  return *object_;
}

const Json* Json::member(std::string_view name) const {
  if (type_ != Type::object) wrong_type(type_, "an object");
  const auto found = object_->find(name);
  return found == object_->end() ? nullptr : &found->second;
}

const Json& Json::at(std::string_view name) const {
  const Json* found = member(name);
  if (found == nullptr) throw JsonError(fmt::format("JSON: name {} is missing", name));
  return *found;
}

Json& Json::at(std::string_view name) { return const_cast<Json&>(std::as_const(*this).at(name)); }

Json& Json::operator[](std::string_view name) {
  Object& object = members();
  const auto found = object.find(name);
  return found != object.end() ? found->second : object.emplace(name, nullptr).first->second;
}
#ifdef __clang__
Json& Json::operator[](const char* name) { return (*this)[std::string_view(name)]; }
#endif

const Json& Json::element(std::size_t i) const {
  const Array& array = elements();
  if (i >= array.size())
    throw JsonError(fmt::format("JSON: array has {} elements, number {} was asked for", array.size(), i));
  return array[i];
}

bool Json::contains(std::string_view name) const { return type_ == Type::object && object_->contains(name); }

std::size_t Json::size() const {
  switch (type_) {
    case Type::null:
      return 0;
    case Type::array:
      return array_->size();
    case Type::object:
      return object_->size();
    default:
      return 1;
  }
}

void Json::push_back(Json value) { emplace_back(std::move(value)); }

Json& Json::emplace_back(Json value) {
  if (type_ == Type::null) make_array();
  return elements().emplace_back(std::move(value));
}

void Json::update(const Json& other) {
  Object& object = members();
  for (const auto& [name, value] : other.members()) object.insert_or_assign(name, value);
}

std::size_t Json::erase(std::string_view name) {
  Object& object = members();
  const auto found = object.find(name);
  if (found == object.end()) return 0;
  object.erase(found);
  return 1;
}

void Json::erase(std::size_t i) {
  at(i);
  elements().erase(elements().begin() + static_cast<std::ptrdiff_t>(i));
}

void Json::clear() {
  if (type_ == Type::array) array_->clear();
  if (type_ == Type::object) object_->clear();
}

Json::iterator Json::begin() {
  if (type_ == Type::object) return iterator(object_->begin());
  return type_ == Type::null ? iterator() : iterator(elements().data());
}

Json::iterator Json::end() {
  if (type_ == Type::object) return iterator(object_->end());
  return type_ == Type::null ? iterator() : iterator(elements().data() + elements().size());
}

Json::const_iterator Json::begin() const {
  if (type_ == Type::object) return const_iterator(object_->cbegin());
  return type_ == Type::null ? const_iterator() : const_iterator(elements().data());
}

Json::const_iterator Json::end() const {
  if (type_ == Type::object) return const_iterator(object_->cend());
  return type_ == Type::null ? const_iterator() : const_iterator(elements().data() + elements().size());
}

Json::iterator Json::find(std::string_view name) {
  return type_ == Type::object ? iterator(object_->find(name)) : end();
}

Json::const_iterator Json::find(std::string_view name) const {
  return type_ == Type::object ? const_iterator(std::as_const(*object_).find(name)) : end();
}

bool Json::equals(const Json& other) const {
  if (is_number() && other.is_number()) return detail::to_library(*this) == detail::to_library(other);
  if (type_ != other.type_) return false;
  switch (type_) {
    case Type::boolean:
      return boolean_ == other.boolean_;
    case Type::string:
      return *string_ == *other.string_;
    case Type::array:
      return *array_ == *other.array_;
    case Type::object:
      return *object_ == *other.object_;
    default:
      return true;
  }
}

std::partial_ordering Json::compare(const Json& other) const {
  if (is_string() && other.is_string()) return text() <=> other.text();
  if (!is_number()) wrong_type(type_, "a number");
  if (!other.is_number()) wrong_type(other.type_, "a number");
  if (equals(other)) return std::partial_ordering::equivalent;
  const nlohmann::json a = detail::to_library(*this), b = detail::to_library(other);
  if (a < b) return std::partial_ordering::less;
  return b < a ? std::partial_ordering::greater : std::partial_ordering::unordered;
}

std::string shown(const Json& value) {
  if (value.is_array()) return "an array";
  if (value.is_object()) return "an object";
  return value.dump({.mended = true});
}

}  // namespace ingot::engine
