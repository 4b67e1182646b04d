//===- SmallTypes.h - element types of 8 bits and less ----------*- C++ -*-===//
//
// Floats of 4 and 8 bits and integers of 2 and 4 bits are stored, not computed with: in the graph a
// tensor of them holds one element per byte, integers by value, floats by their bits. Their MLIR
// type says how to read them.
//
//===----------------------------------------------------------------------===//

#ifndef FNC_IMPORT_ONNX_SMALLTYPES_H
#define FNC_IMPORT_ONNX_SMALLTYPES_H

#include "compiler/import/onnx/Ops.h"

namespace fnc::onnx_import {

/// The type as f8E4M3FN or ui4; null where `dataType` is none of them.
Type smallType(mlir::MLIRContext *context, int32_t dataType);

/// The byte that an element takes in the graph: i8 of signed integers, else ui8.
Type storageType(Type small);

/// Elements that the file packs, as bytes of storageType; their number is known to fit.
std::string unpacked(Type small, StringRef packed, uint64_t count);

/// The numbers in `stored` as elements of `to`.
Value decoded(Ops &o, Value stored, Type small, Type to);

/// Numbers as stored elements: rounded to nearest, ties to even; integers wrap. What a float cannot
/// reach is its greatest number if `saturate`, else infinity or NaN. `roundMode` is of f8E8M0FNU.
Value encoded(Ops &o, Value x, Type small, bool saturate = true, StringRef roundMode = "up");

/// The least and greatest of an integer type of any width.
std::pair<double, double> integerRange(Type type);

} // namespace fnc::onnx_import

#endif // FNC_IMPORT_ONNX_SMALLTYPES_H
