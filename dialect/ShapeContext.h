//===- ShapeContext.h - symbolic shapes -------------------------*- C++ -*-===//
//
// Shape rules work on symbolic dimensions: a dimension is an affine expression over symbols.
// For one op (inference, verification) each `?` of an operand is a fresh symbol; for a whole
// function the symbols are shared, and what a rule demands of them becomes a check at the call.
//
//===----------------------------------------------------------------------===//

#ifndef FN_SHAPECONTEXT_H
#define FN_SHAPECONTEXT_H

#include "mlir/IR/AffineExpr.h"
#include "mlir/IR/Block.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/ValueRange.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/SmallVector.h"
#include <limits>
#include <optional>

namespace fn {

/// The largest padding, stride or dilation: sums and products with sizes of tensors stay in 64
/// bits.
constexpr int64_t maxWindow = std::numeric_limits<int32_t>::max();

using Dim = mlir::AffineExpr;
using Dims = llvm::SmallVector<Dim, 4>;

/// The inferred type of one result: dimensions, element type, and the encoding of a sparse tensor.
struct Shape {
  Dims dims;
  mlir::Type elementType;
  mlir::Attribute encoding = {};
};

/// Something a call must satisfy: `lhs == rhs`, or `lhs >= rhs`.
struct Constraint {
  enum class Kind { Equal, AtLeast };
  Kind kind;
  Dim lhs, rhs;
  mlir::Location location;
};

class ShapeContext {
public:
  /// `opName` and `location` say where errors stand; without a location errors are silent.
  ShapeContext(mlir::MLIRContext *context, llvm::StringRef opName,
               std::optional<mlir::Location> location)
      : context(context), opName(opName), location(location) {}

  /// Errors from here on name this op.
  void enter(llvm::StringRef name, std::optional<mlir::Location> loc) {
    opName = name;
    location = loc;
  }

  mlir::MLIRContext *getContext() const { return context; }
  Dim constant(int64_t value) const { return mlir::getAffineConstantExpr(value, context); }
  Dim freshSymbol();
  unsigned numSymbols() const { return bindings.size(); }

  /// Dimensions of a tensor value: those recorded by `set`, else its type's, each `?` a new symbol.
  Dims dims(mlir::Value value);
  Dim dim(mlir::Value value, unsigned index) { return dims(value)[index]; }
  void set(mlir::Value value, Dims dims) { known[value] = std::move(dims); }
  int64_t rank(mlir::Value value) const;
  mlir::Type elementType(mlir::Value value) const;
  /// Null for a dense tensor.
  mlir::Attribute encoding(mlir::Value value) const;

  /// The expression with every solved symbol replaced.
  Dim resolve(Dim dim) const;

  /// Demands `a == b`. Solves for a symbol where it can, else records a constraint. False where
  /// both are known to differ: the caller reports it.
  bool equal(Dim a, Dim b);
  /// Demands `a >= min`; false where known not to hold.
  bool atLeast(Dim a, int64_t min);
  /// Demands `a <= max`, at `location`; false where known not to hold.
  bool atMost(Dim a, int64_t max, mlir::Location location);

  /// NumPy's broadcast of the dimensions of values: a size 1 that the type says is stretched, all
  /// else must agree.
  llvm::FailureOr<Dims> broadcast(mlir::ValueRange values);
  /// The same for dimension lists (leading batch dimensions of matmul, say).
  llvm::FailureOr<Dims> broadcast(llvm::ArrayRef<Dims> shapes);

  /// Reports "'fn.op' op MESSAGE" and fails.
  llvm::LogicalResult error(const llvm::Twine &message);

  llvm::ArrayRef<Constraint> getConstraints() const { return constraints; }

  /// The rule of ops without one of their own: sizes of their results, or nothing.
  using PastedRule = llvm::LogicalResult (*)(mlir::Operation *, ShapeContext &,
                                             llvm::SmallVectorImpl<Shape> &);
  void setPastedRule(PastedRule rule) { pasted = rule; }
  PastedRule getPastedRule() const { return pasted; }

  /// "2x?x3" for messages.
  std::string print(llvm::ArrayRef<Dim> dims) const;

  /// The tensor type of a shape; what is not constant is `?`.
  mlir::RankedTensorType typeOf(const Shape &shape) const;

private:
  mlir::MLIRContext *context;
  std::string opName;
  std::optional<mlir::Location> location;
  /// By symbol number: what it was found to equal, or null.
  llvm::SmallVector<Dim> bindings;
  llvm::DenseMap<mlir::Value, Dims> known;
  llvm::SmallVector<Constraint> constraints;
  PastedRule pasted = nullptr;
};

/// Applies the rule of `op` and records the dimensions of its results, of which the declared types
/// may know more.
llvm::LogicalResult inferOp(mlir::Operation *op, ShapeContext &shapes);
/// The same for all ops of a block but its terminator.
llvm::LogicalResult inferBlock(mlir::Block &block, ShapeContext &shapes);

/// `inferReturnTypes` through a shape rule.
llvm::LogicalResult inferTypes(
    llvm::StringRef opName, mlir::MLIRContext *context, std::optional<mlir::Location> location,
    llvm::SmallVectorImpl<mlir::Type> &types,
    llvm::function_ref<llvm::LogicalResult(ShapeContext &, llvm::SmallVectorImpl<Shape> &)> rule);

/// The rule of elementwise ops: operands of one element type broadcast; the result has
/// `elementType`, or theirs where it is null.
llvm::LogicalResult inferElementwise(ShapeContext &shapes, mlir::ValueRange operands,
                                     mlir::Type elementType, llvm::SmallVectorImpl<Shape> &results);

/// The rule of reductions over `axes` (absent: all). The result has `elementType`, or the operand's
/// where it is null.
llvm::LogicalResult inferReduction(ShapeContext &shapes, mlir::Value input,
                                   std::optional<llvm::ArrayRef<int64_t>> axes, bool keepDims,
                                   mlir::Type elementType, llvm::SmallVectorImpl<Shape> &results);

/// The operand's own shape; `axis` must be one of its dimensions.
llvm::LogicalResult inferSoftmax(ShapeContext &shapes, mlir::Value input, int64_t axis,
                                 llvm::SmallVectorImpl<Shape> &results);

/// The rule of losses: one for each sample of `prediction`, whose last dimension it is over, or
/// with a `reduction` other than "none" a scalar. A target of integers has one class number a
/// sample.
llvm::LogicalResult inferLoss(ShapeContext &shapes, mlir::Value prediction, mlir::Value target,
                              mlir::Value weights, llvm::StringRef reduction,
                              llvm::SmallVectorImpl<Shape> &results);

/// The rule of random numbers: `shape`, its `?` those of `like`, and a state of three numbers.
llvm::LogicalResult inferRandom(ShapeContext &shapes, mlir::Value state, mlir::Value like,
                                llvm::ArrayRef<int64_t> shape, mlir::Type elementType,
                                llvm::SmallVectorImpl<Shape> &results);

/// Verifies an op with a shape rule: the rule applies, and the declared types do not contradict it.
llvm::LogicalResult verifyShapeRule(mlir::Operation *op);

/// Same rank, element type and encoding, and no two static sizes that differ.
bool compatibleTypes(mlir::TypeRange inferred, mlir::TypeRange declared);

} // namespace fn

#endif // FN_SHAPECONTEXT_H
