//===- ObjectInfo.h - what an object says of itself -------------*- C++ -*-===//

#ifndef FNC_EMIT_OBJECTINFO_H
#define FNC_EMIT_OBJECTINFO_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/JSON.h"

namespace fnc {

/// Whether bytes begin like a binary file that some linker or compiler knows, rather than a graph.
bool isBinaryFile(llvm::StringRef bytes);

/// The manifest of an object made by fnc, with what only the object knows: "code_bytes",
/// "constant_bytes", "data_bytes" (of loaded sections), "undefined", and "code_bytes" of each
/// function. The error says what is wrong with the object.
llvm::Expected<llvm::json::Object> describeObject(llvm::StringRef bytes);

} // namespace fnc

#endif // FNC_EMIT_OBJECTINFO_H
