//===- KeepRolled.cpp - loops that LLVM leaves as they are ----------------===//

#include "compiler/buffer/KeepRolled.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;

void fnc::keepRolled(scf::ForOp loop) {
  MLIRContext *context = loop.getContext();
  loop->setAttr("llvm.loop_annotation",
                LLVM::LoopAnnotationAttr::get(context,
                                              /*disableNonforced=*/BoolAttr::get(context, true), {},
                                              {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}, {}));
}
