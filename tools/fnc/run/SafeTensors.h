//===- SafeTensors.h - tensors by name in one file --------------*- C++ -*-===//
//
// The format: https://huggingface.co/docs/safetensors
//
//===----------------------------------------------------------------------===//

#ifndef FNC_TOOLS_RUN_SAFETENSORS_H
#define FNC_TOOLS_RUN_SAFETENSORS_H

#include "Array.h"
#include <map>

namespace fnc::tool {

/// The tensors of a file, mapped. Throws an InputError that names it.
std::map<std::string, Array> readSafeTensors(const std::string &path);

/// What goes before the tensors' bytes, which follow in this order.
std::string headerOf(const std::vector<std::pair<std::string, Array>> &tensors);

} // namespace fnc::tool

#endif // FNC_TOOLS_RUN_SAFETENSORS_H
