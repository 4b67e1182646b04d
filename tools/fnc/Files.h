//===- Files.h - output files, whole or not at all --------------*- C++ -*-===//

#ifndef FNC_TOOLS_FILES_H
#define FNC_TOOLS_FILES_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <string>
#include <utility>
#include <vector>

namespace fnc::tool {

/// Writes all files or none: each into a temporary file beside its place, then renames.
/// "-" is standard output.
llvm::Error writeAll(const std::vector<std::pair<std::string, llvm::StringRef>> &files);

} // namespace fnc::tool

#endif // FNC_TOOLS_FILES_H
