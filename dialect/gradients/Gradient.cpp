//===- Gradient.cpp - what gradient rules are written with ----------------===//

#include "dialect/Gradient.h"
#include "dialect/Fn.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include <limits>

using namespace mlir;
using namespace fn;

/// A splat of a number, rounded to the element type.
static Value splat(OpBuilder &b, Location loc, RankedTensorType type, double number) {
  Type element = type.getElementType();
  Attribute value;
  if (isa<FloatType>(element))
    value = b.getFloatAttr(element, number);
  else
    value = IntegerAttr::get(element, static_cast<int64_t>(number));
  return ConstantOp::create(b, loc, DenseElementsAttr::get(type, value));
}

Expr Expr::number(double number) const {
  return with(splat(*b, *loc, RankedTensorType::get({}, element()), number));
}

Expr Expr::filled(double number) const {
  if (type().hasStaticShape())
    return with(splat(*b, *loc, denseType(type()), number));
  return this->number(number).broadcastLike(*this);
}

Expr Expr::sum(ArrayRef<int64_t> axes, bool keepDims) const {
  if (axes.empty())
    return *this;
  return with(ReduceSumOp::create(*b, *loc, value, b->getDenseI64ArrayAttr(axes),
                                  keepDims ? b->getUnitAttr() : UnitAttr()));
}

Expr Expr::cast(Type to) const {
  return to == element() ? *this : with(CastOp::create(*b, *loc, value, TypeAttr::get(to)));
}

Expr Expr::transpose(ArrayRef<int64_t> perm) const {
  return with(TransposeOp::create(*b, *loc, value, b->getDenseI64ArrayAttr(perm)));
}

Expr Expr::expand(ArrayRef<int64_t> axes) const {
  return axes.empty() ? *this
                      : with(ExpandOp::create(*b, *loc, value, b->getDenseI64ArrayAttr(axes)));
}

Expr Expr::squeeze(ArrayRef<int64_t> axes) const {
  return axes.empty() ? *this
                      : with(SqueezeOp::create(*b, *loc, value, b->getDenseI64ArrayAttr(axes)));
}

Expr Expr::reshapeLike(Expr like) const {
  auto to = RankedTensorType::get(like.type().getShape(), element());
  if (to == type() && to.hasStaticShape())
    return *this;
  return with(ReshapeOp::create(*b, *loc, to, value, to.hasStaticShape() ? Value() : like.value));
}

Expr Expr::broadcastLike(Expr like) const {
  auto to = RankedTensorType::get(like.type().getShape(), element());
  if (to == type())
    return *this;
  return with(
      BroadcastToOp::create(*b, *loc, to, value, to.hasStaticShape() ? Value() : like.value));
}

Expr Expr::slice(int64_t axis, int64_t begin, int64_t end) const {
  int64_t all = std::numeric_limits<int64_t>::max();
  SmallVector<int64_t> begins(rank(), 0), ends(rank(), all);
  begins[axis] = begin;
  ends[axis] = end < 0 ? all : end;
  return with(SliceOp::create(*b, *loc, value, b->getDenseI64ArrayAttr(begins),
                              b->getDenseI64ArrayAttr(ends), DenseI64ArrayAttr()));
}

Expr Expr::size(int64_t axis) const {
  auto scalar = RankedTensorType::get({}, b->getI64Type());
  if (!type().isDynamicDim(axis))
    return with(splat(*b, *loc, scalar, static_cast<double>(type().getDimSize(axis))));
  Expr sizes = with(ShapeOfOp::create(*b, *loc, value));
  return sizes.slice(0, axis, axis + 1).squeeze(0);
}

Expr Expr::places(int64_t axis) const {
  auto to = RankedTensorType::get({type().getDimSize(axis)}, b->getI64Type());
  if (to.hasStaticShape())
    return with(IotaOp::create(*b, *loc, to, 0, Value()));
  // Only the size of this is used.
  SmallVector<int64_t> others;
  for (int64_t i = 0; i < rank(); ++i)
    if (i != axis)
      others.push_back(i);
  return with(IotaOp::create(*b, *loc, to, 0, sum(others)));
}

Expr fn::operator+(Expr a, Expr b) { return a.apply<AddOp>(b); }
Expr fn::operator-(Expr a, Expr b) { return a.apply<SubOp>(b); }
Expr fn::operator*(Expr a, Expr b) { return a.apply<MulOp>(b); }
Expr fn::operator/(Expr a, Expr b) { return a.apply<DivOp>(b); }
Expr fn::operator-(Expr a) { return a.apply<NegOp>(); }
Expr fn::operator+(Expr a, double b) { return a + a.number(b); }
Expr fn::operator-(Expr a, double b) { return a - a.number(b); }
Expr fn::operator*(Expr a, double b) { return a * a.number(b); }
Expr fn::operator/(Expr a, double b) { return a / a.number(b); }
Expr fn::operator+(double a, Expr b) { return b.number(a) + b; }
Expr fn::operator-(double a, Expr b) { return b.number(a) - b; }
Expr fn::operator*(double a, Expr b) { return b.number(a) * b; }
Expr fn::operator/(double a, Expr b) { return b.number(a) / b; }
Expr fn::operator<(Expr a, Expr b) { return a.apply<LessOp>(b); }
Expr fn::operator<=(Expr a, Expr b) { return a.apply<LessEqualOp>(b); }
Expr fn::operator>(Expr a, Expr b) { return a.apply<GreaterOp>(b); }
Expr fn::operator>=(Expr a, Expr b) { return a.apply<GreaterEqualOp>(b); }
Expr fn::operator>(Expr a, double b) { return a > a.number(b); }
Expr fn::operator<(Expr a, double b) { return a < a.number(b); }
Expr fn::equal(Expr a, Expr b) { return a.apply<EqualOp>(b); }
Expr fn::equal(Expr a, double b) { return equal(a, a.number(b)); }
Expr fn::both(Expr a, Expr b) { return a.apply<LogicalAndOp>(b); }

Expr fn::where(Expr condition, Expr a, Expr b) {
  return a.with(WhereOp::create(a.builder(), a.location(), condition, a, b));
}
Expr fn::where(Expr condition, Expr a, double b) { return where(condition, a, a.number(b)); }

Expr fn::otherFactors(Expr factor, Expr product, Expr zeros, Expr zeroSum) {
  // Of one other factor that is 0 its slope counts, not its value alone; of two neither.
  Expr one = product.number(1), isZero = equal(factor, 0);
  Expr ofZero = where(zeros < 1.5, one, where(zeros < 2.5, zeroSum - factor, 0));
  Expr ofOther = where(zeros < 0.5, one, where(zeros < 1.5, zeroSum, 0));
  return product * where(isZero, ofZero, ofOther / where(isZero, one, factor));
}

/// Sums over what `like` was broadcast along to give a gradient of this shape.
static Expr sumToShape(Expr gradient, Expr like) {
  int64_t lead = gradient.rank() - like.rank();
  SmallVector<int64_t> axes, ones;
  for (int64_t i = 0; i < gradient.rank(); ++i) {
    bool stretched =
        i >= lead && like.type().getDimSize(i - lead) == 1 && gradient.type().getDimSize(i) != 1;
    if (i < lead || stretched)
      axes.push_back(i);
    if (stretched)
      ones.push_back(i - lead);
  }
  return gradient.sum(axes).expand(ones);
}

void Gradient::add(unsigned operand, Expr gradient) {
  Value to = op->getOperand(operand);
  if (!isWanted(to))
    return;
  Expr like = expr(to);
  // What is summed over is dense, and so is the gradient of a sparse tensor that others made.
  if (isSparse(gradient))
    gradient = gradient.apply<ToDenseOp>();
  RankedTensorType type = denseType(like.type());
  if (gradient.rank() >= like.rank())
    gradient = sumToShape(gradient, like);
  bool smaller = gradient.rank() < like.rank();
  for (int64_t i = 0; !smaller && i < like.rank(); ++i)
    smaller = gradient.type().getDimSize(i) == 1 && like.type().getDimSize(i) != 1;
  if (smaller)
    gradient = gradient.broadcastLike(like);
  // One of the types may know more sizes than the other.
  if (gradient.type() != type)
    gradient =
        gradient.with(tensor::CastOp::create(b, op->getLoc(), type, static_cast<Value>(gradient)));
  sink(to, gradient);
}
