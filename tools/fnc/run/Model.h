//===- Model.h - what a command calls, from files ---------------*- C++ -*-===//

#ifndef FNC_TOOLS_RUN_MODEL_H
#define FNC_TOOLS_RUN_MODEL_H

#include "Instance.h"
#include "tools/fnc/Commands.h"

namespace fnc::tool {

/// The object of a graph, model or object file, of the cache where it was compiled before.
std::shared_ptr<Object> loadModel(const RunCommand &run);

/// Sets variables to those of the .safetensors files that a command names: one with all of them,
/// one with those whose values were left out of the object.
void loadState(const RunCommand &run, Instance &instance);

/// Does the work of a command, says what went wrong, and gives its exit code.
int exitCodeOf(const char *command, const std::function<void()> &work);

} // namespace fnc::tool

#endif // FNC_TOOLS_RUN_MODEL_H
