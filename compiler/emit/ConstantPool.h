//===- ConstantPool.h - large constants, past LLVM --------------*- C++ -*-===//
//
// Megabytes of weights would be copied several times on their way through LLVM, as nests of arrays.
// They stay attributes instead: the object gets room for them, which is filled in the end.
//
//===----------------------------------------------------------------------===//

#ifndef FNC_EMIT_CONSTANTPOOL_H
#define FNC_EMIT_CONSTANTPOOL_H

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/Error.h"
#include <string>
#include <vector>

namespace llvm {
class Module;
}

namespace fnc {

struct PooledConstant {
  std::string symbol;
  mlir::DenseElementsAttr value;
};

/// Takes the values of large `memref.global`s out of a module, which is for a little-endian target.
std::vector<PooledConstant> takeConstants(mlir::ModuleOp module);

/// Makes room for them in the translated module, whose optimizer must not look into it.
void reserveConstants(llvm::Module &module, llvm::ArrayRef<PooledConstant> pool);

/// Fills the room in the object.
llvm::Error fillConstants(llvm::MutableArrayRef<char> object, llvm::ArrayRef<PooledConstant> pool);

} // namespace fnc

#endif // FNC_EMIT_CONSTANTPOOL_H
