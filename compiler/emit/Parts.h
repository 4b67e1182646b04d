//===- Parts.h - a module in parts ------------------------------*- C++ -*-===//

#ifndef FNC_EMIT_PARTS_H
#define FNC_EMIT_PARTS_H

#include "compiler/emit/Manifest.h"

namespace fnc {

struct Parts {
  std::vector<mlir::ModuleOp> modules;
  /// What entry points of several parts call is in this part; none where just one part has any.
  std::optional<unsigned> home;
};

/// Takes a module in the LLVM dialect apart, if that is worth it: then it becomes one of modules,
/// which have functions of it, and declarations of what these use of others. Which parts is said by
/// the module alone.
Parts splitModule(mlir::ModuleOp module, const Graph &graph);

} // namespace fnc

#endif // FNC_EMIT_PARTS_H
