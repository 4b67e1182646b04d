// Damaged models: whatever the bytes, importing ends with a module or with an error, quickly and in
// bounded memory.
#include "compiler/import/onnx/Import.h"
#include "dialect/Fn.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"
#include <gtest/gtest.h>
#include <onnx.pb.h>
#include <random>

using namespace fnc;
using onnx::AttributeProto;
using onnx::TensorProto;

namespace {

onnx::ValueInfoProto tensorInfo(const std::string &name, const std::vector<int64_t> &shape,
                                int32_t type = TensorProto::FLOAT) {
  onnx::ValueInfoProto info;
  info.set_name(name);
  auto *tensor = info.mutable_type()->mutable_tensor_type();
  tensor->set_elem_type(type);
  for (int64_t size : shape)
    tensor->mutable_shape()->add_dim()->set_dim_value(size);
  return info;
}

TensorProto floats(const std::string &name, const std::vector<int64_t> &shape) {
  TensorProto tensor;
  tensor.set_name(name);
  tensor.set_data_type(TensorProto::FLOAT);
  int64_t count = 1;
  for (int64_t size : shape) {
    tensor.add_dims(size);
    count *= size;
  }
  std::vector<float> values(count, 0.5f);
  tensor.set_raw_data(values.data(), values.size() * sizeof(float));
  return tensor;
}

TensorProto ints(const std::string &name, const std::vector<int64_t> &values) {
  TensorProto tensor;
  tensor.set_name(name);
  tensor.set_data_type(TensorProto::INT64);
  tensor.add_dims(values.size());
  for (int64_t value : values)
    tensor.add_int64_data(value);
  return tensor;
}

onnx::NodeProto *add(onnx::GraphProto &graph, const std::string &op,
                     const std::vector<std::string> &in, const std::string &out) {
  onnx::NodeProto *node = graph.add_node();
  node->set_op_type(op);
  node->set_name("node_" + out);
  for (const std::string &name : in)
    node->add_input(name);
  node->add_output(out);
  return node;
}

void attribute(onnx::NodeProto *node, const std::string &name, const std::vector<int64_t> &values) {
  AttributeProto *attribute = node->add_attribute();
  attribute->set_name(name);
  attribute->set_type(AttributeProto::INTS);
  for (int64_t value : values)
    attribute->add_ints(value);
}

void attribute(onnx::NodeProto *node, const std::string &name, int64_t value) {
  AttributeProto *attribute = node->add_attribute();
  attribute->set_name(name);
  attribute->set_type(AttributeProto::INT);
  attribute->set_i(value);
}

/// A model with a convolution, shape arithmetic, control flow, a recurrent cell and quantization.
std::string model() {
  onnx::ModelProto model;
  model.set_ir_version(8);
  model.add_opset_import()->set_version(17);
  onnx::GraphProto &graph = *model.mutable_graph();
  graph.set_name("g");
  *graph.add_input() = tensorInfo("x", {1, 2, 6, 6});
  *graph.add_initializer() = floats("filter", {4, 2, 3, 3});
  *graph.add_initializer() = floats("scale", {4});
  *graph.add_initializer() = ints("axes", {-1, 4});
  *graph.add_initializer() = ints("count", {3});
  *graph.add_initializer() = floats("w", {1, 9, 4});
  *graph.add_initializer() = floats("r", {1, 9, 3});
  *graph.add_initializer() = floats("step", {});
  onnx::NodeProto *conv = add(graph, "Conv", {"x", "filter"}, "y");
  attribute(conv, "pads", {1, 1, 1, 1});
  attribute(conv, "strides", {2, 2});
  add(graph, "BatchNormalization", {"y", "scale", "scale", "scale", "scale"}, "n");
  onnx::NodeProto *pool = add(graph, "MaxPool", {"n"}, "p");
  attribute(pool, "kernel_shape", {2, 2});
  add(graph, "Shape", {"p"}, "shape");
  add(graph, "Reshape", {"p", "axes"}, "flat");
  onnx::NodeProto *unsqueeze = add(graph, "Unsqueeze", {"flat", "count_0"}, "steps");
  (void)unsqueeze;
  *graph.add_initializer() = ints("count_0", {1});
  onnx::NodeProto *gru = add(graph, "GRU", {"steps", "w", "r"}, "h");
  attribute(gru, "hidden_size", 3);
  add(graph, "QuantizeLinear", {"h", "step"}, "q");
  add(graph, "DequantizeLinear", {"q", "step"}, "d");
  onnx::NodeProto *transpose = add(graph, "Transpose", {"d"}, "t");
  attribute(transpose, "perm", {3, 2, 1, 0});
  onnx::NodeProto *loop = add(graph, "Loop", {"count", "", "t"}, "looped");
  AttributeProto *body = loop->add_attribute();
  body->set_name("body");
  body->set_type(AttributeProto::GRAPH);
  onnx::GraphProto &inner = *body->mutable_g();
  inner.set_name("body");
  *inner.add_input() = tensorInfo("i", {}, TensorProto::INT64);
  *inner.add_input() = tensorInfo("go", {}, TensorProto::BOOL);
  *inner.add_input() = tensorInfo("a", {});
  add(inner, "Identity", {"go"}, "on");
  add(inner, "Add", {"a", "a"}, "b");
  *inner.add_output() = tensorInfo("on", {}, TensorProto::BOOL);
  *inner.add_output() = tensorInfo("b", {});
  onnx::NodeProto *gemm = add(graph, "Softmax", {"looped"}, "z");
  attribute(gemm, "axis", -1);
  onnx::ValueInfoProto output;
  output.set_name("z");
  *graph.add_output() = output;
  return model.SerializeAsString();
}

class Mutate : public testing::Test {
protected:
  Mutate() : context(mlir::MLIRContext::Threading::DISABLED) {
    context.loadDialect<fn::FnDialect>();
    context.printOpOnDiagnostic(false);
  }

  /// Whether these bytes are a model; a failure without an error fails the test.
  bool imports(const std::string &bytes) {
    errors.clear();
    mlir::ScopedDiagnosticHandler handler(&context, [&](mlir::Diagnostic &diagnostic) {
      if (diagnostic.getSeverity() == mlir::DiagnosticSeverity::Error)
        errors.push_back(diagnostic.str());
      return mlir::success();
    });
    OnnxOptions options;
    options.folder = "/nonexistent";
    auto module =
        importOnnx(llvm::MemoryBuffer::getMemBufferCopy(bytes, "model.onnx"), options, context);
    EXPECT_EQ(static_cast<bool>(module), errors.empty());
    return static_cast<bool>(module);
  }

  mlir::MLIRContext context;
  std::vector<std::string> errors;
};

TEST_F(Mutate, TheModelItselfIsFine) {
  EXPECT_TRUE(imports(model())) << (errors.empty() ? "" : errors.front());
}

TEST_F(Mutate, TruncatedAtAnyByte) {
  std::string whole = model();
  for (size_t size = 0; size < whole.size(); ++size) {
    SCOPED_TRACE(size);
    // Its outputs come last: nothing shorter is whole.
    EXPECT_FALSE(imports(whole.substr(0, size)));
  }
}

TEST_F(Mutate, ChangedBytes) {
  std::string whole = model();
  for (unsigned seed = 0; seed < 3000; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    std::string bytes = whole;
    for (unsigned n = 1 + random() % 4; n > 0; --n) {
      size_t at = random() % bytes.size();
      switch (random() % 5) {
      case 0:
        bytes[at] ^= 1 << random() % 8;
        break;
      case 1:
        bytes[at] = static_cast<char>(random());
        break;
      case 2:
        bytes.erase(at, 1 + random() % 8);
        break;
      case 3:
        bytes.insert(at, bytes.substr(random() % bytes.size(), random() % 32));
        break;
      default: // a huge number
        bytes.replace(at, 1, "\xff\xff\xff\xff\xff\x1f");
      }
    }
    imports(bytes);
  }
}

} // namespace
