//===- StateLayout.h - variables of a graph: layout and initial values ----===//

#ifndef FNC_GRAPH_STATELAYOUT_H
#define FNC_GRAPH_STATELAYOUT_H

#include "dialect/Fn.h"
#include "mlir/IR/Builders.h"

namespace fnc {

/// The C++ identifier of a variable: given, or its escaped name.
std::string variableIdentifier(fn::VariableOp variable);

/// Whether the variable is a constant of the object: read-only, and neither drawn nor loaded. A
/// read-only one that is drawn lies in the state, which costs no flash.
bool isConstant(fn::VariableOp variable);

/// The C++ identifier of input `index`: that of the placeholder or variable, unless the function
/// gives the input a name of its own.
std::string inputIdentifier(fn::FunctionOp spec, unsigned index);

/// The C++ identifier of an output: given, or its escaped name.
std::string outputIdentifier(fn::FunctionOp spec, unsigned index);

/// The C++ identifier of a function: given, or its escaped name.
std::string functionIdentifier(fn::FunctionOp spec);

/// The module attribute `fn.graph`: name, variables with offsets in the state block, bytes, hash.
mlir::DictionaryAttr describeState(fn::GraphOp graph);

/// f32, bf16, u8, i1, ...: the language's name of an element type.
std::string dtypeName(mlir::Type element);

/// An op that makes the initial value of `variable`.
mlir::Value initialValue(mlir::OpBuilder &b, fn::VariableOp variable);

/// The kernel `@GRAPH.init`: results are the initial values of all variables.
void buildInitKernel(fn::GraphOp graph, mlir::OpBuilder &module);

} // namespace fnc

#endif // FNC_GRAPH_STATELAYOUT_H
