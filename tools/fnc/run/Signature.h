//===- Signature.h - what an object offers ----------------------*- C++ -*-===//
//
// The manifest that an object carries, as far as a call needs it.
//
//===----------------------------------------------------------------------===//

#ifndef FNC_TOOLS_RUN_SIGNATURE_H
#define FNC_TOOLS_RUN_SIGNATURE_H

#include "Array.h"

namespace fnc::tool {

/// A size of a tensor: a number, a symbol of the function, or an operator on two sizes.
struct Size {
  enum Kind { Number, Symbol, Add, Mul, FloorDiv, CeilDiv, Mod } kind = Number;
  int64_t value = 0; ///< the number, or which symbol
  std::vector<Size> operands;

  /// Wraps around where nothing in memory could be as large.
  int64_t at(const std::vector<int64_t> &symbols) const;
};

struct TensorType {
  std::string name;
  const DType *type = nullptr;
  std::vector<Size> sizes;
  Shape shape;                      ///< -1 where a size is known at the call only
  const DType *indexType = nullptr; ///< of a sparse tensor
  Size nnz;

  bool isSparse() const { return indexType != nullptr; }
  bool isStatic() const;
  /// "f32[?, 64]"
  std::string describe() const { return tool::describe(*type, shape); }
};

struct VariableType : TensorType {
  int64_t offset = 0;
  bool isReadOnly = false;
  bool isExternal = false; ///< zero until weights are loaded
};

/// A part of a function that was compiled for a profile.
struct RegionType {
  std::string kind;
  std::vector<std::string> places;       ///< of the graph: "line 12", or names of nodes
  std::optional<Size> operations, bytes; ///< nothing where they depend on the data
  unsigned bits = 0;                     ///< of its widest floating-point type
};

struct FunctionType {
  std::string name, symbol;
  std::vector<TensorType> inputs, outputs;
  std::vector<std::string> checks;
  std::vector<RegionType> regions;
  int64_t symbolCount = 0;
  bool usesState = false, prints = false, hasWorkspace = false;

  const TensorType *input(std::string_view name) const;
};

struct GraphType {
  std::string name;
  int64_t stateBytes = 0;
  std::vector<VariableType> variables;
  std::vector<FunctionType> functions;

  /// Reads a manifest. Throws an InputError that names `where`.
  static GraphType parse(std::string_view manifest, std::string_view where);

  const VariableType *variable(std::string_view name) const;
  /// The function of a name, or the only one for "". Throws where there is none.
  const FunctionType &function(std::string_view name, std::string_view where) const;
};

} // namespace fnc::tool

#endif // FNC_TOOLS_RUN_SIGNATURE_H
