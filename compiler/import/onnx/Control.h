//===- Control.h - what control ops share -----------------------*- C++ -*-===//

#ifndef FNC_IMPORT_ONNX_CONTROL_H
#define FNC_IMPORT_ONNX_CONTROL_H

#include "compiler/import/onnx/Families.h"

namespace fnc::onnx_import {

/// No loop is unrolled further.
inline constexpr int64_t maxIterations = 4096;

using Items = FailureOr<std::vector<Item>>;

/// The tensors of items, in order.
SmallVector<Value> leaves(ArrayRef<Item> items);
/// Items like these of other tensors.
std::vector<Item> rebuilt(ArrayRef<Item> items, ValueRange values);
/// Appends the types of `count` such tensors stacked; fails where one would be unreasonably large.
LogicalResult addStacked(Node &n, ArrayRef<Value> tensors, int64_t count, SmallVector<Type> &types);
/// A loop of `trips` rounds, which may be open, in the form that is better, or in the one that is
/// possible. `count` are these rounds, if known.
Items runOrUnroll(Node &n, Ops &o, Value trips, int64_t count, llvm::function_ref<Items()> run,
                  llvm::function_ref<Items()> unrolled);

} // namespace fnc::onnx_import

#endif // FNC_IMPORT_ONNX_CONTROL_H
