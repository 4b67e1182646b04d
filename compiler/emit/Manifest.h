//===- Manifest.h - what a compiled graph offers ------------------*- C++ -*-===//
//
// Entry points, the generated header and `fnc inspect` all come from this one description, which
// is read from the attributes that the earlier stages left.
//
//===----------------------------------------------------------------------===//

#ifndef FNC_EMIT_MANIFEST_H
#define FNC_EMIT_MANIFEST_H

#include "mlir/IR/AffineExpr.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/JSON.h"
#include <string>
#include <vector>

namespace fnc {

struct DType {
  std::string name;  ///< f32, u8, i1, ...
  std::string cName; ///< float, uint8_t, ...; 16-bit floats are structs of their bits
  unsigned bytes = 0;
};

using Dims = std::vector<mlir::AffineExpr>;

/// A tensor that crosses the interface of a function.
struct Tensor {
  std::string name, id;
  DType type;
  Dims dims;
  unsigned indexBits = 0; ///< of the indices of a sparse input, else 0
  mlir::AffineExpr count; ///< how many entries a sparse input has

  bool isSparse() const { return indexBits != 0; }
  /// Whether a call says the sizes: a sparse tensor is fed with its shape, all of which is checked.
  bool takesDims() const { return isSparse() || !isStatic(); }
  bool isStatic() const;
  /// Product of the dimensions times the size of an element; -1 where a dimension is dynamic.
  int64_t staticBytes() const;
};

struct Variable : Tensor {
  int64_t offset = 0;
  bool readOnly = false;
  bool external = false; ///< its value comes from a file of weights
};

struct Symbol {
  std::string name;
  int64_t max = -1; ///< largest value, or -1
};

struct Constraint {
  bool isEqual; ///< else: lhs >= rhs
  mlir::AffineExpr lhs, rhs;
};

/// Something that can fail after a call has begun to compute.
struct Check {
  std::string code, name;
  int64_t limit = 0;
};

struct Print {
  std::string callee, label, dtype;
};

struct WorkspaceBuffer {
  mlir::AffineExpr bytes;
  std::vector<int64_t> below;
};

/// A part of a kernel whose time is measured.
struct ProfiledRegion {
  std::string kind;
  std::vector<std::string> places;    ///< "line 12" of the graph, or the name of a node
  mlir::AffineExpr operations, bytes; ///< null where they depend on the data
  int64_t bits = 0;                   ///< of its widest floating-point type; 0: it has none
};

/// How the arguments of a kernel follow each other after the buffer stage.
struct KernelArgument {
  /// Of a sparse input, `Input` is its shape without data.
  enum class Role { Context, Input, Indices, Values, Variable, Output, Status, Workspace } role;
  unsigned index = 0; ///< among inputs, outputs or the graph's variables
  /// What the kernel takes beside a pointer: `openNumbers` of the memref.
  std::vector<unsigned> open = {};
};

struct Function {
  std::string name, id, kernel;
  bool isInit = false;
  std::vector<Symbol> symbols;
  std::vector<Tensor> inputs, outputs;
  std::vector<Constraint> constraints;
  std::vector<Check> checks;
  std::vector<Print> prints;
  std::vector<unsigned> reads, writes; ///< positions in Graph::variables
  std::vector<WorkspaceBuffer> workspace;
  int64_t liveBytes = 0; ///< largest sum of live bytes, at the symbols' bounds
  std::vector<KernelArgument> arguments;
  std::vector<ProfiledRegion> regions;

  bool usesState() const { return !reads.empty() || !writes.empty(); }
  /// Workspace at these symbol values.
  int64_t workspaceBytes(llvm::ArrayRef<int64_t> symbols) const;
  /// The same where every symbol is bounded; -1 otherwise.
  int64_t boundedWorkspaceBytes() const;
};

struct Graph {
  std::string name;
  std::vector<Variable> variables;
  int64_t stateBytes = 0;
  int64_t constantBytes = 0; ///< of read-only variables and other constants, in the object
  uint64_t layoutHash = 0;
  std::vector<Function> functions;

  llvm::json::Value toJSON() const;
};

/// Reads the attributes of a module after the buffer stage.
llvm::FailureOr<Graph> readManifest(mlir::ModuleOp module);

/// C source of an expression; symbol i is `symbols[i]`. `saturate`: products are calls of `fn_times`.
std::string printC(mlir::AffineExpr expr, llvm::ArrayRef<std::string> symbols,
                   bool saturate = false);

} // namespace fnc

#endif // FNC_EMIT_MANIFEST_H
