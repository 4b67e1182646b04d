//===- Model.h - what a command calls, from files ---------------*- C++ -*-===//

#ifndef FNC_TOOLS_RUN_MODEL_H
#define FNC_TOOLS_RUN_MODEL_H

#include "Instance.h"
#include "tools/fnc/Commands.h"

namespace fnc::tool {

/// The object of a graph, model or object file, of the cache where it was compiled before.
std::shared_ptr<Object> loadModel(const RunCommand &run);

/// Sets variables to those of a .safetensors file, which has all of them.
void loadState(const std::string &path, Instance &instance);

/// Does the work of a command, says what went wrong, and gives its exit code.
int exitCodeOf(const char *command, const std::function<void()> &work);

} // namespace fnc::tool

#endif // FNC_TOOLS_RUN_MODEL_H
