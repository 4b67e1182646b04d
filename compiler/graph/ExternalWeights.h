//===- ExternalWeights.h - weights in a file of their own -------*- C++ -*-===//

#ifndef FNC_GRAPH_EXTERNALWEIGHTS_H
#define FNC_GRAPH_EXTERNALWEIGHTS_H

#include "dialect/Fn.h"

namespace fnc {

/// A value that was taken out of a graph.
struct Weight {
  std::string name;
  mlir::DenseElementsAttr value;
};

/// Takes the values of the read-only variables of a graph, which lie in the state from now on and
/// are loaded into it.
std::vector<Weight> takeWeights(fn::GraphOp graph);

} // namespace fnc

#endif // FNC_GRAPH_EXTERNALWEIGHTS_H
