//===- Node.h - one node, as its handler sees it ----------------*- C++ -*-===//

#ifndef FNC_IMPORT_ONNX_NODE_H
#define FNC_IMPORT_ONNX_NODE_H

#include "compiler/import/onnx/Importer.h"

namespace fnc::onnx_import {

class Node {
public:
  Node(Importer &importer, Frame &frame, const onnx::NodeProto &proto, int64_t opset)
      : importer(importer), frame(frame), proto(proto), opset(opset), o(importer.ops) {}

  Importer &importer;
  Frame &frame;
  const onnx::NodeProto &proto;
  /// The version of the op's domain that the model imports.
  const int64_t opset;

  //===-- Inputs ----------------------------------------------------------===//

  size_t numInputs() const;
  /// Whether an optional input is there.
  bool has(size_t i) const;
  /// A tensor; an absent one is an error, after which the handler's work is in vain.
  Value in(size_t i);
  /// The same of a tensor that may have small elements (SmallTypes.h), whose type is `small(i)`.
  Value stored(size_t i);
  Type small(size_t i);
  /// The small type that an op which only moves elements has met, as its results have it.
  Type carried() const { return movedSmall; }
  const Item *item(size_t i);
  StringRef inputName(size_t i) const;
  /// Values that must be known while compiling. The error names the input of the model that the
  /// value depends on, which can be bound.
  FailureOr<Ints> ints(size_t i);
  FailureOr<SmallVector<double>> reals(size_t i);
  /// The same of sizes, as large as the numbers that have a bound make them.
  FailureOr<Ints> sizes(size_t i);
  /// The same of any tensor.
  FailureOr<Ints> ints(Value value, const Twine &what);
  LogicalResult requireKnown(Value value, const Twine &what);

  //===-- Attributes ------------------------------------------------------===//

  const onnx::AttributeProto *attribute(StringRef name);
  bool hasAttr(StringRef name) { return attribute(name) != nullptr; }
  int64_t i(StringRef name, int64_t otherwise);
  double f(StringRef name, double otherwise);
  std::string s(StringRef name, StringRef otherwise);
  std::optional<Ints> is(StringRef name);
  std::optional<SmallVector<double>> fs(StringRef name);
  std::optional<std::vector<std::string>> ss(StringRef name);
  Ints is(StringRef name, ArrayRef<int64_t> otherwise) {
    std::optional<Ints> given = is(name);
    return given ? *given : Ints(otherwise);
  }
  DenseElementsAttr tensor(StringRef name);
  const onnx::GraphProto *graph(StringRef name);

  /// `axis` of a tensor of `rank` as a number from 0; an error where it is out of range.
  FailureOr<int64_t> axis(int64_t axis, int64_t rank, const Twine &what = "axis");
  FailureOr<Ints> axes(ArrayRef<int64_t> axes, int64_t rank);

  //===-- Outputs ---------------------------------------------------------===//

  size_t numOutputs() const;
  /// Whether output i is asked for.
  bool wants(size_t i) const;
  LogicalResult set(size_t i, Item item);
  /// Defines the first output.
  LogicalResult result(Value value) { return set(0, value); }

  //===-- Random numbers --------------------------------------------------===//

  /// An op that draws from the model's generator, whose state goes before `operands`.
  template <typename Op> Value random(ValueRange operands, ArrayRef<NamedAttribute> attrs) {
    return random(Op::getOperationName(), operands, attrs);
  }
  Value random(StringRef op, ValueRange operands, ArrayRef<NamedAttribute> attrs);

  //===-- Sizes that are data ---------------------------------------------===//

  /// How many elements output i has room for, where the command line says so and not all of these
  /// inputs are known, or there are none.
  std::optional<int64_t> bound(size_t i, ArrayRef<size_t> inputs);
  /// Defines output i, of whose `bound` elements the first `count` are there: a call with more
  /// fails.
  LogicalResult bounded(size_t i, Value value, Value count, int64_t bound);

  mlir::InFlightDiagnostic error(const Twine &message = "");
  /// An error after which `in` and the like go on with a null value.
  bool failed() const { return bad; }
  /// After a trial whose errors do not matter.
  void forgive() { bad = false; }

private:
  const onnx::AttributeProto *typed(StringRef name, int type);

  Ops &o;
  bool bad = false;
  std::string boundHint; ///< of an output that --bound may be given for
  Type movedSmall;
};

} // namespace fnc::onnx_import

#endif // FNC_IMPORT_ONNX_NODE_H
