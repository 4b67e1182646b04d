//===- MoveBytes.h - fills and copies of whole buffers ----------*- C++ -*-===//

#ifndef FNC_BUFFER_MOVEBYTES_H
#define FNC_BUFFER_MOVEBYTES_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"

namespace fnc {

/// Replaces a fill whose value repeats one byte, or a copy, of memory without gaps by
/// kernel.set_bytes or kernel.copy_bytes. Whether it is one, and long enough.
bool lowerToBytes(mlir::RewriterBase &rewriter, mlir::linalg::GenericOp op);

} // namespace fnc

#endif // FNC_BUFFER_MOVEBYTES_H
