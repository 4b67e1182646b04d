//===- LoopMarks.cpp - what LLVM need not try with a loop -----------------===//

#include "compiler/buffer/LoopMarks.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"

using namespace mlir;

static void mark(scf::ForOp loop, BoolAttr asItIs, LLVM::LoopVectorizeAttr vectorize) {
  loop->setAttr("llvm.loop_annotation",
                LLVM::LoopAnnotationAttr::get(loop.getContext(), asItIs, vectorize, {}, {}, {}, {},
                                              {}, {}, {}, {}, {}, {}, {}, {}, {}));
}

void fnc::keepRolled(scf::ForOp loop) { mark(loop, BoolAttr::get(loop.getContext(), true), {}); }

void fnc::keepVectors(scf::ForOp loop) {
  auto yes = BoolAttr::get(loop.getContext(), true);
  mark(loop, {},
       LLVM::LoopVectorizeAttr::get(loop.getContext(), /*disable=*/yes, {}, {}, {}, {}, {}, {}));
}
