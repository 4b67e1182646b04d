//===- MoveBytes.cpp - fills and copies of whole buffers ------------------===//
//
// They become calls of memset and memcpy, which every program has: a loop for each would be most
// of the code of initial values and of updates that are committed late.
//
//===----------------------------------------------------------------------===//

#include "compiler/buffer/MoveBytes.h"
#include "compiler/buffer/MergeGenerics.h"
#include "compiler/kernel/Kernel.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/SymbolTable.h"

using namespace mlir;

namespace {

/// Fewer bytes of a known size are a few instructions without a loop.
constexpr int64_t kShortest = 128;

bool isWhole(linalg::GenericOp op, OpOperand *operand) {
  auto type = dyn_cast<MemRefType>(operand->get().getType());
  return type && op.getMatchingIndexingMap(operand).isIdentity() &&
         type.areTrailingDimsContiguous(type.getRank());
}

/// The byte that a number consists of.
std::optional<uint8_t> repeatedByte(Attribute attr) {
  APInt bits;
  if (auto number = dyn_cast<IntegerAttr>(attr); number && number.getType().isInteger())
    bits = number.getValue();
  else if (auto number = dyn_cast<FloatAttr>(attr))
    bits = number.getValue().bitcastToAPInt();
  else
    return std::nullopt;
  // A flag is a byte.
  if (bits.getBitWidth() == 1)
    bits = bits.zext(8);
  if (bits.getBitWidth() % 8 != 0 || !bits.isSplat(8))
    return std::nullopt;
  return bits.extractBitsAsZExtValue(8, 0);
}

/// The number that a value is, or that a constant buffer is full of; null if there is none.
Attribute numberOf(Value value) {
  Attribute attr;
  if (matchPattern(value, m_Constant(&attr)))
    return attr;
  auto global = fnc::rootOf(value).getDefiningOp<memref::GetGlobalOp>();
  if (!global)
    return {};
  auto symbol =
      SymbolTable::lookupNearestSymbolFrom<memref::GlobalOp>(global, global.getNameAttr());
  auto elements = dyn_cast_or_null<SplatElementsAttr>(symbol.getConstantInitValue());
  return elements ? elements.getSplatValue<Attribute>() : Attribute();
}

} // namespace

bool fnc::lowerToBytes(RewriterBase &rewriter, linalg::GenericOp op) {
  if (op.getNumDpsInits() != 1 || op.getNumLoops() == 0 || op.getNumReductionLoops() != 0 ||
      !isWhole(op, op.getDpsInitOperand(0)))
    return false;
  Value target = op.getDpsInits()[0];
  auto type = cast<MemRefType>(target.getType());
  Type element = type.getElementType();
  if (!element.isIntOrFloat() ||
      (type.hasStaticShape() &&
       type.getNumElements() * element.getIntOrFloatBitWidth() < 8 * kShortest))
    return false;
  Value yielded = op.getBody()->getTerminator()->getOperand(0);
  OpOperand *input = nullptr;
  if (auto argument = dyn_cast<BlockArgument>(yielded);
      argument && argument.getOwner() == op.getBody()) {
    input = op.getMatchingOpOperand(argument);
    yielded = input->get();
  }
  rewriter.setInsertionPoint(op);
  if (Attribute number = numberOf(yielded)) {
    std::optional<uint8_t> byte = repeatedByte(number);
    if (!byte)
      return false;
    kernel::SetBytesOp::create(rewriter, op.getLoc(), target, rewriter.getI8IntegerAttr(*byte));
  } else if (input && op.isDpsInput(input) && isWhole(op, input) &&
             rootOf(yielded) != rootOf(target)) {
    kernel::CopyBytesOp::create(rewriter, op.getLoc(), yielded, target);
  } else {
    return false;
  }
  rewriter.eraseOp(op);
  return true;
}
