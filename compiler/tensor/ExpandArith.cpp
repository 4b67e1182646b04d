//===- ExpandArith.cpp - small floats without library calls ---------------===//
//
// Of f16 and bf16 most machines can load and store, not compute: LLVM would call its support
// library for every conversion, and older ones lack bf16. Here both are computed in f32, and the
// conversions are integer operations that LLVM can vectorize.
//
//===----------------------------------------------------------------------===//

#include "compiler/tensor/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/BuiltinOps.h"

using namespace mlir;

namespace fnc {
#define GEN_PASS_DEF_EXPANDARITH
#include "compiler/tensor/Passes.h.inc"
} // namespace fnc

namespace {

bool isSmall(Type type) { return type.isF16() || type.isBF16(); }

/// Builds the conversions at one place.
struct Convert {
  OpBuilder &b;
  Location loc;

  Value i32(int64_t value) {
    return arith::ConstantOp::create(b, loc, b.getI32IntegerAttr(static_cast<int32_t>(value)));
  }
  Value f32(float value) { return arith::ConstantOp::create(b, loc, b.getF32FloatAttr(value)); }
  template <typename Op> Value op(Value x, Value y) { return Op::create(b, loc, x, y); }
  Value bits(Value x) { return arith::BitcastOp::create(b, loc, b.getI32Type(), x); }
  Value number(Value x) { return arith::BitcastOp::create(b, loc, b.getF32Type(), x); }
  Value select(Value c, Value x, Value y) { return arith::SelectOp::create(b, loc, c, x, y); }
  Value compare(arith::CmpIPredicate predicate, Value x, Value y) {
    return arith::CmpIOp::create(b, loc, predicate, x, y);
  }

  Value extend(Value x) {
    bool half = x.getType().isF16();
    Value raw = arith::ExtUIOp::create(b, loc, b.getI32Type(),
                                       arith::BitcastOp::create(b, loc, b.getI16Type(), x));
    if (!half)
      return number(op<arith::ShLIOp>(raw, i32(16)));
    // The fields moved into f32's places are 2^112 too small: one exact product mends that, for
    // denormals too. Infinities and NaN get the largest exponent back.
    Value sign = op<arith::ShLIOp>(op<arith::AndIOp>(raw, i32(0x8000)), i32(16));
    Value rest = op<arith::AndIOp>(raw, i32(0x7fff));
    Value moved = op<arith::ShLIOp>(rest, i32(13));
    Value finite = bits(op<arith::MulFOp>(number(moved), f32(0x1p112f)));
    Value special = op<arith::OrIOp>(moved, i32(0x7f800000));
    Value isSpecial = compare(arith::CmpIPredicate::uge, rest, i32(0x7c00));
    return number(op<arith::OrIOp>(select(isSpecial, special, finite), sign));
  }

  /// To the nearest, ties to even; NaN stays a quiet NaN.
  Value truncate(Value x, Type type) {
    bool half = type.isF16();
    Value raw = bits(x);
    Value sign = op<arith::AndIOp>(op<arith::ShRUIOp>(raw, i32(16)), i32(0x8000));
    Value a = op<arith::AndIOp>(raw, i32(0x7fffffff));
    // Adds just below half of the last place kept, and 1 more where that place is odd.
    auto rounded = [&](int drop, int64_t rebias) {
      Value odd = op<arith::AndIOp>(op<arith::ShRUIOp>(a, i32(drop)), i32(1));
      Value up = op<arith::AddIOp>(a, i32((1 << (drop - 1)) - 1 - rebias));
      return op<arith::ShRUIOp>(op<arith::AddIOp>(up, odd), i32(drop));
    };
    Value result;
    if (half) {
      Value normal = rounded(13, int64_t(112) << 23);
      // Below 2^-14 the last place weighs 2^-24 always: adding 1/2 puts it at the end of f32.
      Value tiny =
          op<arith::SubIOp>(bits(op<arith::AddFOp>(number(a), f32(0.5f))), i32(0x3f000000));
      Value isTiny = compare(arith::CmpIPredicate::ult, a, i32(113 << 23));
      // From 65520 on, halfway to what would be 2^16, it is infinite.
      Value isLarge = compare(arith::CmpIPredicate::uge, a, i32(0x477ff000));
      result = select(isTiny, tiny, select(isLarge, i32(0x7c00), normal));
    } else {
      result = rounded(16, 0);
    }
    Value isNan = compare(arith::CmpIPredicate::ugt, a, i32(0x7f800000));
    result = op<arith::OrIOp>(select(isNan, i32(half ? 0x7e00 : 0x7fc0), result), sign);
    Value narrow = arith::TruncIOp::create(b, loc, b.getI16Type(), result);
    return arith::BitcastOp::create(b, loc, type, narrow);
  }
};

struct ExpandArith : fnc::impl::ExpandArithBase<ExpandArith> {
  using ExpandArithBase::ExpandArithBase;

  bool takes(Type type) const { return type.isBF16() || (f16 && type.isF16()); }

  /// Ops that compute; what only moves bits stays.
  static bool computes(Operation *op) {
    return isa<arith::AddFOp, arith::SubFOp, arith::MulFOp, arith::DivFOp, arith::RemFOp,
               arith::NegFOp, arith::CmpFOp, arith::MaximumFOp, arith::MinimumFOp, arith::MaxNumFOp,
               arith::MinNumFOp, arith::SIToFPOp, arith::UIToFPOp, arith::FPToSIOp, arith::FPToUIOp,
               math::SqrtOp, math::AbsFOp>(op);
  }

  void runOnOperation() override {
    SmallVector<Operation *> work;
    getOperation().walk([&](Operation *op) {
      if (computes(op) || isa<arith::ExtFOp, arith::TruncFOp>(op))
        work.push_back(op);
    });
    for (Operation *op : work) {
      OpBuilder b(op);
      Convert convert{b, op->getLoc()};
      Type f32 = b.getF32Type(), result = op->getResult(0).getType();
      Type operand = op->getOperand(0).getType();
      if (!takes(operand) && !takes(result))
        continue;
      if (isa<arith::ExtFOp>(op)) {
        Value value = convert.extend(op->getOperand(0));
        if (!result.isF32())
          value = arith::ExtFOp::create(b, op->getLoc(), result, value);
        replace(op, value);
        continue;
      }
      if (isa<arith::TruncFOp>(op)) {
        Value value = op->getOperand(0);
        if (!operand.isF32())
          value = arith::TruncFOp::create(b, op->getLoc(), f32, value);
        replace(op, convert.truncate(value, result));
        continue;
      }
      for (OpOperand &use : op->getOpOperands())
        if (isSmall(use.get().getType()))
          use.set(convert.extend(use.get()));
      if (!isSmall(result))
        continue;
      op->getResult(0).setType(f32);
      b.setInsertionPointAfter(op);
      Operation *first = op->getNextNode();
      Value value = convert.truncate(op->getResult(0), result);
      op->getResult(0).replaceUsesWithIf(value, [&](OpOperand &use) {
        // All but the conversion itself, which stands between the op and what followed it.
        Operation *user = use.getOwner();
        return user->getBlock() != op->getBlock() || !user->isBeforeInBlock(first);
      });
    }
  }

  static void replace(Operation *op, Value value) {
    op->getResult(0).replaceAllUsesWith(value);
    op->erase();
  }
};

} // namespace
