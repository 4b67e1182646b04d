//===- MergeObjects.h - several objects as one ------------------*- C++ -*-===//
//
// Parts of a module are compiled by themselves; what is written is one object all the same. As
// `ld -r` does, but for what LLVM writes alone, without a linker's start.
//
//===----------------------------------------------------------------------===//

#ifndef FNC_EMIT_MERGEOBJECTS_H
#define FNC_EMIT_MERGEOBJECTS_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

namespace fnc {

/// A constant that objects leave undefined.
struct ObjectData {
  llvm::StringRef symbol;
  llvm::ArrayRef<char> bytes;
  uint64_t alignment;
};

/// One relocatable object of several, little-endian ELF for one target, in their order. What one
/// leaves undefined another may define, or `data`, of which what nothing needs is left out. What is
/// hidden, so that only these objects see it, becomes local.
llvm::Error mergeObjects(llvm::ArrayRef<llvm::StringRef> objects, llvm::ArrayRef<ObjectData> data,
                         llvm::SmallVectorImpl<char> &out);

} // namespace fnc

#endif // FNC_EMIT_MERGEOBJECTS_H
