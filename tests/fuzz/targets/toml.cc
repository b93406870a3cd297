#include "engine/io/toml.h"

#include "tests/fuzz/mutations.h"
#include "tests/fuzz/target.h"

namespace ingot::fuzz {
namespace {

constexpr std::string_view kPieces[] = {"[[a]]\n",
                                        "[a.b]\n",
                                        "a.b.c = 1\n",
                                        "\"\"\"",
                                        "'''",
                                        "{",
                                        "}",
                                        "[",
                                        "]",
                                        "=",
                                        ",",
                                        "inf",
                                        "nan",
                                        "-0x1",
                                        "1979-05-27T07:32:00Z",
                                        "9223372036854775808",
                                        "1e999",
                                        "\\u0000",
                                        "\\U0001F600",
                                        "#",
                                        "true",
                                        "\r\n"};

}  // namespace

Target toml() {
  return {.name = "toml",
          .read = [](std::string_view bytes) { engine::parse_toml(bytes, "a.toml"); },
          .mutated = [](std::string bytes, Rng& rng) { return mutated_lines(std::move(bytes), rng, kPieces); },
          .pieces = kPieces};
}

}  // namespace ingot::fuzz
