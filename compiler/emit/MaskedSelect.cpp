//===- MaskedSelect.cpp - choices between vectors of integers -------------===//
//
// LLVM 22 generates wrong code for AVX-512: where `select(m, (x & ~c) | (y & c), x)` becomes one
// masked vpternlog with the constant c as its operand in memory, the operands change places and
// the table of the logic does not follow. Between floating-point numbers of the same bits the
// choice is an instruction of its own. `masked-select.mlir` tells when LLVM is right again.
//
//===----------------------------------------------------------------------===//

#include "compiler/emit/MaskedSelect.h"
#include "llvm/IR/IRBuilder.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/Target/TargetMachine.h"

using namespace llvm;

void fnc::keepMasksOutOfLogic(Module &module, const TargetMachine &machine) {
  if (!machine.getTargetTriple().isX86() ||
      !machine.getMCSubtargetInfo()->checkFeatures("+avx512f"))
    return;
  for (llvm::Function &function : module)
    for (Instruction &op : make_early_inc_range(instructions(function))) {
      auto *select = dyn_cast<SelectInst>(&op);
      if (!select || !select->getCondition()->getType()->isVectorTy() ||
          !select->getType()->isIntOrIntVectorTy())
        continue;
      unsigned bits = select->getType()->getScalarSizeInBits();
      if (bits != 32 && bits != 64)
        continue;
      IRBuilder<> b(select);
      Type *type = select->getType()->getWithNewType(bits == 32 ? b.getFloatTy() : b.getDoubleTy());
      Value *made =
          b.CreateSelect(select->getCondition(), b.CreateBitCast(select->getTrueValue(), type),
                         b.CreateBitCast(select->getFalseValue(), type));
      select->replaceAllUsesWith(b.CreateBitCast(made, select->getType()));
      select->eraseFromParent();
    }
}
