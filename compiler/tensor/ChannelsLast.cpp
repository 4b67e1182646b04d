//===- ChannelsLast.cpp - channels innermost, where vectors run -----------===//

#include "compiler/tensor/Passes.h"
#include "dialect/Fn.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"

using namespace mlir;

namespace fnc {
#define GEN_PASS_DEF_CHANNELSLAST
#include "compiler/tensor/Passes.h.inc"
} // namespace fnc

namespace {

/// With fewer channels than this, vectors along them are not worth two transposes.
constexpr int64_t kFewest = 8;

using Permutation = SmallVector<int64_t>;

/// [N, C, spatial..] as [N, spatial.., C], and back.
Permutation dataLast(int64_t rank) {
  Permutation perm{0};
  for (int64_t i = 2; i < rank; ++i)
    perm.push_back(i);
  perm.push_back(1);
  return perm;
}
/// [O, I, spatial..] as [spatial.., I, O].
Permutation filterLast(int64_t rank) {
  Permutation perm;
  for (int64_t i = 2; i < rank; ++i)
    perm.push_back(i);
  perm.append({1, 0});
  return perm;
}

Permutation inverse(ArrayRef<int64_t> perm) {
  Permutation result(perm.size());
  for (auto [i, from] : llvm::enumerate(perm))
    result[from] = i;
  return result;
}

RankedTensorType permuted(Type type, ArrayRef<int64_t> perm) {
  auto tensor = cast<RankedTensorType>(type);
  SmallVector<int64_t> shape;
  for (int64_t from : perm)
    shape.push_back(tensor.getDimSize(from));
  return tensor.clone(shape);
}

Value transpose(OpBuilder &b, Location loc, Value value, ArrayRef<int64_t> perm) {
  // What is put around a tensor lies around its transpose as well: the transpose of what makes the
  // inner part may meet another one.
  if (auto pad = value.getDefiningOp<fn::PadOp>(); pad && pad->hasOneUse()) {
    SmallVector<int64_t> low, high;
    for (int64_t from : perm) {
      low.push_back(pad.getLow()[from]);
      high.push_back(pad.getHigh()[from]);
    }
    Value inner = transpose(b, loc, pad.getInput(), perm);
    return fn::PadOp::create(b, loc, permuted(value.getType(), perm), inner, pad.getValue(), low,
                             high);
  }
  return fn::TransposeOp::create(b, loc, permuted(value.getType(), perm), value,
                                 b.getDenseI64ArrayAttr(perm));
}

int64_t rankOf(Value value) { return cast<RankedTensorType>(value.getType()).getRank(); }
int64_t sizeOf(Value value, int64_t dim) {
  return cast<RankedTensorType>(value.getType()).getDimSize(dim);
}

struct ChannelsLast : fnc::impl::ChannelsLastBase<ChannelsLast> {
  void runOnOperation() override {
    SmallVector<Operation *> ops;
    getOperation().walk([&](Operation *op) {
      auto layout = op->getAttrOfType<StringAttr>("layout");
      if (layout && layout.getValue() == "NCHW" && isa<fn::FnDialect>(op->getDialect()) &&
          isWorthwhile(op))
        ops.push_back(op);
    });
    for (Operation *op : ops)
      rewrite(op);
  }

  static bool isWorthwhile(Operation *op) {
    int64_t channels = isa<fn::ConvFilterGradientOp>(op) ? sizeOf(op->getOperand(1), 1)
                                                         : sizeOf(op->getResult(0), 1);
    if (isa<fn::DepthwiseConvOp>(op)) {
      auto filter = cast<RankedTensorType>(op->getOperand(1).getType());
      return channels >= kFewest && filter.hasStaticShape() && sizeOf(op->getOperand(0), 1) > 0;
    }
    return isa<fn::ConvOp, fn::ConvTransposeOp, fn::ConvFilterGradientOp, fn::MaxPoolOp,
               fn::AvgPoolOp>(op) &&
           channels >= kFewest;
  }

  static void rewrite(Operation *op) {
    OpBuilder b(op);
    Location loc = op->getLoc();
    int64_t rank = rankOf(op->getOperand(0));
    Permutation data = dataLast(rank), filter = filterLast(rank), result = data;
    // Which operands are filters.
    bool filterGradient = isa<fn::ConvFilterGradientOp>(op);
    if (filterGradient)
      result = filter;
    SmallVector<Value> operands;
    for (auto [i, operand] : llvm::enumerate(op->getOperands())) {
      bool isFilter = filterGradient ? i == 2 : i == 1;
      operands.push_back(transpose(b, loc, operand, isFilter ? filter : data));
    }
    if (isa<fn::DepthwiseConvOp>(op)) {
      // [spatial.., 1, C * MULT] as [spatial.., C, MULT].
      auto type = cast<RankedTensorType>(operands[1].getType());
      SmallVector<int64_t> shape(type.getShape());
      int64_t channels = sizeOf(op->getOperand(0), 1);
      shape[rank - 2] = channels;
      shape[rank - 1] /= channels;
      operands[1] = fn::ReshapeOp::create(b, loc, type.clone(shape), operands[1], Value());
    }
    OperationState state(loc, op->getName());
    state.addOperands(operands);
    state.addTypes(permuted(op->getResult(0).getType(), result));
    state.attributes = op->getAttrDictionary();
    state.attributes.set("layout", b.getStringAttr("NHWC"));
    Value made = b.create(state)->getResult(0);
    op->getResult(0).replaceAllUsesWith(transpose(b, loc, made, inverse(result)));
    op->erase();
  }
};

} // namespace
