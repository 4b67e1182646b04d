//===- LowerSupport.cpp - what the lowerings share ------------------------===//

#include "compiler/tensor/Lower.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;

OpFoldResult fnc::dimOf(OpBuilder &b, Location loc, Value tensor, int64_t index) {
  return tensor::getMixedSize(b, loc, tensor, index);
}

SmallVector<OpFoldResult> fnc::dimsOf(OpBuilder &b, Location loc, Value tensor) {
  return tensor::getMixedSizes(b, loc, tensor);
}

Value fnc::emptyTensor(OpBuilder &b, Location loc, ArrayRef<OpFoldResult> sizes, Type elementType) {
  return tensor::EmptyOp::create(b, loc, sizes, elementType);
}

Value fnc::filledTensor(OpBuilder &b, Location loc, ArrayRef<OpFoldResult> sizes, Value scalar) {
  Value empty = emptyTensor(b, loc, sizes, scalar.getType());
  return linalg::FillOp::create(b, loc, scalar, empty).getResult(0);
}

Value fnc::scalarConstant(OpBuilder &b, Location loc, Type type, double value) {
  TypedAttr attr = isa<FloatType>(type)
                       ? TypedAttr(b.getFloatAttr(type, value))
                       : TypedAttr(b.getIntegerAttr(type, static_cast<int64_t>(value)));
  return arith::ConstantOp::create(b, loc, attr);
}

Value fnc::castTo(OpBuilder &b, Location loc, Value value, Type type) {
  return value.getType() == type ? value : tensor::CastOp::create(b, loc, type, value).getResult();
}

Value fnc::buildElementwise(OpBuilder &b, Location loc, RankedTensorType resultType,
                            ValueRange operands, ScalarBuilder body) {
  int64_t rank = resultType.getRank();
  SmallVector<AffineMap> maps;
  SmallVector<OpFoldResult> sizes(rank);
  for (int64_t i = 0; i < rank; ++i)
    if (!resultType.isDynamicDim(i))
      sizes[i] = b.getIndexAttr(resultType.getDimSize(i));
  for (Value operand : operands) {
    auto type = cast<RankedTensorType>(operand.getType());
    int64_t lead = rank - type.getRank();
    SmallVector<AffineExpr> exprs;
    for (int64_t i = 0; i < type.getRank(); ++i) {
      bool stretched = type.getDimSize(i) == 1 && resultType.getDimSize(lead + i) != 1;
      exprs.push_back(stretched ? b.getAffineConstantExpr(0) : b.getAffineDimExpr(lead + i));
      if (!stretched && !sizes[lead + i])
        sizes[lead + i] = dimOf(b, loc, operand, i);
    }
    maps.push_back(AffineMap::get(rank, 0, exprs, b.getContext()));
  }
  maps.push_back(b.getMultiDimIdentityMap(rank));
  Value init = emptyTensor(b, loc, sizes, resultType.getElementType());
  SmallVector<utils::IteratorType> iterators(rank, utils::IteratorType::parallel);
  auto generic = linalg::GenericOp::create(
      b, loc, TypeRange{init.getType()}, operands, ValueRange{init}, maps, iterators,
      [&](OpBuilder &nested, Location at, ValueRange args) {
        linalg::YieldOp::create(nested, at, body(nested, at, args.drop_back()));
      });
  return castTo(b, loc, generic.getResult(0), resultType);
}
