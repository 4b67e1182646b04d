//===- ShapeContext.cpp - symbolic shapes ---------------------------------===//

#include "dialect/ShapeContext.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace fn;

Dim ShapeContext::freshSymbol() {
  bindings.push_back(Dim());
  return getAffineSymbolExpr(bindings.size() - 1, context);
}

int64_t ShapeContext::rank(Value value) const {
  return cast<RankedTensorType>(value.getType()).getRank();
}

Type ShapeContext::elementType(Value value) const { return getElementTypeOrSelf(value.getType()); }

Attribute ShapeContext::encoding(Value value) const {
  return cast<RankedTensorType>(value.getType()).getEncoding();
}

Dims ShapeContext::dims(Value value) {
  auto it = known.find(value);
  if (it == known.end()) {
    Dims fresh;
    for (int64_t size : cast<RankedTensorType>(value.getType()).getShape())
      fresh.push_back(ShapedType::isDynamic(size) ? freshSymbol() : constant(size));
    known[value] = fresh;
    return fresh;
  }
  Dims result;
  for (Dim dim : it->second)
    result.push_back(resolve(dim));
  return result;
}

Dim ShapeContext::resolve(Dim dim) const {
  // Bindings never form a cycle (`equal` refuses), so this ends.
  if (isa<AffineConstantExpr>(dim))
    return dim;
  if (auto symbol = dyn_cast<AffineSymbolExpr>(dim)) {
    Dim bound = bindings[symbol.getPosition()];
    return bound ? resolve(bound) : dim;
  }
  llvm::DenseMap<AffineExpr, AffineExpr> solved;
  dim.walk([&](AffineExpr e) {
    if (auto symbol = dyn_cast<AffineSymbolExpr>(e); symbol && bindings[symbol.getPosition()])
      solved[e] = resolve(e);
  });
  return solved.empty() ? dim : dim.replace(solved);
}

bool ShapeContext::equal(Dim a, Dim b) {
  a = resolve(a);
  b = resolve(b);
  if (a == b)
    return true;
  auto constA = dyn_cast<AffineConstantExpr>(a), constB = dyn_cast<AffineConstantExpr>(b);
  if (constA && constB)
    return false;
  // A size and the same size plus two, say.
  if (auto apart = dyn_cast<AffineConstantExpr>(simplifyAffineExpr(a - b, 0, numSymbols())))
    return apart.getValue() == 0;
  auto bind = [&](Dim symbol, Dim value) {
    auto s = dyn_cast<AffineSymbolExpr>(symbol);
    if (!s || value.isFunctionOfSymbol(s.getPosition()))
      return false;
    bindings[s.getPosition()] = value;
    return true;
  };
  auto symbolA = dyn_cast<AffineSymbolExpr>(a), symbolB = dyn_cast<AffineSymbolExpr>(b);
  // The older symbol stands for both: it is the dimension that was declared first.
  if (symbolA && symbolB && symbolA.getPosition() < symbolB.getPosition())
    std::swap(a, b);
  if (bind(a, b) || bind(b, a))
    return true;
  constraints.push_back(
      {Constraint::Kind::Equal, a, b, location.value_or(UnknownLoc::get(context))});
  return true;
}

bool ShapeContext::atLeast(Dim a, int64_t min) {
  a = resolve(a);
  if (auto known = dyn_cast<AffineConstantExpr>(a))
    return known.getValue() >= min;
  if (min > 0 || !isa<AffineSymbolExpr>(a))
    constraints.push_back(
        {Constraint::Kind::AtLeast, a, constant(min), location.value_or(UnknownLoc::get(context))});
  return true;
}

bool ShapeContext::atMost(Dim a, int64_t max, Location at) {
  a = resolve(a);
  if (auto known = dyn_cast<AffineConstantExpr>(a))
    return known.getValue() <= max;
  constraints.push_back({Constraint::Kind::AtLeast, constant(max), a, at});
  return true;
}

FailureOr<Dims> ShapeContext::broadcast(ValueRange values) {
  SmallVector<Dims> shapes;
  for (Value value : values)
    shapes.push_back(dims(value));
  return broadcast(shapes);
}

FailureOr<Dims> ShapeContext::broadcast(ArrayRef<Dims> shapes) {
  size_t rank = 0;
  for (const Dims &shape : shapes)
    rank = std::max(rank, shape.size());
  Dims result(rank, constant(1));
  for (const Dims &shape : shapes) {
    for (auto [i, dim] : llvm::enumerate(shape)) {
      Dim &out = result[rank - shape.size() + i];
      if (dim == constant(1))
        continue;
      if (out == constant(1))
        out = dim;
      else if (!equal(out, dim)) {
        std::string list;
        llvm::raw_string_ostream os(list);
        llvm::interleave(shapes, os, [&](const Dims &s) { os << "[" << print(s) << "]"; }, " and ");
        return error("shapes " + list + " do not broadcast");
      }
    }
  }
  for (Dim &dim : result)
    dim = resolve(dim);
  return result;
}

LogicalResult ShapeContext::error(const Twine &message) {
  return emitOptionalError(location, "'", opName, "' op ", message);
}

std::string ShapeContext::print(ArrayRef<Dim> dims) const {
  std::string text;
  llvm::raw_string_ostream os(text);
  llvm::interleave(
      dims, os,
      [&](Dim dim) {
        if (auto known = dyn_cast<AffineConstantExpr>(resolve(dim)))
          os << known.getValue();
        else
          os << "?";
      },
      "x");
  return text;
}

RankedTensorType ShapeContext::typeOf(const Shape &shape) const {
  SmallVector<int64_t> sizes;
  for (Dim dim : shape.dims) {
    auto known = dyn_cast<AffineConstantExpr>(resolve(dim));
    sizes.push_back(known ? known.getValue() : ShapedType::kDynamic);
  }
  return RankedTensorType::get(sizes, shape.elementType, shape.encoding);
}

LogicalResult
fn::inferTypes(StringRef opName, MLIRContext *context, std::optional<Location> location,
               SmallVectorImpl<Type> &types,
               llvm::function_ref<LogicalResult(ShapeContext &, SmallVectorImpl<Shape> &)> rule) {
  ShapeContext shapes(context, opName, location);
  SmallVector<Shape> results;
  if (failed(rule(shapes, results)))
    return failure();
  for (const Shape &shape : results)
    types.push_back(shapes.typeOf(shape));
  return success();
}

LogicalResult fn::inferElementwise(ShapeContext &shapes, ValueRange operands, Type elementType,
                                   SmallVectorImpl<Shape> &results) {
  Type common = shapes.elementType(operands.front());
  for (Value operand : operands.drop_front())
    if (Type other = shapes.elementType(operand); other != common) {
      std::string text;
      llvm::raw_string_ostream(text)
          << "operands have element types " << common << " and " << other;
      return shapes.error(text);
    }
  FailureOr<Dims> dims = shapes.broadcast(operands);
  if (failed(dims))
    return failure();
  results.push_back({*dims, elementType ? elementType : common});
  return success();
}

bool fn::compatibleTypes(TypeRange inferred, TypeRange declared) {
  if (inferred.size() != declared.size())
    return false;
  for (auto [a, b] : llvm::zip(inferred, declared)) {
    auto s = dyn_cast<RankedTensorType>(a), t = dyn_cast<RankedTensorType>(b);
    if (!s || !t || s.getElementType() != t.getElementType() ||
        s.getEncoding() != t.getEncoding() || failed(verifyCompatibleShape(s, t)))
      return false;
  }
  return true;
}
