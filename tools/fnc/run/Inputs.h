//===- Inputs.h - what the command line feeds -------------------*- C++ -*-===//

#ifndef FNC_TOOLS_RUN_INPUTS_H
#define FNC_TOOLS_RUN_INPUTS_H

#include "Instance.h"
#include "tools/fnc/Commands.h"

namespace fnc::tool {

/// How one input changes from call to call.
enum class Batching {
  Whole,  ///< it does not
  Slices, ///< a call takes one index of an axis that the input itself does not have
  Chunks  ///< a call takes some indices of an axis
};

/// The feeds of all calls of a loop.
class Inputs {
public:
  /// Reads what `command.inputs` says. Throws where it does not fit the function.
  Inputs(const RunCommand &command, const FunctionType &function);

  /// How many calls it takes to see everything once.
  int64_t calls() const { return count; }
  std::vector<Feed> feeds(int64_t call) const;
  /// The largest number of indices in a chunk, by which outputs of chunks are told; 0 without any.
  int64_t chunk() const { return chunkSize; }
  bool isLoop() const { return hasLoop; }
  /// Which symbol of the function is the size of a chunk; -1 where it is fixed.
  int64_t chunkSymbol() const { return symbol; }

private:
  void add(size_t input, Feed feed);

  const RunCommand &command;
  const FunctionType &function;
  std::vector<Feed> whole;
  std::vector<Batching> kinds;
  std::string first; ///< the input that said how many calls there are
  int64_t count = 1, chunkSize = 0, symbol = -1;
  bool hasLoop = false;
};

} // namespace fnc::tool

#endif // FNC_TOOLS_RUN_INPUTS_H
