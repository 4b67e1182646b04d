//===- Identifier.h - C++ identifiers for display names ---------*- C++ -*-===//

#ifndef FNC_GRAPH_IDENTIFIER_H
#define FNC_GRAPH_IDENTIFIER_H

#include "llvm/ADT/StringRef.h"
#include <string>

namespace fnc {

/// One-to-one: letters and digits stay, `_` stays before a letter or digit unless an escape would
/// seem to begin there, an inner '/' becomes "__", any other byte (and a leading digit) "_xHH_".
std::string escapeIdentifier(llvm::StringRef displayName);

/// A keyword of C or C++, a name of their headers, or one that generated code keeps for itself in
/// every scope: fn_..., ..._.
bool isReservedIdentifier(llvm::StringRef identifier);

/// Letters, digits and '_', not starting with a digit.
bool isIdentifier(llvm::StringRef text);

} // namespace fnc

#endif // FNC_GRAPH_IDENTIFIER_H
