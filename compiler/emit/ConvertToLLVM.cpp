//===- ConvertToLLVM.cpp - loops on memrefs to the LLVM dialect -----------===//
//
// Upstream has a pass for each dialect. One conversion of all of them looks at each operation once,
// and leaves no casts between the types of one and of the other behind; and there, vectors' loads
// and stores take indices to be as wide as the target has them.
//
//===----------------------------------------------------------------------===//

#include "compiler/emit/ConvertToLLVM.h"
#include "compiler/kernel/Kernel.h"
#include "mlir/Conversion/AffineToStandard/AffineToStandard.h"
#include "mlir/Conversion/ArithToLLVM/ArithToLLVM.h"
#include "mlir/Conversion/ControlFlowToLLVM/ControlFlowToLLVM.h"
#include "mlir/Conversion/FuncToLLVM/ConvertFuncToLLVM.h"
#include "mlir/Conversion/IndexToLLVM/IndexToLLVM.h"
#include "mlir/Conversion/LLVMCommon/ConversionTarget.h"
#include "mlir/Conversion/LLVMCommon/MemRefBuilder.h"
#include "mlir/Conversion/LLVMCommon/Pattern.h"
#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Conversion/MathToLLVM/MathToLLVM.h"
#include "mlir/Conversion/MemRefToLLVM/MemRefToLLVM.h"
#include "mlir/Conversion/SCFToControlFlow/SCFToControlFlow.h"
#include "mlir/Conversion/VectorToLLVM/ConvertVectorToLLVM.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/MemRef/Transforms/Transforms.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Dialect/Vector/Transforms/LoweringPatterns.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Interfaces/ViewLikeInterface.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include "llvm/ADT/StringMap.h"

using namespace mlir;

namespace {

struct ExpandViews : PassWrapper<ExpandViews, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(ExpandViews)

  StringRef getName() const override { return "ExpandViews"; }

  void getDependentDialects(DialectRegistry &registry) const override {
    registry.insert<affine::AffineDialect, arith::ArithDialect, memref::MemRefDialect>();
  }

  void runOnOperation() override {
    // Few of the operations are views, or ask about one.
    SmallVector<Operation *> ops;
    getOperation().walk([&](Operation *op) {
      if (isa<ViewLikeOpInterface, memref::ExtractStridedMetadataOp,
              memref::ExtractAlignedPointerAsIndexOp, memref::DimOp>(op))
        ops.push_back(op);
    });
    RewritePatternSet patterns(&getContext());
    memref::populateExpandStridedMetadataPatterns(patterns);
    GreedyRewriteConfig config;
    config.setStrictness(GreedyRewriteStrictness::ExistingAndNewOps);
    if (failed(applyOpPatternsGreedily(ops, std::move(patterns), config)))
      signalPassFailure();
  }
};

/// kernel.set_bytes and kernel.copy_bytes: a pointer and a number of bytes.
template <typename Op> struct BytesPattern : ConvertOpToLLVMPattern<Op> {
  using ConvertOpToLLVMPattern<Op>::ConvertOpToLLVMPattern;

  Value pointer(OpBuilder &b, Location loc, Value memref, Value converted) const {
    return MemRefDescriptor(converted).bufferPtr(b, loc, *this->getTypeConverter(),
                                                 cast<MemRefType>(memref.getType()));
  }

  Value bytes(OpBuilder &b, Location loc, Value memref, Value converted) const {
    auto type = cast<MemRefType>(memref.getType());
    auto constant = [&](int64_t value) -> Value {
      return LLVM::ConstantOp::create(b, loc, this->getIndexType(), b.getIndexAttr(value));
    };
    int64_t known = llvm::divideCeil(type.getElementTypeBitWidth(), 8);
    Value product;
    for (auto [dim, size] : llvm::enumerate(type.getShape())) {
      if (!ShapedType::isDynamic(size)) {
        known *= size;
        continue;
      }
      Value open = MemRefDescriptor(converted).size(b, loc, dim);
      product = product ? LLVM::MulOp::create(b, loc, product, open).getResult() : open;
    }
    return product ? LLVM::MulOp::create(b, loc, product, constant(known)) : constant(known);
  }
};

struct SetBytesPattern : BytesPattern<fnc::kernel::SetBytesOp> {
  using BytesPattern::BytesPattern;

  LogicalResult matchAndRewrite(fnc::kernel::SetBytesOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &b) const override {
    Location loc = op.getLoc();
    Value value = LLVM::ConstantOp::create(b, loc, b.getI8Type(), op.getValueAttr());
    b.replaceOpWithNewOp<LLVM::MemsetOp>(op, pointer(b, loc, op.getTarget(), adaptor.getTarget()),
                                         value, bytes(b, loc, op.getTarget(), adaptor.getTarget()),
                                         /*isVolatile=*/false);
    return success();
  }
};

struct CopyBytesPattern : BytesPattern<fnc::kernel::CopyBytesOp> {
  using BytesPattern::BytesPattern;

  LogicalResult matchAndRewrite(fnc::kernel::CopyBytesOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &b) const override {
    Location loc = op.getLoc();
    b.replaceOpWithNewOp<LLVM::MemcpyOp>(op, pointer(b, loc, op.getTarget(), adaptor.getTarget()),
                                         pointer(b, loc, op.getSource(), adaptor.getSource()),
                                         bytes(b, loc, op.getTarget(), adaptor.getTarget()),
                                         /*isVolatile=*/false);
    return success();
  }
};

/// In memory each bit of a vector is a byte of its own, as it is by itself.
template <typename Op> struct BitsPattern : ConvertOpToLLVMPattern<Op> {
  using ConvertOpToLLVMPattern<Op>::ConvertOpToLLVMPattern;
  using Adaptor = typename Op::Adaptor;

  LogicalResult matchAndRewrite(Op op, Adaptor adaptor,
                                ConversionPatternRewriter &b) const override {
    VectorType type = op.getVectorType();
    if (!type.getElementType().isInteger(1))
      return failure();
    Value at = this->getStridedElementPtr(b, op.getLoc(), op.getMemRefType(), adaptor.getBase(),
                                          adaptor.getIndices());
    rewrite(op, adaptor, at, type.clone(b.getI8Type()), b);
    return success();
  }

  /// Moves `bytes` from or to `at`.
  virtual void rewrite(Op op, Adaptor adaptor, Value at, VectorType bytes,
                       ConversionPatternRewriter &b) const = 0;
};

struct LoadBitsPattern : BitsPattern<vector::LoadOp> {
  using BitsPattern::BitsPattern;

  void rewrite(vector::LoadOp op, Adaptor, Value at, VectorType bytes,
               ConversionPatternRewriter &b) const override {
    Value loaded = LLVM::LoadOp::create(b, op.getLoc(), bytes, at, /*alignment=*/1);
    Value zero = LLVM::ConstantOp::create(b, op.getLoc(), bytes, b.getZeroAttr(bytes));
    b.replaceOpWithNewOp<LLVM::ICmpOp>(op, LLVM::ICmpPredicate::ne, loaded, zero);
  }
};

struct StoreBitsPattern : BitsPattern<vector::StoreOp> {
  using BitsPattern::BitsPattern;

  void rewrite(vector::StoreOp op, Adaptor adaptor, Value at, VectorType bytes,
               ConversionPatternRewriter &b) const override {
    Value stored = LLVM::ZExtOp::create(b, op.getLoc(), bytes, adaptor.getValueToStore());
    b.replaceOpWithNewOp<LLVM::StoreOp>(op, stored, at, /*alignment=*/1);
  }
};

struct ConvertToLLVM : PassWrapper<ConvertToLLVM, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(ConvertToLLVM)

  explicit ConvertToLLVM(unsigned indexBits) : indexBits(indexBits) {}

  StringRef getName() const override { return "ConvertToLLVM"; }

  void getDependentDialects(DialectRegistry &registry) const override {
    registry.insert<LLVM::LLVMDialect, arith::ArithDialect, cf::ControlFlowDialect,
                    memref::MemRefDialect, vector::VectorDialect>();
  }

  void runOnOperation() override {
    LowerToLLVMOptions options(&getContext());
    options.overrideIndexBitwidth(indexBits);
    LLVMTypeConverter converter(&getContext(), options);
    RewritePatternSet patterns(&getContext());
    populateAffineToStdConversionPatterns(patterns);
    populateSCFToControlFlowConversionPatterns(patterns);
    vector::populateVectorBroadcastLoweringPatterns(patterns);
    vector::populateVectorStepLoweringPatterns(patterns);
    populateVectorToLLVMConversionPatterns(converter, patterns);
    populateMathToLLVMConversionPatterns(converter, patterns);
    index::populateIndexToLLVMConversionPatterns(converter, patterns);
    arith::populateCeilFloorDivExpandOpsPatterns(patterns);
    arith::populateArithToLLVMConversionPatterns(converter, patterns);
    cf::populateControlFlowToLLVMConversionPatterns(converter, patterns);
    cf::populateAssertToLLVMConversionPattern(converter, patterns);
    populateFinalizeMemRefToLLVMConversionPatterns(converter, patterns);
    populateFuncToLLVMConversionPatterns(converter, patterns);
    patterns.add<SetBytesPattern, CopyBytesPattern>(converter);
    // Upstream's would have the bits side by side.
    patterns.add<LoadBitsPattern, StoreBitsPattern>(converter, /*benefit=*/2);
    LLVMConversionTarget target(getContext());
    target.addLegalOp<ModuleOp>();
    llvm::StringMap<SmallVector<unsigned>> apart = buffersApart();
    if (failed(applyFullConversion(getOperation(), target, std::move(patterns))))
      return signalPassFailure();
    for (auto func : getOperation().getOps<LLVM::LLVMFuncOp>())
      for (unsigned argument : apart.lookup(func.getName()))
        func.setArgAttr(argument, LLVM::LLVMDialect::getNoAliasAttrName(),
                        UnitAttr::get(&getContext()));
    dropDescriptors();
    annotateLoops();
  }

  /// By function: the positions of pointers to buffers that share no byte with others. Upstream
  /// drops what it cannot say of all the parts of a descriptor. Kernels become part of their entry
  /// points, where it would be said of each load and store.
  llvm::StringMap<SmallVector<unsigned>> buffersApart() {
    llvm::StringMap<SmallVector<unsigned>> result;
    for (auto func : getOperation().getOps<func::FuncOp>()) {
      if (func->hasAttr("fn.kernel"))
        continue;
      unsigned position = 0;
      for (auto [i, type] : llvm::enumerate(func.getArgumentTypes())) {
        auto memref = dyn_cast<MemRefType>(type);
        // First the pointer that was allocated, then the one that is used.
        if (memref && func.getArgAttr(i, LLVM::LLVMDialect::getNoAliasAttrName()))
          result[func.getName()].push_back(position + 1);
        position += memref ? 3 + 2 * memref.getRank() : 1;
      }
    }
    return result;
  }

  /// What upstream leaves as an attribute that nothing reads.
  void annotateLoops() {
    getOperation().walk([](LLVM::BrOp branch) {
      if (Attribute annotation = branch->removeDiscardableAttr("llvm.loop_annotation"))
        branch.setLoopAnnotationAttr(cast<LLVM::LoopAnnotationAttr>(annotation));
    });
  }

  /// Most descriptors of memrefs are put together only to be taken apart. LLVM would see to that,
  /// many times over.
  void dropDescriptors() {
    SmallVector<Operation *> parts;
    getOperation().walk([&](Operation *op) {
      if (isa<LLVM::InsertValueOp, LLVM::ExtractValueOp, LLVM::PoisonOp, LLVM::UndefOp>(op))
        parts.push_back(op);
    });
    OpBuilder b(&getContext());
    for (Operation *part : parts) {
      SmallVector<Value, 1> value;
      b.setInsertionPoint(part);
      if (isa<LLVM::ExtractValueOp>(part) && succeeded(b.tryFold(part, value)))
        part->replaceAllUsesWith(value);
    }
    for (Operation *part : llvm::reverse(parts))
      if (isOpTriviallyDead(part))
        part->erase();
  }

  unsigned indexBits;
};

} // namespace

std::unique_ptr<Pass> fnc::createExpandViews() { return std::make_unique<ExpandViews>(); }

std::unique_ptr<Pass> fnc::createConvertToLLVM(unsigned indexBits) {
  return std::make_unique<ConvertToLLVM>(indexBits);
}
