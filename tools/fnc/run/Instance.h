//===- Instance.h - a graph that can be called ------------------*- C++ -*-===//

#ifndef FNC_TOOLS_RUN_INSTANCE_H
#define FNC_TOOLS_RUN_INSTANCE_H

#include "Object.h"
#include "Signature.h"
#include "runtime/include/fn/abi.h"
#include <algorithm>
#include <functional>

namespace fnc::tool {

/// What an input is fed with: an array, or the three of a sparse tensor.
struct Feed {
  Array values;
  Array indices; ///< [nnz, rank], of a sparse tensor
  Shape shape;   ///< the dense one
};

class Instance;

/// A call with all its buffers, which can be made again and again.
class Call {
public:
  /// Computes the outputs and applies the updates. A failed call changes no variable and throws an
  /// InputError with the status in words.
  void operator()();

  const std::vector<Array> &outputs() const { return results; }
  /// What the inputs' sizes make of one that depends on them; at least 0.
  int64_t valueOf(const Size &size) const { return std::max<int64_t>(size.at(symbols), 0); }

private:
  friend class Instance;
  Instance *instance;
  const FunctionType *function;
  std::vector<Feed> feeds;
  std::vector<int64_t> symbols;
  std::vector<Array> results;
  std::vector<uintptr_t> arguments; ///< the struct that the function takes
  size_t workspaceAt = 0;           ///< where in it
  fn_status (*entry)(const void *) = nullptr;
  fn_context context = {};
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

  /// A call of `function`, one of this graph's. Feeds are as many as the function has inputs, of
  /// its types and ranks. Valid as long as this instance, which stays where it is.
  Call prepare(const FunctionType &function, std::vector<Feed> feeds);

private:
  friend class Call;
  std::shared_ptr<Object> object;
  std::string where;
  GraphType type;
  std::shared_ptr<unsigned char> state, workspace;
  size_t workspaceBytes = 0;
};

} // namespace fnc::tool

#endif // FNC_TOOLS_RUN_INSTANCE_H
