// Files for TensorBoard, against published checksums and a file that TensorBoard's reader accepted.
#include <doctest/doctest.h>

#include <string>

#include "engine/base/files.h"
#include "engine/io/event_file.h"

using namespace ingot::engine;

namespace {

// Of a run of `ingot quantize --tensorboard`; docs/tensorboard.md has what TensorBoard read of it.
std::string golden() { return read_file(std::string(INGOT_GOLDEN) + "/tensorboard/events.out.tfevents.ingot"); }

}  // namespace

TEST_CASE("crc32c gives the checksums of RFC 3720, appendix B.4") {
  std::string up, down;
  for (int i = 0; i < 32; ++i) up += static_cast<char>(i), down += static_cast<char>(31 - i);
  CHECK(crc32c(std::string(32, '\0')) == 0x8A9136AAu);
  CHECK(crc32c(std::string(32, '\xFF')) == 0x62A8AB43u);
  CHECK(crc32c(up) == 0x46DD794Eu);
  CHECK(crc32c(down) == 0x113FDB5Cu);
  CHECK(crc32c("123456789") == 0xE3069283u);
}

TEST_CASE("an event has the bytes that protobuf gives it") {
  // wall_time 1.5, step 300, summary {value {tag "a/b", simple_value 0.5}}
  const Scalar scalar{"a/b", 0.5f};
  CHECK(scalars_event(1.5, 300, std::span(&scalar, 1)) == std::string("\x09\0\0\0\0\0\0\xF8\x3F"
                                                                      "\x10\xAC\x02"
                                                                      "\x2A\x0C\x0A\x0A\x0A\x03"
                                                                      "a/b\x15\0\0\0\x3F",
                                                                      26));
  CHECK(version_event(1.5) == std::string("\x09\0\0\0\0\0\0\xF8\x3F\x1A\x0D"
                                          "brain.Event:2",
                                          24));
}

TEST_CASE("the records of a file that TensorBoard accepted are read, and are written again with the same bytes") {
  const std::string file = golden();
  std::string again;
  int n = 0;
  for (std::string_view rest = file; !rest.empty(); ++n) {
    const Record one = first_record(rest);
    REQUIRE(one.n_bytes > 0);
    CHECK(dated(one.event).wall_time > 1.7e9);
    again += record(one.event);
    rest.remove_prefix(one.n_bytes);
  }
  CHECK(n == 9);
  CHECK(again == file);
  const Record first = first_record(file);
  CHECK(first.event == version_event(dated(first.event).wall_time));
}

TEST_CASE("a record that is cut short, or has one bit wrong, is none") {
  const std::string whole = record(version_event(1.5));
  CHECK(first_record(whole).n_bytes == whole.size());
  for (std::size_t n = 0; n < whole.size(); ++n) CHECK(first_record(std::string_view(whole).substr(0, n)).n_bytes == 0);
  for (std::size_t i = 0; i < whole.size() * 8; ++i) {
    std::string damaged = whole;
    damaged[i / 8] = static_cast<char>(damaged[i / 8] ^ (1 << i % 8));
    CHECK(first_record(damaged).n_bytes == 0);
  }
}
