// dump_onnx FILE: what libonnx finds in a file that it accepts, a line each, for test_onnx.cc. Checks the graph as
// onnx.checker.check_model(full_check=True) does: every node, and strict inference of shapes. A program of its own, for
// libprotobuf and the protobuf inside libsentencepiece cannot live in one process.
#include <onnx/checker.h>
#include <onnx/onnx_pb.h>
#include <onnx/shape_inference/implementation.h>

#include <cstdio>
#include <fstream>
#include <iostream>

namespace {

void print_info(const char* word, const onnx::ValueInfoProto& info) {
  const onnx::TypeProto::Tensor& tensor = info.type().tensor_type();
  std::cout << word << ' ' << info.name() << ' ' << onnx::TensorProto::DataType_Name(tensor.elem_type());
  for (const auto& dim : tensor.shape().dim()) {
    std::cout << ' ';
    if (dim.has_dim_value()) {
      std::cout << dim.dim_value();
    } else {
      std::cout << (dim.dim_param().empty() ? "?" : dim.dim_param());
    }
  }
  std::cout << '\n';
}

void print_node(const onnx::NodeProto& node) {
  std::cout << "node " << node.op_type() << ' ' << node.name() << " reads";
  for (const std::string& value : node.input()) std::cout << ' ' << value;
  for (const onnx::AttributeProto& attribute : node.attribute()) {
    std::cout << ' ' << attribute.name() << '=';
    if (attribute.type() == onnx::AttributeProto::INT) std::cout << attribute.i();
    if (attribute.type() == onnx::AttributeProto::FLOAT) std::cout << attribute.f();
    for (const std::int64_t i : attribute.ints()) std::cout << i << ',';
  }
  std::cout << '\n';
}

void print_tensor(const onnx::TensorProto& tensor) {
  std::cout << "tensor " << tensor.name() << ' ' << onnx::TensorProto::DataType_Name(tensor.data_type());
  for (const std::int64_t dim : tensor.dims()) std::cout << ' ' << dim;
  std::cout << " = ";
  for (const char byte : tensor.raw_data()) std::printf("%02x", static_cast<unsigned char>(byte));
  std::cout << '\n';
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 2) return 2;
  std::ios::sync_with_stdio(true);
  std::ifstream file(argv[1], std::ios::binary);
  onnx::ModelProto model;
  if (!model.ParseFromIstream(&file)) throw std::runtime_error("no protocol buffer of ONNX");
  onnx::checker::check_model(model);
  const onnx::ShapeInferenceOptions strict(true, 1, true);
  onnx::ModelProto declared = model;
  onnx::shape_inference::InferShapes(declared, onnx::OpSchemaRegistry::Instance(), strict);
  std::cout << "model " << model.ir_version() << ' ' << model.opset_import(0).version() << ' ' << model.producer_name()
            << ' ' << model.producer_version() << ' ' << model.doc_string() << '\n';
  for (const auto& entry : model.metadata_props()) std::cout << "meta " << entry.key() << ' ' << entry.value() << '\n';
  for (const auto& info : model.graph().input()) print_info("input", info);
  for (const auto& info : model.graph().output()) print_info("output", info);
  for (const auto& node : model.graph().node()) print_node(node);
  for (const auto& tensor : model.graph().initializer()) print_tensor(tensor);
  return 0;
} catch (const std::exception& error) {
  std::cerr << argv[1] << ": " << error.what() << '\n';
  return 1;
}
