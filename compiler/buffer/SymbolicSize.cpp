//===- SymbolicSize.cpp - buffer sizes as expressions over dimensions -----===//

#include "compiler/buffer/SymbolicSize.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/TypeSwitch.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

AffineExpr fnc::SymbolicSizes::of(Value value) {
  if (auto it = known.find(value); it != known.end())
    return it->second;
  AffineExpr expr = compute(value);
  known[value] = expr;
  return expr;
}

AffineExpr fnc::SymbolicSizes::compute(Value value) {
  MLIRContext *context = func.getContext();
  if (std::optional<int64_t> constant = getConstantIntValue(value))
    return getAffineConstantExpr(*constant, context);
  Operation *op = value.getDefiningOp();
  if (!op)
    return {};
  auto binary = [&](auto combine) -> AffineExpr {
    AffineExpr a = of(op->getOperand(0)), b = of(op->getOperand(1));
    return a && b ? combine(a, b) : AffineExpr();
  };
  return llvm::TypeSwitch<Operation *, AffineExpr>(op)
      .Case([&](memref::DimOp dim) -> AffineExpr {
        std::optional<int64_t> index = dim.getConstantIndex();
        return index ? dimension(dim.getSource(), *index) : AffineExpr();
      })
      .Case([&](affine::AffineApplyOp apply) -> AffineExpr {
        AffineMap map = apply.getAffineMap();
        SmallVector<AffineExpr> operands;
        for (Value operand : apply.getMapOperands()) {
          operands.push_back(of(operand));
          if (!operands.back())
            return {};
        }
        ArrayRef<AffineExpr> all(operands);
        return map.getResult(0).replaceDimsAndSymbols(all.take_front(map.getNumDims()),
                                                      all.drop_front(map.getNumDims()));
      })
      .Case([&](arith::AddIOp) { return binary([](auto a, auto b) { return a + b; }); })
      .Case([&](arith::SubIOp) { return binary([](auto a, auto b) { return a - b; }); })
      .Case([&](arith::MulIOp) { return binary([](auto a, auto b) { return a * b; }); })
      .Case<arith::DivUIOp, arith::DivSIOp, arith::FloorDivSIOp>(
          [&](auto) { return binary([](auto a, auto b) { return a.floorDiv(b); }); })
      .Case<arith::CeilDivUIOp, arith::CeilDivSIOp>(
          [&](auto) { return binary([](auto a, auto b) { return a.ceilDiv(b); }); })
      .Case<arith::RemUIOp, arith::RemSIOp>(
          [&](auto) { return binary([](auto a, auto b) { return a % b; }); })
      .Case<arith::IndexCastOp, arith::IndexCastUIOp>(
          [&](Operation *cast) { return of(cast->getOperand(0)); })
      .Default([](Operation *) { return AffineExpr(); });
}

AffineExpr fnc::SymbolicSizes::of(OpFoldResult size) {
  if (auto attr = dyn_cast<Attribute>(size))
    return getAffineConstantExpr(cast<IntegerAttr>(attr).getInt(), func.getContext());
  return of(cast<Value>(size));
}

/// What an argument of a loop's region begins with: loops keep the sizes of what they carry.
static Value carriedFrom(BlockArgument arg) {
  Operation *parent = arg.getOwner()->getParentOp();
  if (auto loop = dyn_cast<scf::ForOp>(parent))
    return loop.getInitArgs()[arg.getArgNumber() - loop.getNumInductionVars()];
  if (auto loop = dyn_cast<scf::WhileOp>(parent))
    return arg.getOwner() == loop.getBeforeBody()
               ? loop.getInits()[arg.getArgNumber()]
               : loop.getConditionOp().getArgs()[arg.getArgNumber()];
  return {};
}

AffineExpr fnc::SymbolicSizes::dimension(Value memref, int64_t index) {
  auto type = cast<MemRefType>(memref.getType());
  if (!type.isDynamicDim(index))
    return getAffineConstantExpr(type.getDimSize(index), func.getContext());
  if (auto arg = dyn_cast<BlockArgument>(memref)) {
    if (arg.getOwner() != &func.front()) {
      Value begin = carriedFrom(arg);
      return begin ? dimension(begin, index) : AffineExpr();
    }
    auto dims = func.getArgAttrOfType<AffineMapAttr>(arg.getArgNumber(), "fn.dims");
    return dims ? dims.getValue().getResult(index) : AffineExpr();
  }
  return llvm::TypeSwitch<Operation *, AffineExpr>(memref.getDefiningOp())
      .Case([&](memref::AllocOp alloc) {
        return of(alloc.getDynamicSizes()[type.getDynamicDimIndex(index)]);
      })
      .Case(
          [&](memref::ViewOp view) { return of(view.getSizes()[type.getDynamicDimIndex(index)]); })
      .Case([&](scf::ForOp loop) {
        return dimension(loop.getInitArgs()[cast<OpResult>(memref).getResultNumber()], index);
      })
      .Case([&](scf::WhileOp loop) {
        unsigned result = cast<OpResult>(memref).getResultNumber();
        return dimension(loop.getConditionOp().getArgs()[result], index);
      })
      .Case([&](scf::IfOp branch) {
        unsigned result = cast<OpResult>(memref).getResultNumber();
        return dimension(branch.thenYield().getOperand(result), index);
      })
      .Case([&](arith::SelectOp choice) { return dimension(choice.getTrueValue(), index); })
      .Case([&](memref::CastOp cast) { return dimension(cast.getSource(), index); })
      .Case([&](memref::ExpandShapeOp expand) { return of(expand.getMixedOutputShape()[index]); })
      .Case([&](memref::CollapseShapeOp collapse) {
        AffineExpr product = getAffineConstantExpr(1, func.getContext());
        // The vector of them is a temporary: its elements would not outlive the head of the loop.
        ReassociationIndices dims = collapse.getReassociationIndices()[index];
        for (int64_t i : dims) {
          AffineExpr dim = dimension(collapse.getSrc(), i);
          if (!dim)
            return dim;
          product = product * dim;
        }
        return product;
      })
      .Case([&](memref::SubViewOp view) {
        // Unit dimensions that the view drops do not count.
        llvm::SmallBitVector dropped = view.getDroppedDims();
        int64_t kept = -1;
        for (auto [i, size] : llvm::enumerate(view.getMixedSizes()))
          if (!dropped.test(i) && ++kept == index)
            return of(size);
        return AffineExpr();
      })
      .Case([&](memref::TransposeOp transpose) {
        auto source = cast<AffineDimExpr>(transpose.getPermutation().getResult(index));
        return dimension(transpose.getIn(), source.getPosition());
      })
      .Case([&](memref::ReinterpretCastOp cast) { return of(cast.getMixedSizes()[index]); })
      .Default([](Operation *) { return AffineExpr(); });
}

AffineExpr fnc::SymbolicSizes::bytes(memref::AllocOp alloc) {
  MemRefType type = alloc.getType();
  MLIRContext *context = func.getContext();
  unsigned bits = type.getElementType().isIndex() ? 64 : type.getElementTypeBitWidth();
  AffineExpr size = getAffineConstantExpr(llvm::divideCeil(bits, 8), context);
  unsigned nextDynamic = 0;
  for (int64_t i = 0; i < type.getRank(); ++i) {
    AffineExpr dim = type.isDynamicDim(i) ? of(alloc.getDynamicSizes()[nextDynamic++])
                                          : getAffineConstantExpr(type.getDimSize(i), context);
    if (!dim)
      return {};
    size = size * dim;
  }
  return size;
}

unsigned fnc::numSymbols(func::FuncOp func) {
  auto symbols = func->getAttrOfType<ArrayAttr>("fn.symbols");
  return symbols ? symbols.size() : 0;
}

int64_t fnc::evaluate(AffineExpr expr, ArrayRef<int64_t> symbols) {
  if (auto constant = dyn_cast<AffineConstantExpr>(expr))
    return constant.getValue();
  if (auto symbol = dyn_cast<AffineSymbolExpr>(expr))
    return symbols[symbol.getPosition()];
  auto binary = cast<AffineBinaryOpExpr>(expr);
  int64_t a = evaluate(binary.getLHS(), symbols), b = evaluate(binary.getRHS(), symbols);
  switch (binary.getKind()) {
  case AffineExprKind::Add:
    return a + b;
  case AffineExprKind::Mul:
    return a * b;
  case AffineExprKind::FloorDiv:
    return b == 0 ? 0 : llvm::divideFloorSigned(a, b);
  case AffineExprKind::CeilDiv:
    return b == 0 ? 0 : llvm::divideCeilSigned(a, b);
  case AffineExprKind::Mod:
    return b == 0 ? 0 : llvm::mod(a, b);
  default:
    llvm_unreachable("not a binary affine expression");
  }
}

namespace {
struct Interval {
  int64_t low, high;
};
} // namespace

/// All values of `expr`; nothing where they do not fit.
static std::optional<Interval> rangeOf(AffineExpr expr, ArrayRef<int64_t> bounds) {
  if (auto constant = dyn_cast<AffineConstantExpr>(expr))
    return Interval{constant.getValue(), constant.getValue()};
  if (auto symbol = dyn_cast<AffineSymbolExpr>(expr))
    return Interval{0, bounds[symbol.getPosition()]};
  auto binary = cast<AffineBinaryOpExpr>(expr);
  std::optional<Interval> x = rangeOf(binary.getLHS(), bounds),
                          y = rangeOf(binary.getRHS(), bounds);
  if (!x || !y)
    return std::nullopt;
  // Divisors are sizes; what is divided by 0 is 0.
  int64_t least = std::max<int64_t>(y->low, 1), most = std::max<int64_t>(y->high, 1);
  auto around = [](std::initializer_list<int64_t> values) {
    return Interval{std::min(values), std::max(values)};
  };
  switch (binary.getKind()) {
  case AffineExprKind::Add: {
    Interval sum;
    if (llvm::AddOverflow(x->low, y->low, sum.low) || llvm::AddOverflow(x->high, y->high, sum.high))
      return std::nullopt;
    return sum;
  }
  case AffineExprKind::Mul: {
    int64_t corners[4];
    if (llvm::MulOverflow(x->low, y->low, corners[0]) ||
        llvm::MulOverflow(x->low, y->high, corners[1]) ||
        llvm::MulOverflow(x->high, y->low, corners[2]) ||
        llvm::MulOverflow(x->high, y->high, corners[3]))
      return std::nullopt;
    return around({corners[0], corners[1], corners[2], corners[3]});
  }
  case AffineExprKind::FloorDiv:
  case AffineExprKind::CeilDiv: {
    auto divide = [&](int64_t n, int64_t d) {
      return binary.getKind() == AffineExprKind::CeilDiv ? llvm::divideCeilSigned(n, d)
                                                         : llvm::divideFloorSigned(n, d);
    };
    return around({0, divide(x->low, least), divide(x->low, most), divide(x->high, least),
                   divide(x->high, most)});
  }
  default:
    return Interval{0, most - 1};
  }
}

std::optional<int64_t> fnc::largest(AffineExpr expr, ArrayRef<int64_t> bounds) {
  std::optional<Interval> range = rangeOf(expr, bounds);
  return range ? std::optional(range->high) : std::nullopt;
}

Value fnc::buildIndex(OpBuilder &b, Location loc, AffineExpr expr, ArrayRef<Value> symbols) {
  if (auto constant = dyn_cast<AffineConstantExpr>(expr))
    return arith::ConstantIndexOp::create(b, loc, constant.getValue());
  if (auto symbol = dyn_cast<AffineSymbolExpr>(expr))
    return symbols[symbol.getPosition()];
  auto binary = cast<AffineBinaryOpExpr>(expr);
  Value x = buildIndex(b, loc, binary.getLHS(), symbols);
  Value y = buildIndex(b, loc, binary.getRHS(), symbols);
  switch (binary.getKind()) {
  case AffineExprKind::Add:
    return arith::AddIOp::create(b, loc, x, y);
  case AffineExprKind::Mul:
    return arith::MulIOp::create(b, loc, x, y);
  // Divisors are products of constants and sizes; the operands may be differences of sizes.
  case AffineExprKind::FloorDiv:
    return arith::FloorDivSIOp::create(b, loc, x, y);
  case AffineExprKind::CeilDiv:
    return arith::CeilDivSIOp::create(b, loc, x, y);
  case AffineExprKind::Mod:
    return arith::SubIOp::create(
        b, loc, x, arith::MulIOp::create(b, loc, arith::FloorDivSIOp::create(b, loc, x, y), y));
  default:
    llvm_unreachable("not a binary affine expression");
  }
}

SmallVector<int64_t> fnc::representativeSymbols(func::FuncOp func, int64_t unbounded) {
  SmallVector<int64_t> values;
  if (auto symbols = func->getAttrOfType<ArrayAttr>("fn.symbols"))
    for (auto symbol : symbols.getAsRange<DictionaryAttr>()) {
      auto max = symbol.getAs<IntegerAttr>("max");
      values.push_back(max && max.getInt() >= 0 ? max.getInt() : unbounded);
    }
  return values;
}
