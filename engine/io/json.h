// JSON values. The library behind parse and dump is nlohmann's; its templates are compiled in json*.cc alone, and not
// in every file that says a name and a number.
#ifndef INGOT_ENGINE_IO_JSON_H_  // a guard, for it is precompiled: engine/pch/common.h
#define INGOT_ENGINE_IO_JSON_H_

#include <compare>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <iosfwd>
#include <map>
#include <memory>
#include <optional>
#include <ranges>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace ingot::engine {

// Thrown when a value is not what the caller expects: a member is missing, or there is text in place of a number.
struct JsonError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// null, true or false, an integer, a real number, text, an array, or an object with its names in alphabetical order.
//
// A braced list makes an object where each element is a pair that begins with text, an array otherwise:
//   Json point{{"x", 1}, {"y", 2.5}};   Json sizes{4, 16};
class Json {
 public:
  using Array = std::vector<Json>;
  using Object = std::map<std::string, Json, std::less<>>;
  enum class Type { null, boolean, integer, unsigned_integer, real, string, array, object };
  template <bool is_const>
  class Iterator;
  class Item;  // of a braced list
  using iterator = Iterator<false>;
  using const_iterator = Iterator<true>;
  using value_type = Json;

  Json() noexcept;
  Json(std::nullptr_t) noexcept;  // NOLINT: values become JSON where JSON is asked for, here and below
  Json(std::string text);
  Json(std::string_view text);
  Json(const char* text);
  Json(std::initializer_list<Item> list);
  Json(Array array);
  Json(Object object);
  template <class T>
  requires std::is_arithmetic_v<T> Json(T value) {
    if constexpr (std::is_same_v<T, bool>) {
      set_boolean(value);
    } else if constexpr (std::is_floating_point_v<T>) {
      set_real(static_cast<double>(value));
    } else if constexpr (std::is_signed_v<T>) {
      set_integer(value);
    } else {
      set_unsigned(value);
    }
  }
  // Arrays and sets; maps by name; pairs.
  template <std::ranges::input_range R>
  requires(!std::convertible_to<const R&, std::string_view> && !std::is_same_v<R, Json> && !std::is_same_v<R, Array> &&
           !std::is_same_v<R, Object>) Json(const R& values) {
    if constexpr (requires { typename R::mapped_type; }) {
      Object& object = make_object();
      for (const auto& [name, value] : values) object.emplace(name, value);
    } else {
      Array& array = make_array();
      for (const auto& value : values) array.emplace_back(static_cast<std::ranges::range_value_t<R>>(value));
    }
  }
  template <class A, class B>
  Json(const std::pair<A, B>& two) : Json(Array{Json(two.first), Json(two.second)}) {}

  Json(const Json& other);
  Json(Json&& other) noexcept;
  Json& operator=(Json other) noexcept;
  ~Json();

  static Json array();
  static Json array(std::initializer_list<Item> list);
  static Json object();
  static Json object(std::initializer_list<Item> list);
  // Parses text that we wrote ourselves, such as that of tests. Throws JsonError. For files, use parse_json below.
  static Json parse(std::string_view text);

  Type type() const { return type_; }
  bool is_null() const { return type_ == Type::null; }
  bool is_boolean() const { return type_ == Type::boolean; }
  bool is_number_integer() const { return type_ == Type::integer || type_ == Type::unsigned_integer; }
  bool is_number_unsigned() const { return type_ == Type::unsigned_integer; }
  bool is_number_float() const { return type_ == Type::real; }
  bool is_number() const { return is_number_integer() || is_number_float(); }
  bool is_string() const { return type_ == Type::string; }
  bool is_array() const { return type_ == Type::array; }
  bool is_object() const { return type_ == Type::object; }

  // Throws JsonError unless the value is of that type. Integers and real numbers become each other, as in a cast.
  template <class T>
  T get() const {
    if constexpr (std::is_same_v<T, Json>) {
      return *this;
    } else if constexpr (std::is_same_v<T, bool>) {
      return to_boolean();
    } else if constexpr (std::is_arithmetic_v<T>) {
      return type_ == Type::real               ? static_cast<T>(to_real())
             : type_ == Type::unsigned_integer ? static_cast<T>(to_unsigned())
                                               : static_cast<T>(to_integer());
    } else if constexpr (std::is_same_v<T, std::string>) {
      return text();
    } else if constexpr (requires { typename T::mapped_type; }) {
      T values;
      for (const auto& [name, value] : members()) values.emplace(name, value.template get<typename T::mapped_type>());
      return values;
    } else {
      T values;
      for (const Json& value : elements()) values.insert(values.end(), value.template get<typename T::value_type>());
      return values;
    }
  }
  template <class T>
  requires(std::is_arithmetic_v<T> && !std::is_same_v<T, char>) || std::is_same_v<T, std::string> operator T()
                                                                       const {  // NOLINT: as above
    return get<T>();
  }
  const std::string& text() const;
#ifdef __clang__  // to which a literal in [] is, by the conversion above, as likely an index into a text
  const Json& operator[](const char* name) const { return at(std::string_view(name)); } Json& operator[](const char*);
#endif
  const Json& at(std::string_view name) const;  // a member; JsonError for other types and for one that is not there
  Json& at(std::string_view name);
  const Json& operator[](std::string_view name) const { return at(name); }
  Json& operator[](std::string_view name);  // adds the member where it is not there, and turns null into an object
  template <std::integral I>
  const Json& at(I i) const {
    return element(static_cast<std::size_t>(i));
  }
  template <std::integral I>
  Json& at(I i) {
    return const_cast<Json&>(element(static_cast<std::size_t>(i)));
  }
  template <std::integral I>
  const Json& operator[](I i) const {
    return element(static_cast<std::size_t>(i));
  }
  template <std::integral I>
  Json& operator[](I i) {
    return const_cast<Json&>(element(static_cast<std::size_t>(i)));
  }
  const Json& front() const { return element(0); }
  const Json& back() const { return element(size() - 1); }
  Json& front() { return at(0); }
  Json& back() { return at(size() - 1); }
  bool contains(std::string_view name) const;  // false for what is no object
  template <class T>
  T value(std::string_view name, const T& fallback) const {
    const Json* found = member(name);
    return found == nullptr ? fallback : found->get<T>();
  }
  std::string value(std::string_view name, const char* fallback) const { return value(name, std::string(fallback)); }

  std::size_t size() const;  // 0 for null, 1 for other scalars
  bool empty() const { return size() == 0; }
  void push_back(Json value);  // makes an array of null
  Json& emplace_back(Json value);
  void update(const Json& other);  // its members replace those of the same name
  std::size_t erase(std::string_view name);
  void erase(std::size_t i);
  void clear();  // removes all elements or members

  // Elements of an array; values of an object, whose names an iterator knows.
  iterator begin();
  iterator end();
  const_iterator begin() const;
  const_iterator end() const;
  iterator find(std::string_view name);
  const_iterator find(std::string_view name) const;
  // Names and values: for (const auto& [name, value] : json.items()).
  const Object& items() const& { return members(); }
  Object& items() & { return members(); }
  Object items() && { return std::move(members()); }

  const Array& elements() const;
  Array& elements();
  const Object& members() const;
  Object& members();

  // As text: on one line, or each element on its own, `indent` spaces deeper. Text that is not UTF-8 throws JsonError.
  std::string dump(int indent = -1) const { return dump(Style{.indent = indent}); }
  struct Style {
    int indent = -1;
    bool ascii = false;   // what is beyond ASCII as four hexadecimal digits
    bool mended = false;  // each byte that is not UTF-8 becomes U+FFFD
  };
  std::string dump(const Style& style) const;

  // Numbers are equal by value, whatever their type.
  friend bool operator==(const Json& a, const Json& b) { return a.equals(b); }
  template <class T>
  requires std::is_arithmetic_v<T> || std::convertible_to<T, std::string_view>
  friend bool operator==(const Json& a, const T& b) { return a.equals(Json(b)); }
  // Compares two numbers by value, or two texts. Throws JsonError for other types.
  friend std::partial_ordering operator<=>(const Json& a, const Json& b) { return a.compare(b); }
  template <class T>
  requires std::is_arithmetic_v<T>
  friend std::partial_ordering operator<=>(const Json& a, T b) { return a.compare(Json(b)); }
  friend std::ostream& operator<<(std::ostream& out, const Json& value);

 private:
  void set_boolean(bool value) noexcept;
  void set_integer(std::int64_t value) noexcept;
  void set_unsigned(std::uint64_t value) noexcept;
  void set_real(double value) noexcept;
  Array& make_array();
  Object& make_object();
  bool to_boolean() const;
  double to_real() const;
  std::int64_t to_integer() const;
  std::uint64_t to_unsigned() const;
  const Json& element(std::size_t i) const;
  const Json* member(std::string_view name) const;  // null if it is not there
  bool equals(const Json& other) const;
  std::partial_ordering compare(const Json& other) const;
  void destroy() noexcept;

  union {
    bool boolean_;
    std::int64_t integer_;
    std::uint64_t unsigned_;
    double real_;
    std::string* string_;
    Array* array_;
    Object* object_;
  };
  Type type_ = Type::null;
};

// What stands in a braced list: values on their way into it, which move through all levels of it and are copied at most
// once, where a list of Json itself would copy them at each level.
class Json::Item {
 public:
  Item(Json&& value) : owned_(std::move(value)) {}  // NOLINT: as above
  Item(const Json& value) : shared_(&value) {}      // NOLINT
  Item(std::initializer_list<Item> list) : owned_(list) {}
  template <class T>
  requires(!std::is_same_v<std::remove_cvref_t<T>, Json> && !std::is_same_v<std::remove_cvref_t<T>, Item> &&
           std::is_constructible_v<Json, T>) Item(T&& value)
      : owned_(std::forward<T>(value)) {}  // NOLINT

  const Json& value() const { return shared_ != nullptr ? *shared_ : owned_; }
  Json take() const { return shared_ != nullptr ? *shared_ : std::move(owned_); }

 private:
  mutable Json owned_;
  const Json* shared_ = nullptr;
};

// Over the elements of an array or the values of an object.
template <bool is_const>
class Json::Iterator {
  using Element = std::conditional_t<is_const, const Json, Json>;
  using Member = std::conditional_t<is_const, Object::const_iterator, Object::iterator>;

 public:
  using iterator_category = std::forward_iterator_tag;
  using value_type = Json;
  using difference_type = std::ptrdiff_t;
  using pointer = Element*;
  using reference = Element&;

  Iterator() = default;
  explicit Iterator(Element* element) : element_(element) {}
  explicit Iterator(Member member) : member_(member), is_member_(true) {}
  Element& operator*() const { return is_member_ ? member_->second : *element_; }
  Element* operator->() const { return &**this; }
  Iterator& operator++() {
    if (is_member_) {
      ++member_;
    } else {
      ++element_;
    }
    return *this;
  }
  Iterator operator++(int) {
    Iterator before = *this;
    ++*this;
    return before;
  }
  bool operator==(const Iterator& other) const {
    return is_member_ ? member_ == other.member_ : element_ == other.element_;
  }
  const std::string& key() const { return member_->first; }
  Element& value() const { return **this; }

 private:
  Element* element_ = nullptr;
  Member member_{};
  bool is_member_ = false;
};

// The value that `text` is. Throws Error naming `subject` (a file), the place and the rule if the text is not JSON
// (RFC 8259, UTF-8), says a name twice in one object, or nests deeper than 64 levels.
Json parse_json(std::string_view text, const std::string& subject);

// The same for files of our own, which may be absent in parts: null where parse_json would throw.
Json parse_json_or_null(std::string_view text);

// A value as a message shows it: scalars as JSON, "an array" or "an object" otherwise.
std::string shown(const Json& value);

}  // namespace ingot::engine

#endif
