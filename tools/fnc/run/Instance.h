//===- Instance.h - a graph that can be called ------------------*- C++ -*-===//

#ifndef FNC_TOOLS_RUN_INSTANCE_H
#define FNC_TOOLS_RUN_INSTANCE_H

#include "Object.h"
#include "Signature.h"
#include "runtime/include/fn/abi.h"
#include <functional>

namespace fnc::tool {

/// What an input is fed with: an array, or the three of a sparse tensor.
struct Feed {
  Array values;
  Array indices; ///< [nnz, rank], of a sparse tensor
  Shape shape;   ///< the dense one
};

/// A loaded object with a state of its own.
class Instance {
public:
  /// Variables have their initial values.
  explicit Instance(std::shared_ptr<Object> object, std::string_view where);

  const GraphType &graph() const { return type; }

  /// Called before the graph itself prints.
  std::function<void()> beforePrint = [] {};

  /// The memory of a variable, which calls change.
  Array variable(const VariableType &variable) const;

  /// Computes outputs of `function`, one of this graph's, and applies its updates. A failed call
  /// changes no variable and throws an InputError with the status in words. Feeds are as many as
  /// the function has inputs, of its types and ranks.
  std::vector<Array> call(const FunctionType &function, const std::vector<Feed> &feeds);

private:
  std::shared_ptr<Object> object;
  std::string where;
  GraphType type;
  std::shared_ptr<unsigned char> state, workspace;
  size_t workspaceBytes = 0;
};

} // namespace fnc::tool

#endif // FNC_TOOLS_RUN_INSTANCE_H
