//===- Outputs.h - what calls returned --------------------------*- C++ -*-===//

#ifndef FNC_TOOLS_RUN_OUTPUTS_H
#define FNC_TOOLS_RUN_OUTPUTS_H

#include "Inputs.h"

namespace fnc::tool {

/// The outputs of a loop, as one array for each output of the function: chunks of an axis follow
/// each other along it, everything else gets an axis of calls.
std::vector<Array> gather(const FunctionType &function, const Inputs &inputs, size_t axis,
                          const std::vector<std::vector<Array>> &calls);

/// A file's name for an output: what a folder cannot hold, or must not, is written %2F.
std::string fileNameOf(std::string_view output);

} // namespace fnc::tool

#endif // FNC_TOOLS_RUN_OUTPUTS_H
