#include <fmt/format.h>
#include <omp.h>

#include <map>
#include <oneapi/dnnl/dnnl.hpp>
#include <tuple>

#include "bench/products.h"

namespace ingot::bench {
namespace {

using dnnl::memory;

// A product made once for each shape and number of threads, as its users do. Only one thread of a bench calls it.
struct Product {
  memory a, b, bias, c;
  dnnl::matmul primitive;
};

memory::desc matrix(std::int64_t rows, std::int64_t columns, bool transposed) {
  return {{rows, columns}, memory::data_type::f32, transposed ? memory::dims{1, rows} : memory::dims{columns, 1}};
}

dnnl::engine& cpu() {
  static dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  return engine;
}

Product make_product(bool transpose_a, bool transpose_b, std::int64_t rows, std::int64_t columns, std::int64_t inner,
                     bool has_bias) {
  const memory::desc a = matrix(rows, inner, transpose_a), b = matrix(inner, columns, transpose_b);
  const memory::desc bias = matrix(1, columns, false), c = matrix(rows, columns, false);
  const auto description = has_bias ? dnnl::matmul::desc(a, b, bias, c) : dnnl::matmul::desc(a, b, c);
  const auto shell = [](const memory::desc& d) { return memory(d, cpu(), DNNL_MEMORY_NONE); };
  return {shell(a), shell(b), shell(bias), shell(c), dnnl::matmul({description, cpu()})};
}

// c[rows,columns] = a b + bias, either factor as it lies in memory or transposed; bias may be null.
void multiply(bool transpose_a, bool transpose_b, std::int64_t rows, std::int64_t columns, std::int64_t inner,
              const float* a, const float* b, const float* bias, float* c) {
  using Key = std::tuple<bool, bool, std::int64_t, std::int64_t, std::int64_t, int>;
  static std::map<Key, Product> products;
  static dnnl::stream stream(cpu());
  const Key key(transpose_a, transpose_b, rows, columns, inner, omp_get_max_threads());
  auto found = products.find(key);
  if (found == products.end()) {
    found = products.emplace(key, make_product(transpose_a, transpose_b, rows, columns, inner, bias != nullptr)).first;
  }
  Product& p = found->second;
  p.a.set_data_handle(const_cast<float*>(a));  // the library takes sources by a pointer to non-const
  p.b.set_data_handle(const_cast<float*>(b));
  p.c.set_data_handle(c);
  std::unordered_map<int, memory> arguments{{DNNL_ARG_SRC, p.a}, {DNNL_ARG_WEIGHTS, p.b}, {DNNL_ARG_DST, p.c}};
  if (bias != nullptr) {
    p.bias.set_data_handle(const_cast<float*>(bias));
    arguments.emplace(DNNL_ARG_BIAS, p.bias);
  }
  p.primitive.execute(stream, arguments);
  stream.wait();
}

std::string version() {
  const dnnl::version_t* v = dnnl::version();
  return fmt::format("oneDNN {}.{}.{}", v->major, v->minor, v->patch);
}

// Its threads are those of OpenMP, as many as the next parallel region would have.
void set_threads(int count) { omp_set_num_threads(count); }

void forward(LinearShape s, const float* x, const float* w, const float* bias, float* y) {
  multiply(false, true, s.m, s.n, s.k, x, w, bias, y);
}

void input_gradient(LinearShape s, const float* dy, const float* w, float* dx) {
  multiply(false, false, s.m, s.k, s.n, dy, w, nullptr, dx);
}

void weight_gradient(LinearShape s, const float* dy, const float* x, float* dw) {
  multiply(true, false, s.n, s.k, s.m, dy, x, nullptr, dw);
}

}  // namespace

const ProductPeer kOneDnn{"onednn", version, set_threads, forward, input_gradient, weight_gradient};

}  // namespace ingot::bench
