//===- Ops.h - building fn ops ----------------------------------*- C++ -*-===//
//
// Handlers of ONNX ops build their graphs through this. An op whose operands are known and small is
// computed at once, which folds away the arithmetic on shapes. Every function passes a null operand
// on as a null result: an error is reported once, where it arises, and handlers need not ask after
// each step.
//
//===----------------------------------------------------------------------===//

#ifndef FNC_IMPORT_ONNX_OPS_H
#define FNC_IMPORT_ONNX_OPS_H

#include "dialect/Fn.h"
#include "mlir/IR/Builders.h"
#include <optional>

namespace fnc::onnx_import {

using llvm::ArrayRef;
using llvm::SmallVector;
using llvm::StringRef;
using llvm::Twine;
using mlir::Attribute;
using mlir::DenseElementsAttr;
using mlir::FailureOr;
using mlir::LogicalResult;
using mlir::NamedAttribute;
using mlir::RankedTensorType;
using mlir::Type;
using mlir::Value;
using mlir::ValueRange;

inline constexpr int64_t kDynamic = mlir::ShapedType::kDynamic;
inline constexpr int64_t kToEnd = std::numeric_limits<int64_t>::max();
using Ints = SmallVector<int64_t>;

/// More elements than this are refused before anything is allocated for them.
inline constexpr int64_t kMaxElements = int64_t(1) << 34;
/// Whether the known sizes stay below.
bool isReasonable(ArrayRef<int64_t> shape);

class Ops;

/// While it lives, ops go into a region that a control op will take. What needs nothing of a loop's
/// round and only moves elements, or is a constant, goes in front of the loop all the same.
class Body {
public:
  Body(Ops &o, bool isLoop);
  ~Body();
  Body(const Body &) = delete;
  Body &operator=(const Body &) = delete;

  Value argument(Type type);
  void yield(ValueRange values);
  /// Whether nothing but its end is in it.
  bool isEmpty() const { return block->without_terminator().empty(); }
  /// Ops go where they went before.
  void close();
  mlir::Region region;

private:
  Ops &o;
  mlir::Block *block;
  mlir::OpBuilder::InsertPoint before;
  bool isOpen = true;
};

class Ops {
public:
  /// `fold`: ops on constants are constants; else they stay, and their values are known all the
  /// same.
  explicit Ops(mlir::OpBuilder builder, bool fold = true)
      : b(builder), loc(b.getUnknownLoc()), fold(fold) {}

  /// On an op that stays, what it would be as a constant, until the import is over.
  static constexpr llvm::StringLiteral knownAttr = "onnx.known";

  mlir::OpBuilder b;
  /// The node at work; where errors stand.
  mlir::Location loc;

  //===-- Any op ----------------------------------------------------------===//

  template <typename Op> Value make(ValueRange operands, ArrayRef<NamedAttribute> attrs = {}) {
    return make(Op::getOperationName(), operands, attrs);
  }
  Value make(StringRef name, ValueRange operands, ArrayRef<NamedAttribute> attrs);

  NamedAttribute attr(StringRef name, int64_t value) {
    return b.getNamedAttr(name, b.getI64IntegerAttr(value));
  }
  NamedAttribute attr(StringRef name, ArrayRef<int64_t> value) {
    return b.getNamedAttr(name, b.getDenseI64ArrayAttr(value));
  }
  NamedAttribute attr(StringRef name, StringRef value) {
    return b.getNamedAttr(name, b.getStringAttr(value));
  }
  NamedAttribute attr(StringRef name, Type value) {
    return b.getNamedAttr(name, mlir::TypeAttr::get(value));
  }
  NamedAttribute real(StringRef name, double value) {
    return b.getNamedAttr(name, b.getF64FloatAttr(value));
  }
  NamedAttribute flag(StringRef name, bool value) {
    return b.getNamedAttr(name, b.getBoolAttr(value));
  }
  NamedAttribute unit(StringRef name) { return b.getNamedAttr(name, b.getUnitAttr()); }

  std::nullptr_t error(const Twine &message) {
    mlir::emitError(loc) << message;
    return nullptr;
  }

  //===-- Types -----------------------------------------------------------===//

  static RankedTensorType type(Value v) { return mlir::cast<RankedTensorType>(v.getType()); }
  static ArrayRef<int64_t> shape(Value v) { return type(v).getShape(); }
  static int64_t rank(Value v) { return type(v).getRank(); }
  static Type element(Value v) { return type(v).getElementType(); }
  static bool isFloat(Value v) { return mlir::isa<mlir::FloatType>(element(v)); }
  static bool isBool(Value v) { return element(v).isInteger(1); }
  static bool isStatic(Value v) { return type(v).hasStaticShape(); }
  Type i64() { return b.getI64Type(); }
  Type i32() { return b.getI32Type(); }
  Type i1() { return b.getI1Type(); }
  Type f32() { return b.getF32Type(); }

  //===-- Constants -------------------------------------------------------===//

  Value constant(DenseElementsAttr value);
  /// A rank-0 constant of `element`, converted from `value`.
  Value scalar(double value, Type element) { return splat(value, {}, element); }
  Value splat(double value, ArrayRef<int64_t> shape, Type element);
  Value ints(ArrayRef<int64_t> values) { return ints(values, {(int64_t)values.size()}, i64()); }
  Value ints(ArrayRef<int64_t> values, ArrayRef<int64_t> shape, Type element);
  Value reals(ArrayRef<double> values, ArrayRef<int64_t> shape, Type element);
  /// The value, where it is known now.
  static DenseElementsAttr known(Value v);
  static std::optional<Ints> knownInts(Value v);
  static std::optional<SmallVector<double>> knownReals(Value v);

  //===-- Elementwise -----------------------------------------------------===//

  Value add(Value x, Value y) { return make<fn::AddOp>({x, y}); }
  Value sub(Value x, Value y) { return make<fn::SubOp>({x, y}); }
  Value mul(Value x, Value y) { return make<fn::MulOp>({x, y}); }
  Value div(Value x, Value y) { return make<fn::DivOp>({x, y}); }
  Value maximum(Value x, Value y) { return make<fn::MaximumOp>({x, y}); }
  Value minimum(Value x, Value y) { return make<fn::MinimumOp>({x, y}); }
  /// With a number of x's type.
  Value add(Value x, double y) { return x ? add(x, scalar(y, element(x))) : x; }
  Value sub(Value x, double y) { return x ? sub(x, scalar(y, element(x))) : x; }
  Value mul(Value x, double y) { return x ? mul(x, scalar(y, element(x))) : x; }
  Value div(Value x, double y) { return x ? div(x, scalar(y, element(x))) : x; }
  Value maximum(Value x, double y) { return x ? maximum(x, scalar(y, element(x))) : x; }
  Value minimum(Value x, double y) { return x ? minimum(x, scalar(y, element(x))) : x; }
  Value where(Value c, Value x, Value y) { return make<fn::WhereOp>({c, x, y}); }
  Value less(Value x, Value y) { return make<fn::LessOp>({x, y}); }
  Value equal(Value x, Value y) { return make<fn::EqualOp>({x, y}); }
  Value less(Value x, double y) { return x ? less(x, scalar(y, element(x))) : x; }
  Value equal(Value x, double y) { return x ? equal(x, scalar(y, element(x))) : x; }
  Value both(Value x, Value y) { return make<fn::LogicalAndOp>({x, y}); }
  Value negate(Value x) { return make<fn::NegOp>({x}); }
  Value exp(Value x) { return make<fn::ExpOp>({x}); }
  Value sqrt(Value x) { return make<fn::SqrtOp>({x}); }
  Value square(Value x) { return make<fn::SquareOp>({x}); }
  Value abs(Value x) { return make<fn::AbsOp>({x}); }
  Value cast(Value x, Type element);

  //===-- Reductions ------------------------------------------------------===//

  template <typename Op> Value reduce(Value x, ArrayRef<int64_t> axes, bool keepDims) {
    return reduce(Op::getOperationName(), x, axes, keepDims);
  }
  Value reduce(StringRef name, Value x, ArrayRef<int64_t> axes, bool keepDims);
  Value sum(Value x, ArrayRef<int64_t> axes, bool keepDims = false) {
    return reduce<fn::ReduceSumOp>(x, axes, keepDims);
  }
  Value mean(Value x, ArrayRef<int64_t> axes, bool keepDims = false) {
    return reduce<fn::ReduceMeanOp>(x, axes, keepDims);
  }
  Value matmul(Value x, Value y, bool transposeX = false, bool transposeY = false);

  //===-- Shapes ----------------------------------------------------------===//

  Value reshape(Value x, ArrayRef<int64_t> shape);
  Value flat(Value x) { return reshapeOr(x, {-1}); }
  /// As NumPy: one size may be -1.
  Value reshapeOr(Value x, ArrayRef<int64_t> shape);
  Value broadcastTo(Value x, ArrayRef<int64_t> shape);
  /// Repeated until it has the shape of `like`.
  Value broadcastLike(Value x, Value like);
  Value transpose(Value x, ArrayRef<int64_t> perm);
  Value swapAxes(Value x, int64_t i, int64_t j);
  Value expand(Value x, ArrayRef<int64_t> axes);
  Value squeeze(Value x, ArrayRef<int64_t> axes);
  Value slice(Value x, ArrayRef<int64_t> begin, ArrayRef<int64_t> end, ArrayRef<int64_t> strides);
  /// Elements [begin, end) along one axis.
  Value slice(Value x, int64_t axis, int64_t begin, int64_t end, int64_t stride = 1);
  /// Element `index` along one axis, which is dropped.
  Value at(Value x, int64_t axis, int64_t index);
  Value concat(ArrayRef<Value> values, int64_t axis);
  /// Stacked along a new axis.
  Value stack(ArrayRef<Value> values, int64_t axis);
  Value pad(Value x, Value with, ArrayRef<int64_t> low, ArrayRef<int64_t> high);
  Value tile(Value x, ArrayRef<int64_t> multiples);
  Value reverse(Value x, ArrayRef<int64_t> axes);
  /// Indices in range.
  Value gather(Value x, Value indices, int64_t axis);
  Value gather(Value x, ArrayRef<int64_t> indices, int64_t axis) {
    return gather(x, ints(indices), axis);
  }
  /// 0, 1, ... along `axis` of `shape`.
  Value iota(ArrayRef<int64_t> shape, int64_t axis, Type element);
  /// Adds leading dimensions of size 1 until the rank is `rank`.
  Value withRank(Value x, int64_t rank);
  /// A vector whose elements lie along `axis` of a tensor of `rank`.
  Value alongAxis(Value x, int64_t axis, int64_t rank);
  /// The number of elements along an axis as a number of `element`, known or not.
  Value sizeOf(Value x, int64_t axis, Type element);

  /// Whether ops go into the graph itself.
  bool isOutside() const { return levels.empty(); }

private:
  bool fold;
  friend class Body;
  /// A block that is being filled.
  struct Level {
    mlir::Block *block;
    bool isLoop;
  };
  /// The block for an op that may stand before loops none of whose values it uses.
  mlir::Block *outermost(ValueRange operands);

  llvm::DenseMap<Attribute, Value> constants;
  /// From the graph's on, inwards; empty outside of control flow.
  SmallVector<Level> levels;
};

/// The value of an op on known operands, or null (Fold.cpp).
DenseElementsAttr evaluate(StringRef name, ArrayRef<DenseElementsAttr> operands,
                           mlir::DictionaryAttr attrs, RankedTensorType type);

} // namespace fnc::onnx_import

#endif // FNC_IMPORT_ONNX_OPS_H
