//===- PhiloxRounds.h - random words by a loop ------------------*- C++ -*-===//

#ifndef FNC_BUFFER_PHILOXROUNDS_H
#define FNC_BUFFER_PHILOXROUNDS_H

#include "mlir/IR/Operation.h"

namespace fnc {

/// Every kernel.philox in `root` as a loop over its rounds.
void lowerPhilox(mlir::Operation *root);

} // namespace fnc

#endif // FNC_BUFFER_PHILOXROUNDS_H
