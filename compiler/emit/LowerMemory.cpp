//===- LowerMemory.cpp - memrefs and calls to LLVM ------------------------===//

#include "compiler/emit/FunctionLowering.h"
#include "compiler/kernel/Kernel.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using fnc::Buffer;
using fnc::FunctionLowering;
using fnc::Index;

namespace {

Index indexOf(FunctionLowering &l, OpFoldResult number) {
  if (auto value = dyn_cast<Value>(number))
    return l.index(value);
  return *getConstantIntValue(number);
}

SmallVector<Index, 2> indicesOf(FunctionLowering &l, ArrayRef<OpFoldResult> numbers) {
  return llvm::to_vector<2>(
      llvm::map_range(numbers, [&](OpFoldResult number) { return indexOf(l, number); }));
}

//===- Loads and stores ---------------------------------------------------===//

void lowerLoad(FunctionLowering &l, Operation *op) {
  auto load = cast<memref::LoadOp>(op);
  Value at = l.address(load.getMemref(), load.getIndices(), /*isInBounds=*/true);
  l.set(load, LLVM::LoadOp::create(l.b, l.convert(load.getType()), at,
                                   load.getAlignment().value_or(0), false, load.getNontemporal())
                  .getResult());
}

void lowerStore(FunctionLowering &l, Operation *op) {
  auto store = cast<memref::StoreOp>(op);
  Value at = l.address(store.getMemref(), store.getIndices(), /*isInBounds=*/true);
  LLVM::StoreOp::create(l.b, l.get(store.getValueToStore()), at, store.getAlignment().value_or(0),
                        false, store.getNontemporal());
}

/// What one element says of its vector.
template <typename Op> unsigned alignmentOf(FunctionLowering &l, Op op) {
  Type element = l.convert(op.getMemRefType().getElementType());
  unsigned bytes = llvm::divideCeil(element.getIntOrFloatBitWidth(), 8);
  return std::max<unsigned>(bytes, op.getAlignment().value_or(0));
}

/// In memory each bit of a vector is a byte of its own, as it is by itself.
bool isOfBits(VectorType type) { return type.getElementType().isInteger(1); }

void lowerVectorLoad(FunctionLowering &l, Operation *op) {
  auto load = cast<vector::LoadOp>(op);
  if (isa<VectorType>(load.getMemRefType().getElementType()))
    return l.leave(op);
  Value at = l.address(load.getBase(), load.getIndices());
  if (isOfBits(load.getVectorType())) {
    VectorType bytes = load.getVectorType().clone(l.b.getI8Type());
    Value loaded = LLVM::LoadOp::create(l.b, bytes, at, /*alignment=*/1);
    Value zero = LLVM::ConstantOp::create(l.b, bytes, l.b.getZeroAttr(bytes));
    l.set(load, LLVM::ICmpOp::create(l.b, LLVM::ICmpPredicate::ne, loaded, zero).getResult());
    return;
  }
  l.set(load, LLVM::LoadOp::create(l.b, l.convert(load.getType()), at, alignmentOf(l, load), false,
                                   load.getNontemporal())
                  .getResult());
}

void lowerVectorStore(FunctionLowering &l, Operation *op) {
  auto store = cast<vector::StoreOp>(op);
  Value at = l.address(store.getBase(), store.getIndices());
  Value stored = l.get(store.getValueToStore());
  if (isOfBits(store.getVectorType())) {
    VectorType bytes = store.getVectorType().clone(l.b.getI8Type());
    LLVM::StoreOp::create(l.b, LLVM::ZExtOp::create(l.b, bytes, stored), at, /*alignment=*/1);
    return;
  }
  LLVM::StoreOp::create(l.b, stored, at, alignmentOf(l, store), false, store.getNontemporal());
}

void lowerPrefetch(FunctionLowering &l, Operation *op) {
  auto prefetch = cast<memref::PrefetchOp>(op);
  LLVM::Prefetch::create(l.b, l.address(prefetch.getMemref(), prefetch.getIndices()),
                         prefetch.getIsWrite(), prefetch.getLocalityHint(),
                         prefetch.getIsDataCache());
}

Value startOf(FunctionLowering &l, Value memref) {
  Type element = l.convert(cast<MemRefType>(memref.getType()).getElementType());
  Buffer buffer = l.buffer(memref);
  return l.address(element, buffer.pointer, buffer.offset);
}

/// The bytes of a memref without gaps.
Value bytesOf(FunctionLowering &l, Value memref) {
  unsigned bits = cast<MemRefType>(memref.getType()).getElementTypeBitWidth();
  Index known = llvm::divideCeil(bits, 8), open = 1;
  Buffer buffer = l.buffer(memref);
  for (Index size : buffer.sizes) {
    Index &factor = size.value ? open : known;
    factor = l.mul(factor, size);
  }
  return l.value(l.mul(open, known));
}

void lowerSetBytes(FunctionLowering &l, Operation *op) {
  auto set = cast<fnc::kernel::SetBytesOp>(op);
  Value value = LLVM::ConstantOp::create(l.b, l.b.getI8Type(), set.getValueAttr());
  LLVM::MemsetOp::create(l.b, startOf(l, set.getTarget()), value, bytesOf(l, set.getTarget()),
                         /*isVolatile=*/false);
}

void lowerCopyBytes(FunctionLowering &l, Operation *op) {
  auto copy = cast<fnc::kernel::CopyBytesOp>(op);
  LLVM::MemcpyOp::create(l.b, startOf(l, copy.getTarget()), startOf(l, copy.getSource()),
                         bytesOf(l, copy.getTarget()), /*isVolatile=*/false);
}

//===- Where memrefs begin ------------------------------------------------===//

void lowerGetGlobal(FunctionLowering &l, Operation *op) {
  auto global = cast<memref::GetGlobalOp>(op);
  Buffer made;
  made.pointer = LLVM::AddressOfOp::create(l.b, l.pointerType(), global.getNameAttr());
  l.set(global, made);
}

void lowerAlloca(FunctionLowering &l, Operation *op) {
  auto alloca = cast<memref::AllocaOp>(op);
  MemRefType type = alloca.getType();
  if (!type.hasStaticShape() || !type.getLayout().isIdentity())
    return l.leave(op);
  Buffer made;
  made.pointer =
      LLVM::AllocaOp::create(l.b, l.pointerType(), l.convert(type.getElementType()),
                             l.value(type.getNumElements()), alloca.getAlignment().value_or(0));
  l.set(alloca, made);
}

//===- Views --------------------------------------------------------------===//

void lowerView(FunctionLowering &l, Operation *op) {
  auto view = cast<memref::ViewOp>(op);
  Buffer made;
  made.pointer =
      l.address(l.b.getI8Type(), startOf(l, view.getSource()), l.index(view.getByteShift()));
  OperandRange open = view.getSizes();
  for (int64_t size : view.getType().getShape()) {
    made.sizes.push_back(ShapedType::isDynamic(size) ? l.index(open.front()) : Index(size));
    if (ShapedType::isDynamic(size))
      open = open.drop_front();
  }
  made.strides.assign(made.sizes.size(), 1);
  for (size_t i = made.sizes.size(); i-- > 1;)
    made.strides[i - 1] = l.mul(made.strides[i], made.sizes[i]);
  l.set(view, made);
}

void lowerSubView(FunctionLowering &l, Operation *op) {
  auto view = cast<memref::SubViewOp>(op);
  Buffer from = l.buffer(view.getSource()), made{from.pointer, from.offset};
  for (auto [offset, stride] : llvm::zip_equal(view.getMixedOffsets(), from.strides))
    made.offset = l.add(made.offset, l.mul(indexOf(l, offset), stride));
  llvm::SmallBitVector dropped = view.getDroppedDims();
  for (auto [i, size, step] : llvm::enumerate(view.getMixedSizes(), view.getMixedStrides()))
    if (!dropped[i]) {
      made.sizes.push_back(indexOf(l, size));
      made.strides.push_back(l.mul(from.strides[i], indexOf(l, step)));
    }
  l.set(view, made);
}

void lowerReinterpretCast(FunctionLowering &l, Operation *op) {
  auto cast = llvm::cast<memref::ReinterpretCastOp>(op);
  if (!isa<MemRefType>(cast.getSource().getType()))
    return l.leave(op);
  l.set(cast, Buffer{l.buffer(cast.getSource()).pointer, indexOf(l, cast.getMixedOffsets().front()),
                     indicesOf(l, cast.getMixedSizes()), indicesOf(l, cast.getMixedStrides())});
}

void lowerCollapseShape(FunctionLowering &l, Operation *op) {
  auto collapse = cast<memref::CollapseShapeOp>(op);
  MemRefType type = collapse.getSrcType();
  Buffer from = l.buffer(collapse.getSrc()), made{from.pointer, from.offset};
  for (const ReassociationIndices &group : collapse.getReassociationIndices()) {
    // What has one element says nothing of where the next one is.
    Index size = 1, stride = from.strides[group.back()];
    for (int64_t dim : group) {
      size = l.mul(size, from.sizes[dim]);
      if (type.getDimSize(dim) != 1)
        stride = from.strides[dim];
    }
    made.sizes.push_back(size);
    made.strides.push_back(stride);
  }
  l.set(collapse, made);
}

void lowerExpandShape(FunctionLowering &l, Operation *op) {
  auto expand = cast<memref::ExpandShapeOp>(op);
  Buffer from = l.buffer(expand.getSrc()), made{from.pointer, from.offset};
  made.sizes = indicesOf(l, expand.getMixedOutputShape());
  made.strides.assign(made.sizes.size(), 1);
  for (auto [i, group] : llvm::enumerate(expand.getReassociationIndices())) {
    Index stride = from.strides[i];
    for (int64_t dim : llvm::reverse(group)) {
      made.strides[dim] = stride;
      if (dim != group.front())
        stride = l.mul(stride, made.sizes[dim]);
    }
  }
  l.set(expand, made);
}

void lowerTranspose(FunctionLowering &l, Operation *op) {
  auto transpose = cast<memref::TransposeOp>(op);
  Buffer from = l.buffer(transpose.getIn()), made{from.pointer, from.offset};
  for (AffineExpr dim : transpose.getPermutation().getResults()) {
    unsigned position = cast<AffineDimExpr>(dim).getPosition();
    made.sizes.push_back(from.sizes[position]);
    made.strides.push_back(from.strides[position]);
  }
  l.set(transpose, made);
}

void lowerCast(FunctionLowering &l, Operation *op) {
  auto cast = llvm::cast<memref::CastOp>(op);
  if (!isa<MemRefType>(cast.getSource().getType()) || !isa<MemRefType>(cast.getType()))
    return l.leave(op);
  l.set(cast, Buffer(l.buffer(cast.getSource())));
}

void lowerDim(FunctionLowering &l, Operation *op) {
  auto dim = cast<memref::DimOp>(op);
  std::optional<int64_t> known = dim.getConstantIndex();
  if (!known || !isa<MemRefType>(dim.getSource().getType()))
    return l.leave(op);
  l.set(dim, l.buffer(dim.getSource()).sizes[*known]);
}

void lowerMetadata(FunctionLowering &l, Operation *op) {
  auto metadata = cast<memref::ExtractStridedMetadataOp>(op);
  Buffer from = l.buffer(metadata.getSource());
  l.set(metadata.getBaseBuffer(), Buffer{from.pointer});
  l.set(metadata.getOffset(), from.offset);
  for (auto [result, size] : llvm::zip_equal(metadata.getSizes(), from.sizes))
    l.set(result, size);
  for (auto [result, stride] : llvm::zip_equal(metadata.getStrides(), from.strides))
    l.set(result, stride);
}

void lowerPointerAsIndex(FunctionLowering &l, Operation *op) {
  auto extract = cast<memref::ExtractAlignedPointerAsIndexOp>(op);
  l.set(extract, LLVM::PtrToIntOp::create(l.b, l.indexType(), l.buffer(extract.getSource()).pointer)
                     .getResult());
}

//===- Calls --------------------------------------------------------------===//

void lowerCall(FunctionLowering &l, Operation *op) {
  auto call = cast<func::CallOp>(op);
  bool isElsewhere = l.isElsewhere(call.getCalleeAttr().getAttr());
  SmallVector<Value> parts;
  for (Value operand : call.getOperands())
    if (isElsewhere && isa<MemRefType>(operand.getType()))
      l.appendDescriptor(operand, parts);
    else
      l.appendParts(operand, parts);
  SmallVector<Type> results;
  for (Type type : call.getResultTypes())
    results.push_back(l.convert(type));
  if (results.size() > 1)
    results = {LLVM::LLVMStructType::getLiteral(op->getContext(), results)};
  auto made = LLVM::CallOp::create(l.b, results, call.getCallee(), parts);
  for (auto [i, result] : llvm::enumerate(call.getResults()))
    l.set(result, call.getNumResults() == 1
                      ? made.getResult()
                      : LLVM::ExtractValueOp::create(l.b, made.getResult(), i).getResult());
}

} // namespace

void fnc::addMemory(Handlers &handlers) {
  addHandler<memref::LoadOp>(handlers, lowerLoad);
  addHandler<memref::StoreOp>(handlers, lowerStore);
  addHandler<vector::LoadOp>(handlers, lowerVectorLoad);
  addHandler<vector::StoreOp>(handlers, lowerVectorStore);
  addHandler<memref::PrefetchOp>(handlers, lowerPrefetch);
  addHandler<kernel::SetBytesOp>(handlers, lowerSetBytes);
  addHandler<kernel::CopyBytesOp>(handlers, lowerCopyBytes);
  addHandler<memref::GetGlobalOp>(handlers, lowerGetGlobal);
  addHandler<memref::AllocaOp>(handlers, lowerAlloca);
  addHandler<memref::ViewOp>(handlers, lowerView);
  addHandler<memref::SubViewOp>(handlers, lowerSubView);
  addHandler<memref::ReinterpretCastOp>(handlers, lowerReinterpretCast);
  addHandler<memref::CollapseShapeOp>(handlers, lowerCollapseShape);
  addHandler<memref::ExpandShapeOp>(handlers, lowerExpandShape);
  addHandler<memref::TransposeOp>(handlers, lowerTranspose);
  addHandler<memref::CastOp>(handlers, lowerCast);
  addHandler<memref::DimOp>(handlers, lowerDim);
  addHandler<memref::ExtractStridedMetadataOp>(handlers, lowerMetadata);
  addHandler<memref::ExtractAlignedPointerAsIndexOp>(handlers, lowerPointerAsIndex);
  addHandler<func::CallOp>(handlers, lowerCall);
}
