//===- ConvertToLLVM.cpp - loops on memrefs to the LLVM dialect -----------===//
//
// Each function is written anew as one walk meets its ops: memrefs are a pointer and numbers there,
// most of which are known, and no op is looked at twice. Upstream's patterns, of which there are
// hundreds to be sorted and asked, see what that walk does not know; the parts of descriptors that
// they need are put together for them alone.
//
//===----------------------------------------------------------------------===//

#include "compiler/emit/ConvertToLLVM.h"
#include "compiler/emit/Emit.h"
#include "compiler/emit/FunctionLowering.h"
#include "compiler/emit/NarrowCalls.h"
#include "compiler/kernel/Kernel.h"
#include "mlir/Conversion/AffineToStandard/AffineToStandard.h"
#include "mlir/Conversion/ArithToLLVM/ArithToLLVM.h"
#include "mlir/Conversion/FuncToLLVM/ConvertFuncToLLVM.h"
#include "mlir/Conversion/IndexToLLVM/IndexToLLVM.h"
#include "mlir/Conversion/LLVMCommon/ConversionTarget.h"
#include "mlir/Conversion/MathToLLVM/MathToLLVM.h"
#include "mlir/Conversion/MemRefToLLVM/MemRefToLLVM.h"
#include "mlir/Conversion/ReconcileUnrealizedCasts/ReconcileUnrealizedCasts.h"
#include "mlir/Conversion/VectorToLLVM/ConvertVectorToLLVM.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Transforms/Passes.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Dialect/Vector/Transforms/LoweringPatterns.h"
#include "mlir/IR/BuiltinOps.h"

using namespace mlir;

namespace {

/// Arrays of arrays of elements.
Type arrayOf(MemRefType type, const LLVMTypeConverter &types) {
  Type result = types.convertType(type.getElementType());
  for (int64_t size : llvm::reverse(type.getShape()))
    result = LLVM::LLVMArrayType::get(result, size);
  return result;
}

void lowerGlobal(memref::GlobalOp global, const LLVMTypeConverter &types) {
  OpBuilder b(global);
  MemRefType type = global.getType();
  // What lies elsewhere, or is filled in when there is an object, has no value.
  auto elements = dyn_cast_or_null<ElementsAttr>(global.getInitialValueAttr());
  Attribute value = elements;
  if (elements && type.getRank() == 0)
    value = elements.getSplatValue<Attribute>();
  auto made =
      LLVM::GlobalOp::create(b, global.getLoc(), arrayOf(type, types), global.getConstant(),
                             global.isPrivate() ? LLVM::Linkage::Private : LLVM::Linkage::External,
                             global.getSymName(), value, global.getAlignment().value_or(0));
  if (global.isUninitialized()) {
    b.createBlock(&made.getInitializerRegion());
    LLVM::ReturnOp::create(b, global.getLoc(),
                           LLVM::UndefOp::create(b, global.getLoc(), made.getType()));
  }
  global.erase();
}

/// The largest value of a symbol of a kernel's sizes, which its entry point has checked.
int64_t largestOf(func::FuncOp kernel, AffineSymbolExpr symbol, unsigned indexBits) {
  auto symbols = kernel->getAttrOfType<ArrayAttr>("fn.symbols");
  auto entry = cast<DictionaryAttr>(symbols[symbol.getPosition()]);
  int64_t max = entry.getAs<IntegerAttr>("max").getInt();
  return max < 0 ? fnc::largestSize(indexBits) : max;
}

/// Says within which limits the sizes of a kernel are.
void addRanges(func::FuncOp kernel, unsigned indexBits, MutableArrayRef<DictionaryAttr> result) {
  unsigned position = 0;
  for (auto [i, type] : llvm::enumerate(kernel.getArgumentTypes())) {
    auto memref = dyn_cast<MemRefType>(type);
    auto dims = kernel.getArgAttrOfType<AffineMapAttr>(i, "fn.dims");
    ++position;
    for (unsigned number : memref ? fnc::openNumbers(memref) : std::vector<unsigned>()) {
      DictionaryAttr &attributes = result[position++];
      // The first is the offset; strides follow the sizes.
      if (!dims || number == 0 || number > dims.getValue().getNumResults())
        continue;
      auto symbol = dyn_cast<AffineSymbolExpr>(dims.getValue().getResult(number - 1));
      if (!symbol)
        continue;
      int64_t most = largestOf(kernel, symbol, indexBits);
      if (!llvm::isIntN(indexBits - 1, most))
        continue;
      llvm::ConstantRange range(llvm::APInt(indexBits, 0), llvm::APInt(indexBits, most + 1));
      attributes =
          DictionaryAttr::get(kernel.getContext(), fnc::rangeAttribute(kernel.getContext(), range));
    }
  }
}

/// Says which buffers share no byte with others. Kernels become part of their entry points, where
/// it would be said of each load and store.
SmallVector<DictionaryAttr> attributesOf(func::FuncOp func, unsigned parts, unsigned indexBits) {
  OpBuilder b(func);
  SmallVector<DictionaryAttr> result(parts, b.getDictionaryAttr({}));
  if (func->hasAttr("fn.kernel"))
    addRanges(func, indexBits, result);
  if (func.isExternal() || func->hasAttr("fn.kernel"))
    return result;
  StringRef noalias = LLVM::LLVMDialect::getNoAliasAttrName();
  DictionaryAttr apart = b.getDictionaryAttr(b.getNamedAttr(noalias, b.getUnitAttr()));
  unsigned position = 0;
  for (auto [i, type] : llvm::enumerate(func.getArgumentTypes())) {
    auto memref = dyn_cast<MemRefType>(type);
    if (memref && func.getArgAttr(i, noalias))
      result[position] = apart;
    position += memref ? 1 + fnc::openNumbers(memref).size() : 1;
  }
  return result;
}

LLVM::LLVMFuncOp declare(func::FuncOp func, const LLVMTypeConverter &types) {
  OpBuilder b(func);
  auto linkage = func->getAttrOfType<LLVM::LinkageAttr>("llvm.linkage");
  LLVM::LLVMFunctionType type = fnc::signatureOf(func, types);
  auto made = LLVM::LLVMFuncOp::create(
      b, func.getLoc(), func.getName(), type,
      linkage ? linkage.getLinkage() : LLVM::Linkage::External, /*dsoLocal=*/false, LLVM::CConv::C,
      /*comdat=*/{}, /*attrs=*/{},
      attributesOf(func, type.getNumParams(), types.getIndexTypeBitwidth()));
  if (auto passthrough = func->getAttrOfType<ArrayAttr>("passthrough"))
    made.setPassthroughAttr(passthrough);
  return made;
}

/// Whether the walk knows all the control flow.
bool isStructured(func::FuncOp func) {
  if (!func.isExternal() && !func.getBody().hasOneBlock())
    return func.emitError("internal error: branches before LLVM"), false;
  return !func.walk([](Operation *op) {
                if (op->getNumRegions() == 0 ||
                    isa<func::FuncOp, scf::ForOp, scf::IfOp, scf::WhileOp>(op))
                  return WalkResult::advance();
                op->emitError("internal error: an op with regions that is not lowered");
                return WalkResult::interrupt();
              })
              .wasInterrupted();
}

struct ConvertToLLVM : PassWrapper<ConvertToLLVM, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(ConvertToLLVM)

  explicit ConvertToLLVM(unsigned indexBits) : indexBits(indexBits) {}

  StringRef getName() const override { return "ConvertToLLVM"; }

  void getDependentDialects(DialectRegistry &registry) const override {
    registry.insert<LLVM::LLVMDialect, arith::ArithDialect, memref::MemRefDialect,
                    vector::VectorDialect>();
  }

  void runOnOperation() override {
    LowerToLLVMOptions options(&getContext());
    options.overrideIndexBitwidth(indexBits);
    LLVMTypeConverter types(&getContext(), options);
    for (auto global : llvm::make_early_inc_range(getOperation().getOps<memref::GlobalOp>()))
      lowerGlobal(global, types);
    fnc::Handlers handlers;
    fnc::addArithmetic(handlers);
    fnc::addMemory(handlers);
    llvm::DenseSet<StringAttr> elsewhere;
    for (auto func : getOperation().getOps<func::FuncOp>())
      if (func.isExternal())
        elsewhere.insert(func.getSymNameAttr());
    SmallVector<Operation *> left;
    for (auto func : llvm::make_early_inc_range(getOperation().getOps<func::FuncOp>())) {
      if (!isStructured(func))
        return signalPassFailure();
      LLVM::LLVMFuncOp made = declare(func, types);
      if (!func.isExternal()) {
        fnc::FunctionLowering lowering(types, handlers, elsewhere);
        lowering.lower(func, made);
        left.append(lowering.left);
      }
      func.erase();
    }
    if (!left.empty() && failed(convertLeft(left, types)))
      return signalPassFailure();
    fnc::narrowCalls(getOperation());
  }

  LogicalResult convertLeft(ArrayRef<Operation *> left, LLVMTypeConverter &types) {
    RewritePatternSet patterns(&getContext());
    populateAffineToStdConversionPatterns(patterns);
    vector::populateVectorBroadcastLoweringPatterns(patterns);
    vector::populateVectorStepLoweringPatterns(patterns);
    populateVectorToLLVMConversionPatterns(types, patterns);
    populateMathToLLVMConversionPatterns(types, patterns);
    index::populateIndexToLLVMConversionPatterns(types, patterns);
    arith::populateCeilFloorDivExpandOpsPatterns(patterns);
    arith::populateArithToLLVMConversionPatterns(types, patterns);
    populateFinalizeMemRefToLLVMConversionPatterns(types, patterns);
    populateFuncToLLVMConversionPatterns(types, patterns);
    LLVMConversionTarget target(getContext());
    if (failed(applyFullConversion(left, target, std::move(patterns))))
      return failure();
    SmallVector<UnrealizedConversionCastOp> casts;
    getOperation().walk([&](UnrealizedConversionCastOp cast) { casts.push_back(cast); });
    reconcileUnrealizedCasts(casts);
    return success();
  }

  unsigned indexBits;
};

} // namespace

std::unique_ptr<Pass> fnc::createConvertToLLVM(unsigned indexBits) {
  return std::make_unique<ConvertToLLVM>(indexBits);
}
