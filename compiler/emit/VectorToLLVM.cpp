//===- VectorToLLVM.cpp - vectors to the LLVM dialect ---------------------===//
//
// Upstream's pass takes indices to be 64 bits wide, and with them the fields of memref
// descriptors: its loads and stores would not meet those of a 32-bit target.
//
//===----------------------------------------------------------------------===//

#include "compiler/emit/VectorToLLVM.h"
#include "mlir/Conversion/LLVMCommon/ConversionTarget.h"
#include "mlir/Conversion/LLVMCommon/TypeConverter.h"
#include "mlir/Conversion/VectorToLLVM/ConvertVectorToLLVM.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Dialect/Vector/Transforms/LoweringPatterns.h"
#include "mlir/IR/BuiltinOps.h"

using namespace mlir;

namespace {

struct VectorToLLVM : PassWrapper<VectorToLLVM, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(VectorToLLVM)

  explicit VectorToLLVM(unsigned indexBits) : indexBits(indexBits) {}

  StringRef getName() const override { return "VectorToLLVM"; }

  void getDependentDialects(DialectRegistry &registry) const override {
    registry.insert<LLVM::LLVMDialect, arith::ArithDialect>();
  }

  void runOnOperation() override {
    LowerToLLVMOptions options(&getContext());
    options.overrideIndexBitwidth(indexBits);
    LLVMTypeConverter converter(&getContext(), options);
    RewritePatternSet patterns(&getContext());
    vector::populateVectorBroadcastLoweringPatterns(patterns);
    vector::populateVectorStepLoweringPatterns(patterns);
    populateVectorToLLVMConversionPatterns(converter, patterns);
    LLVMConversionTarget target(getContext());
    target.addLegalDialect<arith::ArithDialect, memref::MemRefDialect>();
    if (failed(applyPartialConversion(getOperation(), target, std::move(patterns))))
      signalPassFailure();
  }

  unsigned indexBits;
};

} // namespace

std::unique_ptr<Pass> fnc::createVectorToLLVM(unsigned indexBits) {
  return std::make_unique<VectorToLLVM>(indexBits);
}
