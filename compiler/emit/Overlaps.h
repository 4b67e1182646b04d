//===- Overlaps.h - whether tensors of a call share memory ------*- C++ -*-===//

#ifndef FNC_EMIT_OVERLAPS_H
#define FNC_EMIT_OVERLAPS_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/IR/IRBuilder.h"

namespace fnc {

/// The memory of a tensor, as integers. One without elements, which lies nowhere, begins at 0 where
/// that is not known.
struct Extent {
  int32_t tensor; ///< as in a status
  llvm::Value *begin, *bytes;
};

/// What a call reads and writes. Nothing that is written may share memory with what follows it in
/// `written`, and nothing that is read with what is in its way.
struct Extents {
  llvm::SmallVector<Extent> read, written;
  size_t reported = 0; ///< the first of `written`, that a status may name
  size_t inTheWay = 0; ///< the first of `written`, that what is read must not touch

  size_t pairs() const {
    return read.size() * inTheWay + reported * written.size() - reported * (reported + 1) / 2;
  }
};

/// Tests whether one shares memory with each of the others.
void compareExtents(llvm::IRBuilder<> &b, const Extent &own, llvm::ArrayRef<Extent> others,
                    llvm::function_ref<void(llvm::Value *)> test);

/// The i32 number of the first tensor that shares memory where it may not, or `kNoOverlap`. Found
/// by an internal function that loops over a table: code in proportion to tensors, not to pairs.
llvm::Value *findOverlap(llvm::IRBuilder<> &b, const Extents &extents);
constexpr int32_t kNoOverlap = INT32_MIN;

} // namespace fnc

#endif // FNC_EMIT_OVERLAPS_H
