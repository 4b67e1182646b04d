//===- ConstantPool.h - large constants, past LLVM --------------*- C++ -*-===//
//
// Megabytes of weights would be copied several times on their way through LLVM, as nests of arrays.
// They stay attributes instead, and LLVM's objects leave them undefined.
//
//===----------------------------------------------------------------------===//

#ifndef FNC_EMIT_CONSTANTPOOL_H
#define FNC_EMIT_CONSTANTPOOL_H

#include "compiler/emit/MergeObjects.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinOps.h"
#include <string>
#include <vector>

namespace llvm {
class Module;
}

namespace fnc {

struct PooledConstant {
  std::string symbol;
  mlir::DenseElementsAttr value;
  uint64_t alignment = 1;
};

/// Takes the values of large `memref.global`s out of a module, which is for a little-endian target.
std::vector<PooledConstant> takeConstants(mlir::ModuleOp module);

/// Makes declarations of them in the translated module, whose optimizer must not look into them.
void declareConstants(llvm::Module &module, llvm::ArrayRef<PooledConstant> pool);

/// What the object gets in the end.
std::vector<ObjectData> dataOf(llvm::ArrayRef<PooledConstant> pool);

} // namespace fnc

#endif // FNC_EMIT_CONSTANTPOOL_H
