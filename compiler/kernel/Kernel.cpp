//===- Kernel.cpp - structured ops that become kernels --------------------===//

#include "compiler/kernel/Kernel.h"
#include "mlir/Dialect/Bufferization/IR/BufferizableOpInterface.h"
#include "mlir/Dialect/Bufferization/IR/DstBufferizableOpInterfaceImpl.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace fnc::kernel;

#include "compiler/kernel/KernelDialect.cpp.inc"
#define GET_OP_CLASSES
#include "compiler/kernel/KernelOps.cpp.inc"

void KernelDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "compiler/kernel/KernelOps.cpp.inc"
      >();
}

LogicalResult BarrierOp::reifyResultShapes(OpBuilder &b, ReifiedRankedShapedTypeDims &shapes) {
  shapes.push_back(tensor::getMixedSizes(b, getLoc(), getInput()));
  return success();
}

void ContractOp::build(OpBuilder &b, OperationState &state, TypeRange results, Value lhs, Value rhs,
                       ValueRange extras, ValueRange inits, ArrayRef<AffineMap> maps,
                       ArrayRef<int64_t> sizes, unsigned vectorDim, ArrayRef<int64_t> tile) {
  state.addOperands({lhs, rhs});
  state.addOperands(extras);
  state.addOperands(inits);
  Properties &properties = state.getOrAddProperties<Properties>();
  properties.operandSegmentSizes = {1, 1, static_cast<int32_t>(extras.size()),
                                    static_cast<int32_t>(inits.size()), 0};
  properties.maps = b.getAffineMapArrayAttr(maps);
  properties.sizes = b.getDenseI64ArrayAttr(sizes);
  properties.vector_dim = b.getI64IntegerAttr(vectorDim);
  properties.tile = b.getDenseI64ArrayAttr(tile);
  properties.group = b.getI64IntegerAttr(1);
  state.addRegion();
  state.addTypes(results);
}

LogicalResult ContractOp::verify() {
  unsigned mapped = getNumOperands() - (getScratch() ? 1 : 0);
  if (getMaps().size() != mapped)
    return emitOpError("has ") << getMaps().size() << " maps for " << mapped << " operands";
  int64_t loops = getSizes().size();
  for (auto [i, attr] : llvm::enumerate(getMaps())) {
    AffineMap map = cast<AffineMapAttr>(attr).getValue();
    auto type = cast<ShapedType>(getOperand(i).getType());
    bool flat = i == 1 && getPacked();
    if (map.getNumDims() != loops || map.getNumSymbols() != 0 ||
        (!flat && map.getNumResults() != type.getRank()))
      return emitOpError("map ") << i << " does not fit its operand and " << loops << " loops";
  }
  if (getInits().empty())
    return emitOpError("expects a result");
  if (!resultMap().isProjectedPermutation())
    return emitOpError("writes elements of the result more than once");
  for (unsigned i = 0; i < getInits().size(); ++i)
    if (mapOf(mapped - 1 - i) != resultMap())
      return emitOpError("expects all results to have one map");
  Block &body = getEpilogue().front();
  if (body.getNumArguments() != getExtras().size() + 1)
    return emitOpError("expects an argument of the epilogue for the sum and for each extra");
  for (auto [extra, argument] : llvm::zip(getExtras(), body.getArguments().drop_front()))
    if (getElementTypeOrSelf(extra.getType()) != argument.getType())
      return emitOpError("extra and epilogue argument differ in type");
  auto yield = dyn_cast<YieldOp>(body.getTerminator());
  if (!yield || yield.getNumOperands() != getInits().size())
    return emitOpError("expects the epilogue to yield an element of each result");
  if (auto piece = getPiece())
    if (piece->size() != 2 || (*piece)[0] < 0 || (*piece)[0] >= loops ||
        !isReduction((*piece)[0]) || (*piece)[1] < 1 || getDot() || getPacked() ||
        getInits().size() != 1 || yield.getValues()[0] != body.getArgument(0))
      return emitOpError("cannot be made in these pieces");
  if (getBlock() && !hasBlocks())
    return emitOpError("cannot be made of these blocks");
  if (getScratch() && !getBlock())
    return emitOpError("has no blocks to copy");
  if (getGroup() < 1 || (getGroup() != 1 && (getDot() || getPiece())))
    return emitOpError("cannot multiply bytes in groups");
  if (2 * (getAhead() ? getAhead()->size() : 0) !=
      (getAheadRanges() ? getAheadRanges()->size() : 0))
    return emitOpError("expects a first element and a count for each constant to fetch");
  for (auto [value, init] : llvm::zip(yield.getValues(), getInits()))
    if (value.getType() != getElementTypeOrSelf(init.getType()))
      return emitOpError("result and what the epilogue yields differ in type");
  return success();
}

bool ContractOp::hasBlocks() {
  ArrayRef<int64_t> block = *getBlock(), sizes = getSizes();
  auto reductions = llvm::filter_to_vector(llvm::seq<unsigned>(0, sizes.size()),
                                           [&](unsigned loop) { return isReduction(loop); });
  if (block.size() != 3 || block[0] < 1 || block[1] < 1 || reductions.size() != 1 || getDot() ||
      getPacked() || !getRowDim() || getGroup() != 1 || block[1] % getTile()[1] != 0 ||
      mapOf(0).isFunctionOfDim(getVectorDim()))
    return false;
  int64_t terms = getPiece() ? (*getPiece())[1] : sizes[reductions[0]];
  auto hasSumType = [&](Value operand) {
    return getElementTypeOrSelf(operand.getType()) == sumType();
  };
  if (terms < 0 || terms > block[0] || !hasSumType(getLhs()) || !hasSumType(getRhs()))
    return false;
  auto scratch = getScratch() ? dyn_cast<MemRefType>(getScratch().getType()) : MemRefType();
  return !getScratch() || (scratch && scratch.hasStaticShape() && scratch.getRank() == 1 &&
                           hasSumType(getScratch()) && scratch.getDimSize(0) >= blockSize());
}

using Effects = SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>;

/// Buffers are read, the destination is written.
static void addEffects(DestinationStyleOpInterface op, Effects &effects) {
  for (OpOperand &operand : op->getOpOperands()) {
    if (!isa<MemRefType>(operand.get().getType()))
      continue;
    if (op.isDpsInit(&operand))
      effects.emplace_back(MemoryEffects::Write::get(), &operand);
    else
      effects.emplace_back(MemoryEffects::Read::get(), &operand);
  }
}

void ContractOp::getEffects(Effects &effects) {
  addEffects(*this, effects);
  if (getPiece() && isa<MemRefType>(getInits()[0].getType()))
    effects.emplace_back(MemoryEffects::Read::get(), getDpsInitOperand(0));
  if (getScratch())
    effects.emplace_back(MemoryEffects::Write::get(), &getScratchMutable()[0]);
}
void WinogradOp::getEffects(Effects &effects) { addEffects(*this, effects); }
void WinogradFilterOp::getEffects(Effects &effects) { addEffects(*this, effects); }
void CooMatmulOp::getEffects(Effects &effects) { addEffects(*this, effects); }
void FillBorderOp::getEffects(Effects &effects) { addEffects(*this, effects); }

namespace {

/// The same op on buffers. What its destination held is not read.
template <typename Model, typename Op>
struct BufferizeInto : bufferization::DstBufferizableOpInterfaceExternalModel<Model, Op> {
  bool bufferizesToMemoryRead(Operation *op, OpOperand &operand,
                              const bufferization::AnalysisState &) const {
    return !cast<Op>(op).isDpsInit(&operand);
  }

  LogicalResult bufferize(Operation *op, RewriterBase &rewriter,
                          const bufferization::BufferizationOptions &options,
                          bufferization::BufferizationState &state) const {
    if (op->getNumResults() == 0)
      return success();
    SmallVector<Value> buffers;
    for (Value operand : op->getOperands()) {
      buffers.push_back(operand);
      if (!isa<TensorType>(operand.getType()))
        continue;
      FailureOr<Value> buffer = bufferization::getBuffer(rewriter, operand, options, state);
      if (failed(buffer))
        return failure();
      buffers.back() = *buffer;
    }
    rewriter.setInsertionPoint(op);
    OperationState onBuffers(op->getLoc(), op->getName());
    onBuffers.addOperands(buffers);
    onBuffers.attributes = op->getAttrDictionary();
    for (Region &region : op->getRegions()) {
      Region *moved = onBuffers.addRegion();
      rewriter.inlineRegionBefore(region, *moved, moved->end());
    }
    rewriter.create(onBuffers);
    SmallVector<Value> inits;
    for (OpOperand &init : cast<DestinationStyleOpInterface>(op).getDpsInitsMutable())
      inits.push_back(buffers[init.getOperandNumber()]);
    bufferization::replaceOpWithBufferizedValues(rewriter, op, inits);
    return success();
  }
};

/// The operand's buffer.
struct BufferizeBarrier
    : bufferization::BufferizableOpInterface::ExternalModel<BufferizeBarrier, BarrierOp> {
  bool bufferizesToMemoryRead(Operation *, OpOperand &,
                              const bufferization::AnalysisState &) const {
    return false;
  }
  bool bufferizesToMemoryWrite(Operation *, OpOperand &,
                               const bufferization::AnalysisState &) const {
    return false;
  }
  bufferization::AliasingValueList getAliasingValues(Operation *op, OpOperand &,
                                                     const bufferization::AnalysisState &) const {
    return {{op->getResult(0), bufferization::BufferRelation::Equivalent}};
  }
  LogicalResult bufferize(Operation *op, RewriterBase &rewriter,
                          const bufferization::BufferizationOptions &options,
                          bufferization::BufferizationState &state) const {
    FailureOr<Value> buffer = bufferization::getBuffer(rewriter, op->getOperand(0), options, state);
    if (failed(buffer))
      return failure();
    bufferization::replaceOpWithBufferizedValues(rewriter, op, *buffer);
    return success();
  }
};

struct BufferizeFillBorder : BufferizeInto<BufferizeFillBorder, FillBorderOp> {};

struct BufferizeWinogradFilter : BufferizeInto<BufferizeWinogradFilter, WinogradFilterOp> {};

/// Places of the result may be written twice: nothing that is read may lie there.
struct BufferizeWinograd : BufferizeInto<BufferizeWinograd, WinogradOp> {};

/// A row of the result is written while rows of the dense factor are still to be read.
struct BufferizeCooMatmul : BufferizeInto<BufferizeCooMatmul, CooMatmulOp> {};

struct BufferizeContract : BufferizeInto<BufferizeContract, ContractOp> {
  bool bufferizesToMemoryRead(Operation *op, OpOperand &operand,
                              const bufferization::AnalysisState &) const {
    auto contract = cast<ContractOp>(op);
    return !contract.isDpsInit(&operand) || contract.getPiece();
  }

  /// An extra is read element by element just before the result is written.
  bool bufferizesToElementwiseAccess(Operation *op, const bufferization::AnalysisState &,
                                     ArrayRef<OpOperand *> operands) const {
    auto contract = cast<ContractOp>(op);
    return llvm::all_of(operands, [&](OpOperand *operand) {
      unsigned i = operand->getOperandNumber();
      return i >= 2 && contract.mapOf(i) == contract.resultMap();
    });
  }
};

} // namespace

void fnc::registerKernelDialect(DialectRegistry &registry) {
  registry.insert<KernelDialect>();
  registry.addExtension(+[](MLIRContext *context, KernelDialect *) {
    BarrierOp::attachInterface<BufferizeBarrier>(*context);
    ContractOp::attachInterface<BufferizeContract>(*context);
    WinogradOp::attachInterface<BufferizeWinograd>(*context);
    WinogradFilterOp::attachInterface<BufferizeWinogradFilter>(*context);
    CooMatmulOp::attachInterface<BufferizeCooMatmul>(*context);
    FillBorderOp::attachInterface<BufferizeFillBorder>(*context);
  });
}
