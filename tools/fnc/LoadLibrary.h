//===- LoadLibrary.h - parts of fnc that are not always needed --*- C++ -*-===//
//
// Decoders of pictures and sounds are libraries that fnc loads for what needs them. All are built
// and installed together.
//
//===----------------------------------------------------------------------===//

#ifndef FNC_TOOLS_LOADLIBRARY_H
#define FNC_TOOLS_LOADLIBRARY_H

#include <string>

namespace fnc::tool {

/// Where a library of fnc is, without loading it; empty where it is not found.
std::string libraryPath(const std::string &name);

/// The address of a symbol that points at a version first. Null after a message.
const void *loadSymbol(const std::string &library, const char *symbol);

template <class Functions>
const Functions *loadLibrary(const std::string &library, const char *symbol) {
  return static_cast<const Functions *>(loadSymbol(library, symbol));
}

} // namespace fnc::tool

#endif // FNC_TOOLS_LOADLIBRARY_H
