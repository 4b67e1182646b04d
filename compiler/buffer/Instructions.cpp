//===- Instructions.cpp - ops that are instructions of a target -----------===//
//
// Vectors that are longer than a register are halved; shorter ones and elements travel in the
// smallest register that the instruction knows.
//
//===----------------------------------------------------------------------===//

#include "compiler/buffer/Instructions.h"
#include "compiler/buffer/Reduction.h"
#include "compiler/kernel/Kernel.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Builders.h"

using namespace mlir;

namespace {

/// What builds calls of instructions.
class Builder {
protected:
  explicit Builder(Operation *op) : b(op), loc(op->getLoc()) {}

  Value call(StringRef intrinsic, Type type, ValueRange args) {
    return LLVM::CallIntrinsicOp::create(b, loc, type, b.getStringAttr(intrinsic), args)
        .getResult(0);
  }

  Value part(Value x, int64_t from, int64_t count) { return fnc::sliceOf(b, loc, x, from, count); }

  /// The first `count` elements of both, which start over after `width`.
  Value elements(Value x, Value y, int64_t count, int64_t width) {
    SmallVector<int64_t> lanes;
    for (int64_t i = 0; i < count; ++i)
      lanes.push_back(i % width);
    return vector::ShuffleOp::create(b, loc, x, y, lanes);
  }

  OpBuilder b;
  Location loc;
};

class Lowering : Builder {
public:
  Lowering(Operation *op, unsigned vectorBits) : Builder(op), op(op), most(vectorBits / 32) {}

  Value run() { return on(SmallVector<Value>(op->getOperands())); }

private:
  Value on(SmallVector<Value> operands) {
    auto lookup = dyn_cast<fnc::kernel::LookupOp>(op);
    int64_t least = !lookup || most == 4 ? 4 : entriesOf(lookup).size() == 32 ? 16 : 8;
    auto type = dyn_cast<VectorType>(operands[0].getType());
    int64_t width = type ? type.getNumElements() : 1;
    if (width > most) {
      SmallVector<Value> low, high;
      for (Value x : operands) {
        low.push_back(part(x, 0, width / 2));
        high.push_back(part(x, width / 2, width / 2));
      }
      return elements(on(low), on(high), width, width);
    }
    if (width >= least)
      return inRegister(operands, width);
    for (Value &x : operands)
      x = type ? elements(x, x, least, width)
               : vector::BroadcastOp::create(b, loc, VectorType::get({least}, x.getType()), x);
    Value result = inRegister(operands, least);
    if (!type)
      return vector::ExtractOp::create(b, loc, result, 0);
    return part(result, 0, width);
  }

  Value inRegister(ArrayRef<Value> operands, int64_t width) {
    if (auto lookup = dyn_cast<fnc::kernel::LookupOp>(op)) {
      SmallVector<float> table = entriesOf(lookup);
      if (most == 4)
        return byBytes(table, operands[0]);
      if (table.size() == 32)
        return fromTwo(table, operands[0]);
      if (width == 16 && table.size() == 8)
        table.append(SmallVector<float>(table));
      if (width == 16)
        return permuted("llvm.x86.avx512.permvar.sf.512", table, operands[0]);
      return table.size() == 8 ? permuted("llvm.x86.avx2.permps", table, operands[0])
                               : inHalves(table, operands[0]);
    }
    StringRef names[] = {"llvm.x86.avx512.mask.scalef.ps.128", "llvm.x86.avx512.mask.scalef.ps.256",
                         "llvm.x86.avx512.mask.scalef.ps.512"};
    Type type = operands[0].getType();
    Value mask = arith::ConstantOp::create(
        b, loc, b.getIntegerAttr(b.getIntegerType(width == 16 ? 16 : 8), -1));
    SmallVector<Value> args = {operands[0], operands[1], operands[0], mask};
    // Rounded as everything else is.
    if (width == 16)
      args.push_back(arith::ConstantOp::create(b, loc, b.getI32IntegerAttr(4)));
    return call(names[width / 8], type, args);
  }

  /// AVX2 permutes a register of eight: the fourth bit chooses between two.
  Value inHalves(ArrayRef<float> table, Value index) {
    Value low = permuted("llvm.x86.avx2.permps", table.take_front(8), index);
    Value high = permuted("llvm.x86.avx2.permps", table.drop_front(8), index);
    auto constant = [&](int32_t value) -> Value {
      auto attr = DenseElementsAttr::get(cast<ShapedType>(index.getType()), value);
      return arith::ConstantOp::create(b, loc, attr);
    };
    // As a sign, it selects without a comparison.
    Value sign = arith::ShLIOp::create(b, loc, index, constant(28));
    Value isHigh = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt, sign, constant(0));
    return arith::SelectOp::create(b, loc, isHigh, high, low);
  }

  /// AVX-512 permutes two registers of sixteen as one.
  Value fromTwo(ArrayRef<float> table, Value index) {
    Value low = vectorOf(table.take_front(16)), high = vectorOf(table.drop_front(16));
    return call("llvm.x86.avx512.vpermi2var.ps.512", low.getType(), {low, index, high});
  }

  /// NEON permutes the bytes of two registers or of four.
  Value byBytes(ArrayRef<float> table, Value index) {
    auto type = cast<VectorType>(index.getType());
    auto all = [&](int32_t value) -> Value {
      return arith::ConstantOp::create(b, loc, DenseElementsAttr::get(type, value));
    };
    int32_t last = static_cast<int32_t>(table.size()) - 1;
    Value entry = arith::AndIOp::create(b, loc, index, all(last));
    Value first = arith::MulIOp::create(b, loc, entry, all(0x04040404));
    auto bytes = VectorType::get({16}, b.getI8Type());
    SmallVector<Value> args;
    for (; !table.empty(); table = table.drop_front(4))
      args.push_back(vector::BitCastOp::create(b, loc, bytes, vectorOf(table.take_front(4))));
    args.push_back(vector::BitCastOp::create(
        b, loc, bytes, arith::AddIOp::create(b, loc, first, all(0x03020100))));
    StringRef name = last < 8 ? "llvm.aarch64.neon.tbl2" : "llvm.aarch64.neon.tbl4";
    return vector::BitCastOp::create(b, loc, VectorType::get({4}, b.getF32Type()),
                                     call(name, bytes, args));
  }

  Value permuted(StringRef intrinsic, ArrayRef<float> entries, Value index) {
    Value table = vectorOf(entries);
    return call(intrinsic, table.getType(), {table, index});
  }

  static SmallVector<float> entriesOf(fnc::kernel::LookupOp lookup) {
    return SmallVector<float>(cast<DenseElementsAttr>(lookup.getTable()).getValues<float>());
  }

  Value vectorOf(ArrayRef<float> entries) {
    auto type = VectorType::get({static_cast<int64_t>(entries.size())}, b.getF32Type());
    return arith::ConstantOp::create(b, loc, DenseElementsAttr::get(type, entries));
  }

  Operation *op;
  int64_t most; ///< elements of a register
};

/// Products of bytes. The group of `x` goes into every lane.
class ByteDot : Builder {
public:
  ByteDot(fnc::kernel::ByteDotOp op, unsigned vectorBits, fnc::ByteProducts target)
      : Builder(op), op(op), target(target),
        group(cast<VectorType>(op.getX().getType()).getNumElements()),
        most(isArm() ? 4 : vectorBits / 32) {}

  Value run() { return on(op.getY(), op.getSum()); }

private:
  static constexpr int64_t least = 4; ///< sums in the smallest register

  bool isArm() const {
    return target == fnc::ByteProducts::Dotprod || target == fnc::ByteProducts::I8mm;
  }

  Value on(Value y, Value sum) {
    auto type = dyn_cast<VectorType>(sum.getType());
    int64_t width = type ? type.getNumElements() : 1;
    if (width > most) {
      int64_t half = width / 2;
      Value low = on(part(y, 0, half * group), part(sum, 0, half));
      Value high = on(part(y, half * group, half * group), part(sum, half, half));
      return elements(low, high, width, width);
    }
    if (width >= least)
      return inRegister(y, sum, width);
    y = elements(y, y, least * group, width * group);
    sum = type ? elements(sum, sum, least, width)
               : vector::BroadcastOp::create(b, loc, VectorType::get({least}, sum.getType()), sum)
                     .getResult();
    Value result = inRegister(y, sum, least);
    if (!type)
      return vector::ExtractOp::create(b, loc, result, 0);
    return part(result, 0, width);
  }

  Value inRegister(Value y, Value sum, int64_t width) {
    Type type = sum.getType();
    Value x = elements(op.getX(), op.getX(), width * group, group);
    if (group == 2) {
      StringRef names[] = {"llvm.x86.sse2.pmadd.wd", "llvm.x86.avx2.pmadd.wd",
                           "llvm.x86.avx512.pmaddw.d.512"};
      Value products = call(names[width / 8], type,
                            {widened(x, op.getXUnsigned()), widened(y, op.getYUnsigned())});
      return arith::AddIOp::create(b, loc, sum, products);
    }
    if (target == fnc::ByteProducts::Vnni) {
      StringRef names[] = {"llvm.x86.avx512.vpdpbusd.128", "llvm.x86.avx512.vpdpbusd.256",
                           "llvm.x86.avx512.vpdpbusd.512"};
      return call(names[width / 8], type, {sum, x, y});
    }
    return op.getXUnsigned() ? call("llvm.aarch64.neon.usdot", type, {sum, x, y})
                             : call("llvm.aarch64.neon.sdot", type, {sum, x, y});
  }

  /// As i16.
  Value widened(Value bytes, bool isUnsigned) {
    Type type = cast<VectorType>(bytes.getType()).clone(b.getI16Type());
    return isUnsigned ? arith::ExtUIOp::create(b, loc, type, bytes).getResult()
                      : arith::ExtSIOp::create(b, loc, type, bytes).getResult();
  }

  fnc::kernel::ByteDotOp op;
  fnc::ByteProducts target;
  int64_t group;
  int64_t most; ///< sums in the largest register
};

} // namespace

void fnc::lowerInstructions(Operation *root, unsigned vectorBits, ByteProducts byteProducts) {
  SmallVector<Operation *> ops;
  root->walk([&](Operation *op) {
    if (isa<kernel::LookupOp, kernel::ScaleOp, kernel::ByteDotOp>(op))
      ops.push_back(op);
  });
  for (Operation *op : ops) {
    auto dot = dyn_cast<kernel::ByteDotOp>(op);
    op->getResult(0).replaceAllUsesWith(dot ? ByteDot(dot, vectorBits, byteProducts).run()
                                            : Lowering(op, vectorBits).run());
    op->erase();
  }
}
