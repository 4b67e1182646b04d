//===- Strides.h - how far apart elements of a memref lie -------*- C++ -*-===//

#ifndef FNC_KERNEL_STRIDES_H
#define FNC_KERNEL_STRIDES_H

#include "mlir/IR/BuiltinTypes.h"

namespace fnc {

/// Elements between neighbours along each dimension, and before the first element;
/// `ShapedType::kDynamic` where the type does not say.
struct Strides {
  llvm::SmallVector<int64_t> along;
  int64_t offset = 0;
};

/// Of a strided type, as upstream's `getStridesAndOffset`, which makes an affine map of the type
/// and takes it apart at each question.
std::optional<Strides> stridesOf(mlir::MemRefType type);

} // namespace fnc

#endif // FNC_KERNEL_STRIDES_H
