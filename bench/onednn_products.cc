#include "bench/onednn_products.h"

#include <omp.h>

#include <dnnl.hpp>
#include <string>
#include <unordered_map>

namespace ingot::bench {

struct OneDnnProduct::State {
  dnnl::engine engine{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream{engine};
  dnnl::matmul product;
  std::unordered_map<int, dnnl::memory> operands;
  std::string implementation;
};

bool has_onednn() { return true; }

OneDnnProduct::OneDnnProduct(int n_threads, std::int64_t m, std::int64_t n, std::int64_t k, const std::uint8_t* x,
                             const std::int8_t* w, std::int32_t* y)
    : state_(std::make_unique<State>()) {
  omp_set_num_threads(n_threads);
  using Tag = dnnl::memory::format_tag;
  using Type = dnnl::memory::data_type;
  const dnnl::engine& engine = state_->engine;
  const dnnl::memory::desc source({m, k}, Type::u8, Tag::ab), weights({k, n}, Type::s8, Tag::any);
  const dnnl::memory::desc rows({k, n}, Type::s8, Tag::ba), sums({m, n}, Type::s32, Tag::ab);
  const dnnl::matmul::primitive_desc description(dnnl::matmul::desc(source, weights, sums), engine);
  dnnl::memory plain(rows, engine, const_cast<std::int8_t*>(w)), packed(description.weights_desc(), engine);
  dnnl::reorder(plain, packed).execute(state_->stream, plain, packed);
  state_->stream.wait();
  state_->product = dnnl::matmul(description);
  state_->implementation = description.impl_info_str();
  state_->operands = {{DNNL_ARG_SRC, dnnl::memory(source, engine, const_cast<std::uint8_t*>(x))},
                      {DNNL_ARG_WEIGHTS, packed},
                      {DNNL_ARG_DST, dnnl::memory(sums, engine, y)}};
}

OneDnnProduct::~OneDnnProduct() = default;

void OneDnnProduct::run() const {
  state_->product.execute(state_->stream, state_->operands);
  state_->stream.wait();
}

const char* OneDnnProduct::implementation() const { return state_->implementation.c_str(); }

}  // namespace ingot::bench
