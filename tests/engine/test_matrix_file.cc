// Headers are compared with literal bytes: numpy's by the description of its format, safetensors' by its own.
#include <doctest/doctest.h>

#include "engine/io/matrix_file.h"
#include "engine/io/safetensors.h"
#include "tests/support/temporary_folder.h"

using namespace ingot;
using engine::MatrixFile;
using engine::MatrixFormat;

namespace {

// The header is padded with blanks to 64 bytes times something, and ends with a line end.
const std::string kNpy = std::string("\x93NUMPY\x01\x00\x76\x00", 10) +
                         "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), }" + std::string(58, ' ') + "\n";
constexpr float kValues[] = {1, -2, 0.5f, 0, 3, 4};
const std::string kBytes("\0\0\x80\x3f\0\0\0\xc0\0\0\0\x3f\0\0\0\0\0\0\x40\x40\0\0\x80\x40", 24);

}  // namespace

TEST_CASE("an .npy file is the header of format 1.0, 64 bytes times something, and little-endian rows") {
  const test::TemporaryFolder folder;
  REQUIRE(kNpy.size() == 128);
  MatrixFile file(folder / "m.npy", MatrixFormat::npy, 2);
  file.write({kValues, 2});
  file.write({kValues + 2, 4});
  CHECK_FALSE(std::filesystem::exists(folder / "m.npy"));
  file.commit();
  CHECK(engine::read_file(folder / "m.npy") == kNpy + kBytes);
}

TEST_CASE("a .safetensors file of rows is read back, and may have none") {
  const test::TemporaryFolder folder;
  for (const std::int64_t rows : {0, 3}) {
    MatrixFile file(folder / "m.safetensors", MatrixFormat::safetensors, 2);
    file.write({kValues, static_cast<std::size_t>(2 * rows)});
    file.commit();
    const engine::Safetensors tensors(folder / "m.safetensors");
    REQUIRE(tensors.entries().size() == 1);
    const auto& entry = tensors.get("embeddings", "F32", std::vector<std::int64_t>{rows, 2});
    CHECK(tensors.floats(entry) == std::vector<float>(kValues, kValues + 2 * rows));
  }
  const std::string header = engine::matrix_header(MatrixFormat::safetensors, 3, 2);
  CHECK(header.starts_with(std::string("\x78\0\0\0\0\0\0\0", 8) +
                           R"({"embeddings":{"dtype":"F32","shape":[3,2],"data_offsets":[0,24]}} )"));
  CHECK(header.size() == 128);
}

TEST_CASE("headers have room for the most rows that there can be") {
  const std::int64_t most = std::int64_t{1} << 40;
  CHECK(engine::matrix_header(MatrixFormat::npy, most, 65536).size() == 128);
  CHECK(engine::matrix_header(MatrixFormat::safetensors, most, 65536).size() == 128);
}

TEST_CASE("without commit a matrix leaves what was there") {
  const test::TemporaryFolder folder;
  engine::write_file(folder / "m.npy", "before");
  {
    MatrixFile file(folder / "m.npy", MatrixFormat::npy, 2);
    file.write({kValues, 6});
  }
  CHECK(engine::read_file(folder / "m.npy") == "before");
}
