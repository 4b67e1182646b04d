//===- ExternalWeights.cpp - weights in a file of their own ---------------===//

#include "compiler/graph/ExternalWeights.h"

using namespace mlir;

std::vector<fnc::Weight> fnc::takeWeights(fn::GraphOp graph) {
  std::vector<Weight> weights;
  for (auto variable : graph.getBody().front().getOps<fn::VariableOp>()) {
    auto value = dyn_cast<DenseElementsAttr>(variable.getInit());
    if (!variable.getReadOnly() || !value)
      continue;
    weights.push_back({variable.getName().str(), value});
    variable.setInitAttr(fn::ExternalAttr::get(graph.getContext()));
  }
  return weights;
}
