//===- Operands.cpp - operands of kernels by linear index -----------------===//

#include "compiler/buffer/Operands.h"
#include "compiler/kernel/Strides.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/AffineExpr.h"
#include "mlir/IR/IRMapping.h"

using namespace mlir;
using namespace fnc;

std::optional<int64_t> LinearOperand::step(unsigned loop) const {
  return getConstantIntValue(steps[loop]);
}

static Value asValue(OpBuilder &b, Location loc, OpFoldResult number) {
  if (auto value = dyn_cast<Value>(number))
    return value;
  return arith::ConstantIndexOp::create(b, loc, *getConstantIntValue(number));
}

OpFoldResult fnc::scaled(OpBuilder &b, Location loc, OpFoldResult number, int64_t factor) {
  if (std::optional<int64_t> known = getConstantIntValue(number))
    return b.getIndexAttr(*known * factor);
  if (factor == 1)
    return number;
  Value value = arith::ConstantIndexOp::create(b, loc, factor);
  return arith::MulIOp::create(b, loc, asValue(b, loc, number), value).getResult();
}

Value fnc::sliceAlong(OpBuilder &b, Value memref, int64_t dim, OpFoldResult from, int64_t count) {
  SmallVector<OpFoldResult> sizes = memref::getMixedSizes(b, memref.getLoc(), memref),
                            offsets(sizes.size(), b.getIndexAttr(0)),
                            strides(sizes.size(), b.getIndexAttr(1));
  offsets[dim] = from;
  sizes[dim] = b.getIndexAttr(count);
  return memref::SubViewOp::create(b, memref.getLoc(), memref, offsets, sizes, strides);
}

static OpFoldResult sum(OpBuilder &b, Location loc, OpFoldResult x, OpFoldResult y) {
  std::optional<int64_t> knownX = getConstantIntValue(x), knownY = getConstantIntValue(y);
  if (knownX && knownY)
    return b.getIndexAttr(*knownX + *knownY);
  if (knownX == 0)
    return y;
  if (knownY == 0)
    return x;
  return arith::AddIOp::create(b, loc, asValue(b, loc, x), asValue(b, loc, y)).getResult();
}

/// Factors of the dimensions of a linear expression.
static void coefficients(AffineExpr expr, int64_t factor, SmallVectorImpl<int64_t> &ofDim,
                         int64_t &constant) {
  if (auto dim = dyn_cast<AffineDimExpr>(expr)) {
    ofDim[dim.getPosition()] += factor;
  } else if (auto number = dyn_cast<AffineConstantExpr>(expr)) {
    constant += factor * number.getValue();
  } else {
    auto binary = cast<AffineBinaryOpExpr>(expr);
    if (expr.getKind() == AffineExprKind::Add) {
      coefficients(binary.getLHS(), factor, ofDim, constant);
      coefficients(binary.getRHS(), factor, ofDim, constant);
    } else {
      coefficients(binary.getLHS(), factor * cast<AffineConstantExpr>(binary.getRHS()).getValue(),
                   ofDim, constant);
    }
  }
}

std::optional<int64_t> fnc::factorOf(AffineExpr expr, unsigned dim) {
  if (!expr.isFunctionOfDim(dim))
    return 0;
  if (isa<AffineDimExpr>(expr))
    return 1;
  auto binary = dyn_cast<AffineBinaryOpExpr>(expr);
  if (!binary)
    return std::nullopt;
  auto x = factorOf(binary.getLHS(), dim), y = factorOf(binary.getRHS(), dim);
  if (!x || !y)
    return std::nullopt;
  if (binary.getKind() == AffineExprKind::Add)
    return *x + *y;
  if (auto factor = dyn_cast<AffineConstantExpr>(binary.getRHS());
      factor && binary.getKind() == AffineExprKind::Mul)
    return *x * factor.getValue();
  return std::nullopt;
}

LinearOperand fnc::linearOperand(OpBuilder &b, Location loc, Value memref, AffineMap map) {
  auto type = cast<MemRefType>(memref.getType());
  LinearOperand result;
  result.element = type.getElementType();
  std::optional<Strides> known = stridesOf(type);
  SmallVector<OpFoldResult> strides;
  OpFoldResult offset, extent = b.getIndexAttr(1);
  bool isKnown = known && !ShapedType::isDynamicShape(known->along) &&
                 !ShapedType::isDynamic(known->offset) && type.hasStaticShape();
  if (isKnown) {
    int64_t last = 0;
    for (auto [size, stride] : llvm::zip(type.getShape(), known->along)) {
      strides.push_back(b.getIndexAttr(stride));
      last += (size - 1) * stride;
    }
    offset = b.getIndexAttr(known->offset);
    extent = b.getIndexAttr(std::max<int64_t>(last + 1, 0));
  } else {
    auto metadata = memref::ExtractStridedMetadataOp::create(b, loc, memref);
    strides = metadata.getConstifiedMixedStrides();
    offset = metadata.getConstifiedMixedOffset();
    SmallVector<OpFoldResult> sizes = metadata.getConstifiedMixedSizes();
    for (auto [size, stride] : llvm::zip(sizes, strides))
      extent = sum(b, loc, extent,
                   arith::MulIOp::create(b, loc, asValue(b, loc, size), asValue(b, loc, stride))
                       .getResult());
  }
  result.base =
      memref::ReinterpretCastOp::create(b, loc, memref, offset, ArrayRef<OpFoldResult>{extent},
                                        ArrayRef<OpFoldResult>{b.getIndexAttr(1)});

  result.steps.assign(map.getNumDims(), b.getIndexAttr(0));
  for (auto [expr, stride] : llvm::zip(map.getResults(), strides)) {
    SmallVector<int64_t> ofDim(map.getNumDims(), 0);
    int64_t constant = 0;
    coefficients(expr, 1, ofDim, constant);
    // Where a map has constants the sizes there are 1, and the constants 0.
    result.start += constant * getConstantIntValue(stride).value_or(0);
    for (auto [step, factor] : llvm::zip(result.steps, ofDim))
      if (factor != 0)
        step = sum(b, loc, step, scaled(b, loc, stride, factor));
  }
  return result;
}

Value fnc::splat(OpBuilder &b, Location loc, Value element, int64_t width) {
  if (width == 1)
    return element;
  auto type = VectorType::get({width}, element.getType());
  return b.createOrFold<vector::BroadcastOp>(loc, type, element);
}

static void forEachLane(OpBuilder &b, Location loc, Value at, OpFoldResult step, int64_t width,
                        llvm::function_ref<void(int64_t, Value)> body) {
  for (int64_t lane = 0; lane < width; ++lane) {
    body(lane, at);
    at = arith::AddIOp::create(b, loc, at, asValue(b, loc, step));
  }
}

static Value zeros(OpBuilder &b, Location loc, Type type, int64_t width) {
  return fnc::splat(b, loc, arith::ConstantOp::create(b, loc, b.getZeroAttr(type)), width);
}

Value fnc::loadVector(OpBuilder &b, Location loc, const LinearOperand &operand, Value at,
                      OpFoldResult step, int64_t width) {
  std::optional<int64_t> known = getConstantIntValue(step);
  if (width == 1 || known == 0)
    return splat(b, loc, memref::LoadOp::create(b, loc, operand.base, at), width);
  if (known == 1)
    return vector::LoadOp::create(b, loc, VectorType::get({width}, operand.element), operand.base,
                                  at);
  Value made = zeros(b, loc, operand.element, width);
  forEachLane(b, loc, at, step, width, [&](int64_t lane, Value there) {
    Value element = memref::LoadOp::create(b, loc, operand.base, there);
    made = vector::InsertOp::create(b, loc, element, made, lane);
  });
  return made;
}

void fnc::storeVector(OpBuilder &b, Location loc, const LinearOperand &operand, Value vector,
                      Value at, OpFoldResult step, int64_t width) {
  if (width == 1) {
    memref::StoreOp::create(b, loc, vector, operand.base, at);
  } else if (getConstantIntValue(step) == 1) {
    vector::StoreOp::create(b, loc, vector, operand.base, at);
  } else {
    forEachLane(b, loc, at, step, width, [&](int64_t lane, Value there) {
      Value element = vector::ExtractOp::create(b, loc, vector, lane);
      memref::StoreOp::create(b, loc, element, operand.base, there);
    });
  }
}

/// `body` for each element of the vectors.
static SmallVector<Value> inlineOnElements(OpBuilder &b, Location loc, Block &body,
                                           ArrayRef<Value> arguments, int64_t width) {
  SmallVector<Value> made;
  for (Type type : body.getTerminator()->getOperandTypes())
    made.push_back(zeros(b, loc, type, width));
  for (int64_t lane = 0; lane < width; ++lane) {
    SmallVector<Value> elements;
    for (Value argument : arguments)
      elements.push_back(vector::ExtractOp::create(b, loc, argument, lane));
    for (auto [vector, element] : llvm::zip(made, inlineOnVectors(b, loc, body, elements, 1)))
      vector = vector::InsertOp::create(b, loc, element, vector, lane);
  }
  return made;
}

SmallVector<Value> fnc::inlineOnVectors(OpBuilder &b, Location loc, Block &body,
                                        ArrayRef<Value> arguments, int64_t width) {
  IRMapping mapping;
  mapping.map(body.getArguments(), arguments);
  OperandRange yielded = body.getTerminator()->getOperands();
  if (width == 1) {
    for (Operation &inner : body.without_terminator())
      b.clone(inner, mapping);
    return llvm::map_to_vector(yielded,
                               [&](Value value) { return mapping.lookupOrDefault(value); });
  }
  if (llvm::any_of(body.without_terminator(), [](Operation &inner) {
        return !isa<arith::ConstantOp>(inner) && !OpTrait::hasElementwiseMappableTraits(&inner);
      }))
    return inlineOnElements(b, loc, body, arguments, width);
  auto operand = [&](Value value) {
    Value mapped = mapping.lookupOrDefault(value);
    return isa<VectorType>(mapped.getType()) ? mapped : splat(b, loc, mapped, width);
  };
  for (Operation &inner : body.without_terminator()) {
    if (isa<arith::ConstantOp>(inner)) {
      b.clone(inner, mapping);
      continue;
    }
    SmallVector<Value> inputs;
    for (Value value : inner.getOperands())
      inputs.push_back(operand(value));
    SmallVector<Type> types;
    for (Type type : inner.getResultTypes())
      types.push_back(VectorType::get({width}, type));
    Operation *made =
        b.create(inner.getLoc(), inner.getName().getIdentifier(), inputs, types, inner.getAttrs());
    mapping.map(inner.getResults(), made->getResults());
  }
  return llvm::map_to_vector(yielded, operand);
}
