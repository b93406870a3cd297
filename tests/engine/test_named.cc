#include <doctest/doctest.h>

#include <map>
#include <string>
#include <vector>

#include "engine/base/divide.h"
#include "engine/base/named.h"
#include "tests/support/error_text.h"

using namespace ingot::engine;
using ingot::test::error_text;

namespace {

struct Fruit {
  const char* name;
  int price;
};

constexpr Fruit kFruits[] = {{"apple", 3}, {"pear", 5}, {"apple", 7}};

}  // namespace

TEST_CASE("a row is found by its name, the first of several") {
  CHECK(row_named(kFruits, "apple", "{}{}").price == 3);
  const std::vector<const Fruit*> pointers{&kFruits[1]};
  CHECK(row_named(pointers, "pear", "{}{}")->price == 5);
  const std::map<std::string, int> words{{"one", 1}, {"two", 2}};
  CHECK(row_named(words, "two", "{}{}").second == 2);
  const std::string_view names[] = {"a", "b"};
  CHECK(&row_named(names, "b", "{}{}") == &names[1]);
}

TEST_CASE("where there is no row of a name, the sentence says which there are") {
  CHECK(error_text([] { row_named(kFruits, "plum", "fruit: must be one of {}, got '{}'"); }) ==
        "fruit: must be one of apple, pear, apple, got 'plum'");
  CHECK(error_text([] { row_named(kFruits, "plum", "no '{1}'; there are {0}", " or "); }) ==
        "no 'plum'; there are apple or pear or apple");
  CHECK(names_of(std::vector<std::string>{}).empty());
}

TEST_CASE("an Error gets its subject in front, and no other exception does") {
  CHECK(error_text([] { with_subject("a.csv", [] { fail("must be a number"); }); }) == "a.csv: must be a number");
  int n_made = 0;
  const auto subject = [&] { return std::to_string(++n_made); };
  CHECK(with_subject(subject, [] { return 4; }) == 4);
  CHECK(n_made == 0);
  CHECK(error_text([&] { with_subject(subject, [] { fail("x"); }); }) == "1: x");
  CHECK_THROWS_WITH_AS(with_subject("a", [] { throw Failure("full"); }), "full", Failure);
}

TEST_CASE("division upwards holds at and beside multiples") {
  CHECK(ceil_div(0, 4) == 0);
  CHECK(ceil_div(1, 4) == 1);
  CHECK(ceil_div(4, 4) == 1);
  CHECK(ceil_div(5, 4) == 2);
  CHECK(round_up(5, 4) == 8);
  CHECK(round_up(8, 4) == 8);
}
