//===- PhiloxRounds.cpp - random words by a loop --------------------------===//
//
// Ten rounds, one after the other, are long code for what is not the work of a graph: they stay a
// loop.
//
//===----------------------------------------------------------------------===//

#include "compiler/buffer/PhiloxRounds.h"
#include "compiler/buffer/LoopMarks.h"
#include "compiler/kernel/Kernel.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Builders.h"

using namespace mlir;

namespace {

class Rounds {
public:
  explicit Rounds(fnc::kernel::PhiloxOp op)
      : b(op), loc(op.getLoc()), op(op), word(op.getWord0().getType()),
        wide(op.getLow().getType()) {}

  void run() {
    SmallVector<Value> start = {lowWord(op.getLow()),  highWord(op.getLow()),
                                lowWord(op.getHigh()), highWord(op.getHigh()),
                                lowWord(op.getKey()),  highWord(op.getKey())};
    auto index = [&](int64_t value) { return arith::ConstantIndexOp::create(b, loc, value); };
    Value from = index(0), to = index(10), step = index(1);
    auto loop = scf::ForOp::create(
        b, loc, from, to, step, start, [&](OpBuilder &nested, Location, Value, ValueRange in) {
          OpBuilder::InsertionGuard guard(b);
          b.setInsertionPoint(nested.getInsertionBlock(), nested.getInsertionPoint());
          scf::YieldOp::create(b, loc, round(in));
        });
    fnc::keepRolled(loop);
    op->replaceAllUsesWith(loop.getResults().take_front(4));
    op->erase();
  }

private:
  SmallVector<Value> round(ValueRange in) {
    auto [hi0, lo0] = multiply(in[0], 0xD2511F53);
    auto [hi1, lo1] = multiply(in[2], 0xCD9E8D57);
    return {exclusiveOr(hi1, in[1], in[4]),
            lo1,
            exclusiveOr(hi0, in[3], in[5]),
            lo0,
            arith::AddIOp::create(b, loc, in[4], constant(word, 0x9E3779B9)),
            arith::AddIOp::create(b, loc, in[5], constant(word, 0xBB67AE85))};
  }

  std::pair<Value, Value> multiply(Value x, uint32_t factor) {
    Value product = arith::MulIOp::create(b, loc, arith::ExtUIOp::create(b, loc, wide, x),
                                          constant(wide, factor));
    return {highWord(product), lowWord(product)};
  }

  Value exclusiveOr(Value x, Value y, Value z) {
    return arith::XOrIOp::create(b, loc, arith::XOrIOp::create(b, loc, x, y), z);
  }

  Value lowWord(Value value) { return arith::TruncIOp::create(b, loc, word, value); }
  Value highWord(Value value) {
    return lowWord(arith::ShRUIOp::create(b, loc, value, constant(wide, 32)));
  }

  Value constant(Type type, uint64_t value) {
    Type element = getElementTypeOrSelf(type);
    TypedAttr attr = b.getIntegerAttr(element, APInt(element.getIntOrFloatBitWidth(), value));
    if (auto vector = dyn_cast<VectorType>(type))
      attr = DenseElementsAttr::get(vector, static_cast<Attribute>(attr));
    return arith::ConstantOp::create(b, loc, attr);
  }

  OpBuilder b;
  Location loc;
  fnc::kernel::PhiloxOp op;
  Type word, wide;
};

} // namespace

void fnc::lowerPhilox(Operation *root) {
  SmallVector<kernel::PhiloxOp> ops;
  root->walk([&](kernel::PhiloxOp op) { ops.push_back(op); });
  for (kernel::PhiloxOp op : ops)
    Rounds(op).run();
}
