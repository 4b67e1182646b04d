//===- LowerArithmetic.cpp - arith, math and vector to LLVM ---------------===//
//
// One op for one, where LLVM has it; what it has not is left to upstream's patterns.
//
//===----------------------------------------------------------------------===//

#include "compiler/emit/FunctionLowering.h"
#include "mlir/Conversion/ArithCommon/AttrToLLVMConverter.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Affine/Utils.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using fnc::FunctionLowering;
using fnc::Index;

namespace {

/// What keeps its types and flags of floating-point numbers.
template <typename From, typename To> void lowerFloat(FunctionLowering &l, Operation *op) {
  auto from = cast<From>(op);
  LLVM::FastmathFlags flags = arith::convertArithFastMathFlagsToLLVM(from.getFastmath());
  Type type = op->getResult(0).getType();
  auto in = [&](unsigned i) { return l.get(op->getOperand(i)); };
  Value made;
  if constexpr (From::template hasTrait<OpTrait::OneOperand>())
    made = To::create(l.b, type, in(0), flags);
  else if constexpr (From::template hasTrait<OpTrait::NOperands<2>::Impl>())
    made = To::create(l.b, type, in(0), in(1), flags);
  else
    made = To::create(l.b, type, in(0), in(1), in(2), flags);
  l.set(op->getResult(0), made);
}

template <typename From, typename To> void lowerInteger(FunctionLowering &l, Operation *op) {
  Value x = l.get(op->getOperand(0)), y = l.get(op->getOperand(1));
  if constexpr (requires(From from) { from.getOverflowFlags(); })
    l.set(op->getResult(0),
          To::create(l.b, x, y,
                     arith::convertArithOverflowFlagsToLLVM(cast<From>(op).getOverflowFlags()))
              .getResult());
  else
    l.set(op->getResult(0), To::create(l.b, x, y).getResult());
}

template <typename To> void lowerCast(FunctionLowering &l, Operation *op) {
  Type type = l.convert(op->getResult(0).getType());
  l.set(op->getResult(0), To::create(l.b, type, l.get(op->getOperand(0))).getResult());
}

/// To integers as wide as indices, and from them.
template <typename Extend> void lowerIndexCast(FunctionLowering &l, Operation *op) {
  Value from = l.get(op->getOperand(0));
  Type type = l.convert(op->getResult(0).getType());
  unsigned width = getElementTypeOrSelf(from.getType()).getIntOrFloatBitWidth();
  unsigned wanted = getElementTypeOrSelf(type).getIntOrFloatBitWidth();
  if (width == wanted)
    l.set(op->getResult(0), from);
  else if (width < wanted)
    l.set(op->getResult(0), Extend::create(l.b, type, from).getResult());
  else
    l.set(op->getResult(0), LLVM::TruncOp::create(l.b, type, from).getResult());
}

void lowerConstant(FunctionLowering &l, Operation *op) {
  auto constant = cast<arith::ConstantOp>(op);
  if (op->getResult(0).getType().isIndex())
    l.set(op->getResult(0), Index(cast<IntegerAttr>(constant.getValue()).getInt()));
  else
    l.set(op->getResult(0),
          LLVM::ConstantOp::create(l.b, l.convert(constant.getType()), constant.getValue())
              .getResult());
}

void lowerCmpI(FunctionLowering &l, Operation *op) {
  auto compare = cast<arith::CmpIOp>(op);
  auto order = static_cast<LLVM::ICmpPredicate>(compare.getPredicate());
  l.set(op->getResult(0),
        LLVM::ICmpOp::create(l.b, order, l.get(compare.getLhs()), l.get(compare.getRhs()))
            .getResult());
}

void lowerCmpF(FunctionLowering &l, Operation *op) {
  auto compare = cast<arith::CmpFOp>(op);
  l.set(op->getResult(0),
        LLVM::FCmpOp::create(l.b, op->getResult(0).getType(),
                             static_cast<LLVM::FCmpPredicate>(compare.getPredicate()),
                             l.get(compare.getLhs()), l.get(compare.getRhs()),
                             arith::convertArithFastMathFlagsToLLVM(compare.getFastmath()))
            .getResult());
}

void lowerSelect(FunctionLowering &l, Operation *op) {
  auto select = cast<arith::SelectOp>(op);
  if (isa<MemRefType>(select.getType()))
    return l.leave(op);
  l.set(op->getResult(0),
        LLVM::SelectOp::create(l.b, l.get(select.getCondition()), l.get(select.getTrueValue()),
                               l.get(select.getFalseValue()))
            .getResult());
}

/// Both halves of a product, of one twice as wide.
void lowerMulExtended(FunctionLowering &l, Operation *op) {
  auto product = cast<arith::MulUIExtendedOp>(op);
  Type type = l.convert(product.getLow().getType());
  auto narrow = cast<IntegerType>(getElementTypeOrSelf(type));
  Type wide = IntegerType::get(op->getContext(), 2 * narrow.getWidth());
  if (auto vector = dyn_cast<VectorType>(type))
    wide = vector.clone(wide);
  Value whole = LLVM::MulOp::create(l.b, LLVM::ZExtOp::create(l.b, wide, l.get(product.getLhs())),
                                    LLVM::ZExtOp::create(l.b, wide, l.get(product.getRhs())));
  l.set(product.getLow(), LLVM::TruncOp::create(l.b, type, whole).getResult());
  TypedAttr width = l.b.getIntegerAttr(getElementTypeOrSelf(wide), narrow.getWidth());
  if (auto vector = dyn_cast<VectorType>(wide))
    width = DenseElementsAttr::get(vector, Attribute(width));
  Value high = LLVM::LShrOp::create(l.b, whole, LLVM::ConstantOp::create(l.b, wide, width));
  l.set(product.getHigh(), LLVM::TruncOp::create(l.b, type, high).getResult());
}

/// Becomes ops of arith, which are next.
void expandApply(FunctionLowering &l, Operation *op) {
  auto apply = cast<affine::AffineApplyOp>(op);
  OpBuilder b(op);
  b.setInsertionPointAfter(op);
  auto results =
      affine::expandAffineMap(b, op->getLoc(), apply.getAffineMap(), apply.getMapOperands());
  if (!results)
    return l.leave(op);
  op->getResult(0).replaceAllUsesWith(results->front());
}

//===- Vectors ------------------------------------------------------------===//

Value i32(FunctionLowering &l, int32_t number) {
  return LLVM::ConstantOp::create(l.b, l.b.getI32Type(), l.b.getI32IntegerAttr(number));
}

void lowerBroadcast(FunctionLowering &l, Operation *op) {
  auto broadcast = cast<vector::BroadcastOp>(op);
  if (isa<VectorType>(broadcast.getSourceType()))
    return l.leave(op);
  auto type = cast<VectorType>(l.convert(broadcast.getType()));
  Value poison = LLVM::PoisonOp::create(l.b, type);
  Value first = LLVM::InsertElementOp::create(l.b, poison, l.get(broadcast.getSource()), i32(l, 0));
  SmallVector<int32_t> zeros(type.getNumElements());
  l.set(op->getResult(0), LLVM::ShuffleVectorOp::create(l.b, first, poison, zeros).getResult());
}

void lowerShuffle(FunctionLowering &l, Operation *op) {
  auto shuffle = cast<vector::ShuffleOp>(op);
  if (shuffle.getV1VectorType() != shuffle.getV2VectorType())
    return l.leave(op);
  SmallVector<int32_t> mask(shuffle.getMask());
  l.set(op->getResult(0),
        LLVM::ShuffleVectorOp::create(l.b, l.get(shuffle.getV1()), l.get(shuffle.getV2()), mask)
            .getResult());
}

/// Where an op looks into a vector.
template <typename Op> Value positionOf(FunctionLowering &l, Op op) {
  OpFoldResult position = op.getMixedPosition().front();
  if (auto value = dyn_cast<Value>(position))
    return l.get(value);
  return LLVM::ConstantOp::create(l.b, l.b.getI64Type(),
                                  l.b.getI64IntegerAttr(*getConstantIntValue(position)));
}

void lowerExtract(FunctionLowering &l, Operation *op) {
  auto extract = cast<vector::ExtractOp>(op);
  if (extract.getNumIndices() != 1)
    return l.leave(op);
  Value at = positionOf(l, extract);
  l.set(extract, LLVM::ExtractElementOp::create(l.b, l.get(extract.getSource()), at).getResult());
}

void lowerInsert(FunctionLowering &l, Operation *op) {
  auto insert = cast<vector::InsertOp>(op);
  if (insert.getNumIndices() != 1)
    return l.leave(op);
  Value at = positionOf(l, insert);
  l.set(insert, LLVM::InsertElementOp::create(l.b, l.get(insert.getDest()),
                                              l.get(insert.getValueToStore()), at)
                    .getResult());
}

void lowerFromElements(FunctionLowering &l, Operation *op) {
  Value made = LLVM::PoisonOp::create(l.b, l.convert(op->getResult(0).getType()));
  for (auto [i, element] : llvm::enumerate(op->getOperands()))
    made = LLVM::InsertElementOp::create(l.b, made, l.get(element), i32(l, i));
  l.set(op->getResult(0), made);
}

void lowerStep(FunctionLowering &l, Operation *op) {
  auto type = cast<VectorType>(l.convert(op->getResult(0).getType()));
  SmallVector<Attribute> steps;
  for (int64_t i = 0; i < type.getNumElements(); ++i)
    steps.push_back(l.b.getIntegerAttr(type.getElementType(), i));
  l.set(op->getResult(0),
        LLVM::ConstantOp::create(l.b, type, DenseElementsAttr::get(type, steps)).getResult());
}

template <typename To> Value reduceIntegers(FunctionLowering &l, vector::ReductionOp op) {
  return To::create(l.b, op.getType(), l.get(op.getVector()));
}

template <typename To> Value reduceFloats(FunctionLowering &l, vector::ReductionOp op) {
  return To::create(l.b, op.getType(), l.get(op.getVector()),
                    arith::convertArithFastMathFlagsToLLVM(op.getFastmath()));
}

/// A sum or a product of floating-point numbers, from `neutral` on.
template <typename To>
Value reduceFrom(FunctionLowering &l, vector::ReductionOp op, double neutral) {
  Type type = op.getType();
  Value start =
      op.getAcc()
          ? l.get(op.getAcc())
          : LLVM::ConstantOp::create(l.b, type, l.b.getFloatAttr(type, neutral)).getResult();
  return To::create(l.b, type, start, l.get(op.getVector()),
                    arith::convertArithFastMathFlagsToLLVM(op.getFastmath()));
}

/// Null if upstream's patterns know better.
Value reduce(FunctionLowering &l, vector::ReductionOp op) {
  using Kind = vector::CombiningKind;
  bool isFloat = isa<FloatType>(op.getType());
  if (isFloat && op.getKind() == Kind::ADD)
    return reduceFrom<LLVM::vector_reduce_fadd>(l, op, 0);
  if (isFloat && op.getKind() == Kind::MUL)
    return reduceFrom<LLVM::vector_reduce_fmul>(l, op, 1);
  if (op.getAcc() || op.getType().isIndex())
    return nullptr;
  switch (op.getKind()) {
  case Kind::ADD:
    return reduceIntegers<LLVM::vector_reduce_add>(l, op);
  case Kind::MUL:
    return reduceIntegers<LLVM::vector_reduce_mul>(l, op);
  case Kind::MINUI:
    return reduceIntegers<LLVM::vector_reduce_umin>(l, op);
  case Kind::MINSI:
    return reduceIntegers<LLVM::vector_reduce_smin>(l, op);
  case Kind::MAXUI:
    return reduceIntegers<LLVM::vector_reduce_umax>(l, op);
  case Kind::MAXSI:
    return reduceIntegers<LLVM::vector_reduce_smax>(l, op);
  case Kind::AND:
    return reduceIntegers<LLVM::vector_reduce_and>(l, op);
  case Kind::OR:
    return reduceIntegers<LLVM::vector_reduce_or>(l, op);
  case Kind::XOR:
    return reduceIntegers<LLVM::vector_reduce_xor>(l, op);
  case Kind::MINNUMF:
    return reduceFloats<LLVM::vector_reduce_fmin>(l, op);
  case Kind::MAXNUMF:
    return reduceFloats<LLVM::vector_reduce_fmax>(l, op);
  case Kind::MINIMUMF:
    return reduceFloats<LLVM::vector_reduce_fminimum>(l, op);
  case Kind::MAXIMUMF:
    return reduceFloats<LLVM::vector_reduce_fmaximum>(l, op);
  }
  return nullptr;
}

void lowerReduction(FunctionLowering &l, Operation *op) {
  auto reduction = cast<vector::ReductionOp>(op);
  if (Value reduced = reduce(l, reduction))
    l.set(reduction, reduced);
  else
    l.leave(op);
}

template <typename From, typename To> void addFloat(fnc::Handlers &handlers) {
  fnc::addHandler<From>(handlers, lowerFloat<From, To>);
}

template <typename From, typename To> void addInteger(fnc::Handlers &handlers) {
  fnc::addHandler<From>(handlers, lowerInteger<From, To>);
}

} // namespace

void fnc::addArithmetic(Handlers &handlers) {
  addFloat<arith::AddFOp, LLVM::FAddOp>(handlers);
  addFloat<arith::SubFOp, LLVM::FSubOp>(handlers);
  addFloat<arith::MulFOp, LLVM::FMulOp>(handlers);
  addFloat<arith::DivFOp, LLVM::FDivOp>(handlers);
  addFloat<arith::RemFOp, LLVM::FRemOp>(handlers);
  addFloat<arith::NegFOp, LLVM::FNegOp>(handlers);
  addFloat<arith::MaximumFOp, LLVM::MaximumOp>(handlers);
  addFloat<arith::MinimumFOp, LLVM::MinimumOp>(handlers);
  addFloat<arith::MaxNumFOp, LLVM::MaxNumOp>(handlers);
  addFloat<arith::MinNumFOp, LLVM::MinNumOp>(handlers);
  addFloat<math::AbsFOp, LLVM::FAbsOp>(handlers);
  addFloat<math::CeilOp, LLVM::FCeilOp>(handlers);
  addFloat<math::CopySignOp, LLVM::CopySignOp>(handlers);
  addFloat<math::FloorOp, LLVM::FFloorOp>(handlers);
  addFloat<math::FmaOp, LLVM::FMAOp>(handlers);
  addFloat<math::RoundEvenOp, LLVM::RoundEvenOp>(handlers);
  addFloat<math::SqrtOp, LLVM::SqrtOp>(handlers);
  addFloat<math::TruncOp, LLVM::FTruncOp>(handlers);

  addInteger<arith::AddIOp, LLVM::AddOp>(handlers);
  addInteger<arith::SubIOp, LLVM::SubOp>(handlers);
  addInteger<arith::MulIOp, LLVM::MulOp>(handlers);
  addInteger<arith::ShLIOp, LLVM::ShlOp>(handlers);
  addInteger<arith::ShRUIOp, LLVM::LShrOp>(handlers);
  addInteger<arith::ShRSIOp, LLVM::AShrOp>(handlers);
  addInteger<arith::DivUIOp, LLVM::UDivOp>(handlers);
  addInteger<arith::DivSIOp, LLVM::SDivOp>(handlers);
  addInteger<arith::RemUIOp, LLVM::URemOp>(handlers);
  addInteger<arith::RemSIOp, LLVM::SRemOp>(handlers);
  addInteger<arith::AndIOp, LLVM::AndOp>(handlers);
  addInteger<arith::OrIOp, LLVM::OrOp>(handlers);
  addInteger<arith::XOrIOp, LLVM::XOrOp>(handlers);
  addInteger<arith::MinUIOp, LLVM::UMinOp>(handlers);
  addInteger<arith::MaxUIOp, LLVM::UMaxOp>(handlers);
  addInteger<arith::MinSIOp, LLVM::SMinOp>(handlers);
  addInteger<arith::MaxSIOp, LLVM::SMaxOp>(handlers);
  addHandler<arith::MulUIExtendedOp>(handlers, lowerMulExtended);

  addHandler<arith::ExtFOp>(handlers, lowerCast<LLVM::FPExtOp>);
  addHandler<arith::TruncFOp>(handlers, lowerCast<LLVM::FPTruncOp>);
  addHandler<arith::ExtUIOp>(handlers, lowerCast<LLVM::ZExtOp>);
  addHandler<arith::ExtSIOp>(handlers, lowerCast<LLVM::SExtOp>);
  addHandler<arith::TruncIOp>(handlers, lowerCast<LLVM::TruncOp>);
  addHandler<arith::SIToFPOp>(handlers, lowerCast<LLVM::SIToFPOp>);
  addHandler<arith::UIToFPOp>(handlers, lowerCast<LLVM::UIToFPOp>);
  addHandler<arith::FPToSIOp>(handlers, lowerCast<LLVM::FPToSIOp>);
  addHandler<arith::FPToUIOp>(handlers, lowerCast<LLVM::FPToUIOp>);
  addHandler<arith::BitcastOp>(handlers, lowerCast<LLVM::BitcastOp>);
  addHandler<vector::BitCastOp>(handlers, lowerCast<LLVM::BitcastOp>);
  addHandler<arith::IndexCastOp>(handlers, lowerIndexCast<LLVM::SExtOp>);
  addHandler<arith::IndexCastUIOp>(handlers, lowerIndexCast<LLVM::ZExtOp>);

  addHandler<arith::ConstantOp>(handlers, lowerConstant);
  addHandler<arith::CmpIOp>(handlers, lowerCmpI);
  addHandler<arith::CmpFOp>(handlers, lowerCmpF);
  addHandler<arith::SelectOp>(handlers, lowerSelect);
  addHandler<affine::AffineApplyOp>(handlers, expandApply);

  addHandler<vector::BroadcastOp>(handlers, lowerBroadcast);
  addHandler<vector::ShuffleOp>(handlers, lowerShuffle);
  addHandler<vector::ExtractOp>(handlers, lowerExtract);
  addHandler<vector::InsertOp>(handlers, lowerInsert);
  addHandler<vector::FromElementsOp>(handlers, lowerFromElements);
  addHandler<vector::StepOp>(handlers, lowerStep);
  addHandler<vector::ReductionOp>(handlers, lowerReduction);
}
